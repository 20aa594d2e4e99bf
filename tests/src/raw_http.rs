//! HTTP/1.1 spoken by hand over a blocking socket: what is given is what is sent,
//! duplicate headers, odd bytes and broken framing included.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream, ToSocketAddrs};
use std::time::Duration;

pub const TIMEOUT: Duration = Duration::from_secs(20);
const LINE_BYTES_MAX: u64 = 1 << 20;

/// A header list in wire order, repeated names and odd bytes kept.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub Vec<(String, Vec<u8>)>);

impl Headers {
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.0.push((name.to_owned(), value.as_ref().to_vec()));
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// Every value under the name, whatever its case, in wire order.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| String::from_utf8_lossy(v).into_owned())
            .collect()
    }

    pub fn first(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: Vec<u8>,
    pub headers: Headers,
    /// `None`: no body and no `Content-Length`.
    pub body: Option<Vec<u8>>,
}

impl Request {
    pub fn new(method: &str, target: impl AsRef<[u8]>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.as_ref().to_vec(),
            headers: Headers::default(),
            body: None,
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value);
        self
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// The bytes sent; `Host` and `Content-Length` are added unless given.
    pub fn to_bytes(&self, authority: &str) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&self.target);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        if !self.headers.contains("host") {
            out.extend_from_slice(format!("Host: {authority}\r\n").as_bytes());
        }
        for (name, value) in &self.headers.0 {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        let framed = self.headers.contains("content-length") || self.headers.contains("transfer-encoding");
        if let Some(body) = self.body.as_ref().filter(|_| !framed) {
            out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body.as_deref().unwrap_or_default());
        out
    }
}

/// A status line or request line, with its headers.
#[derive(Clone, Debug)]
pub struct Head {
    pub start_line: String,
    pub headers: Headers,
}

impl Head {
    pub fn status(&self) -> u16 {
        self.start_line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
    /// Statuses of the 1xx answers that came before.
    pub interim: Vec<u16>,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Member `message` of a JSON body.
    pub fn message(&self) -> Option<String> {
        self.json()?.get("message")?.as_str().map(str::to_owned)
    }
}

/// How a message body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

impl Framing {
    pub fn of_request(headers: &Headers) -> Self {
        Self::from_headers(headers).unwrap_or(Self::None)
    }

    pub fn of_response(method: &str, head: &Head) -> Self {
        let status = head.status();
        if method.eq_ignore_ascii_case("HEAD") || status < 200 || status == 204 || status == 304 {
            return Self::None;
        }
        Self::from_headers(&head.headers).unwrap_or(Self::UntilClose)
    }

    fn from_headers(headers: &Headers) -> Option<Self> {
        if headers.values("transfer-encoding").iter().any(|v| v.to_ascii_lowercase().contains("chunked")) {
            return Some(Self::Chunked);
        }
        let length = headers.first("content-length")?.trim().parse().ok()?;
        Some(Self::Length(length))
    }
}

/// Acknowledges what it reads at once. The client of Lambda's Runtime API sends a streamed response
/// in small writes, each of which waits until the one before is acknowledged.
pub struct Prompt(TcpStream);

impl Read for Prompt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        #[cfg(target_os = "linux")]
        std::os::linux::net::TcpStreamExt::set_quickack(&self.0, true)?;
        Ok(read)
    }
}

/// Both ends of one socket, the reading one buffered.
pub struct Connection {
    pub reader: BufReader<Prompt>,
    pub writer: TcpStream,
    authority: String,
}

impl Connection {
    pub fn open(authority: &str) -> io::Result<Self> {
        let address =
            authority.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("no address for the host"))?;
        Self::over(TcpStream::connect_timeout(&address, TIMEOUT)?, authority)
    }

    /// From a local address, so that the other side takes us for another peer.
    pub fn open_from(local: Ipv4Addr, authority: &str) -> io::Result<Self> {
        use rustix::net::{AddressFamily, SocketAddrV4, SocketFlags, SocketType, bind, connect, socket_with};
        let address =
            authority.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("no address for the host"))?;
        // A gateway started meanwhile must not inherit it.
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        bind(&socket, &SocketAddrV4::new(local, 0))?;
        connect(&socket, &address)?;
        Self::over(TcpStream::from(socket), authority)
    }

    pub fn over(stream: TcpStream, authority: &str) -> io::Result<Self> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        let writer = stream.try_clone()?;
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, Prompt(stream)),
            writer,
            authority: authority.to_owned(),
        })
    }

    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        let bytes = request.to_bytes(&self.authority);
        self.send_raw(&bytes)
    }

    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    pub fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        // A refusal may come, and the socket close, before the whole body is written.
        let sent = self.send(request);
        self.read_response(&request.method).map_err(|e| sent.err().unwrap_or(e))
    }

    pub fn read_head(&mut self) -> io::Result<Head> {
        read_head(&mut self.reader)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads to the end of the final answer; interim ones are noted.
    pub fn read_response(&mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        let head = loop {
            let head = self.read_head()?;
            match head.status() {
                100 | 102..=199 => interim.push(head.status()),
                _ => break head,
            }
        };
        let mut body = Vec::new();
        copy_body(&mut self.reader, Framing::of_response(method, &head), &mut body)?;
        Ok(Response { status: head.status(), headers: head.headers, body, interim })
    }

    /// True when the peer closes within the timeout, without a further byte.
    pub fn is_closed_within(&mut self, timeout: Duration) -> bool {
        self.writer.set_read_timeout(Some(timeout)).unwrap();
        match self.reader.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

/// One request on a connection of its own.
pub fn exchange(authority: &str, request: &Request) -> io::Result<Response> {
    Connection::open(authority)?.exchange(request)
}

/// `None` when the peer closed before a first byte.
pub fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let start = read_line(reader)?;
    if start.is_empty() {
        return Ok(None);
    }
    let mut headers = Headers::default();
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed inside the headers"));
        }
        let line = trim_line_end(&line);
        if line.is_empty() {
            break;
        }
        let colon = line
            .iter()
            .position(|b| *b == b':')
            .ok_or_else(|| bad(format!("header without colon: {}", String::from_utf8_lossy(line))))?;
        headers.push(&String::from_utf8_lossy(&line[..colon]), line[colon + 1..].trim_ascii());
    }
    let start_line = String::from_utf8_lossy(trim_line_end(&start)).into_owned();
    Ok(Some(Head { start_line, headers }))
}

/// Copies one message body; returns the number of bytes in it.
pub fn copy_body(reader: &mut impl BufRead, framing: Framing, sink: &mut impl Write) -> io::Result<u64> {
    match framing {
        Framing::None => Ok(0),
        Framing::Length(length) => copy_exactly(reader, length, sink),
        Framing::UntilClose => io::copy(reader, sink),
        Framing::Chunked => copy_chunks(reader, sink),
    }
}

fn copy_chunks(reader: &mut impl BufRead, sink: &mut impl Write) -> io::Result<u64> {
    let mut total = 0;
    loop {
        let line = read_line(reader)?;
        let text = String::from_utf8_lossy(trim_line_end(&line)).into_owned();
        let digits = text.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| bad(format!("chunk size {text:?}")))?;
        if size == 0 {
            while !trim_line_end(&read_line(reader)?).is_empty() {}
            return Ok(total);
        }
        total += copy_exactly(reader, size, sink)?;
        if !trim_line_end(&read_line(reader)?).is_empty() {
            return Err(bad("chunk longer than its size".to_owned()));
        }
    }
}

fn copy_exactly(reader: &mut impl BufRead, length: u64, sink: &mut impl Write) -> io::Result<u64> {
    let copied = io::copy(&mut reader.take(length), sink)?;
    if copied < length {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("body ended at {copied} of {length}"),
        ));
    }
    Ok(copied)
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn bad(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_written_as_given() {
        let request = Request::new("POST", b"/a?x=%zz&\xff")
            .header("apikey", "1")
            .header("ApiKey", b"\xe9")
            .body("abc");
        let expected: &[u8] =
            b"POST /a?x=%zz&\xff HTTP/1.1\r\nHost: h:1\r\napikey: 1\r\nApiKey: \xe9\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(request.to_bytes("h:1"), expected);
    }

    #[test]
    fn given_host_and_framing_are_kept() {
        let request = Request::new("POST", "/")
            .header("host", "a.test")
            .header("Transfer-Encoding", "chunked")
            .body("0\r\n\r\n");
        let text = String::from_utf8(request.to_bytes("h:1")).unwrap();
        assert_eq!(text, "POST / HTTP/1.1\r\nhost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    }

    #[test]
    fn chunked_body_is_read_whole() {
        let mut wire: &[u8] = b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nrest";
        let mut body = Vec::new();
        assert_eq!(copy_body(&mut wire, Framing::Chunked, &mut body).unwrap(), 13);
        assert_eq!(body, b"abc0123456789");
        assert_eq!(wire, b"rest");
    }

    #[test]
    fn short_body_is_an_error() {
        let mut wire: &[u8] = b"ab";
        assert!(copy_body(&mut wire, Framing::Length(3), &mut Vec::new()).is_err());
        let mut wire: &[u8] = b"5\r\nab";
        assert!(copy_body(&mut wire, Framing::Chunked, &mut Vec::new()).is_err());
    }

    #[test]
    fn head_keeps_repeats_and_order() {
        let mut wire: &[u8] = b"HTTP/1.1 200 OK\r\nA: 1\r\nb:2\r\na:  3 \r\n\r\n";
        let head = read_head(&mut wire).unwrap().unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers.values("a"), ["1", "3"]);
        assert_eq!(head.headers.first("B").as_deref(), Some("2"));
    }
}
