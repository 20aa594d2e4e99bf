//! A developer tries a service in the portal: the program calls itself, as that developer's credential.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::portal::Trial;
use latchkey_tests::raw_http::Request;
use latchkey_tests::try_token::{TRY_TOKEN_FIELD, try_token};

const PEPPER: &str = "try-it-pepper-Tg5Rk8Nn3Vb6Yx1Cw0Qe7Mz2Ld9Js4Hf";
/// For the end of a program.
const PATIENCE: Duration = Duration::from_secs(10);

fn trial() -> Trial<Local> {
    let options = Options::default().env("LATCHKEY_PEPPER", PEPPER).env("RUST_LOG", "trace");
    Trial::begin(Local::spawn(options), PEPPER)
}

#[test]
fn a_developer_tries_a_service_and_the_upstream_sees_neither_token_nor_key() {
    let mut trial = trial();
    trial.check();
    trial.deployment.terminate();
    trial.deployment.wait(PATIENCE).expect("no end after SIGTERM");
    let log = trial.deployment.output_to_end();
    assert!(!log.contains(&trial.digest()) && !log.contains(&trial.key), "it is in the log");
}

/// As whoever holds the pepper makes it; nobody else can.
#[test]
fn a_token_is_taken_by_the_gateway_alone_and_for_its_path_alone() {
    let trial = trial();
    let ask = |path: &str, token: &str| {
        let request = Request::get(path).header(TRY_TOKEN_FIELD, token);
        trial.deployment.send_to(trial.deployment.doors().gateway_authority(), &request).status
    };
    let good = try_token(PEPPER, &trial.key, "/orders/7", &trial.service);
    assert_eq!(ask("/orders/7", &good), 201);
    assert_eq!(ask("/orders/8", &good), 401);
    assert_eq!(ask("/orders/7", &try_token("another", &trial.key, "/orders/7", &trial.service)), 401);
    let seen = trial.upstream.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].headers.first(TRY_TOKEN_FIELD).is_none());
}
