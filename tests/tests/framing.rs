//! Where a message ends, and what is not passed on: raw bytes to the local program.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{Read, Write};
use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Place};
use latchkey_tests::fixtures::{create, create_service, proxy_to};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::{Next, Upstream, answer};
use serde_json::{Value, json};

const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// A gateway with a route to the upstream for everything.
fn open_to(upstream: &Upstream) -> Local {
    let gateway = Local::fresh();
    proxy_to(&gateway, upstream, &json!({}), &Value::Null);
    gateway
}

/// Sends bytes over a connection of their own and reads one answer.
#[track_caller]
fn send_raw(authority: &str, bytes: &[u8]) -> (Response, Connection) {
    let mut connection = Connection::open(authority).unwrap();
    // What is refused early may be closed before all is written.
    let _ = connection.send_raw(bytes);
    let response = connection.read_response("POST").unwrap_or_else(|error| {
        panic!("no answer to {:?}: {error}", String::from_utf8_lossy(bytes));
    });
    (response, connection)
}

#[track_caller]
fn check_refused(authority: &str, bytes: &str, status: u16, message: &str) {
    let (response, mut connection) = send_raw(authority, bytes.as_bytes());
    let found = (response.status, response.message());
    assert_eq!(found, (status, Some(message.to_owned())), "{bytes:?}: {}", response.text());
    assert!(connection.is_closed_within(CLOSES_WITHIN), "{bytes:?}: the connection stays open");
}

const MALFORMED_CODING: &str = "Transfer-Encoding is malformed";
const UNKNOWN_CODING: &str = "Transfer-Encoding names a coding that is not known here";
const BOTH: &str = "Content-Length and Transfer-Encoding exclude each other";
const LENGTHS: &str = "Content-Length is not one number";
const UNREADABLE: &str = "The request body could not be read";

/// The Admin API and the health check read requests as proxied ones are read.
#[test]
fn one_chunked_is_the_only_transfer_coding() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    let doors = gateway.doors();
    let places =
        [doors.gateway("/open"), doors.admin("/consumers"), doors.own("/health"), doors.control("/health")];
    for Place { authority, target } in places {
        for (coding, status, message) in [
            ("gzip, chunked", 501, UNKNOWN_CODING),
            ("GZIP,chunked", 501, UNKNOWN_CODING),
            ("x-compress, br, chunked", 501, UNKNOWN_CODING),
            ("gzip\r\nTransfer-Encoding: chunked", 501, UNKNOWN_CODING),
            ("chunked, chunked", 400, MALFORMED_CODING),
            ("chunked\r\nTransfer-Encoding: chunked", 400, MALFORMED_CODING),
            ("identity, chunked", 400, MALFORMED_CODING),
            (", chunked", 400, MALFORMED_CODING),
            ("chunked\r\nContent-Length: 5", 400, BOTH),
            ("gzip, chunked\r\nContent-Length: 5", 400, BOTH),
        ] {
            let bytes = format!(
                "POST {target} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            );
            check_refused(&authority, &bytes, status, message);
        }
        let before = format!(
            "POST {target} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        );
        check_refused(&authority, &before, 400, BOTH);
        let twice = format!(
            "POST {target} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
        );
        check_refused(&authority, &twice, 400, LENGTHS);
    }
    assert!(upstream.take().is_empty());
}

/// Refused before anything of ours sees them, so without a word.
#[test]
fn what_has_no_end_is_400() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    for (version, fields) in [
        ("1.1", "Transfer-Encoding: gzip"),
        ("1.1", "Transfer-Encoding: chunked, gzip"),
        ("1.1", "Transfer-Encoding: identity"),
        ("1.1", "Transfer-Encoding: chunked;q=1"),
        ("1.0", "Transfer-Encoding: chunked"),
        ("1.0", "Transfer-Encoding: chunked\r\nConnection: keep-alive"),
        ("1.1", "Content-Length: 5, 5"),
        ("1.1", "Content-Length: +5"),
        ("1.1", "Content-Length: -5"),
        ("1.1", "Content-Length: 5 5"),
        ("1.1", "Content-Length: 0x5"),
        ("1.1", "Content-Length:"),
        ("1.1", "Content-Length: 5\r\nContent-Length: 6"),
    ] {
        for Place { authority, target } in
            [gateway.doors().gateway("/open"), gateway.doors().admin("/consumers")]
        {
            let bytes = format!(
                "POST {target} HTTP/{version}\r\nHost: a.test\r\n{fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            );
            let (response, mut connection) = send_raw(&authority, bytes.as_bytes());
            assert_eq!(response.status, 400, "{version} {fields}");
            assert!(connection.is_closed_within(CLOSES_WITHIN), "{version} {fields}: stays open");
        }
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn ordinary_bodies_pass_whole() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    // `Content-Encoding` is no matter of framing.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
    let mut connection = Connection::open(gateway.authority()).unwrap();
    let request = Request::new("POST", "/").header("Content-Encoding", "gzip").body(gzip);
    assert_eq!(connection.exchange(&request).unwrap().status, 200);
    let chunks = [b"19\r\n".as_slice(), gzip, b"\r\n0\r\nX-Trailer: 1\r\n\r\n"].concat();
    assert_eq!(gzip.len(), 0x19);
    for coding in ["chunked", "Chunked", "  chunked"] {
        let request = Request::new("POST", "/")
            .header("Content-Encoding", "gzip")
            .header("Transfer-Encoding", coding)
            .header("TE", "trailers")
            .body(&chunks);
        assert_eq!(connection.exchange(&request).unwrap().status, 200, "{coding:?}");
    }
    assert_eq!(
        connection
            .exchange(&Request::new("POST", "/").header("Content-Length", "007").body("1234567"))
            .unwrap()
            .status,
        200
    );
    let recorded = upstream.take();
    assert_eq!(recorded.len(), 5);
    for request in &recorded[..4] {
        assert_eq!(request.body, gzip);
        assert_eq!(request.headers.values("content-encoding"), ["gzip"]);
    }
    assert_eq!(recorded[4].body, b"1234567");
}

#[test]
fn long_and_many_fields_are_no_matter_of_framing() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    let long = "x".repeat(30_000);
    let mut request = Request::new("POST", "/").header("X-Long", &long).body("body");
    for number in 0..50 {
        request = request.header("Cookie", format!("c{number}=content-length: 5"));
    }
    let mut connection = Connection::open(gateway.authority()).unwrap();
    for _ in 0..3 {
        assert_eq!(connection.exchange(&request).unwrap().status, 200);
    }
    for recorded in upstream.take() {
        assert_eq!(recorded.headers.first("x-long").as_deref(), Some(long.as_str()));
        let cookies = recorded.headers.values("cookie").join("; ");
        assert!(cookies.contains("c0=") && cookies.contains("c49="), "{cookies}");
        assert_eq!(recorded.body, b"body");
    }
}

/// As long as no answer has begun, whoever sends chunks that are none is told so.
#[test]
fn malformed_chunks_are_answered() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    let service = create_service(&gateway, &upstream, &json!({}));
    let route =
        create(&gateway, "/routes", &json!({"paths": ["/searched"], "service": {"id": service["id"]}}));
    let config = json!({"key_in_body": true, "hide_credentials": true});
    let path = format!("/routes/{}/plugins", route["id"].as_str().unwrap());
    create(&gateway, &path, &json!({"name": "key-auth", "config": config}));
    let doors = gateway.doors();
    for Place { authority, target } in
        [doors.gateway("/open"), doors.gateway("/searched"), doors.admin("/consumers")]
    {
        for chunks in [
            "zz\r\n",
            "-1\r\nx\r\n",
            "3\r\nabcdef\r\n0\r\n\r\n",
            "10000000000000000\r\n",
            "5\r\nhello\r\nzz\r\n",
        ] {
            let bytes = format!(
                "POST {target} HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n{}\
                 Transfer-Encoding: chunked\r\n\r\n{chunks}",
                format_args!("Kong-Admin-Token: {}\r\n", gateway.admin_token),
            );
            check_refused(&authority, &bytes, 400, UNREADABLE);
        }
    }
    // Broken off by a client that still listens.
    for target in ["/open", "/searched"] {
        let mut connection = Connection::open(gateway.authority()).unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\nshort"
        );
        connection.send_raw(head.as_bytes()).unwrap();
        connection.writer.shutdown(std::net::Shutdown::Write).unwrap();
        let response = connection.read_response("POST").unwrap();
        assert_eq!((response.status, response.message().as_deref()), (400, Some(UNREADABLE)), "{target}");
    }
    assert!(upstream.take().is_empty(), "half a body was taken for a whole one");
}

/// An upstream that answers before it has read everything is not talked over.
#[test]
fn malformed_chunks_do_not_undo_an_answer() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(&answer(200, &[], b"early"))?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(Next::Close)
    });
    let gateway = open_to(&upstream);
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection
        .send_raw(b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .unwrap();
    let response = connection.read_response("POST").unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, "early"));
    let _ = connection.send_raw(b"zz\r\n");
    assert!(connection.is_closed_within(CLOSES_WITHIN));
}

/// One that cannot know chunks is told by the end of the connection where the body ends.
#[test]
fn http_1_0_is_not_promised_what_is_not_kept() {
    let upstream = Upstream::raw(|connection, head| {
        let framed: &[u8] = match head.start_line.contains("/chunks") {
            true => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            false => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        };
        connection.send_raw(framed)?;
        Ok(Next::KeepAlive)
    });
    let gateway = open_to(&upstream);
    let ask =
        |target: &str| format!("GET {target} HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
    let (response, mut connection) = send_raw(gateway.authority(), ask("/chunks").as_bytes());
    assert_eq!((response.status, response.text().as_str()), (200, "abcde"));
    assert_eq!(response.headers.values("connection"), ["close"]);
    assert!(!response.headers.contains("transfer-encoding"));
    assert!(connection.is_closed_within(CLOSES_WITHIN));

    let (response, mut connection) = send_raw(gateway.authority(), ask("/length").as_bytes());
    assert_eq!(response.text(), "abcde");
    assert_eq!(response.headers.values("connection"), ["keep-alive"]);
    connection.send_raw(ask("/length").as_bytes()).unwrap();
    assert_eq!(connection.read_response("GET").unwrap().text(), "abcde", "the connection was to be kept");

    let (response, mut connection) =
        send_raw(gateway.authority(), b"GET /chunks HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(response.headers.values("transfer-encoding"), ["chunked"]);
    connection.send(&Request::get("/length")).unwrap();
    assert_eq!(connection.read_response("GET").unwrap().text(), "abcde");
}

/// Interim answers of an upstream are not the answer, however many and whatever they are called.
#[test]
fn interim_answers_are_passed_over() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")?;
        std::thread::sleep(Duration::from_millis(50));
        connection.send_raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")?;
        connection.send_raw(b"HTTP/1.1 199 Odd\r\nX: 1\r\n\r\n")?;
        connection.send_raw(&answer(200, &[("Link", "</b.css>")], b"the answer"))?;
        Ok(Next::KeepAlive)
    });
    let gateway = open_to(&upstream);
    let mut connection = Connection::open(gateway.authority()).unwrap();
    for _ in 0..2 {
        let response = connection.exchange(&Request::get("/")).unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "the answer"));
        assert_eq!(response.headers.values("link"), ["</b.css>"]);
        assert_eq!(response.interim, [] as [u16; 0]);
    }
}

#[test]
fn a_service_that_leads_back_ends_in_508() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    let (host, port) = gateway.authority().rsplit_once(':').unwrap();
    let back = json!({"name": "back", "host": host, "port": port.parse::<u16>().unwrap()});
    let service = create_service(&gateway, &upstream, &back);
    create(
        &gateway,
        "/routes",
        &json!({"paths": ["/back"], "strip_path": false, "service": {"id": service["id"]}}),
    );
    let response = gateway.send(&Request::get("/back"));
    assert_eq!(response.status, 508, "{}", response.text());
    assert_eq!(response.headers.values("via").len(), 5, "the rounds of one request");
    // Another Latchkey before us is no circle.
    let chained = Request::get("/").header("Via", "1.1 latchkey/0.1.0, 1.1 proxy.test, 1.1 latchkey/0.9.0");
    assert_eq!(gateway.send(&chained).status, 200);
    let recorded = upstream.take();
    assert_eq!(recorded[0].headers.values("via").join(", ").matches("latchkey/").count(), 3);
}

#[test]
fn trace_is_405() {
    let upstream = Upstream::recording();
    let gateway = open_to(&upstream);
    let response = gateway.send(&Request::new("TRACE", "/").header("Cookie", "secret=1"));
    assert_eq!((response.status, response.message().as_deref()), (405, Some("Method not allowed")));
    assert_eq!(response.headers.values("allow"), ["GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]);
    assert!(!response.text().contains("secret"));
    assert!(upstream.take().is_empty());
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.writer.write_all(b"OPTIONS / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n").unwrap();
    let mut first = [0; 15];
    connection.reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    assert!(upstream.take().is_empty());
}
