//! Peppers are replaced without losing a key or the admin token, and not by mistake.

#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options, local_program};
use latchkey_tests::fixtures::{create, create_service, id_of, proxy_to, shown_key};
use latchkey_tests::raw_http::Request;
use latchkey_tests::upstream::Upstream;
use serde_json::json;
use tempfile::TempDir;

const OLD: &str = "old pepper 7Hs2kQ, of thirty-two bytes";
const NEW: &str = "new pepper Wm41xP, of thirty-two bytes";

fn start(data: &Arc<TempDir>, peppers: &[(&str, &str)]) -> Local {
    let mut options = Options { admin_token: None, data: Arc::clone(data), ..Options::default() };
    // One thread: every request is served from the same memory.
    options = options.env("LATCHKEY_THREADS", "1").trusting();
    for (name, value) in peppers {
        options = options.env(name, value);
    }
    Local::spawn(options)
}

/// The made admin token; it is printed after the line that says where the program listens.
fn printed_token(gateway: &Local) -> String {
    for _ in 0..500 {
        let printed = gateway.printed();
        let rest = printed.split_once("LATCHKEY_TOKEN=").map(|(_, rest)| rest);
        if let Some((token, _)) = rest.and_then(|rest| rest.split_once('\n')) {
            return token.to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no admin token is printed")
}

fn ask(gateway: &Local, key: &str) -> u16 {
    gateway.send(&Request::get("/").header("apikey", key)).status
}

/// Gets a token by the client's secret.
fn ask_for_token(gateway: &Local, secret: &str) -> u16 {
    let form = format!("grant_type=client_credentials&client_id=shop&client_secret={secret}");
    let request = Request::new("POST", "/orders/oauth2/token").header("x-forwarded-proto", "https");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    gateway.send(&request.body(form)).status
}

/// What is listed of the keys, in order.
fn shown_keys(gateway: &Local) -> Vec<String> {
    let listed = gateway.admin("GET", "/key-auths", None).json().unwrap();
    let shown = listed["data"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned());
    let mut shown: Vec<String> = shown.collect();
    assert!(shown.iter().all(|key| key.starts_with("sha256:")), "{listed}");
    shown.sort();
    shown
}

#[test]
fn keys_client_secrets_and_the_admin_token_outlive_a_change_of_pepper() {
    let data = Options::default().data;
    let upstream = Upstream::recording();

    let mut gateway = start(&data, &[("LATCHKEY_PEPPER", OLD)]);
    let token = printed_token(&gateway);
    gateway.admin_token.clone_from(&token);
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    create(&gateway, "/consumers", &json!({"username": "bob"}));
    let made = create(&gateway, "/consumers/bob/key-auth", &json!({}));
    let made = made["key"].as_str().unwrap().to_owned();
    create(&gateway, "/consumers/bob/key-auth", &json!({"key": "imported"}));
    for key in ["brought", "brought and not used"] {
        create(&gateway, "/consumers/bob/key-auth", &json!({"key": shown_key(key)}));
    }
    assert_eq!([ask(&gateway, &made), ask(&gateway, "imported"), ask(&gateway, "brought")], [200; 3]);
    let service = create_service(&gateway, &upstream, &json!({}));
    create(&gateway, "/routes", &json!({"paths": ["/orders"], "service": {"id": service["id"]}}));
    let config = json!({"enable_client_credentials": true, "accept_http_if_already_terminated": true});
    let plugin = json!({"name": "oauth2", "config": config});
    create(&gateway, &format!("/services/{}/plugins", id_of(&service)), &plugin);
    let client = json!({"name": "shop", "client_id": "shop"});
    let client = create(&gateway, "/consumers/bob/oauth2", &client);
    let secret = client["client_secret"].as_str().unwrap().to_owned();
    assert_eq!([ask_for_token(&gateway, &secret), ask_for_token(&gateway, "another")], [200, 400]);
    let shown = shown_keys(&gateway);
    drop(gateway);

    // Both peppers: everything is used once, and so moved to the new one.
    let mut gateway = start(&data, &[("LATCHKEY_PEPPER", NEW), ("LATCHKEY_PEPPER_PREVIOUS", OLD)]);
    gateway.admin_token.clone_from(&token);
    for _ in 0..20 {
        assert_eq!([ask(&gateway, &made), ask(&gateway, "imported"), ask(&gateway, "brought")], [200; 3]);
        assert_eq!(ask_for_token(&gateway, &secret), 200);
    }
    wait_until("all is sealed under the new pepper", Duration::from_secs(20), || {
        gateway.log().contains("all that was sealed under the previous pepper")
    });
    assert_eq!(shown_keys(&gateway), shown);
    assert_eq!(gateway.admin("GET", "/consumers", None).status, 200);
    drop(gateway);

    let mut gateway = start(&data, &[("LATCHKEY_PEPPER", NEW)]);
    gateway.admin_token = token;
    assert_eq!([ask(&gateway, &made), ask(&gateway, "imported"), ask(&gateway, "other")], [200, 200, 401]);
    assert_eq!([ask(&gateway, "brought"), ask(&gateway, "brought and not used")], [200, 200]);
    assert_eq!(ask(&gateway, &shown_key("brought")), 401);
    assert_eq!([ask_for_token(&gateway, &secret), ask_for_token(&gateway, "another")], [200, 400]);
    assert_eq!(shown_keys(&gateway), shown);
    assert_eq!(gateway.admin("GET", "/consumers", None).status, 200);
}

#[test]
fn a_pepper_the_store_does_not_know_is_refused_at_the_start() {
    let data = Options::default().data;
    drop(start(&data, &[("LATCHKEY_PEPPER", OLD)]));
    let output = Command::new(local_program())
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("LATCHKEY_PEPPER", NEW)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains("previous pepper"), "{complaint}");
    // And nothing was changed by the attempt.
    drop(start(&data, &[("LATCHKEY_PEPPER", OLD)]));
}
