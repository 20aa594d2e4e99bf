//! Links that the local program prints at its start.

use super::*;
use crate::http::StartLink;
use crate::http::tests::call;

const MANAGER: &str = "/manager/log-in/link";
const PORTAL: &str = "/portal/api/auth/link/token";
/// How long a link is good.
const DAY_MS: u64 = 86_400_000;

#[expect(clippy::disallowed_methods, reason = "it is followed")]
fn link(control: &TestControl, to: StartLink) -> String {
    control.make_start_link(to).reveal().to_owned()
}

/// Whether it is the log-in page, which says that a link is good no more.
fn has_ended(response: &Response<Bytes>) -> bool {
    response.status() == 401
        && text(response).contains("used already, or it has ended")
        && text(response).contains("name=\"admin_token\"")
        && !response.headers().contains_key(SET_COOKIE)
}

async fn developer(control: &TestControl, status: u8) -> StartLink {
    let developer =
        serde_json::json!({"email": "a@example.com", "meta": "{\"full_name\":\"A\"}", "status": status});
    let (code, made) = call(control, "POST", "/developers", &developer.to_string()).await;
    assert_eq!(code, 200, "{made}");
    StartLink::Portal(made["id"].as_str().unwrap().parse().unwrap())
}

async fn spend(control: &TestControl, browser: &mut Browser, token: &str) -> Response<Bytes> {
    let headers = browser.headers(&[("content-type", "application/json"), SAME_ORIGIN]);
    let body = serde_json::json!({"token": token}).to_string();
    let response = control.serve(&head("POST", PORTAL, None, &headers), body.as_bytes()).await;
    browser.keep(&response);
    response
}

#[tokio::test]
async fn a_link_logs_an_administrator_in_once() {
    let control = new_control().await;
    let token = link(&control, StartLink::Manager);
    let path = format!("{MANAGER}?token={token}");
    let mut browser = Browser::default();
    // Whatever looks at links spends none.
    for _ in 0..2 {
        let page = browser.get(&control, &path).await;
        assert_eq!(page.status(), 200);
        assert!(text(&page).contains("method=\"post\""), "{}", text(&page));
        assert!(text(&page).contains(&format!("value=\"{token}\"")), "{}", text(&page));
        assert!(!page.headers().contains_key(SET_COOKIE));
        assert_eq!(page.headers()["cache-control"], "no-store");
    }
    let response = browser.post(&control, MANAGER, &[("token", &token)]).await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/manager/"));
    assert!(!format!("{:?}", response.headers()).contains(&token));
    let start = browser.get(&control, "/manager/").await;
    assert_eq!(start.status(), 200);
    let form = [("name", "ci"), ("read_only", "true"), ("ends", "never")];
    let made = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(made.status(), 200, "the link is a token shown lately: {}", text(&made));

    let mut other = Browser::default();
    assert!(has_ended(&other.post(&control, MANAGER, &[("token", &token)]).await));
    assert!(has_ended(&other.get(&control, &path).await));
    assert_eq!(browser.get(&control, "/manager/").await.status(), 200, "whoever is logged in stays so");
    let audit = call(&control, "GET", "/audit", "").await.1.to_string();
    assert!(audit.contains("logged_in") && !audit.contains(&token), "{audit}");
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_with_the_token() {
    let mut control = new_control().await;
    let (first, second) = (link(&control, StartLink::Manager), link(&control, StartLink::Manager));
    control.registry().clock().advance(DAY_MS - 1);
    let mut browser = Browser::default();
    assert_eq!(browser.post(&control, MANAGER, &[("token", &first)]).await.status(), 303);
    control.registry().clock().advance(1);
    assert!(has_ended(&Browser::default().post(&control, MANAGER, &[("token", &second)]).await));
    let other = control.registry().peppers().current.digest(b"other");
    control.set_token(Some(other));
    assert_eq!(browser.get(&control, "/manager/").await.status(), 303, "its session ends with the token");
}

#[tokio::test]
async fn there_is_no_link_that_nobody_has_made() {
    let control = new_control().await;
    let mut browser = Browser::default();
    assert_eq!(browser.get(&control, &format!("{MANAGER}?token=x")).await.status(), 404);
    assert_eq!(browser.post(&control, MANAGER, &[("token", "x")]).await.status(), 404);
    let token = link(&control, StartLink::Manager);
    for forged in ["", "x", &token[1..], &token.replace("lkl_", "lkn_"), &format!("{token}x")] {
        assert!(has_ended(&browser.get(&control, &format!("{MANAGER}?token={forged}")).await), "{forged}");
        assert!(has_ended(&browser.post(&control, MANAGER, &[("token", forged)]).await), "{forged}");
    }
    // Not by another site's form either.
    let headers = browser
        .headers(&[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")]);
    let body = format!("token={token}");
    let refused = control.serve(&head("POST", MANAGER, None, &headers), body.as_bytes()).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(browser.post(&control, MANAGER, &[("token", &token)]).await.status(), 303);
}

#[tokio::test]
async fn a_link_logs_a_developer_in_once_without_mail_and_in_any_browser() {
    let control = new_control().await;
    let to = developer(&control, 0).await;
    let token = link(&control, to);
    let mut browser = Browser::default();
    let page = browser.get(&control, &format!("/portal/log-in/link?token={token}")).await;
    assert_eq!(page.status(), 200);
    assert!(text(&page).contains(&format!("value=\"{token}\"")), "{}", text(&page));
    let spent = browser.post(&control, "/portal/log-in/link", &[("token", &token)]).await;
    assert_eq!(spent.status(), 303, "{}", text(&spent));
    assert_eq!(browser.get(&control, location(&spent)).await.status(), 200);
    let account = browser.get(&control, "/portal/api/developer").await;
    assert_eq!(account.status(), 200, "{}", text(&account));
    assert!(text(&account).contains("a@example.com"), "{}", text(&account));
    let mut other = Browser::default();
    let again = spend(&control, &mut other, &token).await;
    assert_eq!(again.status(), 401, "{}", text(&again));
    assert!(other.cookies.is_empty());
    let again = other.post(&control, "/portal/log-in/link", &[("token", &token)]).await;
    assert!(other.cookies.is_empty() && !again.status().is_server_error(), "{}", text(&again));
    assert!(text(&again).contains("<main"), "a page says so: {}", text(&again));
}

#[tokio::test]
async fn a_link_is_good_at_its_own_front_and_for_who_may_log_in() {
    let control = new_control().await;
    let to = developer(&control, 3).await;
    let (manager, portal) = (link(&control, StartLink::Manager), link(&control, to));
    let mut browser = Browser::default();
    assert_eq!(spend(&control, &mut browser, &manager).await.status(), 401);
    assert!(has_ended(&browser.post(&control, MANAGER, &[("token", &portal)]).await));
    assert_eq!(spend(&control, &mut browser, &portal).await.status(), 401, "a revoked developer");
    let approved = call(&control, "PATCH", "/developers/a@example.com", "{\"status\":0}").await;
    assert_eq!(approved.0, 200, "{}", approved.1);
    assert_eq!(spend(&control, &mut browser, &portal).await.status(), 204, "nothing was spent before");
    assert_eq!(browser.post(&control, MANAGER, &[("token", &manager)]).await.status(), 303);
    // A token of another kind is not looked for among these: there is no mail here.
    assert_eq!(spend(&control, &mut browser, "lkm_x").await.status(), 404);
}
