//! Whose request it is, and whom it is for: what the local program believes of that.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options, Place, run_to_end};
use latchkey_tests::fixtures::{consumer_with_key, proxy_to};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::{Recorded, Upstream, answer};
use serde_json::json;

/// Hosts by RFC 3986 §3.2.2 and §3.2.3 are none of these.
const NO_HOSTS: &[&str] = &[
    "k.test/evil",
    "k.test?x",
    "k.test#x",
    "k.test\\evil",
    "user@k.test",
    "user:password@k.test",
    "k.test:80@evil.test",
    "a b",
    "a\tb",
    "[::1",
    "::1",
    "[::1]evil",
    "[fe80::1%25eth0]",
    "[1.2.3.4]",
    "a..b",
    ".k.test",
    "k%2etest",
    "k,test",
    "k*test",
    "<k>",
    "k.test:99999",
    "k.test:65536",
    "k.test:abc",
    "k.test:+80",
    "k.test:80:80",
    ":80",
    "k\u{e9}.test",
];

/// A gateway that lets bob's key through to the upstream, and an open route.
fn gateway_to(upstream: &Upstream, options: Options) -> Local {
    let gateway = Local::spawn(options);
    proxy_to(&gateway, upstream, &json!({}), &json!({}));
    consumer_with_key(&gateway, "bob", "kong");
    gateway
}

/// Sends bytes to the gateway as they are, on a connection of their own.
fn send(gateway: &Local, bytes: &str) -> Response {
    send_to(gateway.authority(), bytes)
}

fn send_to(authority: &str, bytes: &str) -> Response {
    let mut connection = Connection::open(authority).unwrap();
    connection.send_raw(bytes.as_bytes()).unwrap();
    connection.read_response("GET").unwrap_or_else(|error| panic!("{bytes:?}: {error}"))
}

/// What is proxied, and what each plane answers itself.
fn surfaces(gateway: &Local) -> [Place; 5] {
    let doors = gateway.doors();
    [
        doors.gateway("/x"),
        doors.own("/health"),
        doors.control("/health"),
        doors.control("/nothing"),
        doors.admin("/services"),
    ]
}

fn one(upstream: &Upstream) -> Recorded {
    let mut requests = upstream.take();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[test]
fn what_is_no_host_is_refused_on_every_surface() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, Options::default());
    let token = &gateway.admin_token;
    for host in NO_HOSTS {
        for Place { authority, target } in surfaces(&gateway) {
            let fields = format!("apikey: kong\r\nKong-Admin-Token: {token}\r\n");
            for version in ["1.1", "1.0"] {
                let bytes = format!("GET {target} HTTP/{version}\r\nHost: {host}\r\n{fields}\r\n");
                assert_eq!(send_to(&authority, &bytes).status, 400, "{version} {target} {host:?}");
            }
        }
    }
    for target in [
        "http://user@k.test/x",
        "http://user:p@k.test/x",
        "http://k.test:99999/x",
        "http://a..b/x",
        "http://k%2etest/x",
    ] {
        let fields = "Host: k.test\r\napikey: kong\r\n";
        let response = send(&gateway, &format!("GET {target} HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(response.status, 400, "{target}");
    }
    for Place { authority, target } in surfaces(&gateway) {
        let fields = format!("Host: k.test\r\nKong-Admin-Token: {token}\r\n");
        let bytes = format!("GET http://user@k.test{target} HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(send_to(&authority, &bytes).status, 400, "{target}");
        let fields = format!("apikey: kong\r\nKong-Admin-Token: {token}\r\n");
        for hosts in ["", "Host: a.test\r\nHost: a.test\r\n", "Host: a.test\r\nHost: b.test\r\n"] {
            let bytes = format!("GET {target} HTTP/1.1\r\n{hosts}{fields}\r\n");
            assert_eq!(send_to(&authority, &bytes).status, 400, "{target} {hosts:?}");
        }
    }
    assert!(upstream.take().is_empty());
}

#[test]
fn hosts_are_told_to_the_upstream() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, Options::default());
    let check = |line: &str, host: &str, told: Option<&str>| {
        let response = send(&gateway, &format!("GET {line} HTTP/1.1\r\nHost:{host}\r\napikey: kong\r\n\r\n"));
        assert_eq!(response.status, 200, "{line} {host}");
        assert_eq!(one(&upstream).headers.first("x-forwarded-host").as_deref(), told, "{line} {host}");
        for Place { authority, target } in
            [gateway.doors().own("/health"), gateway.doors().control("/health")]
        {
            let bytes = format!("GET {target} HTTP/1.1\r\nHost:{host}\r\n\r\n");
            assert_eq!(send_to(&authority, &bytes).status, 200, "{target} {host}");
        }
    };
    check("/x", "a_b.test", Some("a_b.test"));
    check("/x", "xn--bcher-kva.example", Some("xn--bcher-kva.example"));
    check("/x", "1.2.3.4:80", Some("1.2.3.4"));
    check("/x", "[2001:db8::1]:80", Some("[2001:db8::1]"));
    check("/x", "[::1]", Some("[::1]"));
    check("/x", "K.Test:", Some("k.test"));
    check("/x", "k.test.", Some("k.test."));
    check("/x", " \tk.test \t", Some("k.test"));
    check("/x", "", None);
    // An absolute target says more than the field does (RFC 9112 §3.2.2).
    check("http://k.test:8080/x", "other.test", Some("k.test"));
    check("http://[2001:db8::1]/x", "k.test", Some("[2001:db8::1]"));
}

/// As servers make variables of names.
fn folded(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

#[test]
fn what_servers_fold_into_one_name_is_one_name() {
    const NAMES: &[&str] = &[
        "x-consumer-id",
        "x-consumer-custom-id",
        "x-consumer-username",
        "x-credential-identifier",
        "x-anonymous-consumer",
        "x-consumer-groups",
        "x-authenticated-groups",
        "x-authenticated-scope",
        "x-authenticated-userid",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-path",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-kong-request-id",
        "x-real-ip",
        "forwarded",
        "proxy-authorization",
        "proxy-connection",
        "keep-alive",
    ];
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, Options::default());
    for other in "!#$%&'*+-.^_`|~".chars() {
        let mut request = Request::get("/x").header("apikey", "kong").header("x-consumer-note", "kept");
        for name in NAMES {
            request = request.header(&name.to_uppercase().replace('-', &other.to_string()), "evil");
        }
        // Nothing is read by these; with `-` they are what they say.
        if other != '-' {
            request = request.header(&format!("Content{other}Length"), "4");
            request = request.header(&format!("Transfer{other}Encoding"), "chunked");
        }
        assert_eq!(gateway.send(&request).status, 200, "{other}");
        let headers = one(&upstream).headers;
        for (name, value) in &headers.0 {
            let value = String::from_utf8_lossy(value);
            // What comes before our own entry is the client's to say.
            let is_list = name.eq_ignore_ascii_case("x-forwarded-for") && other == '-';
            assert!(is_list || !value.contains("evil"), "{name}: {value}");
            let is_ours =
                !NAMES.contains(&folded(name).as_str()) || folded(name) == name.to_ascii_lowercase();
            assert!(is_ours, "{name}");
            assert!(!["content-length", "transfer-encoding"].contains(&folded(name).as_str()), "{name}");
        }
        assert_eq!(headers.values("x-consumer-username"), ["bob"]);
        assert_eq!(headers.values("x-consumer-note"), ["kept"]);
        assert_eq!(headers.values("x-real-ip"), ["127.0.0.1"]);
        assert_eq!(headers.values("x-forwarded-proto"), ["http"]);
    }
}

#[test]
fn what_there_is_nothing_to_tell_of_is_not_the_clients_to_tell() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(&upstream, Options::default());
    let spoofed =
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Server: kept\r\n";
    for start in ["GET /x HTTP/1.1\r\nHost:\r\n", "GET /x HTTP/1.0\r\n"] {
        let response = send(&gateway, &format!("{start}apikey: kong\r\n{spoofed}\r\n"));
        assert_eq!(response.status, 200);
        let headers = one(&upstream).headers;
        assert_eq!(headers.values("x-forwarded-host"), [""; 0]);
        assert_eq!(headers.values("x-forwarded-prefix"), ["/"]);
        assert_eq!(headers.values("x-forwarded-server"), ["kept"]);
    }
}

#[test]
fn only_trusted_peers_say_who_the_client_is() {
    let upstream = Upstream::recording();
    let request = || {
        Request::get("/x")
            .header("Host", "k.test")
            .header("apikey", "kong")
            .header("X-Forwarded-For", "203.0.113.9")
            .header("X-Forwarded-For", "[2001:db8::7]:4711, 10.9.9.9")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "shop.example:8443")
            .header("X-Forwarded-Port", "8443")
    };
    let check = |trusted: Option<&str>, expected: [&str; 4]| {
        let options = trusted
            .into_iter()
            .fold(Options::default(), |options, trusted| options.env("LATCHKEY_TRUSTED_IPS", trusted));
        let gateway = gateway_to(&upstream, options);
        assert_eq!(gateway.send(&request()).status, 200);
        let port = gateway.authority().rsplit_once(':').unwrap().1;
        let headers = one(&upstream).headers;
        let names = ["x-real-ip", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"];
        let expected = expected.map(|value| if value == "PORT" { port } else { value });
        assert_eq!(names.map(|name| headers.first(name).unwrap()), expected, "{trusted:?}");
        let list = headers.first("x-forwarded-for").unwrap();
        assert_eq!(list, "203.0.113.9, [2001:db8::7]:4711, 10.9.9.9, 127.0.0.1", "{trusted:?}");
    };
    let believed = |ip| [ip, "https", "shop.example:8443", "8443"];
    let not_believed = ["127.0.0.1", "http", "k.test", "PORT"];
    check(None, not_believed);
    check(Some(""), not_believed);
    check(Some("10.0.0.0/8, ::1, 127.0.0.2"), not_believed);
    check(Some("127.0.0.1"), believed("10.9.9.9"));
    check(Some("127.0.0.0/8,10.0.0.0/8"), believed("2001:db8::7"));
    check(Some("::ffff:127.0.0.1, 10.0.0.0/8, 2001:db8::/32"), believed("203.0.113.9"));
    check(Some("0.0.0.0/0, ::/0"), believed("203.0.113.9"));
}

#[test]
fn networks_that_are_none_are_told_at_the_start() {
    for (list, entry) in
        [("10.0.0.0/33", "10.0.0.0/33"), ("127.0.0.1, a.test", "a.test"), ("::1/129", "::1/129")]
    {
        let options = Options::default().env("LATCHKEY_TRUSTED_IPS", list);
        let (status, text) = run_to_end(&options, Duration::from_secs(20)).expect("it started");
        assert!(!status.success());
        assert!(text.contains(&format!("{entry} is no address and no network")), "{text}");
        assert!(text.contains("--trusted-ips"), "{text}");
    }
}

#[test]
fn ids_and_latencies_of_an_answer_are_ours() {
    let upstream = Upstream::answering(|_| {
        let fields = [
            ("X-Kong-Request-Id", "evil"),
            ("X_Kong_Request_Id", "evil"),
            ("X.Kong.Upstream.Latency", "evil"),
            ("X-Kong-Proxy-Latency", "evil"),
            ("Keep_Alive", "evil"),
            ("Via", "1.0 other"),
            ("X-Consumer-Id", "kept"),
            ("X_Own", "kept"),
        ];
        answer(200, &fields, b"ok")
    });
    let gateway = gateway_to(&upstream, Options::default());
    let response = gateway.send(&Request::get("/x").header("apikey", "kong"));
    let headers = &response.headers;
    assert!(headers.0.iter().all(|(_, value)| value != b"evil"), "{headers:?}");
    assert_eq!(headers.values("x-kong-request-id").len(), 1);
    assert_eq!(headers.values("x-consumer-id"), ["kept"]);
    assert_eq!(headers.values("x_own"), ["kept"]);
    let via = headers.values("via").join(", ");
    assert!(via.starts_with("1.0 other, 1.1 latchkey/"), "{via}");
}
