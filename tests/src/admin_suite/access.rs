//! Who may call, and how.

use serde_json::json;

use super::Api;
use super::ask::{NOBODY, answer, call, data, expect, get, request, with_json};
use crate::raw_http::Request;

tests!("access":
    without_the_token_every_endpoint_refuses,
    token_is_taken_from_either_field,
    every_endpoint_answers_its_methods_and_no_others,
    options_tells_the_methods,
    unknown_methods_are_refused,
    head_is_get_without_a_body,
    no_answer_may_be_read_from_other_origins,
);

const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// Every path, with an unknown id in the place of each pair of braces.
fn paths(api: &dyn Api) -> Vec<String> {
    let list = expect(get(api, "/endpoints"), 200, json!({}));
    let patterns = data(&list).iter().map(|pattern| pattern.as_str().unwrap());
    let example = |segment| if str::starts_with(segment, '{') { NOBODY } else { segment };
    let paths: Vec<String> =
        patterns.map(|pattern| pattern.split('/').map(example).collect::<Vec<_>>().join("/")).collect();
    // One that got lost must be missed by the walk.
    assert!(paths.len() >= 50, "only {} endpoints", paths.len());
    paths
}

fn without_the_token_every_endpoint_refuses(api: &dyn Api) {
    let mut wrong = api.token().to_owned();
    let last = if wrong.pop() == Some('a') { 'b' } else { 'a' };
    wrong.push(last);
    let mut paths = paths(api);
    paths.push("/nowhere".to_owned());
    for path in paths {
        for method in METHODS {
            for token in [None, Some(&wrong)] {
                let mut request = Request::new(method, &path);
                if let Some(token) = token {
                    request = request.header("Kong-Admin-Token", token);
                }
                let (status, body) = answer(&api.send(&request));
                assert_eq!(status, 401, "{method} {path}: {body}");
                if method != "HEAD" {
                    assert_eq!(body, json!({"message": "Invalid admin token"}), "{method} {path}");
                }
            }
        }
    }
    let write = with_json(Request::new("PUT", "/consumers/bob"), "{}");
    assert_eq!(api.send(&write).status, 401);
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}

fn token_is_taken_from_either_field(api: &dyn Api) {
    let token = api.token();
    for (fields, status) in [
        (vec![("Kong-Admin-Token", token.to_owned())], 200),
        (vec![("kong-admin-token", token.to_owned())], 200),
        (vec![("Authorization", format!("Bearer {token}"))], 200),
        (vec![("authorization", format!("bearer {token}"))], 200),
        (vec![("Authorization", format!("Basic {token}"))], 401),
        (vec![("Authorization", token.to_owned())], 401),
        (vec![("Authorization", "Bearer ".to_owned())], 401),
        (vec![("Authorization", format!("Bearer {token}x"))], 401),
        (vec![("Kong-Admin-Token", String::new())], 401),
        (vec![("Kong-Admin-Token", format!("Bearer {token}"))], 401),
        (vec![("Kong-Admin-Token", token[1..].to_owned())], 401),
        // The first decides.
        (vec![("Kong-Admin-Token", "x".to_owned()), ("Authorization", format!("Bearer {token}"))], 401),
        (vec![("Kong-Admin-Token", token.to_owned()), ("Authorization", "Bearer x".to_owned())], 200),
        (vec![("apikey", token.to_owned())], 401),
    ] {
        let mut request = Request::get("/services");
        for (name, value) in &fields {
            request = request.header(name, value);
        }
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(api.send(&request).status, status, "{names:?}");
    }
    assert_eq!(api.send(&Request::get(&format!("/services?apikey={token}"))).status, 401);
}

/// Which methods those are is what OPTIONS answers.
fn every_endpoint_answers_its_methods_and_no_others(api: &dyn Api) {
    for path in paths(api) {
        let options = api.send(&request(api, "OPTIONS", &path));
        assert_eq!((options.status, options.body.len()), (204, 0), "{path}");
        let allow = options.headers.values("allow").join(", ");
        let allowed: Vec<&str> = allow.split(", ").collect();
        assert!(allowed.contains(&"OPTIONS"), "{path}: {allow}");
        assert_eq!(allowed.contains(&"GET"), allowed.contains(&"HEAD"), "{path}: {allow}");
        for method in METHODS {
            let mut request = request(api, method, &path);
            if matches!(method, "POST" | "PUT" | "PATCH") {
                request = with_json(request, "{}");
            }
            let response = api.send(&request);
            let is_allowed = allowed.contains(&method);
            assert_eq!(response.status != 405, is_allowed, "{method} {path}: {}", response.status);
            assert!(response.status < 500, "{method} {path}: {} {}", response.status, response.text());
            if !is_allowed {
                if method != "HEAD" {
                    expect(answer(&response), 405, json!({"message": "Method not allowed"}));
                }
                assert_eq!(response.headers.values("allow").join(", "), allow, "{method} {path}");
            }
        }
    }
}

fn options_tells_the_methods(api: &dyn Api) {
    for (path, allow) in [
        ("/", "GET, HEAD, OPTIONS"),
        ("/services", "GET, HEAD, OPTIONS, POST"),
        ("/services/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/schemas/services/validate", "OPTIONS, POST"),
        ("/routes/x/service", "GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/developers/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/applications/x/credentials/oauth2/y", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/consumers/x/oauth2/y", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/oauth2", "GET, HEAD, OPTIONS, POST"),
        ("/oauth2_tokens/x", "DELETE, OPTIONS"),
        ("/key-auths/x/rotate", "DELETE, OPTIONS, POST"),
        ("/keys/find", "OPTIONS, POST"),
        ("/router/match", "OPTIONS, POST"),
        ("/application_instances/decide", "OPTIONS, POST"),
    ] {
        let request = request(api, "OPTIONS", path).header("Origin", "https://a.test");
        let response = api.send(&request);
        assert_eq!(response.status, 204, "{path}");
        assert_eq!(response.headers.values("allow"), [allow], "{path}");
    }
    assert_eq!(api.send(&request(api, "OPTIONS", "/nowhere")).status, 404);
}

fn unknown_methods_are_refused(api: &dyn Api) {
    expect(call(api, "PROPFIND", "/services", &json!({})), 405, json!({"message": "Method not allowed"}));
    expect(
        answer(&api.send(&request(api, "PURGE", "/services/x"))),
        405,
        json!({"message": "Method not allowed"}),
    );
    expect(answer(&api.send(&request(api, "PURGE", "/nowhere"))), 404, json!({"message": "Not found"}));
}

fn head_is_get_without_a_body(api: &dyn Api) {
    for path in ["/", "/services", "/services/x", "/nowhere", "/routes?size=0", "/schemas/services"] {
        let got = api.send(&request(api, "GET", path));
        let head = api.send(&request(api, "HEAD", path));
        assert_eq!(head.status, got.status, "{path}");
        assert!(head.body.is_empty(), "{path}: {}", head.text());
        assert_eq!(head.headers.values("content-type"), got.headers.values("content-type"), "{path}");
    }
}

/// Kong lets every origin read, with credentials; none is listed here.
fn no_answer_may_be_read_from_other_origins(api: &dyn Api) {
    for (method, path) in
        [("GET", "/"), ("GET", "/services/x"), ("GET", "/nowhere"), ("OPTIONS", "/services")]
    {
        let asked = request(api, method, path)
            .header("Origin", "https://a.test")
            .header("Access-Control-Request-Method", "POST");
        let fields = api.send(&asked).headers;
        let names: Vec<_> = fields.0.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert!(!names.iter().any(|name| name.starts_with("access-control-")), "{method} {path}: {names:?}");
    }
    let preflight = Request::new("OPTIONS", "/services")
        .header("Origin", "https://a.test")
        .header("Access-Control-Request-Method", "POST");
    assert_eq!(api.send(&preflight).status, 401);
}
