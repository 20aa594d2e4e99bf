//! Who comes in at the Admin API: the token is judged before a body is read, wrong ones are slowed
//! and logged, right ones never.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use latchkey_tests::base::ADMIN_TOKEN;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options, Place};
use latchkey_tests::raw_http::{Request, Response};
use serde_json::json;

const WRONG: &str = "wrong-token-of-a-guesser-7c1e";

fn guess(gateway: &Local) -> Response {
    let consumers = gateway.doors().admin("/consumers");
    let request = Request::get(&consumers.target).header("Kong-Admin-Token", WRONG);
    gateway.send_to(&consumers.authority, &request)
}

/// Lines of the log that tell of wrong tokens.
fn reports(gateway: &Local) -> Vec<String> {
    let log = gateway.log();
    log.lines().filter(|line| line.contains("wrong admin tokens")).map(str::to_owned).collect()
}

#[test]
fn wrong_tokens_are_slowed_and_logged_and_right_ones_pass() {
    let gateway = Local::fresh();
    let begun = Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let response = guess(&gateway);
        if response.status == 429 {
            assert_eq!(response.headers.values("retry-after"), ["1"]);
        }
        statuses.push(response.status);
        assert_eq!(gateway.admin("GET", "/consumers", None).status, 200);
        // Who shows no token does not guess.
        assert_eq!(gateway.get(&gateway.doors().admin("/consumers")).status, 401);
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    assert!(statuses[..10].iter().all(|status| *status == 401), "{statuses:?}");
    let let_in = statuses.iter().filter(|status| **status == 401).count();
    assert!(let_in <= 10 * seconds && statuses.contains(&429), "{seconds} s: {statuses:?}");

    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(guess(&gateway).status, 401, "the next second has its own ten");
    std::thread::sleep(Duration::from_millis(200));
    let reports = reports(&gateway);
    assert!(!reports.is_empty() && reports.len() <= seconds + 2, "{reports:#?}");
    assert!(reports.iter().all(|line| line.contains("127.0.0.1") && line.contains("WARN")), "{reports:#?}");
    assert!(reports.iter().any(|line| line.contains("wrong=1 ")), "the first at once: {reports:#?}");
    assert!(!gateway.log().contains(WRONG));
}

/// What is left over at the end of a burst is logged without another guess.
#[test]
fn the_sum_of_a_burst_reaches_the_log() {
    let gateway = Local::fresh();
    for _ in 0..30 {
        guess(&gateway);
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let told: u32 = reports(&gateway).iter().map(|line| number(line, "wrong=")).sum();
        if told == 30 {
            break;
        }
        assert!(Instant::now() < deadline, "{told} of 30: {:#?}", reports(&gateway));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn number(line: &str, behind: &str) -> u32 {
    let (_, rest) = line.split_once(behind).unwrap_or_else(|| panic!("{line}"));
    rest.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn the_bound_can_be_set_and_taken_away() {
    for (bound, expected) in [("1", 429), ("0", 401)] {
        let options = Options::default().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", bound);
        let gateway = Local::spawn(options);
        let statuses: Vec<u16> = (0..30).map(|_| guess(&gateway).status).collect();
        assert_eq!(statuses[0], 401);
        assert!(statuses[1..].contains(&expected), "{bound}: {statuses:?}");
        assert!(bound == "1" || !statuses.contains(&429), "{statuses:?}");
    }
}

/// What comes back within the time for a head whose body is never sent; empty: nothing.
fn answer_to_head(gateway: &Local, token: &str, framing: &str, patience: Duration) -> String {
    let Place { authority, target } = gateway.doors().admin("/consumers");
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n\
         Kong-Admin-Token: {token}\r\n{framing}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    match stream.read(&mut answer) {
        Ok(bytes) => String::from_utf8_lossy(&answer[..bytes]).into_owned(),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => String::new(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_token_is_judged_before_the_body_comes() {
    let gateway = Local::fresh();
    for framing in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        let answer = answer_to_head(&gateway, WRONG, framing, Duration::from_secs(10));
        assert!(answer.starts_with("HTTP/1.1 401 "), "{framing}: {answer}");
        // With the right one the body is waited for.
        let answer = answer_to_head(&gateway, ADMIN_TOKEN, framing, Duration::from_millis(500));
        assert_eq!(answer, "", "{framing}");
    }
    // A longer body than is taken is no other answer to whoever has no token.
    let long = "x".repeat((1 << 20) + 1);
    let right = gateway.admin_request("POST", "/consumers").header("Content-Type", "application/json");
    assert_eq!(gateway.send_to(&gateway.admin_authority(), &right.body(long)).status, 413);
    let made = gateway.admin("POST", "/consumers", Some(&json!({"username": "bob"})));
    assert_eq!(made.status, 201, "{}", made.text());
}

#[test]
fn guesses_count_for_the_client_that_a_trusted_peer_names() {
    let options = Options::default().trusting().env("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "1");
    let gateway = Local::spawn(options);
    let consumers = gateway.doors().admin("/consumers");
    let guess = |client: &str| {
        let request = Request::get(&consumers.target).header("Kong-Admin-Token", WRONG);
        gateway.send_to(&consumers.authority, &request.header("X-Forwarded-For", client)).status
    };
    let guessed: Vec<u16> = (0..20).map(|_| guess("192.0.2.7")).collect();
    assert!(guessed.contains(&429), "{guessed:?}");
    assert_eq!(guess("192.0.2.8"), 401, "another client is counted apart");
    assert!(reports(&gateway).iter().any(|line| line.contains("192.0.2.7")), "{:#?}", reports(&gateway));
}
