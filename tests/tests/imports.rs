//! Imports by the whole program: cut off by SIGKILL at any time, they go on where they were.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::Local;
use latchkey_tests::fixtures::{list_all, proxy_to};
use latchkey_tests::raw_http::Request;
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};

const IMPORT: &str = "/imports/4c1d3f7e-8a52-4f5b-9a0e-6f1f5d0f3b21";
const CONSUMERS: usize = 1500;

fn part(from: usize, until: usize) -> Value {
    let both = |number: usize| {
        let username = format!("user-{number}");
        [
            json!({"kind": "keyauth_credentials",
                "entity": {"consumer": {"username": username}, "key": format!("imported-key-{number}")}}),
            json!({"kind": "consumers", "entity": {"username": username}}),
        ]
    };
    json!({"entities": (from..until).flat_map(both).collect::<Vec<_>>()})
}

fn key(gateway: &Local, number: usize) -> u16 {
    gateway.send(&Request::get("/").header("apikey", format!("imported-key-{number}"))).status
}

#[test]
fn an_import_goes_on_after_every_kill() {
    let upstream = Upstream::recording();
    let mut gateway = Local::fresh();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let middle = CONSUMERS / 2;
    for (number, sent) in [part(0, middle), part(middle, CONSUMERS)].iter().enumerate() {
        let answer = gateway.admin("PUT", &format!("{IMPORT}/parts/{number}"), Some(sent));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut kills = 0;
    let report = loop {
        let answer = gateway.admin("POST", IMPORT, Some(&json!({"parts": 2})));
        let report = answer.json().unwrap();
        assert_eq!(report["faults"], json!([]), "{report}");
        if report["state"] == "done" {
            break report;
        }
        if kills < 4 {
            kills += 1;
            // While the next call is under way.
            let body = json!({"parts": 2}).to_string();
            let request =
                gateway.admin_request("POST", IMPORT).header("Content-Type", "application/json").body(body);
            let authority = gateway.admin_authority();
            let call = std::thread::spawn(move || latchkey_tests::raw_http::exchange(&authority, &request));
            std::thread::sleep(Duration::from_millis(5 * kills));
            gateway.kill_and_restart();
            let _ = call.join().unwrap();
        }
    };
    assert_eq!(report["created"], json!(2 * CONSUMERS), "{report}");
    assert_eq!(list_all(&gateway, "/consumers").len(), CONSUMERS);
    assert_eq!(list_all(&gateway, "/key-auths").len(), CONSUMERS);
    for number in [0, 1, middle, CONSUMERS - 1] {
        assert_eq!(key(&gateway, number), 200, "{number}");
    }
    assert_eq!(key(&gateway, CONSUMERS), 401);
    assert_eq!(gateway.admin("DELETE", IMPORT, None).status, 204);
}
