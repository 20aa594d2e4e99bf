//! Upstreams behind TLS: verified unless the service says otherwise.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment, Lambda, Local, Options, Settings};
use latchkey_tests::fixtures::{create, id_of};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::raw_http::Request;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// An upstream with a certificate of its own; answers with the path and body it got.
struct TlsUpstream {
    port: u16,
    certificate_pem: String,
}

impl TlsUpstream {
    fn start(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let config = Arc::clone(&config);
                std::thread::spawn(move || serve(stream, config));
            }
        });
        TlsUpstream { port, certificate_pem: cert.pem() }
    }
}

/// Answers requests until the connection ends. A client that does not trust us ends it at once.
fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let target = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let mut field = String::new();
            stream.read_line(&mut field).ok()?;
            match field.trim_end().split_once(": ") {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().ok()?
                }
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let answer = format!("{target} {}", String::from_utf8_lossy(&body));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.get_mut().write_all((head + &answer).as_bytes()).ok()?;
    }
}

/// What becomes of a request in each form of Latchkey that opens connections itself.
fn check(upstream: &TlsUpstream, service: &Value, trusts: bool, expected: Answer) {
    let trusted = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(trusted.path(), &upstream.certificate_pem).unwrap();
    let variable = trusts.then(|| ("SSL_CERT_FILE", trusted.path().to_str().unwrap()));
    let options = variable.into_iter().fold(Options::default(), |all, (name, value)| all.env(name, value));
    let variables = variable.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let settings = Settings { variables, ..Settings::default() };
    let way = Way::Trigger(Trigger::FunctionUrl);
    ask(&Local::spawn(options), upstream, service, expected);
    ask(&Lambda::with(way, &settings), upstream, service, expected);
}

fn ask(gateway: &dyn Deployment, upstream: &TlsUpstream, service: &Value, expected: Answer) {
    let mut body = json!({"protocol": "https", "host": "localhost", "port": upstream.port, "path": "/s"});
    body.as_object_mut().unwrap().extend(service.as_object().unwrap().clone());
    let service = create(gateway, "/services", &body);
    let path = format!("/services/{}/routes", id_of(&service));
    create(gateway, &path, &json!({"paths": ["/"]}));
    // More than once: then on the connection that is kept.
    for _ in 0..3 {
        let response = gateway.send(&Request::new("POST", "/x?a=1").body("hello"));
        let text = response.text();
        match expected {
            Answer::OfUpstream(expected) => assert_eq!((response.status, text.as_str()), (200, expected)),
            Answer::Refusal(status) => assert_eq!(response.status, status, "{text}"),
        }
    }
}

#[derive(Clone, Copy)]
enum Answer {
    OfUpstream(&'static str),
    Refusal(u16),
}

const REACHED: Answer = Answer::OfUpstream("/s/x?a=1 hello");
const REFUSED: Answer = Answer::Refusal(502);

#[test]
fn a_trusted_upstream_is_reached() {
    let upstream = TlsUpstream::start("localhost");
    check(&upstream, &json!({}), true, REACHED);
}

#[test]
fn an_unknown_certificate_is_502_unless_verification_is_off() {
    let upstream = TlsUpstream::start("localhost");
    check(&upstream, &json!({}), false, REFUSED);
    check(&upstream, &json!({"tls_verify": false}), false, REACHED);
}

#[test]
fn a_certificate_for_another_name_is_502() {
    let upstream = TlsUpstream::start("other.test");
    check(&upstream, &json!({}), true, REFUSED);
}
