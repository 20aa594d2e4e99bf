//! The table of all paths, and what is answered about it. The suite walks by these answers.

use serde_json::json;

use super::*;
use crate::admin::endpoints::ENDPOINTS;

#[tokio::test]
async fn every_endpoint_is_listed() {
    let admin = new_admin().await;
    let mut paths: Vec<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    paths.sort_unstable();
    expect(call(&admin, "GET", "/endpoints", "").await, 200, json!({"data": paths}));
}

#[tokio::test]
async fn every_endpoint_says_the_methods_of_the_table() {
    let admin = new_admin().await;
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace(['{', '}'], "");
        let headers = headers(None);
        let request =
            AdminRequest { method: "OPTIONS", path: &path, query: None, headers: &headers, body: b"" };
        let response = admin.handle(request).await;
        assert_eq!(response.status(), 204, "{path}");
        let mut methods = vec!["HEAD", "OPTIONS"];
        methods.extend(endpoint.methods);
        methods.sort_unstable();
        assert_eq!(response.headers()["allow"], methods.join(", "), "{path}");
    }
}

#[tokio::test]
async fn methods_of_no_endpoint_are_refused() {
    let admin = new_admin().await;
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace(['{', '}'], "");
        let refused = call(&admin, "TRACE", &path, "").await;
        expect(refused, 405, json!({"message": "Method not allowed"}));
    }
}
