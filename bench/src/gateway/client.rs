//! One keep-alive HTTP/1.1 connection to 127.0.0.1, enough to set up and to check.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

pub(super) struct Client {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    /// The server closes the connection after this answer.
    pub(super) closes: bool,
}

impl Client {
    pub(super) fn new(port: u16) -> Self {
        Self { port, stream: None }
    }

    pub(super) fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.send("GET", path, headers, "").with_context(|| format!("GET {path}"))
    }

    pub(super) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        self.send("POST", path, headers, body).with_context(|| format!("POST {path}"))
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", self.port);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" {
            request
                .push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);

        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let answer = read_answer(&mut stream)?;
        if !answer.closes {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(BufReader::new(stream))
    }
}

fn read_answer(stream: &mut impl BufRead) -> Result<Answer> {
    let status_line = read_line(stream)?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("status line {status_line:?}"))?;
    let (mut length, mut chunked, mut closes) = (0, false, false);
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').with_context(|| format!("header line {line:?}"))?;
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "transfer-encoding" => chunked = value == "chunked",
            "connection" => closes = value == "close",
            _ => {}
        }
    }
    let body = if chunked { read_chunks(stream)? } else { read_bytes(stream, length)? };
    Ok(Answer { status, body: String::from_utf8(body)?, closes })
}

fn read_chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = vec![];
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).with_context(|| format!("chunk size {line:?}"))?;
        body.extend(read_bytes(stream, size)?);
        if !read_line(stream)?.is_empty() {
            bail!("a chunk without its end");
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_bytes(stream: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection ended");
    }
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_body(raw: &str, body: &str) {
        let answer = read_answer(&mut raw.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }

    #[test]
    fn length_given() {
        check_body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1", "abc");
    }

    #[test]
    fn chunks() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check_body(&format!("{head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), "abcde");
    }

    #[test]
    fn end_before_the_answer() {
        assert!(read_answer(&mut "HTTP/1.1 200 OK\r\n".as_bytes()).is_err());
    }

    #[test]
    fn closing() {
        assert!(read_answer(&mut "HTTP/1.1 401 No\r\nConnection: close\r\n\r\n".as_bytes()).unwrap().closes);
    }
}
