//! Who may see the pages of services, and who may do something there.

use super::*;

/// Pages, and what is only done, of a service `s` with a route `r` and key-auth.
fn paths(service: &str, route: &str) -> (Vec<String>, Vec<String>) {
    let shown = [
        "/",
        "/services",
        "/services/new",
        "/services/{s}",
        "/services/{s}/suspend",
        "/services/{s}/delete",
        "/services/{s}/routes",
        "/services/{s}/routes/new",
        "/services/{s}/plugins",
        "/services/{s}/plugins/new",
        "/services/{s}/plugins/key-auth",
        "/services/{s}/plugins/key-auth/suspend",
        "/services/{s}/plugins/key-auth/delete",
        "/services/{s}/plugins/application-registration",
        "/services/{s}/contracts",
        "/services/{s}/document",
        "/routes",
        "/routes/new",
        "/routes/{r}",
        "/routes/{r}/delete",
    ];
    let done = [
        "/first/service",
        "/first/route",
        "/first/key-auth",
        "/services/new",
        "/services/{s}",
        "/services/{s}/suspend",
        "/services/{s}/resume",
        "/services/{s}/delete",
        "/services/{s}/plugins/key-auth",
        "/services/{s}/plugins/application-registration",
        "/services/{s}/plugins/key-auth/suspend",
        "/services/{s}/plugins/key-auth/resume",
        "/services/{s}/plugins/key-auth/delete",
        "/routes/new",
        "/routes/{r}",
        "/routes/{r}/delete",
    ];
    let whole = |path: &str| format!("/manager{}", path.replace("{s}", service).replace("{r}", route));
    (shown.map(whole).into(), done.map(whole).into())
}

#[tokio::test]
async fn only_who_may_change_something_does() {
    let control = new_control().await;
    let service = make_service(&control, "orders").await;
    let body = json!({"name": "r", "paths": ["/r"], "service": {"id": service}});
    let route = id(&admin(&control, "POST", "/routes", body).await);
    admin(&control, "POST", &format!("/services/{service}/plugins"), json!({"name": "key-auth"})).await;
    let token = admin(&control, "POST", "/tokens", json!({"name": "reader", "read_only": true})).await;
    let token = token["token"].as_str().unwrap().to_owned();
    let mut reader = Browser::default();
    let response = reader.post(&control, "/manager/log-in", &[("admin_token", &token)]).await;
    assert_eq!(response.status(), 303);
    let (mut nobody, before) = (Browser::default(), everything(&control).await);
    let (shown, done) = paths(&service, &route);
    let form = [("name", "x"), ("url", "http://x.test"), ("path", "/x"), ("paths", "/x")];
    for path in &shown {
        let response = nobody.get(&control, path).await;
        assert_eq!(response.status(), 303, "{path}");
        assert!(location(&response).starts_with("/manager/log-in"), "{path}");
        see(&mut reader, &control, path).await;
    }
    for path in &done {
        assert_eq!(nobody.post(&control, path, &form).await.status(), 401, "{path}");
        let response = reader.post(&control, path, &form).await;
        assert_eq!(response.status(), 403, "{path}: {}", text(&response));
    }
    assert_eq!(everything(&control).await, before, "nothing has changed");
}

async fn everything(control: &TestControl) -> Vec<Value> {
    let mut all = Vec::new();
    for list in ["/services", "/routes", "/plugins", "/consumers", "/key-auths"] {
        all.push(admin(control, "GET", list, Value::Null).await["data"].clone());
    }
    all
}

#[tokio::test]
async fn the_help_is_for_everybody() {
    let control = new_control().await;
    let mut nobody = Browser::default();
    let page = see(&mut nobody, &control, "/manager/help").await;
    assert!(!page.contains("href=\"/manager/services\""), "{page}");
    let page = see(&mut administrator(&control).await, &control, "/manager/help").await;
    assert!(page.contains("href=\"/manager/services\""), "who is logged in finds back: {page}");
}
