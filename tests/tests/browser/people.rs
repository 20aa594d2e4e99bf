//! People who are there before a test begins.

use latchkey_tests::base::ADMIN_TOKEN;
use latchkey_tests::browser::{Window, World};
use latchkey_tests::client::Client as _;
use latchkey_tests::portal::Page;
use serde_json::{Value, json};

pub(crate) const EMAIL: &str = "dee@example.test";
pub(crate) const PASSWORD: &str = "violet harbour tulip 93";

/// Makes the account of a developer, which an administrator has approved.
pub(crate) fn developer(world: &World) {
    account(world, EMAIL, "Dee Veloper");
}

/// The same of anybody, logged in to the Portal API.
pub(crate) fn account(world: &World, email: &str, name: &str) -> Page {
    let mut page = Page::default();
    let meta = json!({"full_name": name}).to_string();
    ask(&mut page, world, "/register", &json!({"email": email, "password": PASSWORD, "meta": meta}));
    let token = world.mailed_token(email, "/portal/verify");
    ask(&mut page, world, "/verify-account", &json!({"token": token}));
    let approved =
        world.deployment.admin("PATCH", &format!("/developers/{email}"), Some(&json!({"status": 0})));
    assert_eq!(approved.status, 200, "{}", approved.text());
    assert_eq!(page.log_in(&world.deployment, email, PASSWORD).status, 204);
    page
}

/// A POST to the Portal API, which must be taken.
#[track_caller]
fn ask(page: &mut Page, world: &World, path: &str, sent: &Value) -> Value {
    let answer = page.ask(&world.deployment, "POST", path, Some(sent));
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
    answer.json().unwrap_or_default()
}

/// An application of somebody; its id.
pub(crate) fn make_application(page: &mut Page, world: &World, name: &str) -> String {
    let sent = json!({"name": name, "redirect_uri": "https://shop.example.test/"});
    ask(page, world, "/applications", &sent)["id"].as_str().unwrap().to_owned()
}

/// Asks for access to a service.
pub(crate) fn request(page: &mut Page, world: &World, application: &str, service: &str, note: &str) {
    let path = format!("/applications/{application}/application_instances");
    ask(page, world, &path, &json!({"service": {"id": service}, "note": note}));
}

/// What an administrator says to that.
pub(crate) fn decide(world: &World, application: &str, service: &str, status: u8, reason: &str) {
    let path = format!("/applications/{application}/application_instances");
    let contracts = list(world, &path);
    let contract = contracts.iter().find(|contract| contract["service"]["id"] == service).unwrap();
    let path = format!("{path}/{}", contract["id"].as_str().unwrap());
    let decided = world.deployment.admin("PATCH", &path, Some(&json!({"status": status, "reason": reason})));
    assert_eq!(decided.status, 200, "{}", decided.text());
}

/// Logs the developer in, in a browser.
pub(crate) fn log_in(window: &Window, world: &World) {
    window.go(&world.page("/portal/log-in"));
    window.fill("#log-in-email", EMAIL);
    window.fill("#log-in-password", PASSWORD);
    window.click("form#log-in button");
    window.wait_for_path("/portal/");
}

/// Logs an administrator in, in a browser.
pub(crate) fn log_in_to_manager(window: &Window, world: &World) {
    window.go(&world.page("/manager/log-in"));
    window.fill("#log-in-admin_token", ADMIN_TOKEN);
    window.click("form#log-in button");
    window.wait_for_path("/manager/");
}

/// Makes a service that is open for registration, with a route `/{name}`; its id.
pub(crate) fn open_service(world: &World, name: &str) -> String {
    let service = world.make("/services", &json!({"name": name, "url": world.upstream_url()}));
    let path = format!("/services/{name}");
    world.make(&format!("{path}/routes"), &json!({"paths": [format!("/{name}")]}));
    let key_auth = json!({"name": "key-auth", "config": {"key_in_body": true}});
    world.make(&format!("{path}/plugins"), &key_auth);
    let registration = json!({"name": "application-registration", "config": {"display_name": name}});
    world.make(&format!("{path}/plugins"), &registration);
    service["id"].as_str().unwrap().to_owned()
}

/// Makes an application of the developer; its id.
pub(crate) fn application(world: &World, name: &str) -> String {
    let application = json!({"name": name, "redirect_uri": "https://shop.example.test/"});
    let made = world.make(&format!("/developers/{EMAIL}/applications"), &application);
    made["id"].as_str().unwrap().to_owned()
}

/// What the Admin API lists.
pub(crate) fn list(world: &World, path: &str) -> Vec<Value> {
    let answer = world.deployment.admin("GET", path, None);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json().and_then(|mut listed| listed["data"].as_array_mut().map(std::mem::take)).unwrap_or_default()
}
