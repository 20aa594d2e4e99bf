//! The table of endpoints, and who may call what. The suite walks by what is answered about it.

use serde_json::json;

use super::*;
use crate::http::endpoints::{ENDPOINTS, Endpoint, Surface, Takes, Who, find};

const METHODS: [&str; 9] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"];

/// Every kind of caller there is. One that is added must be given its expected answers below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    WrongToken,
    Administrator,
}

const CALLERS: [Caller; 3] = [Caller::Nobody, Caller::WrongToken, Caller::Administrator];

impl Caller {
    fn may(self, who: Who) -> bool {
        match (who, self) {
            (Who::Anyone, _) | (Who::Administrator, Caller::Administrator) => true,
            (Who::Administrator, Caller::Nobody | Caller::WrongToken) => false,
        }
    }

    fn headers(self) -> HeaderMap {
        let mut headers = headers(Some("application/json"));
        match self {
            Caller::Nobody => drop(headers.remove("kong-admin-token")),
            Caller::WrongToken => drop(headers.insert("kong-admin-token", HeaderValue::from_static("x"))),
            Caller::Administrator => {}
        }
        headers
    }
}

/// A path that the endpoint matches, with what is not there in the place of each pair of braces.
fn example(endpoint: &Endpoint) -> String {
    format!("{}{}", endpoint.surface.prefix(), endpoint.path.replace(['{', '}'], ""))
}

#[tokio::test]
async fn every_endpoint_answers_every_caller_as_the_table_says() {
    let control = new_control().await;
    for endpoint in ENDPOINTS {
        let path = example(endpoint);
        for (method, caller) in METHODS.iter().flat_map(|method| CALLERS.map(|caller| (*method, caller))) {
            let headers = caller.headers();
            let response = control.serve(&head(method, &path, None, &headers), b"{}").await;
            let status = response.status().as_u16();
            let call = endpoint.call(method);
            match call {
                _ if !caller.may(endpoint.surface.who()) => {
                    assert_eq!(status, 401, "{method} {path} as {caller:?}");
                }
                None => assert_eq!(status, 405, "{method} {path} as {caller:?}"),
                Some(call) => {
                    assert!(call.answers.contains(&status), "{method} {path} as {caller:?}: {status}");
                }
            }
            // Where the table has no CORS, no answer has.
            let fields = response.headers().keys().map(http::HeaderName::as_str);
            assert_eq!(fields.filter(|name| name.starts_with("access-control-")).count(), 0, "{path}");
        }
    }
}

#[tokio::test]
async fn every_endpoint_of_the_admin_api_is_listed() {
    let control = new_control().await;
    let listed = ENDPOINTS.iter().filter(|endpoint| endpoint.surface == Surface::Admin);
    let mut paths: Vec<&str> = listed.map(|endpoint| endpoint.path).collect();
    paths.sort_unstable();
    expect(call(&control, "GET", "/endpoints", "").await, 200, json!({"data": paths}));
}

#[tokio::test]
async fn every_endpoint_says_the_methods_of_the_table() {
    let control = new_control().await;
    for endpoint in ENDPOINTS {
        let headers = headers(None);
        let path = example(endpoint);
        let response = control.serve(&head("OPTIONS", &path, None, &headers), b"").await;
        assert_eq!(response.status(), 204, "{path}");
        assert_eq!(response.headers()["allow"], endpoint.methods().join(", "), "{path}");
    }
}

/// A literal behind a variable of the same shape would never be found.
#[test]
fn no_endpoint_hides_another() {
    for (at, endpoint) in ENDPOINTS.iter().enumerate() {
        let found = find(endpoint.surface, &endpoint.path.replace(['{', '}'], "")).unwrap();
        assert!(
            std::ptr::eq(found.endpoint, endpoint),
            "{} is behind {}",
            endpoint.path,
            found.endpoint.path
        );
        let twin = |other: &&Endpoint| other.surface == endpoint.surface && other.path == endpoint.path;
        assert_eq!(ENDPOINTS.iter().position(|other| twin(&other)), Some(at), "{} twice", endpoint.path);
    }
}

#[test]
fn calls_are_well_formed() {
    for call in ENDPOINTS.iter().flat_map(|endpoint| endpoint.calls) {
        let writes = matches!(call.method, "POST" | "PUT" | "PATCH");
        assert_eq!(call.takes == Takes::Object, writes, "{call:?}");
        assert!(call.answers[0] < 300 && call.answers[1..].iter().all(|status| *status >= 400), "{call:?}");
    }
}
