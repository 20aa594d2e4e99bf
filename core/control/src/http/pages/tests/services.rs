//! Services, their routes and plugins, and the first steps, as an administrator walks them.

mod first;
mod plugins;
mod rights;
mod routes;

use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};

use bytes::Bytes;

use super::{Browser, administrator, location, text};
use crate::http::tests::{TOKEN, TestControl, head, new_control};

/// A call of the Admin API by program, which must work out.
async fn admin(control: &TestControl, method: &str, path: &str, body: Value) -> Value {
    let mut headers = HeaderMap::new();
    headers.insert("kong-admin-token", HeaderValue::from_static(TOKEN));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let (path, body) = (format!("/admin{path}"), body.to_string());
    let body = if method == "GET" { b"" } else { body.as_bytes() };
    let response = control.serve(&head(method, &path, query, &headers), body).await;
    assert!(response.status().is_success(), "{method} {path}: {}", text(&response));
    serde_json::from_slice(response.body()).unwrap_or_default()
}

async fn make_service(control: &TestControl, name: &str) -> String {
    let body = json!({"name": name, "url": format!("http://{name}.test:8080/v1")});
    id(&admin(control, "POST", "/services", body).await)
}

/// A service that is open to applications, with so many requests for access that wait: its id.
async fn make_queue(control: &TestControl, waiting: usize) -> String {
    let service = make_service(control, "orders").await;
    let plugin = json!({"name": "application-registration", "config": {"display_name": "Orders"}});
    admin(control, "POST", &format!("/services/{service}/plugins"), plugin).await;
    admin(control, "POST", "/developers", json!({"email": "a@b.test", "status": 0})).await;
    for n in 0..waiting {
        let body = json!({"name": format!("app {n}"), "redirect_uri": "https://a.test"});
        let made = admin(control, "POST", "/developers/a@b.test/applications", body).await;
        let path = format!("/applications/{}/application_instances", id(&made));
        admin(control, "POST", &path, json!({"service": {"id": service}})).await;
    }
    service
}

/// Says where the gateway is.
fn set_gateway(control: &mut TestControl) {
    let origin = latchkey_request::origin::Origin::parse("http://gateway.test:8000").ok();
    std::sync::Arc::get_mut(&mut control.settings).unwrap().gateway_origin = origin;
}

fn id(entity: &Value) -> String {
    entity["id"].as_str().unwrap().to_owned()
}

/// What was drawn for the form of a page.
fn nonce(page: &Response<Bytes>) -> String {
    let after = text(page).split_once("name=\"nonce\" value=\"").expect("a form with a nonce").1;
    after.split_once('"').unwrap().0.to_owned()
}

/// The page that an action leads to, which must say this.
async fn follow(browser: &mut Browser, control: &TestControl, done: &Response<Bytes>, said: &str) -> String {
    assert_eq!(done.status(), 303, "{}", text(done));
    let page = browser.get(control, location(done)).await;
    assert_eq!(page.status(), 200, "{}", location(done));
    assert!(text(&page).contains(said), "{said}: {}", text(&page));
    text(&page).to_owned()
}

/// A page, which must be there.
async fn see(browser: &mut Browser, control: &TestControl, path: &str) -> String {
    let page = browser.get(control, path).await;
    assert_eq!(page.status(), 200, "{path}: {}", text(&page));
    text(&page).to_owned()
}

#[tokio::test]
async fn services_are_listed_searched_and_paged() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    assert!(see(&mut browser, &control, "/manager/services").await.contains("There are no services yet."));
    let orders = make_service(&control, "orders").await;
    make_service(&control, "stock").await;
    for path in ["/a", "/b"] {
        let route = json!({"paths": [path]});
        admin(&control, "POST", &format!("/services/{orders}/routes"), route).await;
    }
    admin(&control, "POST", &format!("/services/{orders}/plugins"), json!({"name": "key-auth"})).await;
    let page = see(&mut browser, &control, "/manager/services").await;
    assert!(page.contains("http://orders.test:8080/v1") && page.contains("key-auth"), "{page}");
    let row = page.split_once("orders.test").unwrap().1.split_once("</tr>").unwrap().0;
    assert!(row.contains(">2<"), "two routes: {row}");
    assert!(page.find(">orders<") < page.find(">stock<"), "by name: {page}");

    let page = see(&mut browser, &control, "/manager/services?q=STOCK").await;
    assert!(page.contains(">stock<") && !page.contains(">orders<") && page.contains("value=\"STOCK\""));
    let page = see(&mut browser, &control, "/manager/services?q=nothing").await;
    assert!(page.contains("Nothing matches what you asked for."), "{page}");

    for n in 0..50 {
        make_service(&control, &format!("x{n:02}")).await;
    }
    let page = see(&mut browser, &control, "/manager/services?q=x").await;
    assert!(!page.contains("rel=\"next\""), "50 are one page");
    let page = see(&mut browser, &control, "/manager/services").await;
    assert!(page.contains("?page=2\" rel=\"next\"") && !page.contains(">x49<"), "{page}");
    let page = see(&mut browser, &control, "/manager/services?page=2").await;
    assert!(page.contains(">x49<") && page.contains("?page=1") && !page.contains("rel=\"next\""));
}

#[tokio::test]
async fn a_service_is_changed() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let path = format!("/manager/services/{service}");
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("value=\"http://orders.test:8080/v1\"") && page.contains("value=\"60000\""));
    let mut form = vec![
        ("name", "orders"),
        ("url", "https://orders.test/v2"),
        ("retries", "many"),
        ("connect_timeout", "1000"),
        ("write_timeout", ""),
        ("read_timeout", "0"),
    ];
    let response = browser.post(&control, &path, &form).await;
    assert_eq!(response.status(), 400);
    let page = text(&response);
    assert!(page.contains("value=\"many\"") && page.contains("value=\"https://orders.test/v2\""), "{page}");
    assert_eq!(page.matches("aria-invalid").count(), 2, "{page}");
    form[2] = ("retries", "3");
    form[5] = ("read_timeout", "2000");
    let response = browser.post(&control, &path, &form).await;
    let page = follow(&mut browser, &control, &response, "Saved.").await;
    assert!(page.contains("value=\"https://orders.test/v2\""), "without the port of the scheme: {page}");
    let stored = admin(&control, "GET", &format!("/services/{service}"), Value::Null).await;
    assert_eq!(
        json!([stored["port"], stored["path"], stored["retries"], stored["write_timeout"]]),
        json!([443, "/v2", 3, null])
    );
    let response = browser.post(&control, &path, &[("name", "orders"), ("url", "")]).await;
    assert_eq!(response.status(), 400);
    let response = browser.post(&control, &path, &[("name", "orders"), ("url", "gopher://a.test")]).await;
    assert_eq!(response.status(), 400);
    let said = "URL: should start with: http:// or https://</a>";
    assert!(text(&response).contains(said), "{}", text(&response));
    assert_eq!(browser.get(&control, "/manager/services/nothing").await.status(), 404);
}

#[tokio::test]
async fn a_service_is_suspended_and_resumed() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_queue(&control, 2).await;
    let path = format!("/manager/services/{service}");
    let contracts = format!("/services/{service}/application_instances");
    let listed = admin(&control, "GET", &contracts, Value::Null).await;
    let contract = id(&listed["data"][0]);
    admin(&control, "PATCH", &format!("{contracts}/{contract}"), json!({"status": 0})).await;
    let suspend = format!("{path}/suspend");
    let page = see(&mut browser, &control, &suspend).await;
    assert!(page.contains("Suspend the service orders?"), "{page}");
    assert!(page.contains("1 application stops, within 5 seconds."), "one that waits does not stop: {page}");
    let stored = || admin(&control, "GET", "/services/orders", Value::Null);
    assert_eq!(stored().await["enabled"], true, "a question changes nothing");
    for _ in 0..2 {
        let response = browser.post(&control, &suspend, &[]).await;
        follow(&mut browser, &control, &response, "Suspended.").await;
        assert_eq!(stored().await["enabled"], false);
    }
    let response = browser.post(&control, &format!("{path}/resume"), &[]).await;
    follow(&mut browser, &control, &response, "Resumed.").await;
    assert_eq!(stored().await["enabled"], true);
    assert_eq!(browser.get(&control, &format!("{path}/resume")).await.status(), 405);
}

#[tokio::test]
async fn a_service_is_deleted_when_no_route_leads_to_it() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let route = json!({"name": "r", "paths": ["/r"]});
    admin(&control, "POST", &format!("/services/{service}/routes"), route).await;
    let delete = format!("/manager/services/{service}/delete");
    let asked = browser.get(&control, &delete).await;
    let sent = browser.post(&control, &delete, &[]).await;
    for (response, status) in [(asked, 200), (sent, 400)] {
        assert_eq!(response.status(), status);
        let said = "<li>there are still routes here: delete them first</li>";
        assert!(text(&response).contains(said), "{}", text(&response));
        assert!(text(&response).contains("value=\"orders\""), "the service's page, as it is stored");
    }
    admin(&control, "DELETE", "/routes/r", Value::Null).await;
    let page = see(&mut browser, &control, &delete).await;
    assert!(page.contains("It serves no more calls, within 5 seconds."), "{page}");

    control.registry.clock().advance(11 * 60_000);
    let response = browser.post(&control, &delete, &[]).await;
    assert_eq!(response.status(), 401, "the token is asked for again");
    admin(&control, "GET", &format!("/services/{service}"), Value::Null).await;
    let response = browser.post(&control, &delete, &[("admin_token", TOKEN)]).await;
    follow(&mut browser, &control, &response, "Deleted.").await;
    let response = browser.post(&control, &delete, &[]).await;
    assert_eq!(response.status(), 303, "once more does nothing");
    assert_eq!(browser.get(&control, &delete).await.status(), 404);
}

#[tokio::test]
async fn contracts_and_document_are_tabs() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_queue(&control, 51).await;
    let path = format!("/manager/services/{service}");
    let page = see(&mut browser, &control, &format!("{path}/contracts")).await;
    assert_eq!(page.matches("/approve\"").count(), 50, "{page}");
    let next = page.split_once("\" rel=\"next\"").unwrap().0.rsplit_once("href=\"").unwrap().1;
    let page = see(&mut browser, &control, &next.replace("&amp;", "&")).await;
    assert_eq!(page.matches("/approve\"").count(), 1, "{page}");
    assert!(page.contains(">app ") && page.contains("Requested access"), "{page}");
    let page = see(&mut browser, &control, &format!("{path}/document")).await;
    assert!(page.contains("aria-current"), "{page}");
}
