//! Clients of OAuth 2.0 as they are get a token and call a service with it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{create, create_service, id_of};
use latchkey_tests::scripts::{self, variable};
use latchkey_tests::upstream::Upstream;
use serde_json::json;

const PYTHON_VARIABLE: &str = "LATCHKEY_OAUTH2_PYTHON";
const NPM_VARIABLE: &str = "LATCHKEY_OAUTH2_NPM";
const RUST_VARIABLE: &str = "LATCHKEY_OAUTH2_RUST";
const ID: &str = "shop-id";
const SECRET: &str = "shop-secret-0123456789abcdefghijklmnop";

/// A gateway with a service that asks for tokens, and a client.
fn asking_for_tokens() -> (Local, Upstream) {
    let gateway = Local::spawn(Options::in_memory().trusting());
    let upstream = Upstream::recording();
    let service = create_service(&gateway, &upstream, &json!({}));
    create(&gateway, "/routes", &json!({"paths": ["/orders"], "service": {"id": service["id"]}}));
    let config = json!({"enable_client_credentials": true, "accept_http_if_already_terminated": true,
        "scopes": ["read", "write"]});
    let plugin = json!({"name": "oauth2", "config": config});
    create(&gateway, &format!("/services/{}/plugins", id_of(&service)), &plugin);
    let consumer = create(&gateway, "/consumers", &json!({"username": "bob"}));
    let client = json!({"name": "shop", "client_id": ID, "client_secret": SECRET});
    create(&gateway, &format!("/consumers/{}/oauth2", id_of(&consumer)), &client);
    (gateway, upstream)
}

#[track_caller]
fn check(command: Command, expected: &[&str]) {
    let (gateway, upstream) = asking_for_tokens();
    let origin = format!("http://{}", gateway.authority());
    let printed = scripts::run(command, &[&origin, "/orders", ID, SECRET]);
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    let sent = upstream.take();
    assert_eq!(sent.len(), expected.len());
    for request in sent {
        assert_eq!(request.headers.values("x-consumer-username"), ["bob"]);
        assert_eq!(request.headers.values("x-authenticated-scope"), ["read"]);
    }
}

#[test]
fn clients_for_python_call_with_a_token() {
    let mut python = Command::new(variable(PYTHON_VARIABLE));
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("oauth2/client.py"));
    check(
        python,
        &[
            "authlib client_secret_basic read 200",
            "authlib client_secret_post read 200",
            "requests-oauthlib read 200",
        ],
    );
}

#[test]
fn clients_for_node_call_with_a_token() {
    let mut node = Command::new("node");
    node.arg(Path::new(&variable(NPM_VARIABLE)).join("client.mjs"));
    check(
        node,
        &[
            "simple-oauth2 header read 200",
            "simple-oauth2 body read 200",
            "openid-client basic read 200",
            "openid-client post read 200",
        ],
    );
}

#[test]
fn a_client_for_rust_calls_with_a_token() {
    check(Command::new(variable(RUST_VARIABLE)), &["oauth2 basic read 200", "oauth2 body read 200"]);
}

/// What a person types: the secret in Basic, the token cut out of the answer.
#[test]
fn curl_calls_with_a_token() {
    let script = r#"set -e
token=$(curl -s -u "$3:$4" -H 'X-Forwarded-Proto: https' -d grant_type=client_credentials -d scope=read \
  "$1$2/oauth2/token" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -s -o /dev/null -w 'curl -u %{http_code}\n' -H "Authorization: Bearer $token" "$1$2""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]);
    check(shell, &["curl -u 200"]);
}
