//! Every page of the manager, and every kind of caller; the portal's are walked beside its pages.

use super::*;
use crate::http::endpoints::{Action, Who};
use crate::http::page_names::Page;
use crate::http::page_rows::PAGES;
use crate::http::tests::call;

/// Every kind of caller there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    Forged,
    /// Of a developer's session, whose cookie is another's.
    Portal,
    Ended,
    Revoked,
    ReadOnly,
    Named,
    Administrator,
}

const CALLERS: [Caller; 8] = [
    Caller::Nobody,
    Caller::Forged,
    Caller::Portal,
    Caller::Ended,
    Caller::Revoked,
    Caller::ReadOnly,
    Caller::Named,
    Caller::Administrator,
];

impl Caller {
    fn is_in(self) -> bool {
        matches!(self, Caller::ReadOnly | Caller::Named | Caller::Administrator)
    }

    async fn browser(self, control: &TestControl) -> Browser {
        let with = |name: &str, value: &str| Browser { cookies: vec![(name.to_owned(), value.to_owned())] };
        match self {
            Caller::Nobody => Browser::default(),
            Caller::Forged => with("__Host-lk_manager", &format!("lkn_{}", "a".repeat(38))),
            Caller::Portal => with("__Host-lk_portal", &format!("lks_{}", "a".repeat(38))),
            Caller::Ended => {
                let browser = administrator(control).await;
                browser.clone().post(control, "/manager/log-out", &[]).await;
                browser
            }
            Caller::Revoked => {
                let browser = by_token(control, "r", false).await;
                call(control, "DELETE", "/tokens/r", "").await;
                browser
            }
            Caller::ReadOnly => by_token(control, "o", true).await,
            Caller::Named => by_token(control, "n", false).await,
            Caller::Administrator => administrator(control).await,
        }
    }
}

async fn by_token(control: &TestControl, name: &str, read_only: bool) -> Browser {
    let sent = format!("{{\"name\": \"{name}\", \"read_only\": {read_only}}}");
    let (_, made) = call(control, "POST", "/tokens", &sent).await;
    let mut browser = Browser::default();
    let form = [("admin_token", made["token"].as_str().unwrap())];
    assert_eq!(browser.post(control, "/manager/log-in", &form).await.status(), 303);
    browser
}

/// A path with an id of nothing in the place of each pair of braces.
fn with_ids(path: &str) -> String {
    let id = "00000000-0000-4000-8000-000000000000";
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_page_of_the_manager_answers_every_caller_as_the_table_says() {
    let control = new_control().await;
    let mut cells = 0;
    for caller in CALLERS {
        let browser = caller.browser(&control).await;
        for row in PAGES.into_iter().flatten() {
            let path = format!("{}{}", row.surface.prefix(), with_ids(row.path));
            for call in row.calls {
                let Action::Page(Page::Manager(page)) = call.action else { continue };
                if path == "/manager/log-out" {
                    continue;
                }
                let mut browser = browser.clone();
                let response = match call.method {
                    "GET" => browser.get(&control, &path).await,
                    _ => browser.post(&control, &path, &[]).await,
                };
                let status = response.status().as_u16();
                let cell = format!("{} {path} as {caller:?}: {status}", call.method);
                assert!(call.answers.contains(&status), "{cell}");
                match (page.who(), caller.is_in(), call.method) {
                    (Who::Anyone, ..) => {}
                    (_, false, "GET") => {
                        assert_eq!(status, 303, "{cell}");
                        assert!(location(&response).starts_with("/manager/log-in"), "{cell}");
                    }
                    (_, false, _) => assert_eq!(status, 401, "{cell}"),
                    (_, true, "GET") => assert!(matches!(status, 200 | 404), "{cell}"),
                    (_, true, _) => assert_ne!(status, 401, "{cell}"),
                }
                cells += 1;
            }
        }
    }
    assert!(cells > 700, "{cells}");
}

/// The browser keeps the cookie back then (`SameSite=Strict`), so that nothing says whether there is a session.
#[tokio::test]
async fn who_comes_from_another_site_goes_on_by_a_link() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let ask = |site: &'static str| {
        let headers = Browser::default().headers(&[("sec-fetch-site", site)]);
        let control = &control;
        async move {
            control
                .serve(
                    &head("GET", "/manager/contracts", Some("state=revoked&service=orders"), &headers),
                    b"",
                )
                .await
        }
    };
    let page = ask("cross-site").await;
    assert_eq!(page.status(), 200);
    let link = "/manager/contracts?state=revoked&service=orders";
    assert!(
        text(&page).contains("href=\"/manager/contracts?state=revoked&#38;service=orders\""),
        "{}",
        text(&page)
    );
    assert!(!page.headers().contains_key(SET_COOKIE));
    assert_eq!(browser.get(&control, link).await.status(), 200);
    for site in ["same-origin", "same-site", "none"] {
        let answer = ask(site).await;
        assert!(location(&answer).starts_with("/manager/log-in?return_to="), "{site}");
    }
}
