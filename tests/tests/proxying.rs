//! What passes through the local program, and how it behaves when something around it fails.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::base::wait_until;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options, run_to_end};
use latchkey_tests::fixtures::{consumer_with_key, create, id_of, proxy_to};
use latchkey_tests::gate::Gate;
use latchkey_tests::ports::free_port;
use latchkey_tests::raw_http::{Connection, Framing, Request, Response, copy_body, exchange};
use latchkey_tests::upstream::{Next, Recorded, Upstream, answer};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(10);
const GIB: u64 = 1 << 30;
const MEMORY_GROWTH_KIB_MAX: u64 = 64 * 1024;
const BLOCK_BYTES: usize = 64 * 1024;

fn with_key(request: Request) -> Request {
    request.header("apikey", "kong")
}

/// A gateway with one route to the upstream, and bob's key `kong`.
fn gateway_to(upstream: &Upstream, config: &Value) -> Local {
    gateway_with(Options::default(), upstream, &json!({}), config)
}

fn gateway_with(options: Options, upstream: &Upstream, service: &Value, config: &Value) -> Local {
    let gateway = Local::spawn(options);
    proxy_to(&gateway, upstream, service, config);
    consumer_with_key(&gateway, "bob", "kong");
    gateway
}

#[track_caller]
fn assert_error(response: &Response, status: u16, message: &str) {
    assert_eq!(
        (response.status, response.message().as_deref()),
        (status, Some(message)),
        "{}",
        response.text()
    );
}

// ---- size ----

/// Counts a request's body and answers with the count.
fn sink() -> Upstream {
    Upstream::raw(|connection, head| {
        let bytes = copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut io::sink())?;
        connection.send_raw(&answer(200, &[], bytes.to_string().as_bytes()))?;
        Ok(Next::KeepAlive)
    })
}

/// Answers with a body of so many bytes.
fn source(bytes: u64) -> Upstream {
    Upstream::raw(move |connection, _| {
        connection.send_raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").as_bytes())?;
        write_blocks(&mut connection.writer, bytes)?;
        Ok(Next::KeepAlive)
    })
}

fn write_blocks(to: &mut impl Write, bytes: u64) -> io::Result<()> {
    let mut to = io::BufWriter::with_capacity(BLOCK_BYTES, to);
    io::copy(&mut io::repeat(b'x').take(bytes), &mut to)?;
    to.flush()
}

#[track_caller]
fn assert_memory_steady(gateway: &Local, before_kib: u64) {
    let growth = gateway.peak_memory_kib().saturating_sub(before_kib);
    assert!(growth < MEMORY_GROWTH_KIB_MAX, "memory grew by {growth} KiB from {before_kib} KiB");
}

#[test]
fn a_gibibyte_goes_up_in_constant_memory() {
    let upstream = sink();
    let gateway = gateway_to(&upstream, &json!({}));
    gateway.send(&with_key(Request::get("/warm")));
    let before = gateway.peak_memory_kib();
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection
        .send(&with_key(Request::new("POST", "/up")).header("Content-Length", GIB.to_string()))
        .unwrap();
    write_blocks(&mut connection.writer, GIB).unwrap();
    let response = connection.read_response("POST").unwrap();
    assert_eq!((response.status, response.text()), (200, GIB.to_string()));
    assert_memory_steady(&gateway, before);
}

#[test]
fn a_gibibyte_comes_down_in_constant_memory() {
    let upstream = source(GIB);
    let gateway = gateway_to(&upstream, &json!({}));
    let before = gateway.peak_memory_kib();
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(&with_key(Request::get("/down"))).unwrap();
    let head = connection.read_head().unwrap();
    assert_eq!(head.status(), 200);
    let framing = Framing::of_response("GET", &head);
    assert_eq!(copy_body(&mut connection.reader, framing, &mut io::sink()).unwrap(), GIB);
    assert_memory_steady(&gateway, before);
}

#[test]
fn a_client_that_does_not_read_holds_the_upstream_back() {
    let upstream = source(GIB / 4);
    let gateway = gateway_to(&upstream, &json!({}));
    let before = gateway.peak_memory_kib();
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(&with_key(Request::get("/down"))).unwrap();
    assert_eq!(connection.read_head().unwrap().status(), 200);
    thread::sleep(Duration::from_secs(2));
    assert_memory_steady(&gateway, before);
}

#[test]
fn an_answer_is_passed_on_as_it_comes() {
    let seen = Gate::default();
    let first_is_seen = seen.clone();
    let upstream = Upstream::raw(move |connection, _| {
        connection.send_raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")?;
        first_is_seen.pass();
        connection.send_raw(b"4\r\nlast\r\n0\r\n\r\n")?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(&with_key(Request::get("/"))).unwrap();
    connection.read_head().unwrap();
    let mut lines = String::new();
    connection.reader.read_line(&mut lines).unwrap();
    connection.reader.read_line(&mut lines).unwrap();
    assert_eq!(lines, "5\r\nfirst\r\n");
    seen.open();
    connection.reader.read_line(&mut lines).unwrap();
    connection.reader.read_line(&mut lines).unwrap();
    assert!(lines.ends_with("4\r\nlast\r\n"), "{lines:?}");
}

#[test]
fn body_over_the_search_bound_is_413() {
    let upstream = Upstream::recording();
    let options = Options::default().env("LATCHKEY_BODY_SEARCH_BYTES", "2048");
    let gateway = gateway_with(options, &upstream, &json!({}), &json!({"key_in_body": true}));
    let form = |body: &str| {
        Request::new("POST", "/").header("Content-Type", "application/x-www-form-urlencoded").body(body)
    };
    let padded = |bytes: usize| format!("apikey=kong&pad={}", "x".repeat(bytes - "apikey=kong&pad=".len()));

    assert_eq!(gateway.send(&form(&padded(2048))).status, 200);
    assert_eq!(upstream.take().len(), 1);
    assert_eq!(gateway.send(&form(&padded(2049))).status, 413);
    let chunked = Request::new("POST", "/")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Transfer-Encoding", "chunked")
        .body(format!("bb8\r\n{}\r\n0\r\n\r\n", padded(3000)));
    assert_eq!(gateway.send(&chunked).status, 413);
    assert!(upstream.take().is_empty(), "a refused body went on");

    // A key in the header ends the search, and a body of another type is not searched.
    assert_eq!(gateway.send(&with_key(form(&padded(5000)))).status, 200);
    let text = Request::new("POST", "/").header("Content-Type", "text/plain").body("x".repeat(5000));
    assert_eq!(gateway.send(&text).status, 401);
}

// ---- protocol ----

#[test]
fn websocket_passes_both_ways() {
    let upstream = Upstream::raw(|connection, head| {
        let upgrade = head.headers.first("upgrade").unwrap_or_default();
        let asked = upgrade.eq_ignore_ascii_case("websocket")
            && head.headers.first("connection").is_some_and(|v| v.to_ascii_lowercase().contains("upgrade"));
        if !asked {
            connection.send_raw(&answer(400, &[], b"no upgrade asked"))?;
            return Ok(Next::KeepAlive);
        }
        connection.send_raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        )?;
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = connection.reader.read(&mut buffer) {
            connection.send_raw(&buffer[..n])?;
        }
        Ok(Next::Close)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    let handshake = || {
        Request::get("/socket")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert_eq!(gateway.send(&handshake()).status, 401);

    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(&with_key(handshake())).unwrap();
    let head = connection.read_head().unwrap();
    assert_eq!(head.status(), 101);
    assert_eq!(head.headers.first("sec-websocket-accept").as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for message in [b"\x81\x85\x00\x00\x00\x00hello".as_slice(), &[0xff; 10_000], b"\x88\x00"] {
        connection.send_raw(message).unwrap();
        let mut echoed = vec![0; message.len()];
        connection.reader.read_exact(&mut echoed).unwrap();
        assert_eq!(echoed, message);
    }
}

#[test]
fn expect_continue_is_served() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, &json!({}));
    let mut connection = Connection::open(gateway.authority()).unwrap();
    let head =
        with_key(Request::new("POST", "/")).header("Expect", "100-continue").header("Content-Length", "5");
    connection.send(&head).unwrap();
    assert_eq!(connection.read_head().unwrap().status(), 100);
    connection.send_raw(b"hello").unwrap();
    assert_eq!(connection.read_response("POST").unwrap().status, 200);
    assert_eq!(upstream.take()[0].body, b"hello");

    // Without a key the refusal comes though the body never does.
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection
        .send(&Request::new("POST", "/").header("Expect", "100-continue").header("Content-Length", "5"))
        .unwrap();
    assert_eq!(connection.read_response("POST").unwrap().status, 401);
    assert!(upstream.take().is_empty());
}

#[test]
fn head_has_no_body_and_keeps_the_connection() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, &json!({}));
    let mut connection = Connection::open(gateway.authority()).unwrap();
    let head = connection.exchange(&with_key(Request::new("HEAD", "/"))).unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(connection.exchange(&with_key(Request::get("/"))).unwrap().status, 200);
    let methods: Vec<_> = upstream.take().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["HEAD", "GET"]);
}

/// A client may name any field in `Connection`, those that frame the body too: the body must stay one.
#[test]
fn framing_survives_being_named_by_connection() {
    let gateway = Local::fresh();
    let upstream = Upstream::recording();
    proxy_to(&gateway, &upstream, &json!({}), &Value::Null);
    let hidden = "GET /smuggled HTTP/1.1\r\nX: y\r\n";
    let length = hidden.len();
    let chunks = format!("{length:x}\r\n{hidden}\r\n0\r\n\r\n");
    for (named, framing, body) in [
        ("content-length", format!("Content-Length: {length}"), hidden),
        ("transfer-encoding", "Transfer-Encoding: chunked".to_owned(), chunks.as_str()),
        ("host", format!("Content-Length: {length}"), hidden),
    ] {
        let mut connection = Connection::open(gateway.authority()).unwrap();
        let head = format!(
            "POST /outer HTTP/1.1\r\nHost: a.test\r\nConnection: {named}, close\r\n{framing}\r\n\r\n"
        );
        connection.send_raw((head + body).as_bytes()).unwrap();
        assert_eq!(connection.read_response("POST").unwrap().status, 200, "{named}");
        let recorded = upstream.take();
        assert_eq!(recorded.len(), 1, "{named}: {recorded:?}");
        assert_eq!(
            (recorded[0].path(), recorded[0].body.as_slice()),
            ("/outer", hidden.as_bytes()),
            "{named}"
        );
    }
}

#[test]
fn chunked_body_passes_whole() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, &json!({}));
    let request = with_key(Request::new("POST", "/"))
        .header("Transfer-Encoding", "chunked")
        .body("3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n");
    assert_eq!(gateway.send(&request).status, 200);
    let recorded = upstream.take();
    assert_eq!(recorded[0].body, b"abc0123456789");
    let framing = Framing::of_request(&recorded[0].headers);
    assert!(matches!(framing, Framing::Chunked | Framing::Length(13)), "{framing:?}");
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let upstream = Upstream::answering(|request: &Recorded| answer(200, &[], request.target.as_bytes()));
    let gateway = gateway_to(&upstream, &json!({}));
    let mut connection = Connection::open(gateway.authority()).unwrap();
    let mut bytes = Vec::new();
    for target in ["/1", "/2", "/3"] {
        bytes.extend(with_key(Request::get(target)).to_bytes("gateway.test"));
    }
    connection.send_raw(&bytes).unwrap();
    for target in ["/1", "/2", "/3"] {
        assert_eq!(connection.read_response("GET").unwrap().text(), target);
    }
}

#[test]
fn answer_headers_pass_as_they_are() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(
            b"HTTP/1.1 418 Teapot\r\nSet-Cookie: a=1\r\nX-Hop: 1\r\nset-cookie: b=2\r\nConnection: X-Hop\r\n\
              X-Empty:\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n\r\nhi",
        )?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    let response = gateway.send(&with_key(Request::get("/")));
    assert_eq!((response.status, response.text().as_str()), (418, "hi"));
    assert_eq!(response.headers.values("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(response.headers.values("x-empty"), [""]);
    assert!(!response.headers.contains("x-hop"), "a field that Connection names went on");
    let latin = response.headers.0.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-latin"));
    assert_eq!(latin.unwrap().1, b"\xe9");
}

/// Two readings of where a message ends must never be possible: refused, and nothing of it forwarded.
#[test]
fn smuggling_is_refused() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, &json!({}));
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\napikey: kong\r\n\r\n";
    let long = smuggled.len();
    let start = "POST /outer HTTP/1.1\r\nHost: a.test\r\napikey: kong\r\n";
    for (what, bytes) in [
        (
            "length and chunked",
            format!("{start}Content-Length: {long}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        ),
        (
            "chunked and length",
            format!("{start}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{smuggled}"),
        ),
        ("two lengths", format!("{start}Content-Length: 0\r\nContent-Length: {long}\r\n\r\n{smuggled}")),
        ("lengths in one field", format!("{start}Content-Length: 0, {long}\r\n\r\n{smuggled}")),
        ("signed length", format!("{start}Content-Length: +0\r\n\r\n{smuggled}")),
        ("negative length", format!("{start}Content-Length: -1\r\n\r\n{smuggled}")),
        ("length in hex", format!("{start}Content-Length: 0x0\r\n\r\n{smuggled}")),
        ("length out of range", format!("{start}Content-Length: 99999999999999999999\r\n\r\n{smuggled}")),
        ("equal lengths", format!("{start}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{smuggled}")),
        ("unknown coding", format!("{start}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("not chunked", format!("{start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}")),
        (
            "chunked not last",
            format!("{start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"),
        ),
        ("space before the colon", format!("{start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("folded header", format!("{start}X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("control byte in a name", format!("{start}Transfer\u{1}-Encoding: chunked\r\n\r\n{smuggled}")),
        ("NUL in a value", format!("{start}X-A: a\0b\r\n\r\n{smuggled}")),
        ("bare CR in a value", format!("{start}X-A: a\rTransfer-Encoding: chunked\r\n\r\n{smuggled}")),
        ("broken chunk size", format!("{start}Transfer-Encoding: chunked\r\n\r\nzz\r\n{smuggled}")),
        ("negative chunk size", format!("{start}Transfer-Encoding: chunked\r\n\r\n-1\r\n{smuggled}")),
        (
            "chunk size out of range",
            format!("{start}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{smuggled}"),
        ),
        (
            "chunk longer than its size",
            format!("{start}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n{smuggled}"),
        ),
        ("no host", "GET /outer HTTP/1.1\r\napikey: kong\r\n\r\n".to_owned()),
    ] {
        let mut connection = Connection::open(gateway.authority()).unwrap();
        let _ = connection.send_raw(bytes.as_bytes());
        let status = connection.read_response("POST").map(|response| response.status);
        let expected = if what == "unknown coding" { 501 } else { 400 };
        assert_eq!(status.ok(), Some(expected), "{what}");
        assert!(connection.is_closed_within(Duration::from_secs(5)), "{what}: the connection stays open");
        let recorded = upstream.take();
        assert!(recorded.is_empty(), "{what}: forwarded {recorded:?}");
    }
    // The refusals did no harm to the connections to the upstream.
    for _ in 0..3 {
        assert_eq!(gateway.send(&with_key(Request::get("/after"))).status, 200);
    }
    assert!(upstream.take().iter().all(|request| request.target == "/after"));
}

// ---- failures ----

#[test]
fn upstream_that_is_not_there_is_502() {
    let upstream = Upstream::recording();
    let service = json!({"host": "127.0.0.1", "port": free_port(), "retries": 1});
    let gateway = gateway_with(Options::default(), &upstream, &service, &json!({}));
    let response = gateway.send(&with_key(Request::get("/")));
    assert_error(&response, 502, "An invalid response was received from the upstream server");
    assert_eq!(gateway.send(&Request::get("/")).status, 401);
}

#[test]
fn name_that_does_not_resolve_is_503() {
    let upstream = Upstream::recording();
    let service = json!({"host": "nowhere.invalid", "port": 80});
    let gateway = gateway_with(Options::default(), &upstream, &service, &json!({}));
    assert_error(&gateway.send(&with_key(Request::get("/"))), 503, "name resolution failed");
}

#[test]
fn upstream_that_talks_nonsense_is_502() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(b"hello, this is no HTTP\r\n\r\n")?;
        Ok(Next::Close)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    let response = gateway.send(&with_key(Request::get("/")));
    assert_error(&response, 502, "An invalid response was received from the upstream server");
}

#[test]
fn slow_upstream_is_504_after_read_timeout() {
    let answered = Gate::default();
    let too_late = answered.clone();
    let upstream = Upstream::raw(move |connection, _| {
        too_late.pass();
        connection.send_raw(&answer(200, &[], b"late"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway_with(Options::default(), &upstream, &json!({"read_timeout": 200}), &json!({}));
    let start = Instant::now();
    let response = gateway.send(&with_key(Request::get("/")));
    assert_error(&response, 504, "The upstream server is timing out");
    assert!(start.elapsed() >= Duration::from_millis(200), "after {:?}", start.elapsed());
    answered.open();
}

/// Retries are for connections that could not be made, never for a request that may have been acted on.
#[test]
fn a_request_that_was_sent_is_not_sent_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let upstream = Upstream::raw(move |connection, head| {
        copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut io::sink())?;
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(Next::Close)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    for (sent, method) in (1..).zip(["POST", "PUT", "PATCH"]) {
        let response = gateway.send(&with_key(Request::new(method, "/")).body("once"));
        assert_eq!(response.status, 502, "{}", response.text());
        assert_eq!(calls.load(Ordering::SeqCst), sent, "{method} was sent again");
    }
}

#[test]
fn upstream_that_closes_idle_connections_does_no_harm() {
    let upstream = Upstream::raw(|connection, head| {
        copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut io::sink())?;
        // Keep-alive by the words, closed all the same.
        connection.send_raw(&answer(200, &[], b"ok"))?;
        Ok(Next::Close)
    });
    let gateway = gateway_to(&upstream, &json!({}));
    for _ in 0..30 {
        assert_eq!(gateway.send(&with_key(Request::get("/"))).status, 200);
        thread::sleep(Duration::from_millis(5));
        assert_eq!(gateway.send(&with_key(Request::new("POST", "/")).body("x")).status, 200);
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_answer_cut_short_is_not_passed_as_whole() {
    for framing in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let upstream = Upstream::raw(move |connection, _| {
            connection.send_raw(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n5\r\nabcde\r\n").as_bytes())?;
            Ok(Next::Close)
        });
        let gateway = gateway_to(&upstream, &json!({}));
        let answer = exchange(gateway.authority(), &with_key(Request::get("/")));
        assert!(answer.as_ref().map_or(true, |response| response.status == 502), "{framing}: {answer:?}");
    }
}

#[test]
fn sigterm_lets_requests_end_and_takes_no_more() {
    let (arrived, may_end) = (Gate::default(), Gate::default());
    let (arrives, ends) = (arrived.clone(), may_end.clone());
    let upstream = Upstream::raw(move |connection, head| {
        if head.start_line.contains("/slow") {
            arrives.open();
            ends.pass();
        }
        connection.send_raw(&answer(200, &[], b"finished"))?;
        Ok(Next::KeepAlive)
    });
    let mut gateway = gateway_to(&upstream, &json!({}));
    let authority = gateway.authority().to_owned();
    let in_flight = thread::spawn({
        let authority = authority.clone();
        move || exchange(&authority, &with_key(Request::get("/slow")))
    });
    arrived.pass();
    gateway.terminate();
    wait_until("no new connection is served", PATIENCE, || {
        TcpStream::connect(&authority).map_or(true, |stream| {
            let mut connection = Connection::over(stream, &authority).unwrap();
            connection.exchange(&with_key(Request::get("/new"))).is_err()
        })
    });
    may_end.open();
    let response = in_flight.join().unwrap().expect("the request in flight was cut off");
    assert_eq!((response.status, response.text().as_str()), (200, "finished"));
    let status = gateway.wait(PATIENCE).expect("no end after SIGTERM");
    assert!(status.success(), "{status}");

    gateway.restart();
    assert_eq!(gateway.admin("GET", "/consumers/bob", None).status, 200);
}

#[test]
fn a_second_process_on_the_folder_is_refused() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, &json!({}));
    let (status, text) = run_to_end(&gateway.options, Duration::from_secs(10))
        .expect("the second process runs beside the first");
    assert!(!status.success(), "the second process ended well: {text}");
    let folder = gateway.data().display().to_string();
    assert!(text.contains(&folder), "the error does not name the folder: {text:?}");
    assert!(!text.contains("panicked"), "a panic is no clear error: {text}");
    assert_eq!(gateway.send(&with_key(Request::get("/"))).status, 200);
}

#[test]
fn many_clients_at_once_get_their_own_answers() {
    let upstream = Upstream::answering(|request: &Recorded| {
        let consumer = request.headers.first("x-consumer-username").unwrap_or_default();
        answer(200, &[], format!("{consumer} {}", request.target).as_bytes())
    });
    let gateway = gateway_to(&upstream, &json!({}));
    for number in 0..8 {
        let consumer = create(&gateway, "/consumers", &json!({"username": format!("u{number}")}));
        let path = format!("/consumers/{}/key-auth", id_of(&consumer));
        create(&gateway, &path, &json!({"key": format!("k{number}")}));
    }
    let authority = gateway.authority();
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let mut connection = Connection::open(authority).unwrap();
                for round in 0..200 {
                    let target = format!("/{number}/{round}");
                    let request = Request::get(&target).header("apikey", format!("k{number}"));
                    assert_eq!(connection.exchange(&request).unwrap().text(), format!("u{number} {target}"));
                }
            });
        }
    });
}
