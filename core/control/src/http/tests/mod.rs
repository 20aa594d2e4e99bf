//! The Admin API in process: the suite of `tests/src/admin_suite`, and what needs the inside.

mod documents;
mod door;
mod endpoints;
mod failures;
mod oauth2;
mod openapi;
mod origins;
mod overview;
mod peppers;
pub(super) mod portal;
mod properties;
mod settings;
mod suite;
mod times;

use http::{HeaderMap, HeaderValue};
use latchkey_tests::admin_suite::{expect, text};
use serde_json::Value;
use uuid::Uuid;

use super::{AdminOrigins, Control, ControlSettings, Head};
use crate::ports::testing::{ManualClock, SeededRandom};
use crate::registry::Registry;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};
use latchkey_store::Store;
use latchkey_store::memory::MemoryStore;

pub(super) const TOKEN: &str = "sesame";
pub(super) const START_MS: u64 = 1_700_000_000_000;

pub(super) type TestControl<S = MemoryStore> = Control<S, ManualClock, SeededRandom>;

pub(super) async fn new_control() -> TestControl {
    control_over(MemoryStore::default()).await
}

async fn control_over<S: Store>(store: S) -> TestControl<S> {
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: Some(Pepper::new(b"before")) };
    let token = peppers.current.digest(TOKEN.as_bytes());
    let registry =
        Registry::open(store, ManualClock::at(START_MS), SeededRandom::new(7), peppers).await.unwrap();
    Control::new(registry, settings(Some(token)))
}

fn settings(token: Option<KeyDigest>) -> ControlSettings {
    let control_origin = latchkey_request::origin::Origin::parse("https://control.test").ok();
    ControlSettings { control_origin, ..ControlSettings::new(token, "test", Uuid::nil()) }
}

/// A head with these fields; `path` with the prefix of its surface.
pub(super) fn head<'a>(
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    headers: &'a HeaderMap,
) -> Head<'a> {
    Head { method, host: b"control.test", path, query, headers, client_ip: None, request_id: None }
}

fn headers(content_type: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
    if let Some(content_type) = content_type {
        headers.insert("content-type", HeaderValue::from_str(content_type).unwrap());
    }
    headers
}

/// Status and body of a call of the Admin API; an empty body is null.
pub(super) async fn call<S: Store>(
    control: &TestControl<S>,
    method: &str,
    target: &str,
    body: &str,
) -> (u16, Value) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let headers = headers((!body.is_empty()).then_some("application/json"));
    let path = format!("/admin{path}");
    let response = control.serve(&head(method, &path, query, &headers), body.as_bytes()).await;
    let body = match response.body().as_ref() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).unwrap(),
    };
    (response.status().as_u16(), body)
}
