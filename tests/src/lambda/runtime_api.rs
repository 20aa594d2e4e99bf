//! The Runtime API that a function's program polls, for one environment.
//!
//! docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and, for streamed responses,
//! docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::base::fresh_id;
use crate::connections::Connections;
use crate::raw_http::{Connection, Framing, Head, copy_body, read_head};

const PREFIX: &str = "/2018-06-01/runtime/";
pub const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:latchkey";

/// What comes back for an invocation, in this order: one `Whole` or `Failed`; or `Begin`, any
/// number of `Chunk`, and `End` or `Broken`.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// The response of a function that does not stream.
    Whole(Vec<u8>),
    /// A streamed response begins.
    Begin,
    Chunk(Vec<u8>),
    End,
    /// A streamed response ended before it was complete, for this reason.
    Broken(String),
    /// The function reported an error.
    Failed(String),
}

/// A server on a free port, stopped on drop.
pub struct RuntimeApi {
    connections: Connections,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: Option<Invocation>,
    under_way: HashMap<String, Sender<Part>>,
    /// Connections on which the program waits for its next invocation.
    polling: usize,
    first_poll: Option<Instant>,
    init_error: Option<String>,
    is_stopping: bool,
}

struct Invocation {
    id: String,
    event: Vec<u8>,
    deadline_ms: u128,
    parts: Sender<Part>,
}

impl RuntimeApi {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port for the Runtime API");
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let connections = Connections::serve(listener, move |stream| serve(stream, &serving));
        Self { connections, shared }
    }

    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` has them.
    pub fn authority(&self) -> String {
        self.connections.address().to_string()
    }

    /// Hands an event to the program at its next poll. One invocation at a time.
    pub fn invoke(&self, event: Vec<u8>, timeout: Duration) -> Receiver<Part> {
        let (parts, received) = channel();
        let deadline_ms = (SystemTime::now() + timeout).duration_since(UNIX_EPOCH).unwrap().as_millis();
        let invocation = Invocation { id: fresh_id(), event, deadline_ms, parts };
        let mut state = self.shared.state.lock().unwrap();
        assert!(state.next.is_none(), "the environment has an invocation already");
        state.next = Some(invocation);
        self.shared.changed.notify_all();
        received
    }

    /// Waits until the program polls; `None` when it does not in time.
    pub fn wait_for_poll(&self, timeout: Duration) -> Option<Instant> {
        let state = self.shared.state.lock().unwrap();
        let waiting = |state: &mut State| state.polling == 0 && state.init_error.is_none();
        let (state, _) = self.shared.changed.wait_timeout_while(state, timeout, waiting).unwrap();
        state.first_poll.filter(|_| state.polling > 0)
    }

    /// True while the program waits for an invocation and there is none.
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state.lock().unwrap();
        state.polling > 0 && state.next.is_none() && state.under_way.is_empty()
    }

    /// What the program reported instead of polling.
    pub fn init_error(&self) -> Option<String> {
        self.shared.state.lock().unwrap().init_error.clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().is_stopping = true;
        self.shared.changed.notify_all();
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let Ok(mut connection) = Connection::over(stream, "runtime-api") else { return };
    let _ = connection.writer.set_read_timeout(None);
    while let Ok(Some(head)) = read_head(&mut connection.reader) {
        if answer(&mut connection, &head, shared).is_err() {
            return;
        }
    }
}

fn answer(connection: &mut Connection, head: &Head, shared: &Shared) -> io::Result<()> {
    let mut line = head.start_line.split(' ');
    let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let what = path.strip_prefix(PREFIX).unwrap_or_default();
    match (method, what) {
        ("GET", "invocation/next") => next(connection, shared),
        ("POST", "init/error") => {
            let body = read_whole(connection, head)?;
            let mut state = shared.state.lock().unwrap();
            state.init_error = Some(String::from_utf8_lossy(&body).into_owned());
            shared.changed.notify_all();
            drop(state);
            reply(connection, 202, r#"{"status":"OK"}"#)
        }
        ("POST", _) => match what.strip_prefix("invocation/").and_then(|rest| rest.split_once('/')) {
            Some((id, "response")) => response(connection, head, shared, id),
            Some((id, "error")) => error(connection, head, shared, id),
            _ => reply(connection, 404, r#"{"errorType":"InvalidPath"}"#),
        },
        _ => reply(connection, 404, r#"{"errorType":"InvalidPath"}"#),
    }
}

fn next(connection: &mut Connection, shared: &Shared) -> io::Result<()> {
    let mut state = shared.state.lock().unwrap();
    state.polling += 1;
    state.first_poll.get_or_insert_with(Instant::now);
    shared.changed.notify_all();
    while state.next.is_none() {
        if state.is_stopping {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        state = shared.changed.wait(state).unwrap();
    }
    state.polling -= 1;
    let Invocation { id, event, deadline_ms, parts } = state.next.take().expect("waited for above");
    state.under_way.insert(id.clone(), parts);
    drop(state);
    let trace = trace_id();
    let mut message = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: {deadline_ms}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: {FUNCTION_ARN}\r\nLambda-Runtime-Trace-Id: {trace}\r\n\r\n",
        event.len()
    )
    .into_bytes();
    message.extend_from_slice(&event);
    connection.send_raw(&message)
}

/// A trace header as X-Ray has it, not sampled.
pub fn trace_id() -> String {
    let id = fresh_id().replace('-', "");
    format!("Root=1-{}-{};Sampled=0", &id[..8], &id[8..])
}

fn response(connection: &mut Connection, head: &Head, shared: &Shared, id: &str) -> io::Result<()> {
    let Some(parts) = shared.state.lock().unwrap().under_way.remove(id) else {
        read_whole(connection, head)?;
        return reply(connection, 400, r#"{"errorType":"InvalidRequestID"}"#);
    };
    let mode = head.headers.first("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("streaming")) {
        let _ = parts.send(Part::Begin);
        // A program that hangs up leaves no part behind, only its connection closed.
        let part = stream(&mut connection.reader, &parts)?.map_or(Part::End, Part::Broken);
        let _ = parts.send(part);
    } else {
        let body = read_whole(connection, head)?;
        let _ = parts.send(Part::Whole(body));
    }
    reply(connection, 202, r#"{"status":"OK"}"#)
}

/// Passes a chunked body on as it comes; the error named in its trailers, if there is one.
fn stream(reader: &mut impl BufRead, parts: &Sender<Part>) -> io::Result<Option<String>> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("chunk size {line:?}")))?;
        if size == 0 {
            return trailers(reader);
        }
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        chunk.truncate(size);
        let _ = parts.send(Part::Chunk(chunk));
    }
}

fn trailers(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut failed = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("lambda-runtime-function-error-type") => {
                failed = Some(value.trim().to_owned());
            }
            Some(_) => {}
            None => return Ok(failed),
        }
    }
}

fn error(connection: &mut Connection, head: &Head, shared: &Shared, id: &str) -> io::Result<()> {
    let body = read_whole(connection, head)?;
    let Some(parts) = shared.state.lock().unwrap().under_way.remove(id) else {
        return reply(connection, 400, r#"{"errorType":"InvalidRequestID"}"#);
    };
    let _ = parts.send(Part::Failed(String::from_utf8_lossy(&body).into_owned()));
    reply(connection, 202, r#"{"status":"OK"}"#)
}

fn read_whole(connection: &mut Connection, head: &Head) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut body)?;
    Ok(body)
}

fn reply(connection: &mut Connection, status: u16, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        connection.writer,
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The `errorMessage` of what a function reported.
pub fn error_message(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    report["errorMessage"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_http::{Request, exchange};

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn poll(api: &RuntimeApi) -> crate::raw_http::Response {
        exchange(&api.authority(), &Request::get("/2018-06-01/runtime/invocation/next")).unwrap()
    }

    fn post(api: &RuntimeApi, path: &str, mode: Option<&str>, body: &str) -> u16 {
        let mut request = Request::new("POST", format!("/2018-06-01/runtime/{path}")).body(body);
        if let Some(mode) = mode {
            request = request
                .header("Lambda-Runtime-Function-Response-Mode", mode)
                .header("Transfer-Encoding", "chunked");
        }
        exchange(&api.authority(), &request).unwrap().status
    }

    #[test]
    fn an_event_goes_out_with_the_headers_of_an_invocation() {
        let api = RuntimeApi::start();
        let parts = api.invoke(b"{\"a\":1}".to_vec(), Duration::from_secs(3));
        let polled = poll(&api);
        assert_eq!(polled.body, b"{\"a\":1}");
        let header = |name: &str| polled.headers.first(name).unwrap();
        assert_eq!(header("lambda-runtime-invoked-function-arn"), FUNCTION_ARN);
        assert!(header("lambda-runtime-trace-id").starts_with("Root=1-"));
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let deadline_ms: u128 = header("lambda-runtime-deadline-ms").parse().unwrap();
        assert!((now_ms + 1000..=now_ms + 3000).contains(&deadline_ms));

        let id = header("lambda-runtime-aws-request-id");
        assert_eq!(post(&api, &format!("invocation/{id}/response"), None, "{}"), 202);
        assert_eq!(parts.recv_timeout(TIMEOUT), Ok(Part::Whole(b"{}".to_vec())));
        assert_eq!(post(&api, &format!("invocation/{id}/response"), None, "{}"), 400, "answered twice");
    }

    #[test]
    fn a_streamed_response_comes_in_parts_and_its_trailers_tell_of_an_error() {
        let api = RuntimeApi::start();
        for (end, expected) in [
            ("0\r\n\r\n", Part::End),
            ("0\r\nLambda-Runtime-Function-Error-Type: Boom\r\n\r\n", Part::Broken("Boom".to_owned())),
        ] {
            let parts = api.invoke(b"{}".to_vec(), TIMEOUT);
            let id = poll(&api).headers.first("lambda-runtime-aws-request-id").unwrap();
            let body = format!("3\r\nabc\r\n2\r\nde\r\n{end}");
            assert_eq!(post(&api, &format!("invocation/{id}/response"), Some("streaming"), &body), 202);
            let received: Vec<Part> = parts.iter().collect();
            let chunk = |text: &str| Part::Chunk(text.as_bytes().to_vec());
            assert_eq!(received, [Part::Begin, chunk("abc"), chunk("de"), expected]);
        }
    }

    #[test]
    fn errors_are_told_apart() {
        let api = RuntimeApi::start();
        let parts = api.invoke(b"{}".to_vec(), TIMEOUT);
        let id = poll(&api).headers.first("lambda-runtime-aws-request-id").unwrap();
        let report = r#"{"errorMessage":"no"}"#;
        assert_eq!(post(&api, &format!("invocation/{id}/error"), None, report), 202);
        assert_eq!(parts.recv_timeout(TIMEOUT), Ok(Part::Failed(report.to_owned())));
        assert_eq!(error_message(report), "no");

        assert_eq!(post(&api, "init/error", None, "{}"), 202);
        assert_eq!(api.init_error().as_deref(), Some("{}"));
        assert_eq!(post(&api, "nonsense", None, "{}"), 404);
    }
}
