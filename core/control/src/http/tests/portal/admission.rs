//! Who comes in by the head of a request: the host, the site that it comes from, the body's type.

use super::*;

#[tokio::test]
async fn the_portal_is_at_its_own_host_alone() {
    let portal = Portal::new().await;
    let headers = HeaderMap::new();
    for (host, path, status) in [
        ("portal.example.com", "/portal/api/developer/meta_fields", 200),
        ("portal.example.com:443", "/portal/api/developer/meta_fields", 200),
        ("evil.example", "/portal/api/developer/meta_fields", 421),
        ("127.0.0.1:8081", "/portal/api/developer/meta_fields", 421),
        ("evil.example", "/portal/api/nothing", 421),
        ("evil.example", "/health", 200),
        ("evil.example", "/admin", 401),
    ] {
        let head = Head { host: host.as_bytes(), ..head("GET", path, None, &headers) };
        assert_eq!(portal.control.serve(&head, b"").await.status(), status, "{host} {path}");
    }
}

#[tokio::test]
async fn another_site_changes_nothing_and_reads_nothing() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let meta = Some(json!({"meta": r#"{"full_name":"Changed"}"#}));
    const EVIL: &str = "https://evil.example";
    for (fields, status) in [
        (&[("sec-fetch-site", "cross-site"), ("origin", EVIL)][..], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", EVIL)], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "")], 403),
        (&[("sec-fetch-site", "same-origin"), ("origin", "null")], 200),
        (&[("sec-fetch-site", "none"), ("origin", "")], 200),
        (&[], 200),
    ] {
        let got = portal.send(&mut browser, "PATCH", "/developer/meta", meta.clone(), fields).await;
        assert_eq!(got.status, status, "{fields:?}");
        let read = portal.send(&mut browser, "GET", "/developer", None, fields).await.is(200);
        assert!(!read.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    }
    // Log-in by GET is a change.
    let shown = basic(EMAIL, PASSWORD);
    let fields = [("authorization", shown.as_str()), ("sec-fetch-site", "cross-site")];
    portal.send(&mut Browser::default(), "GET", "/auth", None, &fields).await.is(403);
    portal.send(&mut Browser::default(), "HEAD", "/auth", None, &fields).await.is(403);
    let fields = [("authorization", shown.as_str()), ("origin", "")];
    portal.send(&mut browser, "GET", "/auth", None, &fields).await.is(204);
    let register = json!({"email": "eve@example.org", "password": PASSWORD, "meta": META});
    let fields = [("sec-fetch-site", "cross-site")];
    portal.send(&mut Browser::default(), "POST", "/register", Some(register), &fields).await.is(403);
}

#[tokio::test]
async fn a_listed_page_may_call_with_the_cookie() {
    const PAGES: &str = "https://pages.example.com";
    let mut portal = Portal::new().await;
    portal.control.allow_pages(PAGES);
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let fields = [("origin", PAGES), ("sec-fetch-site", "same-site")];
    let meta = Some(json!({"meta": META}));
    let got = portal.send(&mut browser, "PATCH", "/developer/meta", meta, &fields).await.is(200);
    let field = |name: &str| got.headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(
        [field("access-control-allow-origin"), field("access-control-allow-credentials"), field("vary")],
        [Some(PAGES), Some("true"), Some("Origin")]
    );
    let asks = [("origin", PAGES), ("access-control-request-method", "PATCH")];
    let got = portal.send(&mut Browser::default(), "OPTIONS", "/developer/meta", None, &asks).await.is(204);
    assert_eq!(got.headers["access-control-allow-methods"], "OPTIONS, PATCH");
    assert_eq!(got.headers["access-control-allow-credentials"], "true");
    let evil = [("origin", "https://pages.example.com.evil.example")];
    let got = portal.send(&mut browser, "GET", "/developer", None, &evil).await.is(200);
    assert!(!got.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn bodies_are_json_or_forms() {
    let portal = Portal::new().await;
    let json = format!("{{\"email\":\"{EMAIL}\"}}");
    for (content_type, body, status) in [
        (Some("application/json"), json.as_str(), 200),
        (Some("application/x-www-form-urlencoded"), "email=dee%40example.org", 200),
        (Some("text/plain"), json.as_str(), 415),
        (Some("text/plain;charset=UTF-8"), json.as_str(), 415),
        (Some("application/xml"), json.as_str(), 415),
        (
            Some("multipart/form-data; boundary=x"),
            "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.org\r\n--x--\r\n",
            415,
        ),
        (None, json.as_str(), 415),
        (None, "", 400),
        (Some("application/json"), "{", 400),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let head = Head {
            host: b"portal.example.com",
            ..head("POST", "/portal/api/forgot-password", None, &headers)
        };
        let response = portal.control.serve(&head, body.as_bytes()).await;
        assert_eq!(response.status(), status, "{content_type:?} {body}");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_to_anybody() {
    let portal = Portal::new().await;
    let mut nobody = Browser::default();
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/developer/nothing", 404),
        ("PUT", "/register", 405),
        ("GET", "/verify-account?token=x", 405),
        ("HEAD", "/verify-account?token=x", 405),
    ] {
        portal.send(&mut nobody, method, path, None, &[]).await.is(status);
    }
}
