//! The table of endpoints, and who may call what. The suite walks by what is answered about it.

use serde_json::json;

use super::*;
use crate::http::endpoints::{Action, Permission};
use crate::http::endpoints::{ENDPOINTS, Endpoint, Surface, Takes, Who};
use crate::http::routing::find;

const METHODS: [&str; 9] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"];

/// Every kind of caller there is. One that is added must be given its expected answers below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    WrongToken,
    ForgedToken,
    RevokedToken,
    EndedToken,
    ReadOnlyToken,
    NamedToken,
    Administrator,
}

const CALLERS: [Caller; 8] = [
    Caller::Nobody,
    Caller::WrongToken,
    Caller::ForgedToken,
    Caller::RevokedToken,
    Caller::EndedToken,
    Caller::ReadOnlyToken,
    Caller::NamedToken,
    Caller::Administrator,
];

impl Caller {
    /// What the caller may; `None`: 401.
    fn may(self, who: Who) -> Option<Permission> {
        match (who, self) {
            (Who::Anyone, _) | (Who::Administrator, Caller::Administrator) => Some(Permission::Replace),
            (Who::Administrator, Caller::NamedToken) => Some(Permission::Change),
            (Who::Administrator, Caller::ReadOnlyToken) => Some(Permission::Read),
            (
                Who::Administrator,
                Caller::Nobody
                | Caller::WrongToken
                | Caller::ForgedToken
                | Caller::RevokedToken
                | Caller::EndedToken,
            ) => None,
            (Who::Known | Who::Developer | Who::Approved | Who::NotWaiting, _) => {
                unreachable!("the Portal API has a table of its own")
            }
        }
    }

    /// The header fields of the caller's requests, for which a token is made.
    async fn headers(self, control: &TestControl) -> HeaderMap {
        let token = match self {
            Caller::Nobody => None,
            Caller::WrongToken => Some("x".to_owned()),
            Caller::ForgedToken => Some(format!("{}x", &token(control, json!({"name": "f"})).await[..41])),
            Caller::RevokedToken => {
                let token = token(control, json!({"name": "r"})).await;
                expect(call(control, "DELETE", "/tokens/r", "").await, 204, json!(null));
                Some(token)
            }
            Caller::EndedToken => {
                let token = token(control, json!({"name": "e", "ttl": 1})).await;
                control.registry().clock().advance(1000);
                Some(token)
            }
            Caller::ReadOnlyToken => Some(token(control, json!({"name": "o", "read_only": true})).await),
            Caller::NamedToken => Some(token(control, json!({"name": "n"})).await),
            Caller::Administrator => Some(TOKEN.to_owned()),
        };
        let mut headers = headers(Some("application/json"));
        headers.remove("kong-admin-token");
        if let Some(token) = token {
            headers.insert("kong-admin-token", token.parse().unwrap());
        }
        headers
    }
}

async fn token(control: &TestControl, input: Value) -> String {
    let made = expect(call(control, "POST", "/tokens", &input.to_string()).await, 201, json!({}));
    text(&made, "token").to_owned()
}

/// A path that the endpoint matches, with what is not there in the place of each pair of braces.
fn example(endpoint: &Endpoint) -> String {
    format!("{}{}", endpoint.surface.prefix(), endpoint.path.replace(['{', '}'], ""))
}

#[tokio::test]
async fn every_endpoint_answers_every_caller_as_the_table_says() {
    let control = new_control().await;
    let mut callers = Vec::new();
    for caller in CALLERS {
        callers.push((caller, caller.headers(&control).await));
    }
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.surface != Surface::Portal) {
        let path = example(endpoint);
        for (method, (caller, headers)) in
            METHODS.iter().flat_map(|method| callers.iter().map(move |caller| (*method, caller)))
        {
            let response = control.serve(&head(method, &path, None, headers), b"{}").await;
            let status = response.status().as_u16();
            let (call, may) = (endpoint.call(method), caller.may(endpoint.surface.who()));
            match call {
                _ if may.is_none() => assert_eq!(status, 401, "{method} {path} as {caller:?}"),
                Some(call) if Some(call.permission()) > may => {
                    assert_eq!(status, 403, "{method} {path} as {caller:?}");
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
        let has_body = matches!(call.takes, Takes::Object | Takes::File(_));
        assert_eq!(has_body, writes, "{call:?}");
        let (done, refused) = call.answers.split_at(1);
        // Tokens are never brought.
        let is_done = done[0] < 300 || call.action == Action::RefuseAccessTokens;
        assert!(is_done && refused.iter().all(|status| *status < 300 || *status >= 400), "{call:?}");
    }
}
