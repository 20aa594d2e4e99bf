//! The Portal API's accounts, in process: passwords are "hashed" by a stand-in, mails read from the outbox.

mod access;
mod accounts;
mod admission;
mod links;
mod sessions;

use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use latchkey_request::origin::Origin;
use serde_json::json;

use super::*;
use crate::http::Step;
use crate::log_in::{PasswordAnswer, PasswordNeed, PasswordOutcome, Work};
use crate::mail::{MailOutcome, OutgoingMail};
use crate::passwords::PhcString;

pub(in crate::http) const PORTAL: &str = "https://portal.example.com";
pub(in crate::http) const EMAIL: &str = "dee@example.org";
pub(in crate::http) const PASSWORD: &str = "violet harbour tulip 93";
pub(in crate::http) const OTHER_PASSWORD: &str = "copper lantern meadow 41";
pub(in crate::http) const META: &str = r#"{"full_name":"Dee"}"#;
pub(in crate::http) const SESSION: &str = "__Host-lk_portal";

/// A portal, with mail or without.
pub(in crate::http) struct Portal {
    pub(in crate::http) control: TestControl,
    /// What the hasher says of failures before a log-in.
    pub(in crate::http) failures_before: u32,
}

/// A browser: its cookies, and what it got.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Browser {
    pub(in crate::http) cookies: Vec<(String, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(in crate::http) struct Got {
    pub(in crate::http) status: u16,
    pub(in crate::http) body: Value,
    pub(in crate::http) headers: HeaderMap,
}

impl Got {
    #[track_caller]
    pub(in crate::http) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Browser {
    pub(in crate::http) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// One that has this cookie alone.
    pub(in crate::http) fn with(name: &str, value: &str) -> Self {
        Browser { cookies: vec![(name.to_owned(), value.to_owned())] }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for field in headers.get_all(SET_COOKIE) {
            let field = field.to_str().unwrap();
            let (name, rest) = field.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

pub(in crate::http) fn basic(email: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}")))
}

/// What stands for a hash: no test hashes.
fn hashed(password: &str) -> PhcString {
    PhcString::new(format!("stand-in:{password}"))
}

fn text_of(password: &crate::passwords::Password) -> String {
    let mut value = serde_json::to_value(password).unwrap();
    value.take().as_str().unwrap().to_owned()
}

impl Portal {
    pub(in crate::http) async fn new() -> Self {
        Portal::over(true).await
    }

    pub(in crate::http) async fn over(has_mail: bool) -> Self {
        let peppers = Peppers { current: Pepper::new(b"pepper"), previous: Some(Pepper::new(b"before")) };
        let token = peppers.current.digest(TOKEN.as_bytes());
        let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(7));
        let registry = Registry::open(MemoryStore::default(), clock, random, peppers).await.unwrap();
        let settings = ControlSettings {
            control_origin: Some(Origin::parse(PORTAL).unwrap()),
            mail_from: has_mail.then(|| "portal@example.com".to_owned()),
            ..settings(Some(token))
        };
        Portal { control: Control::new(registry, settings), failures_before: 0 }
    }

    pub(in crate::http) fn advance(&self, ms: u64) {
        self.control.registry().clock().advance(ms);
    }

    pub(in crate::http) fn answer(&self, need: PasswordNeed) -> PasswordAnswer {
        let outcome = match need.work {
            Work::LogIn { password, stored } => match stored == Some(hashed(&text_of(&password))) {
                true => PasswordOutcome::Right { renewed: None, failures_before: self.failures_before },
                false => PasswordOutcome::Wrong,
            },
            Work::SignUp { password, .. } | Work::Set { password } => {
                PasswordOutcome::Made(hashed(&text_of(&password)))
            }
            Work::Change { old, stored, new } => match stored == Some(hashed(&text_of(&old))) {
                true => PasswordOutcome::Made(hashed(&text_of(&new))),
                false => PasswordOutcome::Wrong,
            },
        };
        PasswordAnswer { state: need.state, outcome }
    }

    /// Sends a request as an honest browser does, which `fields` change; empty: left out.
    pub(in crate::http) async fn send(
        &self,
        browser: &mut Browser,
        method: &str,
        path: &str,
        body: Option<Value>,
        fields: &[(&str, &str)],
    ) -> Got {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let path = format!("/portal/api{path}");
        let headers = browser.headers(method, &path, body.is_some(), fields);
        let head = Head { host: b"portal.example.com", ..head(method, &path, query, &headers) };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut step = self.control.ask(&head, body.as_bytes(), None).await;
        if let Step::Password(need) = step {
            let answer = self.answer(*need);
            step = self.control.ask(&head, body.as_bytes(), Some(&answer)).await;
        }
        let Step::Answer(response) = step else { panic!("asked for a password twice") };
        assert_eq!(response.headers()["cache-control"], "no-store", "{method} {path}");
        assert!(!response.headers().contains_key("www-authenticate"));
        browser.keep(response.headers());
        let body = match response.body().as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).unwrap(),
        };
        Got { status: response.status().as_u16(), body, headers: response.headers().clone() }
    }

    pub(in crate::http) async fn call(
        &self,
        browser: &mut Browser,
        method: &str,
        path: &str,
        body: Value,
    ) -> Got {
        let body = (!body.is_null()).then_some(body);
        self.send(browser, method, path, body, &[]).await
    }

    pub(in crate::http) async fn get(&self, browser: &mut Browser, path: &str) -> Got {
        self.call(browser, "GET", path, Value::Null).await
    }

    pub(in crate::http) async fn log_in(&self, browser: &mut Browser, email: &str, password: &str) -> Got {
        let shown = basic(email, password);
        self.send(browser, "GET", "/auth", None, &[("authorization", &shown)]).await
    }

    pub(in crate::http) async fn register(&self, email: &str, password: &str) -> Got {
        let body = json!({"email": email, "password": password, "meta": META});
        self.call(&mut Browser::default(), "POST", "/register", body).await
    }

    /// A call of the Admin API.
    pub(in crate::http) async fn admin(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        call(&self.control, method, path, &body).await
    }

    pub(in crate::http) async fn set_status(&self, email: &str, status: u64) {
        let (status, body) =
            self.admin("PATCH", &format!("/developers/{email}"), json!({"status": status})).await;
        assert_eq!(status, 200, "{body}");
    }

    /// All mails that are due, sent.
    pub(in crate::http) async fn mails(&self) -> Vec<OutgoingMail> {
        let mut mails = Vec::new();
        loop {
            let due = self.control.due_mails().await.unwrap().mails;
            if due.is_empty() {
                return mails;
            }
            for mail in due {
                self.control.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
                mails.push(mail);
            }
        }
    }

    /// The token of the one mail that is due to an address.
    #[track_caller]
    pub(in crate::http) fn token<'f>(&'f self, to: &'f str) -> impl Future<Output = String> + 'f {
        let at = std::panic::Location::caller();
        async move {
            let mails = self.mails().await;
            let tokens: Vec<&str> = mails
                .iter()
                .filter(|mail| mail.to == to)
                .filter_map(|mail| mail.text.split("?token=").nth(1)?.split_whitespace().next())
                .collect();
            let [token] = tokens.as_slice() else { panic!("{at}: {mails:?}") };
            (*token).to_owned()
        }
    }

    /// A developer who has confirmed the address and is approved.
    pub(in crate::http) async fn developer(&self, email: &str) {
        self.pending(email).await;
        self.set_status(email, 0).await;
        self.mails().await;
    }

    /// The same, not approved.
    pub(in crate::http) async fn pending(&self, email: &str) {
        self.register(email, PASSWORD).await.is(200);
        let token = self.token(email).await;
        self.call(&mut Browser::default(), "POST", "/verify-account", json!({"token": token})).await.is(200);
        self.mails().await;
    }

    /// The browser of one who has logged in.
    pub(in crate::http) async fn logged_in(&self, email: &str) -> Browser {
        let mut browser = Browser::default();
        self.log_in(&mut browser, email, PASSWORD).await.is(204);
        self.mails().await;
        browser
    }
}

impl Browser {
    fn headers(&self, method: &str, path: &str, has_body: bool, fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("portal.example.com"));
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if !matches!(method, "GET" | "HEAD" | "OPTIONS") || path.ends_with("/auth") {
            headers.insert(ORIGIN, HeaderValue::from_static(PORTAL));
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert(COOKIE, HeaderValue::try_from(pairs.join("; ")).unwrap());
        }
        for (name, value) in fields {
            let name = http::HeaderName::try_from(*name).unwrap();
            match value.is_empty() {
                true => drop(headers.remove(name)),
                false => drop(headers.insert(name, HeaderValue::from_str(value).unwrap())),
            }
        }
        headers
    }
}
