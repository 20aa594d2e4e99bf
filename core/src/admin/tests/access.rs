//! Who may call, and how.

use http::{HeaderMap, HeaderValue};
use serde_json::json;

use super::*;
use crate::admin::endpoints::ENDPOINTS;
use crate::keys::KeyDigest;

async fn status_with(admin: &TestAdmin, method: &str, path: &str, headers: &HeaderMap) -> u16 {
    let request = AdminRequest { method, path, query: None, headers, body: b"" };
    admin.handle(request).await.status().as_u16()
}

/// A path with an unknown id in the place of each pair of braces.
fn example(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| match segment.starts_with('{') {
        true => "0f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0f",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn without_the_token_every_endpoint_refuses() {
    let admin = new_admin().await;
    let mut wrong = HeaderMap::new();
    wrong.insert("kong-admin-token", HeaderValue::from_static("sesamE"));
    for endpoint in ENDPOINTS {
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            let path = example(endpoint.path);
            assert_eq!(status_with(&admin, method, &path, &HeaderMap::new()).await, 401, "{method} {path}");
            assert_eq!(status_with(&admin, method, &path, &wrong).await, 401, "{method} {path}");
        }
    }
    assert_eq!(status_with(&admin, "GET", "/nowhere", &HeaderMap::new()).await, 401);
}

#[tokio::test]
async fn token_is_taken_from_either_field() {
    let admin = new_admin().await;
    for (name, value, status) in [
        ("kong-admin-token", "sesame", 200),
        ("authorization", "Bearer sesame", 200),
        ("authorization", "bearer sesame", 200),
        ("authorization", "Basic sesame", 401),
        ("authorization", "sesame", 401),
        ("authorization", "Bearer ", 401),
        ("kong-admin-token", "", 401),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        assert_eq!(status_with(&admin, "GET", "/services", &headers).await, status, "{name}: {value}");
    }
}

#[tokio::test]
async fn token_under_the_previous_pepper_still_works() {
    let mut admin = new_admin().await;
    admin.set_token(Some(Pepper::new(b"before").digest(TOKEN.as_bytes())));
    expect(call(&admin, "GET", "/services", "").await, 200, json!({"data": []}));
    admin.set_token(Some(KeyDigest::from_bytes([0; 32])));
    expect(call(&admin, "GET", "/services", "").await, 401, json!({"message": "Invalid admin token"}));
    admin.set_token(None);
    expect(call(&admin, "GET", "/services", "").await, 503, json!({}));
}

#[tokio::test]
async fn every_endpoint_answers_its_methods_and_no_others() {
    let admin = new_admin().await;
    for endpoint in ENDPOINTS {
        let path = example(endpoint.path);
        let (status, _) = call(&admin, "OPTIONS", &path, "").await;
        assert_eq!(status, 204, "{path}");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let (status, body) = call(&admin, method, &path, if method == "GET" { "" } else { "{}" }).await;
            let known = endpoint.methods.contains(&if method == "HEAD" { "GET" } else { method });
            assert_eq!(status == 405, !known, "{method} {path}: {status} {body}");
            assert!(status < 500, "{method} {path}: {status} {body}");
        }
    }
    expect(call(&admin, "TRACE", "/services", "").await, 405, json!({"message": "Method not allowed"}));
    expect(call(&admin, "GET", "/nowhere", "").await, 404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn options_tells_the_methods() {
    let admin = new_admin().await;
    let mut headers = headers(None);
    headers.insert("origin", HeaderValue::from_static("https://a.test"));
    let request =
        AdminRequest { method: "OPTIONS", path: "/services/x", query: None, headers: &headers, body: b"" };
    let response = admin.handle(request).await;
    assert_eq!(response.headers()["allow"], "DELETE, GET, HEAD, OPTIONS, PATCH, PUT");
    assert_eq!(response.headers()["access-control-allow-origin"], "https://a.test");
    assert_eq!(response.headers()["access-control-allow-credentials"], "true");
}

#[tokio::test]
async fn bodies_must_be_json() {
    let admin = new_admin().await;
    for (content_type, body, status) in [
        (Some("application/json"), "{\"username\":\"a\"}", 201),
        (Some("Application/JSON; charset=utf-8"), "{\"username\":\"b\"}", 201),
        (Some("application/json"), "", 400),
        (Some("application/json"), "[]", 400),
        (Some("application/json"), "{", 400),
        (Some("text/plain"), "{}", 415),
        (None, "{}", 415),
        (None, "", 400),
    ] {
        let headers = headers(content_type);
        let request = AdminRequest {
            method: "POST",
            path: "/consumers",
            query: None,
            headers: &headers,
            body: body.as_bytes(),
        };
        let response = admin.handle(request).await;
        assert_eq!(response.status().as_u16(), status, "{content_type:?} {body}");
        assert_eq!(status == 415, response.body().is_empty());
    }
    let broken = call(&admin, "POST", "/consumers", "{").await;
    expect(broken, 400, json!({"message": "Cannot parse JSON body"}));
}

#[tokio::test]
async fn futures_can_move_between_threads() {
    fn check<T: Send>(value: T) -> T {
        value
    }
    let admin = new_admin().await;
    let headers = headers(None);
    let request = AdminRequest { method: "GET", path: "/", query: None, headers: &headers, body: b"" };
    assert_eq!(check(admin.handle(request)).await.status(), 200);
    check(admin.registry().resume_jobs()).await.unwrap();
}

#[tokio::test]
async fn store_failures_say_nothing_outside_and_all_inside() {
    struct Broken(std::sync::atomic::AtomicBool, MemoryStore);
    impl Store for Broken {
        async fn get(
            &self,
            key: &crate::store::RecordKey,
        ) -> Result<Option<crate::store::Versioned>, crate::store::StoreError> {
            match self.0.load(std::sync::atomic::Ordering::Relaxed) {
                true => Err(crate::store::StoreError::Failed("disk 7".into())),
                false => self.1.get(key).await,
            }
        }
        async fn commit(
            &self,
            batch: crate::store::Batch,
        ) -> Result<crate::store::Commit, crate::store::StoreError> {
            self.1.commit(batch).await
        }
        async fn scan(
            &self,
            _: &str,
            _: &str,
            _: Option<&str>,
            _: usize,
        ) -> Result<crate::store::Page, crate::store::StoreError> {
            Err(crate::store::StoreError::Unavailable("disk 8".into()))
        }
    }
    let admin = admin_over(Broken(false.into(), MemoryStore::default())).await;
    expect(
        call(&admin, "GET", "/services", "").await,
        503,
        json!({"message": "An unexpected error occurred"}),
    );
    admin.registry().store().0.store(true, std::sync::atomic::Ordering::Relaxed);
    let headers = headers(None);
    let request =
        AdminRequest { method: "GET", path: "/services/x", query: None, headers: &headers, body: b"" };
    let response = admin.handle(request).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.body(), "{\"message\":\"An unexpected error occurred\"}");
    let cause = response.extensions().get::<crate::admin::InternalCause>().unwrap();
    assert_eq!(cause.to_string(), "store failed: disk 7");
}
