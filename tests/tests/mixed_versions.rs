//! Data of one version of the program under another, both ways.
//!
//! `core/published/golden/1` has what the program of commit bf3644a was told (`calls.json`), the store that it
//! made of it, the keys that it drew and what its Admin API answered. What a test does with the old
//! program itself needs `LATCHKEY_OLD_BIN`, which `cargo xtask test --long` builds from that commit.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use latchkey_tests::base::wait_until;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::raw_http::{Request, Response};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};

const PEPPER: &str = "golden pepper of at least 32 bytes, fixed";
const BOB: &str = "c0000000-0000-4000-8000-000000000001";
const SHOP: &str = "90000000-0000-4000-8000-000000000001";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/published/golden/1").join(name)
}

fn golden_json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap()
}

fn options() -> Options {
    Options { admin_token: None, ..Options::default() }.env("LATCHKEY_PEPPER", PEPPER)
}

/// A data folder with the store of the old program in it.
fn old_data() -> Options {
    let options = options();
    let packed = std::fs::File::open(golden("store.redb.gz")).unwrap();
    let mut store = std::fs::File::create(options.data.path().join("store.redb")).unwrap();
    std::io::copy(&mut GzDecoder::new(packed), &mut store).unwrap();
    options
}

fn start(options: &Options, token: &str) -> Local {
    let mut gateway = Local::spawn(options.clone());
    token.clone_into(&mut gateway.admin_token);
    gateway
}

fn stop(mut gateway: Local) {
    gateway.terminate();
    let ended = gateway.wait(Duration::from_secs(30));
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

/// The admin token that a first start has printed.
fn printed_token(gateway: &Local) -> String {
    let mut token = None;
    wait_until("an admin token is printed", Duration::from_secs(5), || {
        let printed = gateway.printed();
        let rest = printed.split_once("LATCHKEY_TOKEN=").map(|(_, rest)| rest);
        token = rest.and_then(|rest| rest.split_once('\n')).map(|(token, _)| token.to_owned());
        token.is_some()
    });
    token.unwrap()
}

/// Tells a program all of `calls.json`. Answers with the keys that it drew, as in `keys.json`.
fn tell(gateway: &Local) -> Value {
    let mut keys = json!({});
    for call in golden_json("calls.json").as_array().unwrap() {
        let (method, path) = (call[0].as_str().unwrap(), call[1].as_str().unwrap());
        let mut body = call[2].clone();
        // A secret that is chosen has to be longer today.
        if let Some(secret) = body.get_mut("client_secret") {
            *secret = format!("{:-<32}", secret.as_str().unwrap()).into();
        }
        let answer = gateway.admin(method, path, Some(&body));
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        let made = answer.json().unwrap();
        if let Some(key) = made.get("key").filter(|key| key.is_string()) {
            keys[made["id"].as_str().unwrap()] = key.clone();
        }
    }
    keys
}

/// Sends the services of the golden store to the upstream of this test.
fn lead_to(gateway: &Local, upstream: &Upstream) {
    for service in ["alpha", "gamma"] {
        let place = json!({"host": upstream.host(), "port": upstream.port()});
        let answer = gateway.admin("PATCH", &format!("/services/{service}"), Some(&place));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// What a program of any version decides by the golden store.
fn check_decisions(gateway: &Local, upstream: &Upstream, made_key: &str) {
    let ask = |request: Request| gateway.send(&request);
    let status = |request: Request| ask(request).status;
    let keyed = |path: &str, key: &str| Request::get(path).header("apikey", key);
    let pattern = |plan: &str, key: Option<&str>| {
        let request = Request::get("/alpha/42").header("Host", "a.golden.test").header("X-Plan", plan);
        key.map_or(request.clone(), |key| request.header("apikey", key))
    };
    let told = |response: &Response, name: &str| {
        let sent = response.json().unwrap_or_else(|| panic!("{}", response.text()));
        let fields = sent["headers"].as_array().unwrap().clone();
        let named = |field: &&Value| field[0].as_str().unwrap().eq_ignore_ascii_case(name);
        fields.iter().find(named).map(|field| field[1].as_str().unwrap().to_owned())
    };

    assert_eq!(status(Request::get("/open/x")), 200, "the plugin there is disabled");
    assert_eq!(status(Request::get("/nowhere")), 503);
    assert_eq!(status(Request::get("/gone")), 404, "its service is disabled");
    assert_eq!(status(Request::get("/beta")), 308, "https only");

    let refused = ask(Request::get("/alpha/x"));
    assert_eq!(
        (refused.status, refused.headers.first("www-authenticate")),
        (401, Some("Key realm=\"golden\"".to_owned()))
    );
    assert_eq!(status(keyed("/alpha/x", "golden-no-key")), 401);
    assert_eq!(status(keyed("/alpha/x", "golden-ended-key")), 401);
    assert_eq!(status(keyed("/alpha/x", "golden-shop-key")), 401, "an application without contract");
    assert_eq!(status(Request::new("OPTIONS", "/alpha/x")), 200, "not asked on preflight");
    for key in ["golden-bob-key", made_key] {
        let passed = ask(keyed("/alpha/x", key));
        assert_eq!((passed.status, told(&passed, "x-consumer-id")), (200, Some(BOB.to_owned())), "{key}");
        assert_eq!(told(&passed, "apikey"), None, "hidden");
        let form =
            Request::new("POST", "/alpha/x").header("Content-Type", "application/x-www-form-urlencoded");
        assert_eq!(status(form.body(format!("a=1&apikey={key}"))), 200, "in the body");
        assert_eq!(upstream.take().pop().unwrap().body, b"a=1");
        assert_eq!(status(Request::get(&format!("/alpha/x?X-Api_Key={key}"))), 200, "by the other name");
    }

    for plan in ["gold", "silver-7"] {
        let anonymous = ask(pattern(plan, None));
        assert_eq!(
            (anonymous.status, told(&anonymous, "x-anonymous-consumer").as_deref()),
            (200, Some("true"))
        );
        let bob = ask(pattern(plan, Some("golden-bob-key")));
        assert_eq!(
            (told(&bob, "x-consumer-username").as_deref(), told(&bob, "apikey").is_some()),
            (Some("bob"), true)
        );
    }
    assert_eq!(status(pattern("silver-x", None)), 401, "another route's");

    let shop = ask(keyed("/gamma", "golden-shop-key"));
    assert_eq!((shop.status, told(&shop, "x-consumer-username")), (200, Some(SHOP.to_owned())));
    assert_eq!(status(keyed("/gamma", "golden-spy-key")), 401, "neither developer nor contract are approved");
    assert_eq!(status(keyed("/gamma", "golden-bob-key")), 401, "no plain consumers");
}

/// Whether an answer has all that another one had; what is null there may be something now.
fn check_has(now: &Value, then: &Value, path: &str) {
    match (now, then) {
        (_, Value::Null) => {}
        (Value::Object(now), Value::Object(then)) => {
            for (name, then) in then {
                // It runs out while the test does.
                if name != "ttl" && name != "next" {
                    let now = now.get(name).unwrap_or_else(|| panic!("{path}: {name} is gone"));
                    check_has(now, then, &format!("{path}.{name}"));
                }
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{path}");
            now.iter().zip(then).enumerate().for_each(|(at, (now, then))| {
                check_has(now, then, &format!("{path}[{at}]"));
            });
        }
        _ => assert_eq!(now, then, "{path}"),
    }
}

/// Everything that the old program's Admin API answered is answered now.
fn check_answers(gateway: &Local) {
    for (path, then) in golden_json("answers.json").as_object().unwrap() {
        let answer = gateway.admin("GET", path, None);
        let mut now = answer.json().unwrap_or_else(|| panic!("{path}: {}", answer.text()));
        let mut then = then.clone();
        // A key that has come to its end meanwhile.
        let lasts = |entity: &Value| entity["key_start"] != "gold" || entity["ttl"].is_null();
        for lists in [&mut now, &mut then] {
            if let Some(entities) = lists.get_mut("data").and_then(Value::as_array_mut) {
                entities.retain(|entity| lasts(entity));
            }
        }
        check_has(&now, &then, path);
    }
}

#[test]
fn the_store_of_the_first_format_opens_and_decides_as_it_did() {
    let keys = golden_json("keys.json");
    let upstream = Upstream::recording();
    let gateway = start(&old_data(), keys["admin token"].as_str().unwrap());
    check_answers(&gateway);
    lead_to(&gateway, &upstream);
    check_decisions(&gateway, &upstream, keys["e1000000-0000-4000-8000-000000000002"].as_str().unwrap());
    check_can_be_changed(&gateway, &upstream);
    assert!(!gateway.log().contains("cannot be used"), "{}", gateway.log());
}

/// Entities of another version are changed and deleted, and that acts.
fn check_can_be_changed(gateway: &Local, upstream: &Upstream) {
    let status = |path: &str, key: &str| gateway.send(&Request::get(path).header("apikey", key)).status;
    let admin =
        |method: &str, path: &str, body: Option<Value>| gateway.admin(method, path, body.as_ref()).status;
    let contract = "/services/gamma/application_instances/70000000-0000-4000-8000-000000000001";
    assert_eq!(admin("PATCH", contract, Some(json!({"status": 3}))), 200);
    assert_eq!(status("/gamma", "golden-shop-key"), 401);
    assert_eq!(admin("PATCH", contract, Some(json!({"status": 0}))), 200);
    assert_eq!(status("/gamma", "golden-shop-key"), 200);
    assert_eq!(admin("PATCH", "/developers/ann@example.com", Some(json!({"status": 3}))), 200);
    assert_eq!(status("/gamma", "golden-shop-key"), 401);
    let plugin = "/plugins/alpha-keys";
    assert_eq!(admin("PATCH", plugin, Some(json!({"config": {"hide_credentials": false}}))), 200);
    assert_eq!(status("/alpha/x", "golden-bob-key"), 200);
    assert!(upstream.take().pop().unwrap().headers.contains("apikey"));
    assert_eq!(admin("PUT", "/consumers/bob", Some(json!({"custom_id": "43"}))), 200);
    assert_eq!(status("/alpha/x", "golden-bob-key"), 200);
    assert_eq!(upstream.take().pop().unwrap().headers.first("x-consumer-custom-id").as_deref(), Some("43"));
    assert_eq!(admin("DELETE", "/key-auths/golden-bob-key", None), 204);
    assert_eq!(status("/alpha/x", "golden-bob-key"), 401);
    assert_eq!(admin("DELETE", "/consumers/bob", None), 204);
    assert_eq!(admin("DELETE", "/developers/ann@example.com", None), 204);
    assert_eq!(admin("POST", "/consumers", Some(json!({"username": "bob"}))), 201, "the name is free again");
}

/// The old program, which `cargo xtask test --long` has built.
fn old_program() -> PathBuf {
    let path = std::env::var_os("LATCHKEY_OLD_BIN").expect("LATCHKEY_OLD_BIN names no program");
    PathBuf::from(path)
}

/// `writer` is told all, `reader` opens what it wrote and decides by it.
fn check_across(writer: Option<PathBuf>, reader: Option<PathBuf>) {
    let upstream = Upstream::recording();
    let written = Options { has_one_door: writer.is_some(), program: writer, ..options() };
    let mut gateway = Local::spawn(written.clone());
    let token = printed_token(&gateway);
    gateway.admin_token.clone_from(&token);
    let keys = tell(&gateway);
    lead_to(&gateway, &upstream);
    let made_key = keys["e1000000-0000-4000-8000-000000000002"].as_str().unwrap();
    // The key with an end is at it.
    std::thread::sleep(Duration::from_millis(1_500));
    check_decisions(&gateway, &upstream, made_key);
    stop(gateway);
    let gateway = start(&Options { has_one_door: reader.is_some(), program: reader, ..written }, &token);
    check_decisions(&gateway, &upstream, made_key);
    check_can_be_changed(&gateway, &upstream);
    stop(gateway);
}

#[test]
#[ignore = "needs LATCHKEY_OLD_BIN: run by `cargo xtask test --long`"]
fn the_old_program_reads_what_this_one_writes() {
    check_across(None, Some(old_program()));
}

#[test]
#[ignore = "needs LATCHKEY_OLD_BIN: run by `cargo xtask test --long`"]
fn this_program_reads_what_the_old_one_writes() {
    check_across(Some(old_program()), None);
}
