//! WebSocket through the local program: which handshakes open one, and when it is closed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, create, id_of, proxy_to};
use latchkey_tests::raw_http::{Connection, Head, Request};
use latchkey_tests::upstream::{Next, Upstream, answer};
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(1);
/// A close frame is in the kernel's hands a moment after the bound at the latest.
const SLACK: Duration = Duration::from_millis(500);
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// A frame as a client sends it.
fn masked(first: u8, content: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![first, 0x80 | u8::try_from(content.len()).unwrap()];
    frame.extend(mask);
    frame.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// First byte and content of a short frame, from either side.
fn read_frame(reader: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let mut mask = [0; 4];
    if head[1] & 0x80 != 0 {
        reader.read_exact(&mut mask)?;
    }
    let mut content = vec![0; usize::from(head[1] & 0x7f)];
    reader.read_exact(&mut content)?;
    content.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((head[0], content))
}

/// What an upstream of WebSocket was told.
#[derive(Default)]
struct Heard {
    heads: Vec<Head>,
    /// Content of the close frames that it got.
    closes: Vec<Vec<u8>>,
}

/// Agrees to every handshake and echoes; a text of `half` is answered with half a frame.
fn echo() -> (Upstream, Arc<Mutex<Heard>>) {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let noted = Arc::clone(&heard);
    let upstream = Upstream::raw(move |connection, head| {
        noted.lock().unwrap().heads.push(head.clone());
        if head.headers.first("upgrade").is_none() {
            connection.send_raw(&answer(200, &[], b"an ordinary request"))?;
            return Ok(Next::Close);
        }
        connection.send_raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        )?;
        while let Ok((first, content)) = read_frame(&mut connection.reader) {
            if first == CLOSE {
                noted.lock().unwrap().closes.push(content);
                break;
            }
            let length = u8::try_from(content.len()).unwrap();
            let whole = [&[first, length], content.as_slice()].concat();
            connection.send_raw(if content == b"half" { &whole[..4] } else { &whole })?;
        }
        Ok(Next::Close)
    });
    (upstream, heard)
}

fn handshake() -> Request {
    Request::get("/socket")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

fn gateway() -> Local {
    let bound_ms = BOUND.as_millis().to_string();
    Local::spawn(Options::default().env("LATCHKEY_REVOCATION_BOUND_MS", &bound_ms))
}

#[track_caller]
fn open(gateway: &Local, request: &Request) -> Connection {
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(request).unwrap();
    let head = connection.read_head().unwrap();
    assert_eq!(head.status(), 101);
    assert_eq!(head.headers.values("upgrade"), ["websocket"]);
    assert_eq!(head.headers.values("connection"), ["Upgrade"]);
    check_echo(&mut connection);
    connection
}

#[track_caller]
fn check_echo(connection: &mut Connection) {
    connection.send_raw(&masked(TEXT, b"hello")).unwrap();
    assert_eq!(read_frame(&mut connection.reader).unwrap(), (TEXT, b"hello".to_vec()));
}

/// Closed with 1008 soon enough after `revoked`.
#[track_caller]
fn check_closed(connection: &mut Connection, revoked: Instant, what: &str) {
    let (first, content) =
        read_frame(&mut connection.reader).unwrap_or_else(|error| panic!("{what}: {error}"));
    let after = revoked.elapsed();
    assert_eq!((first, content), (CLOSE, 1008_u16.to_be_bytes().to_vec()), "{what}");
    assert!(after < BOUND + SLACK, "{what}: closed after {after:?}");
    assert!(connection.is_closed_within(Duration::from_secs(5)), "{what}: not closed");
}

fn key_auth_on(gateway: &Local, path: &str, config: &Value) -> Value {
    create(gateway, &format!("{path}/plugins"), &json!({"name": "key-auth", "config": config}))
}

#[test]
fn a_handshake_of_a_browser_opens_a_tunnel_in_our_words() {
    let (upstream, heard) = echo();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    consumer_with_key(&gateway, "bob", "kong");
    for (connection, upgrade) in [
        ("Upgrade", "websocket"),
        ("keep-alive, Upgrade", "websocket"),
        ("Upgrade, HTTP2-Settings", "websocket, h2c"),
        ("upgrade", "h2c, WebSocket"),
    ] {
        let mut request = handshake().header("apikey", "kong").header("HTTP2-Settings", "AAMAAABk");
        request.headers.0.retain(|(name, _)| !["Connection", "Upgrade"].contains(&name.as_str()));
        let mut tunnel = open(&gateway, &request.header("Connection", connection).header("Upgrade", upgrade));
        for content in [&b""[..], &[0xff; 125]] {
            tunnel.send_raw(&masked(TEXT, content)).unwrap();
            assert_eq!(read_frame(&mut tunnel.reader).unwrap().1, content);
        }
        let head = heard.lock().unwrap().heads.pop().unwrap();
        assert_eq!(head.headers.values("upgrade"), ["websocket"], "{upgrade}");
        assert_eq!(head.headers.values("connection"), ["Upgrade"], "{connection}");
        assert!(!head.headers.contains("http2-settings"));
    }
    assert_eq!(gateway.send(&handshake()).status, 401);
}

#[test]
fn whatever_else_asks_for_another_protocol_is_an_ordinary_request() {
    let (upstream, heard) = echo();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &json!({"run_on_preflight": false, "hide_credentials": true}));
    consumer_with_key(&gateway, "bob", "kong");
    let asks = |request: Request, upgrade: &str| {
        request
            .header("Connection", "Upgrade, HTTP2-Settings")
            .header("Upgrade", upgrade)
            .header("HTTP2-Settings", "AAMAAABk")
    };
    let keyed = |request: Request| {
        let request = request.header("Sec-WebSocket-Version", "13");
        request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").header("apikey", "kong")
    };
    for request in [
        asks(Request::get("/").header("apikey", "kong"), "h2c"),
        asks(Request::get("/").header("apikey", "kong"), "websocket, h2c"),
        asks(Request::new("OPTIONS", "/"), "h2c, websocket"),
        asks(keyed(Request::new("OPTIONS", "/")), "websocket"),
        asks(keyed(Request::new("POST", "/")).body("x"), "websocket"),
        asks(keyed(Request::get("/")).body("x"), "websocket"),
        asks(keyed(Request::get("/")), "TLS/1.0"),
        Request::get("/").header("apikey", "kong").header("HTTP2-Settings", "AAMAAABk"),
    ] {
        let response = gateway.send(&request);
        assert_eq!((response.status, response.text().as_str()), (200, "an ordinary request"), "{request:?}");
        let head = heard.lock().unwrap().heads.pop().unwrap();
        for name in ["upgrade", "connection", "http2-settings"] {
            assert!(!head.headers.contains(name), "{request:?}: {head:?}");
        }
    }
    // HTTP/1.0 knows no upgrade (RFC 9110 §7.8).
    let mut connection = Connection::open(gateway.authority()).unwrap();
    let bytes = String::from_utf8(handshake().header("apikey", "kong").to_bytes("a.test")).unwrap();
    connection.send_raw(bytes.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
    assert_eq!(connection.read_response("GET").unwrap().status, 200);
    assert!(!heard.lock().unwrap().heads.pop().unwrap().headers.contains("upgrade"));
}

#[test]
fn an_upstream_that_agrees_to_something_else_is_502() {
    for agreed in
        ["Upgrade: h2c\r\n", "Upgrade: websocket, h2c\r\n", "Upgrade: websocket\r\nUpgrade: h2c\r\n", ""]
    {
        let upstream = Upstream::raw(move |connection, _| {
            connection.send_raw(
                format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{agreed}\r\nbytes of the other").as_bytes(),
            )?;
            thread::sleep(Duration::from_millis(200));
            Ok(Next::Close)
        });
        let gateway = gateway();
        proxy_to(&gateway, &upstream, &json!({}), &Value::Null);
        for request in [handshake(), Request::get("/")] {
            let response = gateway.send(&request);
            assert_eq!(response.status, 502, "{agreed:?} {}", response.text());
            assert_eq!(
                response.message().as_deref(),
                Some("An invalid response was received from the upstream server")
            );
        }
    }
}

#[test]
fn an_upstream_may_refuse_a_handshake() {
    let upstream = Upstream::recording();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &Value::Null);
    let response = gateway.send(&handshake());
    assert_eq!(response.status, 200, "{}", response.text());
}

/// A change after which a tunnel must not stay, with the words for it.
type Change<'c> = (&'static str, Box<dyn Fn() + 'c>);

#[test]
fn a_tunnel_is_closed_within_the_bound_after_its_caller_lost_the_right() {
    let (upstream, heard) = echo();
    let gateway = gateway();
    let delete = |path: String| assert_eq!(gateway.admin("DELETE", &path, None).status, 204, "{path}");
    let patch = |path: String, body: Value| {
        let response = gateway.admin("PATCH", &path, Some(&body));
        assert_eq!(response.status, 200, "{}", response.text());
    };
    let proxied = proxy_to(&gateway, &upstream, &json!({}), &Value::Null);
    let (route, service) = (id_of(&proxied.route).to_owned(), id_of(&proxied.service).to_owned());
    let plugin = key_auth_on(&gateway, &format!("/routes/{route}"), &json!({"key_names": ["apikey"]}));
    let plugin = id_of(&plugin).to_owned();
    let (_, credential) = consumer_with_key(&gateway, "bob", "key-1");
    consumer_with_key(&gateway, "ann", "key-2");
    consumer_with_key(&gateway, "eve", "key-3");
    let changes: [Change<'_>; 5] = [
        ("key-1", Box::new(|| delete(format!("/consumers/bob/key-auth/{}", id_of(&credential))))),
        ("key-2", Box::new(|| delete("/consumers/ann".to_owned()))),
        (
            "key-3",
            Box::new(|| patch(format!("/plugins/{plugin}"), json!({"config": {"key_names": ["other"]}}))),
        ),
        (
            "",
            Box::new(|| {
                key_auth_on(&gateway, &format!("/services/{service}"), &json!({}));
            }),
        ),
        ("", Box::new(|| delete(format!("/routes/{route}")))),
    ];
    for (number, (key, change)) in changes.into_iter().enumerate() {
        if number == 3 {
            delete(format!("/plugins/{plugin}"));
        }
        if number == 4 {
            let plugins = gateway.admin("GET", &format!("/services/{service}/plugins"), None).json().unwrap();
            delete(format!("/plugins/{}", id_of(&plugins["data"][0])));
        }
        let what = format!("change {number}, {key:?}");
        let mut tunnel = open(&gateway, &handshake().header("apikey", key));
        // Past the first time that it is asked about.
        thread::sleep(BOUND * 3 / 4);
        check_echo(&mut tunnel);
        change();
        check_closed(&mut tunnel, Instant::now(), &what);
        assert_ne!(gateway.send(&handshake().header("apikey", key)).status, 101, "{what}");
        let told = Instant::now();
        while heard.lock().unwrap().closes.len() <= number {
            assert!(told.elapsed() < Duration::from_secs(5), "{what}: the upstream was not told");
            thread::sleep(Duration::from_millis(5));
        }
    }
    let closes = std::mem::take(&mut heard.lock().unwrap().closes);
    assert_eq!(closes, vec![1008_u16.to_be_bytes().to_vec(); 5]);
}

#[test]
fn a_tunnel_is_closed_when_its_key_expires() {
    let (upstream, _heard) = echo();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    create(&gateway, "/consumers", &json!({"username": "bob"}));
    let made = Instant::now();
    create(&gateway, "/consumers/bob/key-auth", &json!({"key": "short", "ttl": 2}));
    let mut tunnel = open(&gateway, &handshake().header("apikey", "short"));
    check_closed(&mut tunnel, made + Duration::from_secs(2), "expired");
    assert!(made.elapsed() >= Duration::from_secs(1), "closed {:?} after the key was made", made.elapsed());
}

#[test]
fn a_tunnel_is_closed_when_its_contract_is_withdrawn() {
    let (upstream, _heard) = echo();
    let gateway = gateway();
    let proxied = proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let service = id_of(&proxied.service);
    let registration =
        json!({"name": "application-registration", "config": {"display_name": "s", "auto_approve": true}});
    create(&gateway, &format!("/services/{service}/plugins"), &registration);
    create(&gateway, "/developers", &json!({"email": "ann@example.com", "status": 0}));
    let application = json!({"name": "shop", "redirect_uri": "https://shop.example/"});
    let made = create(&gateway, "/developers/ann@example.com/applications", &application);
    let key = made["credential"]["client_id"].as_str().unwrap();
    let instances = format!("/applications/{}/application_instances", id_of(&made));
    let contract = create(&gateway, &instances, &json!({"service": {"id": service}}));
    let mut tunnel = open(&gateway, &handshake().header("apikey", key));
    let path = format!("/services/{service}/application_instances/{}", id_of(&contract));
    assert_eq!(gateway.admin("PATCH", &path, Some(&json!({"status": 3}))).status, 200);
    check_closed(&mut tunnel, Instant::now(), "contract");
}

/// Bytes of ours within a frame would be taken for its content.
#[test]
fn a_tunnel_is_cut_where_no_frame_can_begin() {
    let (upstream, _heard) = echo();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let (_, credential) = consumer_with_key(&gateway, "bob", "kong");
    let mut tunnel = open(&gateway, &handshake().header("apikey", "kong"));
    tunnel.send_raw(&masked(TEXT, b"half")).unwrap();
    let mut half = [0; 4];
    tunnel.reader.read_exact(&mut half).unwrap();
    assert_eq!(&half, b"\x81\x04ha");
    let path = format!("/consumers/bob/key-auth/{}", id_of(&credential));
    assert_eq!(gateway.admin("DELETE", &path, None).status, 204);
    let revoked = Instant::now();
    assert!(tunnel.is_closed_within(BOUND + SLACK), "closed after {:?}", revoked.elapsed());
}

#[test]
fn a_busy_tunnel_is_closed_too() {
    let (upstream, _heard) = echo();
    let gateway = gateway();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let (_, credential) = consumer_with_key(&gateway, "bob", "kong");
    let mut tunnel = open(&gateway, &handshake().header("apikey", "kong"));
    let mut writer = tunnel.writer.try_clone().unwrap();
    let writing = thread::spawn(move || while writer.write_all(&masked(TEXT, &[b'x'; 100])).is_ok() {});
    let path = format!("/consumers/bob/key-auth/{}", id_of(&credential));
    assert_eq!(gateway.admin("DELETE", &path, None).status, 204);
    let revoked = Instant::now();
    while let Ok((first, _)) = read_frame(&mut tunnel.reader) {
        assert!(revoked.elapsed() < BOUND + SLACK, "still open");
        if first == CLOSE {
            break;
        }
    }
    drop(tunnel);
    writing.join().unwrap();
}

#[test]
fn a_tunnel_stays_where_nobody_lost_a_right() {
    let (upstream, heard) = echo();
    let gateway = gateway();
    let proxied = proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let open_route = json!({"paths": ["/open"], "service": {"id": proxied.service["id"]}});
    create(&gateway, "/routes", &open_route);
    create(&gateway, "/consumers", &json!({"username": "anonymous"}));
    let anonymous = json!({"paths": ["/anonymous"], "service": {"id": proxied.service["id"]}});
    let anonymous = create(&gateway, "/routes", &anonymous);
    key_auth_on(&gateway, &format!("/routes/{}", id_of(&anonymous)), &json!({"anonymous": "anonymous"}));
    consumer_with_key(&gateway, "bob", "kong");
    let (_, other) = consumer_with_key(&gateway, "ann", "other");
    let at = |target: &str| Request { target: target.into(), ..handshake() };
    let mut tunnels = [
        open(&gateway, &handshake().header("apikey", "kong")),
        open(&gateway, &at("/open")),
        open(&gateway, &at("/anonymous")),
        open(&gateway, &at("/anonymous").header("apikey", "kong")),
    ];
    let path = format!("/consumers/ann/key-auth/{}", id_of(&other));
    assert_eq!(gateway.admin("DELETE", &path, None).status, 204);
    let renamed = json!({"username": "robert"});
    assert_eq!(gateway.admin("PATCH", "/consumers/bob", Some(&renamed)).status, 200);
    let path = format!("/services/{}", id_of(&proxied.service));
    assert_eq!(gateway.admin("PATCH", &path, Some(&json!({"retries": 1}))).status, 200);
    for _ in 0..3 {
        thread::sleep(BOUND / 2);
        tunnels.iter_mut().for_each(check_echo);
    }
    assert!(heard.lock().unwrap().closes.is_empty());
}
