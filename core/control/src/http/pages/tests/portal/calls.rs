//! How pages say that a service is called.

use super::*;

/// Makes or changes something; its id.
async fn admin(portal: &Portal, method: &str, path: &str, body: Value) -> String {
    let (status, body) = portal.admin(method, path, body).await;
    assert!(matches!(status, 200 | 201 | 204), "{body}");
    body["id"].as_str().unwrap_or_default().to_owned()
}

async fn plugin_of(portal: &Portal, service: &str, name: &str) -> String {
    let (_, listed) = portal.admin("GET", &format!("/services/{service}/plugins"), Value::Null).await;
    let plugins = listed["data"].as_array().unwrap();
    let found = plugins.iter().find(|plugin| plugin["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_key_is_asked_for_as_it_is_where_the_route_leads() {
    let portal = new_portal().await;
    let orders = service(&portal, "orders", true).await;
    let mut dee = Person::new(&portal);
    let page = format!("/portal/services/{orders}");
    dee.get(&page).await.is(200).says("https://gateway.test/orders").says("x-key");

    let key_auth = |name: &str| json!({"name": "key-auth", "config": {"key_names": [name]}});
    let (_, routes) = portal.admin("GET", &format!("/services/{orders}/routes"), Value::Null).await;
    let route = routes["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/routes/{route}/plugins");
    let of_route = admin(&portal, "POST", &path, key_auth("r-key")).await;
    let shown = dee.get(&page).await.is(200).says("r-key");
    assert!(!shown.text().contains("x-key"), "the narrower holds");
    admin(&portal, "PATCH", &format!("/plugins/{of_route}"), json!({"enabled": false})).await;
    dee.get(&page).await.is(200).says("x-key");
    let of_service = plugin_of(&portal, &orders, "key-auth").await;
    admin(&portal, "PATCH", &format!("/plugins/{of_service}"), json!({"enabled": false})).await;
    let shown = dee.get(&page).await.is(200).says("GET https://gateway.test/orders");
    assert!(!shown.text().contains("-key"), "it asks for none");
    admin(&portal, "POST", "/plugins", key_auth("g-key")).await;
    dee.get(&page).await.is(200).says("g-key");

    admin(&portal, "PATCH", &format!("/routes/{route}"), json!({"hosts": ["api.test"]})).await;
    dee.get(&page).await.is(200).says("https://api.test/orders");
    admin(&portal, "PATCH", &format!("/routes/{route}"), json!({"paths": ["~/o$"]})).await;
    let shown = dee.get(&page).await.is(200);
    assert!(!shown.text().contains("api.test"), "no request of it can be shown");
}

#[tokio::test]
async fn a_new_key_comes_with_a_call_that_works() {
    let portal = new_portal().await;
    let orders = service(&portal, "orders", true).await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let nonce = dee.get("/portal/apps/new").await.is(200).value("nonce");
    let form =
        [("name", "Shop"), ("redirect_uri", "https://a.test"), ("service", &orders), ("nonce", &nonce)];
    let shown = dee.post("/portal/apps/new", &form).await.is(200).says("The orders: Active");
    let key = shown.secret("client_id");
    assert!(shown.text().contains(&format!("x-key: {key}")), "{}", shown.text());
}

#[tokio::test]
async fn what_is_not_open_is_not_there_unless_an_application_has_it() {
    let portal = new_portal().await;
    let orders = service(&portal, "orders", true).await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, _) = dee.application("Shop").await;
    let contract = format!("/portal/apps/{application}/services/{orders}");
    dee.post(&format!("{contract}/request"), &[]).await.leads_to(&contract);
    let registration = plugin_of(&portal, &orders, "application-registration").await;
    admin(&portal, "PATCH", &format!("/plugins/{registration}"), json!({"enabled": false})).await;
    dee.get(&format!("/portal/services/{orders}")).await.is(404);
    dee.get(&contract).await.is(200).says("orders");
    dee.get(&format!("/portal/apps/{application}")).await.is(200).says("orders");
    dee.get("/portal/apps").await.is(200).says("orders");
    let (other, _) = dee.application("Shed").await;
    dee.get(&format!("/portal/apps/{other}/services/{orders}")).await.is(404);
}

#[tokio::test]
async fn without_a_known_gateway_nothing_is_said_of_calls() {
    let portal = Portal::new().await;
    let orders = service(&portal, "orders", true).await;
    let mut dee = Person::new(&portal);
    let shown = dee.get(&format!("/portal/services/{orders}")).await.is(200).says("The orders");
    assert!(!shown.text().contains("x-key"));
}

#[tokio::test]
async fn the_specification_of_an_open_service_is_shown_and_downloaded() {
    use crate::registry::Step;
    use crate::schema::EntityKind;
    let portal = new_portal().await;
    let orders = service(&portal, "orders", true).await;
    let page = format!("/portal/services/{orders}");
    let specification = format!("{page}/specification");
    let mut dee = Person::new(&portal);
    dee.get(&specification).await.is(404);
    assert!(!dee.get(&page).await.is(200).text().contains(&specification));
    let text =
        "openapi: 3.1.0\ninfo: {title: Orders, version: '7'}\npaths:\n /list: {get: {operationId: list}}";
    let step = [Step { kind: EntityKind::Services, key: &orders }];
    portal.control.registry().put_document(&step, None, text.as_bytes()).await.unwrap();
    dee.get(&page).await.is(200).says(&specification);
    let operation = format!("{specification}/list");
    let shown = dee.get(&specification).await.is(200).says("https://gateway.test/orders");
    shown.says(&operation);
    dee.get(&operation).await.is(200).says("/list");
    dee.get(&format!("{specification}/none")).await.is(404);
    let download = dee.get(&format!("{page}/document")).await.is(200);
    assert_eq!(download.text(), text);
    let field = |name: &str| download.0.headers()[name].to_str().unwrap();
    assert_eq!((field("content-security-policy"), field("cache-control")), ("sandbox", "no-store"));
    assert!(field("content-disposition").starts_with("attachment"));
    let registration = plugin_of(&portal, &orders, "application-registration").await;
    admin(&portal, "DELETE", &format!("/plugins/{registration}"), Value::Null).await;
    for path in [&specification, &operation, &format!("{page}/document")] {
        dee.get(path).await.is(404);
    }
}
