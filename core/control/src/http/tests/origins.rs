//! Pages of other origins.

use super::*;

const PAGE: &str = "https://admin.test";

async fn listing(list: &str) -> TestControl {
    let mut control = new_control().await;
    std::sync::Arc::make_mut(&mut control.settings).admin_origins = AdminOrigins::parse(list).unwrap();
    control
}

fn asked_from(origin: &str, preflight: bool, token: bool) -> HeaderMap {
    let mut headers = headers(None);
    headers.insert("origin", HeaderValue::from_str(origin).unwrap());
    if preflight {
        headers.insert("access-control-request-method", HeaderValue::from_static("PATCH"));
    }
    if !token {
        headers.remove("kong-admin-token");
    }
    headers
}

#[tokio::test]
async fn a_listed_page_may_call_the_admin_api() {
    let control = listing("https://other.test, https://Admin.test:443").await;
    for (path, allow) in [("/admin/services", Some("GET, HEAD, OPTIONS, POST")), ("/admin/nowhere", None)] {
        let headers = asked_from(PAGE, true, false);
        let response = control.serve(&head("OPTIONS", path, None, &headers), b"").await;
        assert_eq!(response.status(), 204, "{path}");
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(field("access-control-allow-origin"), Some(PAGE));
        assert_eq!(field("access-control-allow-methods"), allow);
        let fields = Some("Authorization, Content-Type, Kong-Admin-Token");
        assert_eq!(field("access-control-allow-headers"), fields);
        assert_eq!(field("vary"), Some("Origin"));
        assert_eq!(field("access-control-allow-credentials"), None);
    }
    let headers = asked_from(PAGE, false, true);
    let response = control.serve(&head("GET", "/admin/services", None, &headers), b"").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], PAGE);
    assert_eq!(response.headers()["vary"], "Origin");
    // The preflight gave no right: the call itself needs the token.
    let headers = asked_from(PAGE, false, false);
    assert_eq!(control.serve(&head("GET", "/admin/services", None, &headers), b"").await.status(), 401);
    assert_eq!(control.serve(&head("OPTIONS", "/admin/services", None, &headers), b"").await.status(), 401);
}

#[tokio::test]
async fn others_may_not() {
    let listed = listing(PAGE).await;
    let none = new_control().await;
    for origin in ["https://admin.test.evil.test", "http://admin.test", "null", "https://ADMIN.test", "*"] {
        for control in [&listed, &none] {
            let headers = asked_from(origin, true, false);
            let preflight = control.serve(&head("OPTIONS", "/admin/services", None, &headers), b"").await;
            assert_eq!(preflight.status(), 401, "{origin}");
            assert!(!preflight.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
    }
    let headers = asked_from(PAGE, true, false);
    let open = listed.serve(&head("OPTIONS", "/health", None, &headers), b"").await;
    assert!(!open.headers().contains_key("access-control-allow-origin"));
    assert!(AdminOrigins::parse("*").is_err());
}
