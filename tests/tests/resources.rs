//! What a client can make the local program hold: connections, heads, bodies, time.
//!
//! Other addresses of the loopback network stand for other peers.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, proxy_to};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::{Next, Upstream, answer};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

const ANN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const BOB: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const FORM: &str = "application/x-www-form-urlencoded";

/// A gateway whose route searches bodies, and bob's key `kong`.
fn gateway(upstream: &Upstream, env: &[(&str, &str)]) -> Local {
    let options = env.iter().fold(Options::default(), |options, (name, value)| options.env(name, value));
    let gateway = Local::spawn(options);
    proxy_to(&gateway, upstream, &json!({}), &json!({"key_in_body": true, "hide_credentials": true}));
    consumer_with_key(&gateway, "bob", "kong");
    gateway
}

fn with_key(request: Request) -> Request {
    request.header("apikey", "kong")
}

fn open(gateway: &Local, peer: Ipv4Addr) -> Connection {
    Connection::open_from(peer, gateway.authority()).unwrap()
}

fn open_admin(gateway: &Local, peer: Ipv4Addr) -> Connection {
    Connection::open_from(peer, &gateway.admin_authority()).unwrap()
}

/// A form that is searched for its key, all but its last bytes.
fn begin_form(gateway: &Local, peer: Ipv4Addr, bytes: usize) -> Connection {
    let mut connection = open(gateway, peer);
    let form = Request::new("POST", "/").header("Content-Type", FORM);
    connection.send(&form.header("Content-Length", (bytes + 12).to_string())).unwrap();
    // The gateway may have refused it by now.
    let _ = connection.send_raw(format!("a={}&", "x".repeat(bytes - 3)).as_bytes());
    connection
}

fn end_form(connection: &mut Connection) -> Response {
    let _ = connection.send_raw(b"apikey=kong&");
    connection.read_response("POST").unwrap()
}

/// A call to the Admin API, all but its end.
fn begin_admin(gateway: &Local, peer: Ipv4Addr, bytes: usize) -> Connection {
    let mut connection = open_admin(gateway, peer);
    let call = gateway.admin_request("POST", "/consumers").header("Content-Type", "application/json");
    connection.send(&call.header("Content-Length", (bytes + 1).to_string())).unwrap();
    let head = format!("{{\"username\":\"u{}\"", connection.writer.local_addr().unwrap().port());
    let _ = connection.send_raw(format!("{head}{}", " ".repeat(bytes - head.len())).as_bytes());
    connection
}

fn end_admin(connection: &mut Connection) -> Response {
    let _ = connection.send_raw(b"}");
    connection.read_response("POST").unwrap()
}

#[track_caller]
fn assert_serves(gateway: &Local, peer: Ipv4Addr) {
    let start = Instant::now();
    let mut connection = open(gateway, peer);
    assert_eq!(connection.exchange(&with_key(Request::get("/"))).unwrap().status, 200);
    let mut connection = open_admin(gateway, peer);
    assert_eq!(connection.exchange(&gateway.admin_request("GET", "/services")).unwrap().status, 200);
    assert!(start.elapsed() < Duration::from_secs(5), "answered after {:?}", start.elapsed());
}

// ---- heads ----

fn fields(count: usize, bytes: usize) -> Vec<(String, String)> {
    (0..count)
        .map(|number| {
            (
                format!("x-{}", number % 700),
                format!("{number}{}", "0".repeat(bytes - number.to_string().len().min(bytes))),
            )
        })
        .collect()
}

#[test]
fn a_request_is_bounded_by_bytes_not_by_fields() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    for (count, bytes) in [(99, 10), (101, 10), (1000, 40), (1000, 110), (10, 8000), (1, 120_000)] {
        let sent = fields(count, bytes);
        let request = sent.iter().fold(with_key(Request::get("/")), |request, (n, v)| request.header(n, v));
        assert_eq!(gateway.send(&request).status, 200, "{count} fields of {bytes} bytes");
        let seen = upstream.take().remove(0).headers;
        for (name, _) in &sent {
            let values: Vec<_> = sent.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect();
            assert_eq!(seen.values(name), values, "{name}");
        }
    }
    let cookies: Vec<_> = (0..500).map(|number| format!("c{number}={number}")).collect();
    let request = cookies.iter().fold(with_key(Request::get("/")), |request, c| request.header("Cookie", c));
    assert_eq!(gateway.send(&request).status, 200);
    assert_eq!(upstream.take()[0].headers.values("cookie"), cookies);

    for (count, bytes) in [(1, 132_000), (1, 380_000), (20, 8000), (5000, 1), (20_000, 1)] {
        let request = fields(count, bytes)
            .iter()
            .fold(with_key(Request::get("/")), |request, (n, v)| request.header(n, v));
        assert_eq!(gateway.send(&request).status, 431, "{count} fields of {bytes} bytes");
    }
    assert!(upstream.take().is_empty());
    assert_serves(&gateway, ANN);
}

#[test]
fn a_response_is_bounded_by_bytes_not_by_fields() {
    let upstream = Upstream::raw(|connection, head| {
        let numbers: Vec<usize> = head.start_line.split(['/', ' ']).filter_map(|n| n.parse().ok()).collect();
        let fields = fields(numbers[0], numbers[1]);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        connection.send_raw(&answer(200, &fields, b"body"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway(&upstream, &[]);
    for (count, bytes) in [(1, 1), (126, 10), (127, 10), (128, 10), (1000, 40), (6000, 10), (1, 125_000)] {
        let response = gateway.send(&with_key(Request::get(&format!("/{count}/{bytes}"))));
        assert_eq!((response.status, response.text().as_str()), (200, "body"), "{count} of {bytes} bytes");
        let sent = fields(count, bytes);
        for (name, _) in sent.iter().take(700) {
            let values: Vec<_> = sent.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect();
            assert_eq!(response.headers.values(name), values, "{name}");
        }
    }
    for (count, bytes) in [(1, 140_000), (20, 8000), (20_000, 1), (1, 3_000_000)] {
        let response = gateway.send(&with_key(Request::get(&format!("/{count}/{bytes}"))));
        assert_eq!(response.status, 502, "{count} fields of {bytes} bytes");
    }
}

#[test]
fn a_head_that_drips_is_408() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    let mut connection = open(&gateway, ANN);
    // A first request, so that a head behind another is bounded too.
    assert_eq!(connection.exchange(&with_key(Request::get("/"))).unwrap().status, 200);
    connection.send_raw(b"GET / HTTP/1.1\r\nHost: x\r\nX: ").unwrap();
    let (response, after) = drip(&mut connection, "GET", Duration::from_secs(40));
    assert_eq!(response.status, 408);
    assert!((Duration::from_secs(14)..Duration::from_secs(33)).contains(&after), "{after:?}");
}

/// Sends a byte twice a second until there is an answer; also when that was.
fn drip(connection: &mut Connection, method: &str, longest: Duration) -> (Response, Duration) {
    let start = Instant::now();
    let mut writer = connection.writer.try_clone().unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let dripping = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(500)) == Err(mpsc::RecvTimeoutError::Timeout)
            && writer.write_all(b"x").is_ok()
        {}
    });
    connection.writer.set_read_timeout(Some(longest)).unwrap();
    let response = connection.read_response(method);
    let after = start.elapsed();
    drop(stop);
    dripping.join().unwrap();
    (response.unwrap(), after)
}

// ---- bodies ----

#[test]
fn a_held_body_that_drips_is_408() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    let check = &|connection: &mut Connection| {
        let (response, after) = drip(connection, "POST", Duration::from_secs(20));
        assert_eq!(response.status, 408, "{}", response.text());
        assert!((Duration::from_secs(9)..Duration::from_secs(13)).contains(&after), "{after:?}");
        assert!(connection.is_closed_within(Duration::from_secs(2)));
    };
    thread::scope(|scope| {
        let begun = |mut connection: Connection, request: Request| {
            connection.send(&request.header("Content-Length", "5000")).unwrap();
            connection
        };
        let form = Request::new("POST", "/").header("Content-Type", FORM);
        let call = gateway.admin_request("POST", "/consumers").header("Content-Type", FORM);
        let (mut form, mut call) = (begun(open(&gateway, ANN), form), begun(open_admin(&gateway, ANN), call));
        scope.spawn(move || check(&mut form));
        scope.spawn(move || check(&mut call));
        // A body that nobody holds may come as it likes, for all we care.
        scope.spawn(|| {
            let mut connection = open(&gateway, ANN);
            let text = with_key(Request::new("POST", "/")).header("Content-Type", "text/plain");
            connection.send(&text.header("Content-Length", "30")).unwrap();
            assert_eq!(drip(&mut connection, "POST", Duration::from_secs(20)).0.status, 200);
        });
        // One that is held may be slow, if not too slow.
        scope.spawn(|| {
            let mut connection = begin_form(&gateway, ANN, 20_000);
            for _ in 0..24 {
                thread::sleep(Duration::from_millis(500));
                connection.send_raw(b"").unwrap();
            }
            assert_eq!(end_form(&mut connection).status, 200);
        });
    });
}

#[test]
fn the_least_rate_is_a_setting() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[("LATCHKEY_HELD_BODY_RATE", "0")]);
    let mut connection = begin_form(&gateway, ANN, 1000);
    thread::sleep(Duration::from_secs(12));
    assert_eq!(end_form(&mut connection).status, 200);
}

#[test]
fn a_flood_of_one_kind_or_peer_leaves_the_others_served() {
    let upstream = Upstream::recording();
    // Half for searched bodies, of which each peer has half: 256 KiB. Of the others half as much.
    let gateway = gateway(&upstream, &[("LATCHKEY_HELD_BODY_BYTES", "1048576")]);
    let mut forms: Vec<_> = (0..20).map(|_| begin_form(&gateway, ANN, 100_000)).collect();
    thread::sleep(Duration::from_millis(300));
    let mut refused = begin_form(&gateway, ANN, 100_000);
    let response = refused.read_response("POST").unwrap();
    assert_eq!((response.status, response.headers.first("retry-after").as_deref()), (503, Some("1")));
    assert!(refused.is_closed_within(Duration::from_secs(2)));

    let other_peer = || end_form(&mut begin_form(&gateway, BOB, 100_000)).status;
    let other_kind = || end_admin(&mut begin_admin(&gateway, ANN, 60_000)).status;
    let short = || end_form(&mut begin_form(&gateway, ANN, 10_000)).status;
    let long_head = || {
        let request = with_key(Request::get("/")).header("X", "x".repeat(50_000));
        open(&gateway, ANN).exchange(&request).unwrap().status
    };
    assert_eq!((other_peer(), other_kind(), short(), long_head()), (200, 201, 200, 200));
    assert_serves(&gateway, ANN);

    let statuses: Vec<_> = forms.iter_mut().map(|form| end_form(form).status).collect();
    let passed = statuses.iter().filter(|status| **status == 200).count();
    assert!((1..=2).contains(&passed) && statuses.iter().all(|s| [200, 503].contains(s)), "{statuses:?}");
    drop(forms);
    // What was held is given back.
    assert_eq!(end_form(&mut begin_form(&gateway, ANN, 200_000)).status, 200);

    let calls: Vec<_> = (0..10).map(|_| begin_admin(&gateway, ANN, 60_000)).collect();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(begin_admin(&gateway, ANN, 60_000).read_response("POST").unwrap().status, 503);
    assert_eq!(end_form(&mut begin_form(&gateway, ANN, 200_000)).status, 200);
    assert_eq!(end_admin(&mut begin_admin(&gateway, BOB, 60_000)).status, 201);
    drop(calls);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(end_admin(&mut begin_admin(&gateway, ANN, 60_000)).status, 201);
}

#[test]
fn a_flood_of_heads_leaves_the_others_served() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[("LATCHKEY_HELD_BODY_BYTES", "1048576")]);
    let begin = |peer| {
        let mut connection = open(&gateway, peer);
        let _ = connection.send_raw(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(30_000)).as_bytes());
        connection
    };
    // It is there before the others, which may have to go.
    let mut first = begin(ANN);
    thread::sleep(Duration::from_secs(1));
    let others: Vec<_> = (0..9).map(|_| begin(ANN)).collect();
    thread::sleep(Duration::from_millis(300));
    let response = begin(ANN).read_response("GET").unwrap();
    assert_eq!((response.status, response.headers.first("retry-after").as_deref()), (503, Some("1")));
    assert!(response.message().is_some(), "{}", response.text());
    assert_serves(&gateway, ANN);
    let mut other = begin(BOB);
    other.send_raw(b"\r\nHost: x\r\napikey: kong\r\n\r\n").unwrap();
    assert_eq!(other.read_response("GET").unwrap().status, 200);
    first.send_raw(b"\r\nHost: x\r\napikey: kong\r\n\r\n").unwrap();
    assert_eq!(first.read_response("GET").unwrap().status, 200);
    drop(others);
}

// ---- memory ----

/// How much resident memory grew while so many connections were held, and how much of it stayed.
struct Growth {
    held_kib: u64,
    kept_kib: u64,
}

fn growth(gateway: &Local, row: &str, hold: impl Fn() -> Vec<Connection>) -> Growth {
    let before = gateway.resident_memory_kib();
    let connections = hold();
    thread::sleep(Duration::from_secs(1));
    let held_kib = gateway.resident_memory_kib().saturating_sub(before);
    assert_serves(gateway, BOB);
    drop(connections);
    thread::sleep(Duration::from_secs(2));
    assert_serves(gateway, ANN);
    let kept_kib = gateway.resident_memory_kib().saturating_sub(before);
    println!("{row}: {held_kib} KiB held, {kept_kib} KiB kept");
    Growth { held_kib, kept_kib }
}

#[test]
fn memory_grows_by_no_more_than_the_budget_and_is_given_back() {
    const BUDGET_KIB: u64 = 64 * 1024;
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    (0..50).for_each(|_| assert_serves(&gateway, ANN));
    let many = |count: usize, one: &dyn Fn() -> Connection| (0..count).map(|_| one()).collect::<Vec<_>>();
    let idle = growth(&gateway, "300 idle connections", || many(300, &|| open(&gateway, ANN)));
    let heads = growth(&gateway, "200 heads of 380 KB", || {
        many(200, &|| {
            let mut connection = open(&gateway, ANN);
            let _ = connection.send_raw(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(380_000)).as_bytes());
            connection
        })
    });
    let admin =
        growth(&gateway, "200 Admin bodies of 1 MB", || many(200, &|| begin_admin(&gateway, ANN, 1_000_000)));
    let forms = growth(&gateway, "200 searched bodies of 1 MB", || {
        many(200, &|| begin_form(&gateway, ANN, 1_000_000))
    });
    for (row, growth) in [("idle", idle), ("heads", heads), ("admin", admin), ("forms", forms)] {
        assert!(growth.held_kib < BUDGET_KIB, "{row}: {} KiB held", growth.held_kib);
        assert!(growth.kept_kib < BUDGET_KIB / 4, "{row}: {} KiB kept", growth.kept_kib);
    }
    let peak = gateway.peak_memory_kib();
    assert!(peak < 2 * BUDGET_KIB, "{peak} KiB at most");
}

// ---- connections ----

#[test]
fn past_the_bound_connections_that_wait_for_their_client_give_way() {
    let upstream = Upstream::raw(|connection, head| {
        if head.start_line.contains("/slow") {
            thread::sleep(Duration::from_secs(3));
        }
        connection.send_raw(&answer(200, &[], b"done"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway(&upstream, &[("LATCHKEY_MAX_CONNECTIONS", "20")]);
    let mut busy: Vec<_> = (0..5).map(|_| open(&gateway, ANN)).collect();
    for connection in &mut busy {
        connection.send(&with_key(Request::get("/slow"))).unwrap();
    }
    thread::sleep(Duration::from_millis(200));
    let mut first = open(&gateway, ANN);
    assert_eq!(first.exchange(&with_key(Request::get("/"))).unwrap().status, 200);
    let mut idle: Vec<_> = (0..100).map(|_| open(&gateway, ANN)).collect();
    let mut part: Vec<_> = (0..100)
        .map(|_| {
            let mut connection = open(&gateway, ANN);
            let _ = connection.send_raw(b"GET / HTTP/1.1\r\nHost:");
            connection
        })
        .collect();
    assert_serves(&gateway, BOB);
    assert!(first.is_closed_within(Duration::from_secs(1)), "the longest wait was not ended");
    let closed = |connections: &mut [Connection]| {
        connections
            .iter_mut()
            .filter_map(|c| c.is_closed_within(Duration::from_millis(20)).then_some(()))
            .count()
    };
    assert_eq!(closed(&mut idle), 100);
    assert!((80..100).contains(&closed(&mut part)));
    for connection in &mut busy {
        assert_eq!(connection.read_response("GET").unwrap().text(), "done");
    }
}

/// A connection that has begun the head of a request, and does not end it.
fn begin_head(mut connection: Connection, bytes: usize) -> Connection {
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(bytes));
    // It may have been refused by now.
    let _ = connection.send_raw(head.as_bytes());
    connection
}

#[test]
fn a_flood_at_one_door_leaves_the_other_open() {
    let upstream = Upstream::raw(|connection, head| {
        if head.start_line.contains("/slow") {
            thread::sleep(Duration::from_secs(4));
        }
        connection.send_raw(&answer(200, &[], b"done"))?;
        Ok(Next::KeepAlive)
    });
    let bounds = [("LATCHKEY_MAX_CONNECTIONS", "8"), ("LATCHKEY_HELD_BODY_BYTES", "1048576")];
    let gateway = gateway(&upstream, &bounds);
    let is_soon = |ask: &dyn Fn() -> u16| {
        let start = Instant::now();
        assert_eq!(ask(), 200);
        assert!(start.elapsed() < Duration::from_secs(2), "answered after {:?}", start.elapsed());
    };
    let call = || gateway.admin("GET", "/services", None).status;
    let request = || gateway.send(&with_key(Request::get("/"))).status;
    let long_request = || gateway.send(&with_key(Request::get("/")).header("X", "x".repeat(50_000))).status;

    // Every seat at the gateway is taken by a request that nobody ends, and others wait.
    let mut busy: Vec<_> = (0..8).map(|_| open(&gateway, ANN)).collect();
    for connection in &mut busy {
        connection.send(&with_key(Request::get("/slow"))).unwrap();
    }
    thread::sleep(Duration::from_millis(300));
    let waiting: Vec<_> = (0..50).map(|_| begin_head(open(&gateway, ANN), 30_000)).collect();
    for _ in 0..5 {
        is_soon(&call);
    }
    for connection in &mut busy {
        assert_eq!(connection.read_response("GET").unwrap().text(), "done");
    }
    drop((busy, waiting));

    // More connections at the control door than it has seats, and more heads than it holds.
    let flood: Vec<_> = (0..400).map(|_| begin_head(open_admin(&gateway, ANN), 30_000)).collect();
    for _ in 0..5 {
        is_soon(&request);
        is_soon(&long_request);
        is_soon(&call);
    }
    drop(flood);
}

#[test]
fn past_the_bound_bodies_that_are_held_give_way_too() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[("LATCHKEY_MAX_CONNECTIONS", "20")]);
    let _forms: Vec<_> = (0..60).map(|_| begin_form(&gateway, ANN, 500)).collect();
    assert_serves(&gateway, BOB);
    let _calls: Vec<_> = (0..60).map(|_| begin_admin(&gateway, ANN, 500)).collect();
    assert_serves(&gateway, BOB);
}

#[test]
fn requests_under_way_are_waited_for_when_all_connections_are_taken() {
    let upstream = Upstream::raw(|connection, _| {
        thread::sleep(Duration::from_millis(1500));
        connection.send_raw(&answer(200, &[], b"done"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway(&upstream, &[("LATCHKEY_MAX_CONNECTIONS", "4")]);
    let mut connections: Vec<_> = (0..8).map(|_| open(&gateway, ANN)).collect();
    // One after the other, so that those accepted first are under way before others want their place.
    for connection in &mut connections {
        connection.send(&with_key(Request::get("/"))).unwrap();
    }
    let answered = connections.iter_mut().filter_map(|c| c.read_response("GET").ok()).count();
    assert!(answered >= 4, "{answered} answered");
    let start = Instant::now();
    assert_eq!(gateway.send(&with_key(Request::get("/"))).status, 200);
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn without_file_handles_requests_under_way_go_on() {
    let upstream = Upstream::raw(|connection, head| {
        if head.start_line.contains("/slow") {
            thread::sleep(Duration::from_secs(2));
        }
        connection.send_raw(&answer(200, &[], b"done"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway(&upstream, &[("LATCHKEY_MAX_CONNECTIONS", "10000")]);
    let mut busy: Vec<_> = (0..4).map(|_| open(&gateway, ANN)).collect();
    for connection in &mut busy {
        connection.send(&with_key(Request::get("/slow"))).unwrap();
    }
    thread::sleep(Duration::from_millis(300));
    let pid = gateway.pid();
    let handles = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
    let limit = Rlimit { current: Some(handles + 20), maximum: Some(handles + 20) };
    prlimit(Pid::from_raw(pid.cast_signed()), Resource::Nofile, limit).unwrap();
    let flood: Vec<_> = (0..200).map(|_| open(&gateway, BOB)).collect();
    for connection in &mut busy {
        assert_eq!(connection.read_response("GET").unwrap().text(), "done");
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while !gateway.log().contains("cannot accept") {
        assert!(Instant::now() < deadline, "there were handles left: {}", gateway.log());
        thread::sleep(Duration::from_millis(50));
    }
    drop(flood);
    thread::sleep(Duration::from_millis(500));
    assert_serves(&gateway, ANN);
}

#[test]
fn the_limit_of_handles_is_raised() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let values: Vec<_> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(values[0], values[1], "{line}");
    assert!(gateway.log().contains("max_connections="), "{}", gateway.log());
}

// ---- upstreams that break off ----

/// How often of a hundred times the client gets the head and the part that came.
fn check_break_off(part: &'static [u8], request: &Request, expected: &[u8]) {
    let upstream = Upstream::raw(move |connection, _| {
        connection.send_raw(part)?;
        Ok(Next::Close)
    });
    let gateway = gateway(&upstream, &[]);
    let mut lost = 0;
    for _ in 0..100 {
        let mut connection = open(&gateway, ANN);
        connection.send(request).unwrap();
        let mut got = Vec::new();
        let ended = io::Read::read_to_end(&mut connection.reader, &mut got);
        let is_there = got.starts_with(b"HTTP/1.1 200 ") && got.ends_with(expected) && ended.is_ok();
        lost += u32::from(!is_there);
    }
    assert_eq!(lost, 0, "of 100, behind {:?}", String::from_utf8_lossy(part));
}

#[test]
fn an_upstream_that_breaks_off_does_not_take_the_head_along() {
    let get = with_key(Request::get("/"));
    let upload = with_key(Request::new("POST", "/")).header("Content-Type", "text/plain").body("x".repeat(9));
    thread::scope(|scope| {
        for (part, expected) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"[..], &b"\r\n\r\n"[..]),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", b"hello"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"\r\n\r\n"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"5\r\nhello\r\n"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nbad\r\n",
                b"5\r\nhello\r\n",
            ),
        ] {
            let (get, upload) = (&get, &upload);
            scope.spawn(move || check_break_off(part, get, expected));
            scope.spawn(move || check_break_off(part, upload, expected));
        }
    });
}

#[test]
fn an_upstream_that_breaks_off_before_its_head_is_502() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(b"HTTP/1.1 200 OK\r\nContent-Le")?;
        Ok(Next::Close)
    });
    let gateway = gateway(&upstream, &[]);
    for _ in 0..100 {
        assert_eq!(gateway.send(&with_key(Request::get("/"))).status, 502);
    }
}

#[test]
fn a_break_off_behind_a_part_that_does_not_fit_is_sent_when_it_does() {
    const LENGTH: usize = 8 << 20;
    let upstream = Upstream::raw(|connection, _| {
        connection
            .send_raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", LENGTH + 1).as_bytes())?;
        connection.send_raw(&vec![b'x'; LENGTH])?;
        Ok(Next::Close)
    });
    let gateway = gateway(&upstream, &[]);
    let mut connection = open(&gateway, ANN);
    connection.send(&with_key(Request::get("/"))).unwrap();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(connection.read_head().unwrap().status(), 200);
    let mut got = Vec::new();
    io::Read::read_to_end(&mut connection.reader, &mut got).unwrap();
    assert_eq!(got.len(), LENGTH);
}

#[test]
fn answers_to_requests_that_are_not_read_arrive() {
    let upstream = Upstream::recording();
    let gateway = gateway(&upstream, &[]);
    let body = "x".repeat(3 << 20);
    let requests: [(&str, Request, u16, Value); 2] = [
        (
            gateway.authority(),
            Request::new("POST", "/").header("Content-Type", FORM).body(&body),
            413,
            json!("Request body is searched for an API key and must not exceed 1048576 bytes"),
        ),
        (
            &gateway.admin_authority(),
            gateway.admin_request("POST", "/consumers").body(&body),
            413,
            json!("Request body too large"),
        ),
    ];
    for (authority, request, status, message) in &requests {
        for _ in 0..20 {
            let response = Connection::open_from(ANN, authority).unwrap().exchange(request).unwrap();
            assert_eq!((response.status, json!(response.message())), (*status, message.clone()));
        }
    }
}
