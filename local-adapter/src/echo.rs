//! The demo's upstream: answers what it was sent, so that one sees what an upstream sees.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, LocalOptions};

/// Longest body that is sent back, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Serves on loopback, at `port` if it is free, for as long as the process lives.
/// Returns the port it got.
pub(crate) fn start(port: Option<u16>) -> io::Result<u16> {
    let bind = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let listener = port.and_then(|port| bind(port).ok()).map_or_else(|| bind(0), Ok)?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let runtime =
        move || match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
            Ok(runtime) => runtime.block_on(run(listener)),
            Err(error) => tracing::error!(%error, "the echo cannot start"),
        };
    thread::Builder::new().name("echo".into()).spawn(runtime)?;
    Ok(port)
}

async fn run(listener: TcpListener) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the echo cannot start"),
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(echo));
        tokio::task::spawn_local(connection);
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map(|body| body.to_bytes());
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter().map(|value| text(value.as_bytes()));
        headers.insert(name.to_string(), values.collect());
    }
    let seen = json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "headers": headers,
        "body": text(&body.unwrap_or_default()),
    });
    let mut response = Response::new(Full::new(Bytes::from(format!("{seen:#}\n"))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn ask(port: u16, request: &str) -> String {
        let mut stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn tells_what_it_was_sent() {
        let port = start(None).unwrap();
        let answer = ask(
            port,
            "POST /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Twice: 1\r\nX-Twice: 2\r\n\
             Content-Length: 5\r\n\r\nhello",
        );
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["method"], "POST");
        assert_eq!(body["target"], "/a?b=c");
        assert_eq!(body["headers"]["x-twice"], json!(["1", "2"]));
        assert_eq!(body["body"], "hello");
    }

    #[test]
    fn takes_another_port_when_its_own_is_taken() {
        let taken = start(None).unwrap();
        assert_ne!(start(Some(taken)).unwrap(), taken);
    }
}
