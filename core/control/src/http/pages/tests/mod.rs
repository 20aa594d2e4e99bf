//! Pages in process.

mod access;
mod house;
mod links;
mod people;
mod portal;
mod refusals;
mod services;

use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};

use bytes::Bytes;

use crate::http::tests::{TOKEN, TestControl, head, new_control};
use crate::http::{Step, endpoints, routing};
use crate::log_in::{PasswordAnswer, PasswordOutcome};

const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A browser, as far as pages see it: it keeps cookies.
#[derive(Clone, Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn headers(&self, fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, HeaderValue::try_from(cookies.join("; ")).unwrap());
        }
        for (name, value) in fields {
            headers
                .insert(http::HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        headers
    }

    fn keep(&mut self, response: &Response<Bytes>) {
        for field in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = field.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn get(&mut self, control: &TestControl, target: &str) -> Response<Bytes> {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let headers = self.headers(&[]);
        let response = control.serve(&head("GET", path, query, &headers), b"").await;
        self.keep(&response);
        response
    }

    async fn post(&mut self, control: &TestControl, path: &str, form: &[(&str, &str)]) -> Response<Bytes> {
        let headers = self.headers(&[("content-type", "application/x-www-form-urlencoded"), SAME_ORIGIN]);
        let body = serde_urlencoded::to_string(form).unwrap();
        let head = head("POST", path, None, &headers);
        let response = match control.ask(&head, body.as_bytes(), None).await {
            Step::Answer(response) => response,
            Step::Password(need) => {
                let wrong = PasswordAnswer { state: need.state, outcome: PasswordOutcome::Wrong };
                match control.ask(&head, body.as_bytes(), Some(&wrong)).await {
                    Step::Answer(response) => response,
                    Step::Password(_) | Step::Call(_) => panic!("asked twice"),
                }
            }
            Step::Call(_) => panic!("calls the gateway"),
        };
        self.keep(&response);
        response
    }
}

fn location(response: &Response<Bytes>) -> &str {
    response.headers()[LOCATION].to_str().unwrap()
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

async fn administrator(control: &TestControl) -> Browser {
    let mut browser = Browser::default();
    let response = browser.post(control, "/manager/log-in", &[("admin_token", TOKEN)]).await;
    assert_eq!(response.status(), 303);
    browser
}

#[tokio::test]
async fn an_administrator_logs_in_and_out() {
    let control = new_control().await;
    let mut browser = Browser::default();
    let response = browser.get(&control, "/manager/services?q=a").await;
    assert_eq!((response.status().as_u16(), response.body().len()), (303, 0));
    assert_eq!(location(&response), "/manager/log-in?return_to=%2Fmanager%2Fservices%3Fq%3Da");
    let response = browser.get(&control, location(&response)).await;
    assert_eq!(response.status(), 200);
    assert!(text(&response).contains("name=\"admin_token\""), "{}", text(&response));
    assert!(text(&response).contains("value=\"/manager/services?q=a\""), "{}", text(&response));

    let response = browser.post(&control, "/manager/log-in", &[("admin_token", "x")]).await;
    assert_eq!(response.status(), 401);
    assert!(browser.cookies.is_empty());
    let form = [("admin_token", TOKEN), ("return_to", "/manager/services?q=a")];
    let response = browser.post(&control, "/manager/log-in", &form).await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/manager/services?q=a"));
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-lk_manager=lkn_"), "{cookie}");
    assert!(!cookie.contains(TOKEN), "{cookie}");
    assert_eq!(browser.get(&control, "/manager/").await.status(), 200);

    let before = browser.clone();
    let response = browser.post(&control, "/manager/log-out", &[]).await;
    assert_eq!((response.status().as_u16(), location(&response)), (303, "/manager/log-in"));
    assert_eq!(response.headers()["clear-site-data"], "\"cache\"");
    assert!(text(&browser.get(&control, "/manager/log-in").await).contains("You are logged out."));
    assert!(!text(&browser.get(&control, "/manager/log-in").await).contains("You are logged out."));
    assert_eq!(before.clone().get(&control, "/manager/").await.status(), 303);
    let response = before.clone().post(&control, "/manager/services/new", &[("name", "a")]).await;
    assert_eq!(response.status(), 401);
    let link = "href=\"/manager/log-in?return_to=%2Fmanager%2Fservices%2Fnew\"";
    assert!(text(&response).contains(link), "{}", text(&response));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_thing() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let page = browser.get(&control, "/manager/services/new").await;
    let nonce = text(&page).split_once("name=\"nonce\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let form = [("name", "orders"), ("url", "not a url"), ("nonce", nonce)];
    let response = browser.post(&control, "/manager/services/new", &form).await;
    assert_eq!(response.status(), 400);
    let is_told = text(&response).contains("value=\"not a url\"") && text(&response).contains("aria-invalid");
    assert!(is_told, "{}", text(&response));
    assert!(text(&response).contains(nonce), "what was drawn stays");
    let form = [("name", "orders"), ("url", "http://127.0.0.1:9"), ("nonce", nonce)];
    for said in ["Created.", "nothing was done again"] {
        let response = browser.post(&control, "/manager/services/new", &form).await;
        assert_eq!(response.status(), 303, "{}", text(&response));
        let page = browser.get(&control, location(&response)).await;
        assert!(text(&page).contains(said), "{}", text(&page));
        assert_eq!(text(&page).matches("http://127.0.0.1:9").count(), 1);
    }
}

#[tokio::test]
async fn what_other_sites_send_does_nothing() {
    let control = new_control().await;
    let browser = administrator(&control).await;
    for (fields, expected) in [
        (&[("sec-fetch-site", "cross-site")][..], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[], 403),
        (&[("origin", "https://control.test")], 400),
        (&[("origin", "null"), ("sec-fetch-site", "same-origin")], 400),
    ] {
        let mut headers = browser.headers(fields);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let response = control.serve(&head("POST", "/manager/services/new", None, &headers), b"name=a").await;
        assert_eq!(response.status(), expected, "{fields:?}");
    }
}

#[tokio::test]
async fn every_answer_is_guarded() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    for path in ["/manager/", "/manager/nothing", "/portal/", "/portal/nothing", "/manager/log-in"] {
        let response = browser.get(&control, path).await;
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(field("cache-control"), Some("no-store"), "{path}");
        assert!(
            field("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'self'")
        );
        assert_eq!(field("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(field("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(field("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
    assert!(routing::find(endpoints::Surface::Manager, "/nothing").is_none());
}
