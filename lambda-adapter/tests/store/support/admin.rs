//! The Admin API over a store, asked as a client asks it.

use http::{HeaderMap, HeaderValue};
use latchkey_control::http::{Control, ControlSettings, Head, InternalCause, Step};
use latchkey_control::log_in::PasswordAnswer;
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::{Error, Registry};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_store::{Store, StoreError};
use serde_json::Value;
use uuid::Uuid;

const TOKEN: &str = "sesame";
const PORTAL_PORT: u16 = 8001;

pub(crate) type TestAdmin<S> = Control<S, ManualClock, SeededRandom>;

/// What a call is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Null when empty.
    pub(crate) body: Value,
    /// Why it failed inside.
    pub(crate) cause: Option<StoreError>,
}

pub(crate) fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: None }
}

/// The Admin API over a store, at `unix_ms`.
pub(crate) async fn open<S: Store>(store: S, seed: u64, unix_ms: u64) -> Result<TestAdmin<S>, Error> {
    let (clock, random) = (ManualClock::at(unix_ms), SeededRandom::new(seed));
    let registry = Registry::open(store, clock, random, peppers()).await?;
    let token = peppers().current.digest(TOKEN.as_bytes());
    let settings = ControlSettings::new(Some(token), "test", Uuid::nil());
    Ok(Control::new(registry, ControlSettings { loopback_port: Some(PORTAL_PORT), ..settings }))
}

pub(crate) async fn call<S: Store>(admin: &TestAdmin<S>, method: &str, target: &str, body: Value) -> Answer {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut headers = HeaderMap::new();
    headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/admin{path}");
    let head =
        Head { method, host: b"", path: &path, query, headers: &headers, client_ip: None, request_id: None };
    let response = admin.serve(&head, body.as_bytes()).await;
    Answer {
        status: response.status().as_u16(),
        cause: response.extensions().get::<InternalCause>().map(|cause| cause.error.clone()),
        body: match response.body().as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).unwrap(),
        },
    }
}

/// A call of the Portal API, with a cookie where it is not empty.
pub(crate) async fn call_portal<S: Store>(
    admin: &TestAdmin<S>,
    (method, path): (&str, &str),
    cookie: &str,
    body: &Value,
    password: Option<&PasswordAnswer>,
) -> Step {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    if !cookie.is_empty() {
        headers.insert("cookie", HeaderValue::try_from(cookie).unwrap());
    }
    let (host, path) = (format!("127.0.0.1:{PORTAL_PORT}"), format!("/portal/api{path}"));
    let (host, query, headers) = (host.as_bytes(), None, &headers);
    let head = Head { method, host, path: &path, query, headers, client_ip: None, request_id: None };
    admin.ask(&head, body.to_string().as_bytes(), password).await
}

/// Calls again while the answer is that it may succeed later.
pub(crate) async fn persist<S: Store>(
    admin: &TestAdmin<S>,
    method: &str,
    target: &str,
    body: Value,
) -> Answer {
    for _ in 0..200 {
        let answer = call(admin, method, target, body.clone()).await;
        if answer.status != 503 {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{method} {target} is not answered")
}

/// Makes an entity and returns it.
pub(crate) async fn make<S: Store>(admin: &TestAdmin<S>, target: &str, body: Value) -> Value {
    let answer = persist(admin, "POST", target, body).await;
    // Kong answers 200 where developers are made.
    assert!(matches!(answer.status, 200 | 201), "POST {target}: {} {}", answer.status, answer.body);
    answer.body
}

pub(crate) fn id(entity: &Value) -> &str {
    entity["id"].as_str().unwrap()
}
