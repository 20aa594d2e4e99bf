//! The fronts and environments that the Lambda form is tested in, over sockets, with a function
//! that does what it is told.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::lambda::Trigger;
use latchkey_tests::lambda::environment::{Function, Program};
use latchkey_tests::lambda::front::Front;
use latchkey_tests::raw_http::{Connection, Request, Response, exchange};
use serde_json::Value;

fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_scripted-function"))
}

fn start(trigger: Trigger, program: Program) -> (Front, Arc<Function>) {
    let function = Arc::new(Function::new(program));
    (Front::start(trigger, Arc::clone(&function)), function)
}

fn send(front: &Front, request: &Request) -> Response {
    exchange(&front.authority(), request).unwrap()
}

#[test]
fn every_trigger_passes_request_and_response() {
    for trigger in Trigger::ALL {
        let (front, function) = start(trigger, program());
        let chunked = Request::new("POST", "/event?a=1&a=2")
            .header("Transfer-Encoding", "chunked")
            .header("Content-Type", "text/plain")
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .body("3\r\nabc\r\n0\r\n\r\n");
        let response = send(&front, &chunked);
        assert_eq!(response.status, 200, "{trigger:?} {}", function.log());
        let event = response.json().unwrap();
        let encoded = trigger == Trigger::RestApi;
        assert_eq!(event["body"], if encoded { "YWJj" } else { "abc" }, "{trigger:?}");
        assert_eq!(event["isBase64Encoded"], encoded, "{trigger:?}");
        let twice = match trigger {
            Trigger::RestApi => event["multiValueHeaders"]["X-Twice"].clone(),
            Trigger::AlbMultiValue => event["multiValueHeaders"]["x-twice"].clone(),
            _ => event["headers"]["x-twice"].clone(),
        };
        let expected: Value = match trigger {
            Trigger::RestApi | Trigger::AlbMultiValue => ["1", "2"].as_slice().into(),
            Trigger::Alb => "2".into(),
            _ => "1,2".into(),
        };
        assert_eq!(twice, expected, "{trigger:?}");
        let length = event["headers"]["content-length"].as_str();
        assert!(event.get("version").is_none() || length == Some("3"), "{trigger:?}: unframed length");
    }
}

#[test]
fn a_client_keeps_its_connection_and_head_has_no_body() {
    let (front, _function) = start(Trigger::HttpApi, program());
    let mut connection = Connection::open(&front.authority()).unwrap();
    let head = connection.exchange(&Request::new("HEAD", "/event")).unwrap();
    assert_eq!(head.status, 200);
    assert!(head.headers.first("content-length").unwrap().parse::<usize>().unwrap() > 100);
    assert_eq!(connection.exchange(&Request::get("/event")).unwrap().status, 200);
}

#[test]
fn streamed_responses_come_as_they_are_made() {
    let (front, function) = start(Trigger::FunctionUrlStream, program());
    let mut connection = Connection::open(&front.authority()).unwrap();
    connection.send(&Request::get("/stream")).unwrap();
    let head = connection.read_head().unwrap();
    let begun = Instant::now();
    assert_eq!(head.status(), 202, "{}", function.log());
    assert_eq!(head.headers.values("a"), ["1"]);
    assert_eq!(head.headers.values("set-cookie"), ["c=1"]);
    let mut body = Vec::new();
    let framing = latchkey_tests::raw_http::Framing::Chunked;
    latchkey_tests::raw_http::copy_body(&mut connection.reader, framing, &mut body).unwrap();
    assert_eq!(body, b"one two");
    assert!(begun.elapsed() > Duration::from_millis(200), "the head came with the end");
    assert_eq!(connection.exchange(&Request::get("/event")).unwrap().status, 200, "the connection goes on");
}

#[test]
fn a_stream_that_breaks_is_cut_off() {
    let (front, function) = start(Trigger::FunctionUrlStream, program());
    assert!(exchange(&front.authority(), &Request::get("/break")).is_err());
    assert_eq!(front.take_complaints().first().map(String::as_str), Some("Boom"));
    assert_eq!(send(&front, &Request::get("/event")).status, 200);
    assert_eq!(function.started(), 1, "the environment goes on");
    assert!(exchange(&front.authority(), &Request::get("/hang-up")).is_err());
    assert_eq!(send(&front, &Request::get("/event")).status, 200);
    assert_eq!(function.started(), 2, "a new one");
}

#[test]
fn a_trigger_that_does_not_stream_takes_a_stream_for_one_response_and_fails() {
    for trigger in [Trigger::FunctionUrl, Trigger::HttpApi, Trigger::RestApi, Trigger::Alb] {
        let (front, _function) = start(trigger, program());
        assert_eq!(send(&front, &Request::get("/stream")).status, trigger.failure().0, "{trigger:?}");
    }
}

#[test]
fn failures_are_the_platforms() {
    for trigger in Trigger::ALL {
        let mut program = program();
        program.timeout = Duration::from_millis(300);
        let (front, function) = start(trigger, program);
        let failed = send(&front, &Request::get("/fail"));
        assert_eq!((failed.status, failed.text().as_str()), trigger.failure(), "{trigger:?}");
        assert_eq!(function.started(), 1, "an error leaves the environment");
        assert_eq!(send(&front, &Request::get("/exit")).status, trigger.failure().0, "{trigger:?}");
        assert_eq!(send(&front, &Request::get("/sleep")).status, trigger.timeout().0, "{trigger:?}");
        assert_eq!(send(&front, &Request::get("/event")).status, 200, "{trigger:?}");
        assert_eq!(function.started(), 3, "an end and a timeout cost the environment");
        let garbage = Request::new("POST", "/return").header("Content-Type", "text/plain").body("no JSON");
        assert_eq!(send(&front, &garbage).status, trigger.failure().0, "{trigger:?}");
        assert!(!front.take_complaints().is_empty());
    }
}

#[test]
fn bodies_have_the_bounds_of_the_trigger() {
    for trigger in [Trigger::Alb, Trigger::HttpApi] {
        let (front, _function) = start(trigger, program());
        let over = Request::new("POST", "/event").body(vec![b'x'; trigger.body_bytes_max() + 1]);
        assert_eq!(send(&front, &over).status, 413, "{trigger:?}");
    }
}

#[test]
fn broken_requests_do_not_reach_the_function() {
    let (front, function) = start(Trigger::FunctionUrl, program());
    for raw in [
        "GET /event HTTP/1.1\r\n\r\n",
        "GET /event HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /event HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET  /event HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /event HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /event HTTP/1.1\r\nHost a\r\n\r\n",
    ] {
        let mut connection = Connection::open(&front.authority()).unwrap();
        connection.send_raw(raw.as_bytes()).unwrap();
        assert_eq!(connection.read_response("GET").unwrap().status, 400, "{raw:?}");
    }
    assert_eq!(function.started(), 0);
}

#[test]
fn environments_serve_one_at_a_time_and_more_come_up_to_the_limit() {
    let mut program = program();
    program.environments_max = 2;
    let (front, function) = start(Trigger::FunctionUrlStream, program);
    let authority = front.authority();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(exchange(&authority, &Request::get("/stream")).unwrap().status, 202));
        }
    });
    assert_eq!(function.started(), 2);
    function.forget_environments();
    assert_eq!(send(&front, &Request::get("/event")).status, 200);
    assert_eq!(function.started(), 3, "a cold start");
}

#[test]
fn a_program_stands_still_between_invocations() {
    let (front, function) = start(Trigger::FunctionUrl, program());
    assert_eq!(send(&front, &Request::get("/event")).status, 200);
    let pids = function.idle_pids();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pids[0])).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while state() != 'T' {
        assert!(Instant::now() < deadline, "state {}", state());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(send(&front, &Request::get("/event")).status, 200, "and goes on");
    assert_eq!(function.idle_pids(), pids);
}
