//! Log-in links: bound to the browser that asked, with a code for it when they are opened elsewhere.

use super::*;

const ASKED: &str = "__Host-lk_try";

async fn with_links() -> Portal {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let (status, body) =
        portal.admin("PATCH", "/settings", json!({"log_in_links": true, "mails_per_mailbox": 100})).await;
    assert_eq!(status, 200, "{body}");
    portal
}

async fn ask(portal: &Portal, email: &str) -> Browser {
    let mut browser = Browser::default();
    portal.call(&mut browser, "POST", "/auth/link", json!({"email": email})).await.is(204);
    browser
}

async fn spend(portal: &Portal, browser: &mut Browser, token: &str) -> Got {
    portal.call(browser, "POST", "/auth/link/token", json!({"token": token})).await
}

async fn code(portal: &Portal, browser: &mut Browser, code: &str) -> Got {
    portal.call(browser, "POST", "/auth/link/code", json!({"code": code})).await
}

#[tokio::test]
async fn a_link_logs_in_where_it_was_asked_for_and_once() {
    let portal = with_links().await;
    let mut browser = ask(&portal, EMAIL).await;
    let token = portal.token(EMAIL).await;
    spend(&portal, &mut browser, &token).await.is(204);
    assert_eq!(browser.cookie(ASKED), None);
    portal.get(&mut browser, "/developer").await.is(200);
    spend(&portal, &mut browser, &token).await.is(401);
    // Asked again, the one before is void; so it is after its time.
    let mut browser = ask(&portal, EMAIL).await;
    let first = portal.token(EMAIL).await;
    let mut again = ask(&portal, EMAIL).await;
    let second = portal.token(EMAIL).await;
    spend(&portal, &mut browser, &first).await.is(401);
    portal.advance(10 * 60_000);
    spend(&portal, &mut again, &second).await.is(401);
}

#[tokio::test]
async fn elsewhere_it_shows_a_code_for_the_browser_that_asked() {
    let portal = with_links().await;
    let mut browser = ask(&portal, EMAIL).await;
    let token = portal.token(EMAIL).await;
    code(&portal, &mut browser, "000000").await.is(401);
    let mut elsewhere = Browser::default();
    let shown = spend(&portal, &mut elsewhere, &token).await.is(200);
    let digits = shown.body["code"].as_str().unwrap().to_owned();
    assert!(digits.len() == 6 && elsewhere.cookies.is_empty());
    assert_eq!(spend(&portal, &mut elsewhere, &token).await.is(200).body["code"], digits);
    code(&portal, &mut elsewhere, &digits).await.is(401);
    code(&portal, &mut browser, &digits).await.is(204);
    portal.get(&mut browser, "/developer").await.is(200);
    code(&portal, &mut browser, &digits).await.is(401);
}

#[tokio::test]
async fn a_code_is_tried_five_times() {
    let portal = with_links().await;
    let mut browser = ask(&portal, EMAIL).await;
    let token = portal.token(EMAIL).await;
    let digits = spend(&portal, &mut Browser::default(), &token).await.is(200).body["code"].clone();
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        code(&portal, &mut browser, wrong).await.is(401);
    }
    code(&portal, &mut browser, digits.as_str().unwrap()).await.is(401);
    spend(&portal, &mut browser, &token).await.is(401);
}

#[tokio::test]
async fn it_is_asked_for_alike_by_whoever() {
    let portal = with_links().await;
    let known = ask(&portal, EMAIL).await;
    let unknown = ask(&portal, "nobody@example.org").await;
    let form = |browser: &Browser| {
        browser.cookies.iter().map(|(name, value)| (name.clone(), value.len())).collect::<Vec<_>>()
    };
    assert_eq!(form(&known), form(&unknown));
    assert_eq!(portal.mails().await.len(), 1);
    portal.set_status(EMAIL, 3).await;
    portal.mails().await;
    ask(&portal, EMAIL).await;
    assert!(portal.mails().await.is_empty());
}

#[tokio::test]
async fn there_are_none_unless_they_are_set() {
    let portal = Portal::new().await;
    for (path, body) in [
        ("/auth/link", json!({"email": EMAIL})),
        ("/auth/link/token", json!({"token": "x"})),
        ("/auth/link/code", json!({"code": "000000"})),
    ] {
        portal.call(&mut Browser::default(), "POST", path, body).await.is(404);
    }
}
