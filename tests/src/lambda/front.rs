//! The platform's edge: an HTTP server that makes an event of each request and a response of what
//! the function returns.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::answer::{Answer, PRELUDE_END, answer, prelude};
use super::environment::{Failure, Function};
use super::event::{Arrived, event};
use super::runtime_api::Part;
use super::trigger::Trigger;
use crate::connections::Connections;
use crate::raw_http::{Connection, Framing, Head, copy_body, read_head};

/// A server on a free port, stopped on drop.
pub struct Front {
    connections: Connections,
    shared: Arc<Shared>,
}

struct Shared {
    trigger: Trigger,
    function: Arc<Function>,
    port: u16,
    /// What the platform would show in its metrics only.
    complaints: Mutex<Vec<String>>,
}

impl Front {
    /// On a free port of 127.0.0.1.
    pub fn start(trigger: Trigger, function: Arc<Function>) -> Self {
        Self::start_on(("127.0.0.1", 0), trigger, function).expect("no free port for the front")
    }

    pub fn start_on(
        listen: impl std::net::ToSocketAddrs,
        trigger: Trigger,
        function: Arc<Function>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { trigger, function, port, complaints: Mutex::default() });
        let serving = Arc::clone(&shared);
        let connections = Connections::serve(listener, move |stream| serve(stream, &serving));
        Ok(Self { connections, shared })
    }

    pub fn authority(&self) -> String {
        self.connections.address().to_string()
    }

    /// Takes what was wrong with the function's responses.
    pub fn take_complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.complaints.lock().unwrap())
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    let Ok(peer) = stream.peer_addr() else { return };
    let Ok(mut connection) = Connection::over(stream, "front") else { return };
    loop {
        let head = match read_head(&mut connection.reader) {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let _ = refuse(&mut connection, 400, "Bad Request");
                return;
            }
            Err(_) => return,
        };
        match exchange(&mut connection, &head, peer, shared) {
            Ok(true) => {}
            Ok(false) | Err(_) => {
                let _ = connection.writer.shutdown(Shutdown::Write);
                return;
            }
        }
    }
}

/// Whether the connection can be used again.
fn exchange(connection: &mut Connection, head: &Head, peer: SocketAddr, shared: &Shared) -> io::Result<bool> {
    let line = head.start_line.clone();
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return refuse(connection, 400, "Bad Request");
    };
    let framings =
        head.headers.values("content-length").len() + head.headers.values("transfer-encoding").len();
    if head.headers.values("host").len() != 1 || framings > 1 || !target.starts_with('/') {
        return refuse(connection, 400, "Bad Request");
    }
    if head.headers.first("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        connection.send_raw(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Limited { bytes: Vec::new(), bytes_max: shared.trigger.body_bytes_max(), is_over: false };
    copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut body)?;
    if body.is_over {
        return refuse(connection, 413, "Request Entity Too Large");
    }
    let arrived = Arrived {
        method,
        target,
        headers: &head.headers,
        body: &body.bytes,
        client_ip: peer.ip(),
        port: shared.port,
    };
    let event = event(shared.trigger, &arrived).to_string().into_bytes();
    let mut reply = Reply::new(connection, shared, method == "HEAD");
    let invoked = shared.function.invoke(event, |part| reply.take(part));
    if let Err(failure) = invoked {
        reply.failed(&failure);
    }
    let sent = reply.result?;
    let closes = head.headers.first("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(sent && !closes)
}

/// Takes so many bytes and counts the rest as too many.
struct Limited {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_over: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            self.is_over = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the response while it comes.
struct Reply<'a> {
    connection: &'a mut Connection,
    shared: &'a Shared,
    head_only: bool,
    /// What came of a streamed response before the end of its metadata; `None` once that is sent.
    metadata: Option<Vec<u8>>,
    /// Whether the connection can be used again.
    result: io::Result<bool>,
    begun: bool,
}

impl<'a> Reply<'a> {
    fn new(connection: &'a mut Connection, shared: &'a Shared, head_only: bool) -> Self {
        Self { connection, shared, head_only, metadata: Some(Vec::new()), result: Ok(false), begun: false }
    }

    fn take(&mut self, part: Part) {
        let streams = self.shared.trigger == Trigger::FunctionUrlStream;
        match part {
            Part::Whole(returned) => self.whole(&returned),
            Part::Begin | Part::Failed(_) => {}
            Part::Chunk(chunk) if streams && self.metadata.is_none() => self.chunk(&chunk),
            Part::Chunk(chunk) => {
                let held = self.metadata.get_or_insert_default();
                held.extend_from_slice(&chunk);
                let end = held.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END);
                if let Some(end) = end.filter(|_| streams) {
                    let held = self.metadata.take().unwrap_or_default();
                    self.begin(&held[..end], &held[end + PRELUDE_END.len()..]);
                }
            }
            Part::End => match self.metadata.take() {
                // A trigger that does not stream reads all of it, metadata and body, as one response.
                Some(returned) => self.whole(&returned),
                None => self.end(),
            },
            Part::Broken(reason) => {
                self.complain(&reason);
                self.begun = true;
                self.cut_off();
            }
        }
    }

    fn whole(&mut self, returned: &[u8]) {
        match answer(self.shared.trigger, returned) {
            Ok(answer) => {
                self.begun = true;
                self.result = send(self.connection, &answer, self.head_only).map(|()| true);
            }
            Err(reason) => {
                self.complain(&reason);
                self.fail(self.shared.trigger.failure());
            }
        }
    }

    fn begin(&mut self, metadata: &[u8], first: &[u8]) {
        match prelude(self.shared.trigger, metadata) {
            Ok(answer) => {
                self.begun = true;
                let mut head = head_of(&answer);
                head.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                self.result = self.connection.send_raw(&head).map(|()| false);
                self.chunk(first);
            }
            Err(reason) => {
                self.complain(&reason);
                self.fail(self.shared.trigger.failure());
            }
        }
    }

    fn chunk(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.head_only || self.result.is_err() {
            return;
        }
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        if let Err(error) = self.connection.send_raw(&framed) {
            self.result = Err(error);
        }
    }

    fn end(&mut self) {
        if self.begun && self.result.is_ok() {
            let end: &[u8] = if self.head_only { b"" } else { b"0\r\n\r\n" };
            self.result = self.connection.send_raw(end).map(|()| true);
        }
    }

    fn failed(&mut self, failure: &Failure) {
        self.complain(&format!("{failure:?}"));
        if self.begun {
            self.cut_off();
        } else {
            let trigger = self.shared.trigger;
            self.fail(if *failure == Failure::TimedOut { trigger.timeout() } else { trigger.failure() });
        }
    }

    /// The client sees a chunked body without its end.
    fn cut_off(&mut self) {
        self.result = Ok(false);
        let _ = self.connection.writer.shutdown(Shutdown::Both);
    }

    fn fail(&mut self, (status, body): (u16, &str)) {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        self.begun = true;
        self.result = send(self.connection, &answer, self.head_only).map(|()| true);
    }

    fn complain(&self, reason: &str) {
        self.shared.complaints.lock().unwrap().push(reason.to_owned());
    }
}

fn refuse(connection: &mut Connection, status: u16, reason: &str) -> io::Result<bool> {
    let answer = Answer { status, headers: Vec::new(), body: reason.as_bytes().to_vec() };
    send(connection, &answer, false).map(|()| false)
}

fn send(connection: &mut Connection, answer: &Answer, head_only: bool) -> io::Result<()> {
    let mut message = head_of(answer);
    let has_body = !(answer.status < 200 || answer.status == 204 || answer.status == 304);
    if has_body {
        message.extend_from_slice(format!("Content-Length: {}\r\n", answer.body.len()).as_bytes());
    }
    message.extend_from_slice(b"\r\n");
    if has_body && !head_only {
        message.extend_from_slice(&answer.body);
    }
    connection.send_raw(&message)
}

fn head_of(answer: &Answer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    head
}
