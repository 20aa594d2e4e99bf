//! Requests for access, contracts, developers and applications, as an administrator walks them.

mod applications;
mod contracts;
mod developers;
mod invite;
mod requests;
mod rights;

use serde_json::{Value, json};

use super::{Browser, administrator, location, text};
use crate::http::tests::{TestControl, call, new_control};

/// A call of the Admin API by program, which must work out.
async fn admin(control: &TestControl, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = call(control, method, path, &body).await;
    assert!(status < 300, "{method} {path}: {answer}");
    answer
}

fn id(entity: &Value) -> String {
    entity["id"].as_str().unwrap().to_owned()
}

/// A service that is open to applications: its id.
async fn open_service(control: &TestControl, name: &str) -> String {
    let service = id(&admin(control, "POST", "/services", json!({"name": name, "host": "a.test"})).await);
    let plugin = json!({"name": "application-registration", "config": {"display_name": name}});
    admin(control, "POST", &format!("/services/{service}/plugins"), plugin).await;
    service
}

async fn make_developer(control: &TestControl, email: &str, status: u8) -> String {
    id(&admin(control, "POST", "/developers", json!({"email": email, "status": status})).await)
}

async fn make_application(control: &TestControl, developer: &str, name: &str) -> String {
    let body = json!({"name": name, "redirect_uri": "https://a.test"});
    id(&admin(control, "POST", &format!("/developers/{developer}/applications"), body).await)
}

/// Asks for access, and waits a second: the id of the contract.
async fn ask(control: &TestControl, application: &str, service: &str, note: &str) -> String {
    let path = format!("/applications/{application}/application_instances");
    let note = Some(note).filter(|note| !note.is_empty());
    let body = json!({"service": {"id": service}, "note": note});
    let contract = id(&admin(control, "POST", &path, body).await);
    control.registry().clock().advance(1000);
    contract
}

/// A service, a developer and so many requests of as many applications: their ids.
async fn queue(control: &TestControl, waiting: usize) -> (String, String, Vec<String>) {
    let service = open_service(control, "orders").await;
    let developer = make_developer(control, "jane@a.test", 0).await;
    let mut contracts = Vec::new();
    for number in 0..waiting {
        let application = make_application(control, &developer, &format!("app-{number:03}")).await;
        contracts.push(ask(control, &application, &service, &format!("note {number:03}")).await);
    }
    (service, developer, contracts)
}

async fn contract(control: &TestControl, id: &str) -> Value {
    admin(control, "GET", &format!("/application_instances/{id}"), Value::Null).await
}

/// A page, which must be shown.
async fn page(browser: &mut Browser, control: &TestControl, path: &str) -> String {
    let response = browser.get(control, path).await;
    assert_eq!(response.status(), 200, "{path}: {}", text(&response));
    text(&response).to_owned()
}

/// Sends a form, which must lead to a page that says what came of it: that page.
async fn send(
    browser: &mut Browser,
    control: &TestControl,
    path: &str,
    form: &[(&str, &str)],
    said: &str,
) -> String {
    let response = browser.post(control, path, form).await;
    assert_eq!(response.status(), 303, "{path}: {}", text(&response));
    let response = browser.get(control, location(&response)).await;
    let page = text(&response).to_owned();
    assert!(page.contains(said), "{path}: {said}: {page}");
    page
}

const AGAIN: &str = "nothing was done again";
