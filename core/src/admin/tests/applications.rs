//! Developers, applications, contracts and their credentials.

use serde_json::json;

use super::*;

async fn with_developer() -> TestAdmin {
    let admin = new_admin().await;
    let made =
        call(&admin, "POST", "/developers", "{\"email\":\"a@b.test\",\"meta\":\"{}\",\"status\":0}").await;
    expect(made, 200, json!({"email": "a@b.test", "status": 0}));
    call(&admin, "PUT", "/services/s", "{\"host\":\"a\"}").await;
    admin
}

async fn make_application(admin: &TestAdmin) -> Value {
    let body = "{\"name\":\"app\",\"redirect_uri\":\"https://e.test\",\"custom_id\":\"c1\"}";
    let made = call(admin, "POST", "/developers/a@b.test/applications", body).await;
    expect(made, 201, json!({"name": "app", "custom_id": "c1"}))
}

async fn open_registration(admin: &TestAdmin, auto_approve: bool) {
    let plugin = json!({"name": "application-registration",
        "config": {"display_name": "S", "auto_approve": auto_approve}});
    expect(call(admin, "POST", "/services/s/plugins", &plugin.to_string()).await, 201, json!({}));
}

#[tokio::test]
async fn application_comes_with_a_credential_shown_once() {
    let admin = with_developer().await;
    let application = make_application(&admin).await;
    let credential = &application["credential"];
    assert!(text(credential, "client_id").starts_with("lk_"));
    assert_eq!(text(credential, "client_secret").len(), 43);
    let path = format!("/developers/a@b.test/applications/{}", text(&application, "id"));
    let found = expect(call(&admin, "GET", &path, "").await, 200, json!({"name": "app"}));
    assert!(found.get("credential").is_none());
    let list = call(&admin, "GET", &format!("{path}/credentials/oauth2"), "").await;
    expect(
        list,
        200,
        json!({"total": 1, "next": null, "data": [{
            "id": credential["id"], "client_id": null, "client_secret": null, "name": "app",
            "client_id_start": &text(credential, "client_id")[..7], "client_type": "confidential",
            "redirect_uris": ["https://e.test"], "consumer": application["consumer"],
        }]}),
    );
    let more = call(&admin, "POST", &format!("{path}/credentials/oauth2"), "{\"client_id\":\"mine\"}").await;
    expect(more, 201, json!({"client_id": "mine"}));
    let taken = call(&admin, "POST", &format!("{path}/credentials/oauth2"), "{\"client_id\":\"mine\"}").await;
    expect(taken, 409, json!({"fields": {"client_id": "<hidden>"}}));
    expect(call(&admin, "DELETE", &format!("{path}/credentials/oauth2/mine"), "").await, 204, Value::Null);
    let id = text(credential, "id");
    expect(call(&admin, "DELETE", &format!("{path}/credentials/oauth2/{id}"), "").await, 204, Value::Null);
    expect(
        call(&admin, "GET", &format!("{path}/credentials/oauth2"), "").await,
        200,
        json!({"data": [], "total": 0}),
    );
}

#[tokio::test]
async fn application_has_a_hidden_consumer() {
    let admin = with_developer().await;
    let application = make_application(&admin).await;
    expect(call(&admin, "GET", "/consumers", "").await, 200, json!({"data": []}));
    let path = format!("/applications/{}", text(&application, "id"));
    let consumer = call(&admin, "GET", &format!("{path}/consumer"), "").await;
    let expected =
        json!({"id": application["consumer"]["id"], "custom_id": "c1", "username": application["id"]});
    expect(consumer, 200, expected.clone());
    for body in [json!({"custom_id": "c1"}), json!({"username": application["id"]})] {
        expect(call(&admin, "POST", "/consumers", &body.to_string()).await, 409, json!({"code": 5}));
    }
    let same_id = json!({"id": application["consumer"]["id"], "username": "x"}).to_string();
    expect(call(&admin, "POST", "/consumers", &same_id).await, 400, json!({"code": 3}));
    expect(call(&admin, "GET", &format!("{path}/developer"), "").await, 200, json!({"email": "a@b.test"}));
    expect(call(&admin, "PATCH", &path, "{\"custom_id\":\"c2\"}").await, 200, json!({"custom_id": "c2"}));
    expect(call(&admin, "POST", "/consumers", "{\"custom_id\":\"c1\"}").await, 201, json!({}));
    expect(call(&admin, "DELETE", &path, "").await, 204, Value::Null);
    expect(call(&admin, "POST", "/consumers", "{\"custom_id\":\"c2\"}").await, 201, json!({}));
}

#[tokio::test]
async fn contracts_go_through_their_states() {
    let admin = with_developer().await;
    let application = make_application(&admin).await;
    let path =
        format!("/developers/a@b.test/applications/{}/application_instances", text(&application, "id"));
    let service = call(&admin, "GET", "/services/s", "").await.1;
    let body = json!({"service": {"id": service["id"]}}).to_string();
    let closed = expect(call(&admin, "POST", &path, &body).await, 400, json!({"code": 2}));
    assert!(text(&closed, "message").contains("application-registration"));
    open_registration(&admin, false).await;
    let made = call(&admin, "POST", &path, &body).await;
    let composite = format!("{}_{}", text(&application, "id"), text(&service, "id"));
    let made = expect(made, 201, json!({"status": 1, "suspended": false, "composite_id": composite}));
    expect(call(&admin, "POST", &path, &body).await, 409, json!({"fields": {"composite_id": composite}}));
    let contract = format!("/services/s/application_instances/{}", text(&made, "id"));
    for (status, answer) in
        [(3, 400), (0, 200), (1, 400), (2, 400), (3, 200), (2, 400), (0, 200), (3, 200), (4, 400)]
    {
        let answered = call(&admin, "PATCH", &contract, &json!({"status": status}).to_string()).await;
        assert_eq!(answered.0, answer, "to {status}: {}", answered.1);
    }
    let refused = call(&admin, "PATCH", &contract, "{\"status\":2}").await.1;
    assert_eq!(
        refused["fields"]["status"],
        "cannot go from 3 (revoked) to 2 (rejected); it can go to 0 (approved)"
    );
    expect(call(&admin, "PATCH", &contract, "{\"suspended\":true}").await, 200, json!({"suspended": true}));
    expect(
        call(&admin, "GET", &path, "").await,
        200,
        json!({"total": 1, "data": [{"application": {"name": "app", "developer": {"email": "a@b.test"}}}]}),
    );
    expect(
        call(&admin, "GET", "/services/s/applications", "").await,
        200,
        json!({"data": [{"name": "app"}], "total": 1}),
    );
    expect(call(&admin, "DELETE", &format!("{path}/{}", text(&made, "id")), "").await, 204, Value::Null);
    expect(call(&admin, "GET", "/services/s/application_instances", "").await, 200, json!({"data": []}));
}

#[tokio::test]
async fn automatic_approval() {
    let admin = with_developer().await;
    open_registration(&admin, true).await;
    let application = make_application(&admin).await;
    let service = call(&admin, "GET", "/services/s", "").await.1;
    let path = format!("/applications/{}/application_instances", text(&application, "id"));
    let body = json!({"service": {"id": service["id"]}}).to_string();
    expect(call(&admin, "POST", &path, &body).await, 201, json!({"status": 0}));
    expect(call(&admin, "DELETE", "/services/s", "").await, 204, Value::Null);
    expect(call(&admin, "GET", &path, "").await, 200, json!({"data": []}));
}

#[tokio::test]
async fn credentials_are_limited() {
    let admin = with_developer().await;
    let application = make_application(&admin).await;
    let path = format!("/applications/{}/credentials/oauth2", text(&application, "id"));
    for _ in 1..50 {
        expect(call(&admin, "POST", &path, "").await, 201, json!({}));
    }
    let refused = expect(call(&admin, "POST", &path, "").await, 400, json!({"code": 2}));
    assert!(text(&refused, "message").contains("50 credentials"));
}

#[tokio::test]
async fn developers_are_found_by_address() {
    let admin = with_developer().await;
    let changed = call(&admin, "PATCH", "/developers/a@b.test", "{\"status\":3}").await;
    let developer = expect(changed, 200, json!({"developer": {"status": 3}}));
    let id = text(&developer["developer"], "id");
    expect(call(&admin, "GET", &format!("/developers/{id}"), "").await, 200, json!({"status": 3}));
    expect(call(&admin, "GET", "/developers", "").await, 200, json!({"total": 1, "data": [{}]}));
    let application = make_application(&admin).await;
    expect(call(&admin, "DELETE", "/developers/a@b.test", "").await, 204, Value::Null);
    let path = format!("/applications/{}", text(&application, "id"));
    expect(call(&admin, "GET", &path, "").await, 404, json!({}));
    expect(call(&admin, "POST", "/developers", "{\"email\":\"a@b.test\"}").await, 200, json!({"status": 1}));
}
