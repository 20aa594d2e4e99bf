//! The service behind the gateway: records each request as it came over the wire.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::connections::Connections;
use crate::raw_http::{Connection, Framing, Head, Headers, copy_body, read_head};

/// One request as received.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// Path and query, as in the request line.
    pub target: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Recorded {
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The raw query; `None` when there is no `?`.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }
}

/// What to do with the connection after an exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    KeepAlive,
    Close,
}

type Handler = dyn Fn(&mut Connection, &Head) -> io::Result<Next> + Send + Sync;

#[derive(Default)]
struct Shared {
    recorded: Mutex<Vec<Recorded>>,
    /// Bytes that came where a request was due and were none.
    garbage: Mutex<Vec<String>>,
}

/// A server on a free local port, stopped on drop.
pub struct Upstream {
    connections: Connections,
    shared: Arc<Shared>,
}

impl Upstream {
    /// Answers 200 to everything with what it got: `{"method","target","headers":[[name,value]…],"body_bytes"}`.
    pub fn recording() -> Self {
        Self::answering(|request| {
            let headers: Vec<_> =
                request.headers.0.iter().map(|(n, v)| json!([n, String::from_utf8_lossy(v)])).collect();
            let body = json!({
                "method": request.method,
                "target": request.target,
                "headers": headers,
                "body_bytes": request.body.len(),
            });
            answer(200, &[("Content-Type", "application/json")], body.to_string().as_bytes())
        })
    }

    /// Records each whole request, then sends the bytes that `reply` makes for it.
    pub fn answering(reply: impl Fn(&Recorded) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let recorder = Arc::clone(&shared);
        Self::start(shared, move |connection, head| {
            let mut body = Vec::new();
            let framing = Framing::of_request(&head.headers);
            if head.headers.first("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue")) {
                connection.send_raw(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            copy_body(&mut connection.reader, framing, &mut body)?;
            let (method, target) = split_request_line(&head.start_line);
            let request = Recorded { method, target, headers: head.headers.clone(), body };
            let bytes = reply(&request);
            let head_only = request.method == "HEAD";
            recorder.recorded.lock().unwrap().push(request);
            let sent = if head_only { head_of(&bytes) } else { &bytes };
            connection.send_raw(sent)?;
            Ok(Next::KeepAlive)
        })
    }

    /// Leaves everything after the request's head to `handler`; records nothing.
    pub fn raw(handler: impl Fn(&mut Connection, &Head) -> io::Result<Next> + Send + Sync + 'static) -> Self {
        Self::start(Arc::new(Shared::default()), handler)
    }

    fn start(
        shared: Arc<Shared>,
        handler: impl Fn(&mut Connection, &Head) -> io::Result<Next> + Send + Sync + 'static,
    ) -> Self {
        let host = std::env::var("LATCHKEY_TEST_UPSTREAM_BIND").unwrap_or_else(|_| "127.0.0.1".to_owned());
        let listener = TcpListener::bind((host.as_str(), 0)).expect("no free port for the upstream");
        let (serving, handler) = (Arc::clone(&shared), Arc::new(handler));
        let connections = Connections::serve(listener, move |stream| serve(stream, &serving, &*handler));
        Self { connections, shared }
    }

    /// Host as the gateway has to name it.
    pub fn host(&self) -> String {
        std::env::var("LATCHKEY_TEST_UPSTREAM_HOST")
            .unwrap_or_else(|_| self.connections.address().ip().to_string())
    }

    pub fn port(&self) -> u16 {
        self.connections.address().port()
    }

    pub fn authority(&self) -> String {
        format!("{}:{}", self.host(), self.port())
    }

    /// Takes what was recorded since the last call.
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.shared.recorded.lock().unwrap())
    }

    /// Takes what came where a request was due and was none, e.g. the rest of a smuggled body.
    pub fn take_garbage(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.garbage.lock().unwrap())
    }
}

/// A whole HTTP/1.1 answer with `Content-Length`.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

fn serve(stream: TcpStream, shared: &Shared, handler: &Handler) {
    let Ok(mut connection) = Connection::over(stream, "upstream") else { return };
    let _ = connection.writer.set_read_timeout(Some(Duration::from_secs(120)));
    loop {
        let head = match read_head(&mut connection.reader) {
            Ok(Some(head)) if head.start_line.ends_with(" HTTP/1.1") => head,
            Ok(Some(head)) => return shared.garbage.lock().unwrap().push(head.start_line),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return shared.garbage.lock().unwrap().push(error.to_string());
            }
            Ok(None) | Err(_) => return,
        };
        if !matches!(handler(&mut connection, &head), Ok(Next::KeepAlive)) {
            return;
        }
    }
}

fn split_request_line(line: &str) -> (String, String) {
    let (method, rest) = line.split_once(' ').unwrap_or((line, ""));
    let target = rest.rsplit_once(' ').map_or(rest, |(target, _)| target);
    (method.to_owned(), target.to_owned())
}

fn head_of(answer: &[u8]) -> &[u8] {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    &answer[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_http::Request;

    #[test]
    fn records_raw_headers_and_chunked_body_on_one_connection() {
        let upstream = Upstream::recording();
        let mut connection = Connection::open(&upstream.authority()).unwrap();
        let chunked = Request::new("POST", "/a?b=%41")
            .header("X-Y", "1")
            .header("x-y", "2")
            .header("Transfer-Encoding", "chunked")
            .body("3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(connection.exchange(&chunked).unwrap().status, 200);
        assert_eq!(connection.exchange(&Request::get("/again")).unwrap().status, 200);

        let recorded = upstream.take();
        assert_eq!(recorded.len(), 2);
        assert_eq!((recorded[0].path(), recorded[0].query()), ("/a", Some("b=%41")));
        assert_eq!(recorded[0].headers.values("x-y"), ["1", "2"]);
        assert_eq!(recorded[0].body, b"abc");
        assert_eq!((recorded[1].path(), recorded[1].query()), ("/again", None));
        assert!(upstream.take().is_empty());
    }

    #[test]
    fn notes_bytes_that_are_no_request() {
        let upstream = Upstream::recording();
        let mut connection = Connection::open(&upstream.authority()).unwrap();
        connection.send_raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nleftover\r\n\r\n").unwrap();
        connection.read_response("GET").unwrap();
        assert!(connection.is_closed_within(Duration::from_secs(5)));
        assert_eq!(upstream.take_garbage(), ["leftover"]);
    }
}
