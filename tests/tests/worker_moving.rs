//! Keys move from the local program to the Worker in workerd: `cargo xtask worker test` runs this.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::canary::{ADMIN_TOKEN, PEPPER};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options, Worker};
use latchkey_tests::fixtures::{create, proxy_to};
use latchkey_tests::moving::{run, run_with};
use latchkey_tests::raw_http::Request;
use latchkey_tests::upstream::Upstream;
use serde_json::json;

#[test]
#[ignore = "needs the built Worker: cargo xtask worker test"]
fn keys_stay_good_on_the_worker_under_another_pepper() {
    let upstream = Upstream::recording();
    let local = Local::spawn(Options::in_memory());
    proxy_to(&local, &upstream, &json!({}), &json!({}));
    create(&local, "/consumers", &json!({"username": "bob"}));
    let made = create(&local, "/consumers/bob/key-auth", &json!({}))["key"].as_str().unwrap().to_owned();
    create(&local, "/consumers/bob/key-auth", &json!({"key": "s3cret-of-bob"}));
    let exported = run(&local, &["export"]);
    assert!(exported.is_success, "{exported:?}");

    let worker = Worker::start(ADMIN_TOKEN, PEPPER, None);
    let brought = run_with(&worker, &["import", "-"], &exported.printed);
    assert!(
        brought.is_success && brought.printed.contains(" 0 changed, 0 deleted, 0 the same"),
        "{brought:?}"
    );
    let ask = |key: &str| worker.send(&Request::get("/").header("apikey", key)).status;
    wait_until("keys are good", Duration::from_secs(10), || {
        [made.as_str(), "s3cret-of-bob"].map(&ask) == [200; 2]
    });
    assert_eq!(ask("none"), 401);
    let again = run_with(&worker, &["import", "-"], &exported.printed);
    assert!(again.printed.starts_with("0 created, 0 changed, 0 deleted"), "{again:?}");
}
