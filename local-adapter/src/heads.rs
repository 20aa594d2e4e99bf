//! Heads of requests as they come from a client, for what hyper's server does not tell.
//!
//! It drops a `Content-Length` beside `Transfer-Encoding`, and a second one of the same value, before
//! anybody sees them. Both are refused here (`latchkey_request::framing`): whoever stands before us may
//! have read the message by the field that is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

use latchkey_request::framing;
use latchkey_request::framing::Misframed;

/// So much of a line that comes in pieces is looked at: a name, a colon and a number, in bytes.
const LINE_SEEN_MAX: usize = 128;

/// What a connection's heads have shown. Shared on one thread, though hyper asks for more.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    requests: AtomicU64,
    /// The request that can be read two ways, by its number from 1; its connection ends with it.
    doubtful: AtomicU64,
    is_chunked: AtomicBool,
    is_stopped: AtomicBool,
}

impl Heads {
    /// What hyper has not told of the next request that it hands over.
    pub(crate) fn next_fault(&self) -> Option<Misframed> {
        let number = self.requests.load(Relaxed) + 1;
        self.requests.store(number, Relaxed);
        if self.doubtful.load(Relaxed) != number {
            return None;
        }
        Some(if self.is_chunked.load(Relaxed) { framing::LENGTH_BESIDE_CHUNKS } else { framing::LENGTH })
    }

    /// What comes from now on is no request.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }
}

/// Looks at the heads of one connection as hyper reads them.
pub(crate) struct HeadWatch {
    reader: Reader,
    heads: Arc<Heads>,
}

impl HeadWatch {
    /// What the heads show is told to `heads`.
    pub(crate) fn new(heads: Arc<Heads>) -> Self {
        HeadWatch { reader: Reader::default(), heads }
    }

    /// The next bytes that came.
    pub(crate) fn look(&mut self, bytes: &[u8]) {
        if self.reader.next == Next::Nothing || self.heads.is_stopped.load(Relaxed) {
            return;
        }
        if self.reader.read(bytes) {
            self.heads.is_chunked.store(self.reader.is_chunked, Relaxed);
            self.heads.doubtful.store(self.reader.heads, Relaxed);
        }
    }
}

/// Reads only what says where a message ends, as hyper does; where hyper refuses, it stops.
#[derive(Debug, Default)]
struct Reader {
    next: Next,
    /// The beginning of a line that is not all there.
    line: Vec<u8>,
    lengths: u32,
    length: u64,
    is_chunked: bool,
    heads: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    /// A request line; empty lines before it do not count.
    #[default]
    Head,
    Field,
    /// So many bytes of a body.
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk.
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// Nothing that matters.
    Nothing,
}

impl Reader {
    /// Whether the last head read can be read two ways; nothing is read after it.
    fn read(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match self.next {
                Next::Nothing => break,
                Next::Body(left) | Next::Chunk(left) => {
                    let taken = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    bytes = &bytes[taken..];
                    self.next = match (self.next, left - taken as u64) {
                        (Next::Body(_), 0) => Next::Head,
                        (Next::Body(_), left) => Next::Body(left),
                        (_, 0) => Next::ChunkEnd,
                        (_, left) => Next::Chunk(left),
                    };
                }
                _ => match memchr::memchr(b'\n', bytes) {
                    None => {
                        self.keep(bytes);
                        break;
                    }
                    Some(end) if self.line.is_empty() => {
                        self.take_line(&bytes[..end]);
                        bytes = &bytes[end + 1..];
                    }
                    Some(end) => {
                        self.keep(&bytes[..end]);
                        let line = std::mem::take(&mut self.line);
                        self.take_line(&line);
                        bytes = &bytes[end + 1..];
                    }
                },
            }
        }
        self.is_doubtful()
    }

    fn is_doubtful(&self) -> bool {
        self.next == Next::Nothing && (self.lengths > 1 || (self.lengths > 0 && self.is_chunked))
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LINE_SEEN_MAX.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn take_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.next = match self.next {
            Next::Head if line.is_empty() => Next::Head,
            Next::Head => {
                (self.lengths, self.length, self.is_chunked) = (0, 0, false);
                Next::Field
            }
            Next::Field if line.is_empty() => self.end_head(),
            Next::Field => {
                self.take_field(line);
                Next::Field
            }
            Next::ChunkSize => match chunk_size(line) {
                Some(0) => Next::Trailer,
                Some(size) => Next::Chunk(size),
                None => Next::Nothing,
            },
            Next::ChunkEnd if line.is_empty() => Next::ChunkSize,
            Next::Trailer if line.is_empty() => Next::Head,
            Next::Trailer => Next::Trailer,
            Next::ChunkEnd | Next::Body(_) | Next::Chunk(_) | Next::Nothing => Next::Nothing,
        };
    }

    fn take_field(&mut self, line: &[u8]) {
        if let Some(value) = value_of(line, b"content-length:") {
            self.lengths += 1;
            // What is no number is refused by hyper.
            self.length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        } else if value_of(line, b"transfer-encoding:").is_some() {
            self.is_chunked = true;
        }
    }

    fn end_head(&mut self) -> Next {
        self.heads += 1;
        match (self.lengths, self.is_chunked) {
            (0, false) => Next::Head,
            (0, true) => Next::ChunkSize,
            (1, false) if self.length == 0 => Next::Head,
            (1, false) => Next::Body(self.length),
            // The connection is closed after it.
            (1.., _) => Next::Nothing,
        }
    }
}

fn value_of<'l>(line: &'l [u8], name_and_colon: &[u8]) -> Option<&'l [u8]> {
    let (name, value) = line.split_at_checked(name_and_colon.len())?;
    name.eq_ignore_ascii_case(name_and_colon).then(|| value.trim_ascii())
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the heads read, and of the one in doubt, however the bytes come.
    #[track_caller]
    fn check(bytes: &str, heads: u64, doubt: Option<u64>) {
        for piece in [1, 2, 3, 7, 4096] {
            let mut reader = Reader::default();
            let mut found = None;
            for piece in bytes.as_bytes().chunks(piece) {
                if reader.read(piece) {
                    found = Some(reader.heads);
                }
            }
            let found = (reader.heads, found);
            assert_eq!(found, (heads, doubt), "{bytes:?} in pieces of {piece}");
        }
    }

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const LENGTH: &str = "POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  7\t\r\n\r\n\r\n\r\nabc";
    const CHUNKS: &str = "POST / HTTP/1.1\r\nTransfer-encoding: chunked\r\nX: Content-Length: 1\r\n\r\n\
        3;x=\"Content-Length: 3\"\r\nabc\r\n1A\r\nContent-Length: 1\r\n\r\nabcde\r\n0\r\nContent-Length: 1\r\n\r\n";

    #[test]
    fn heads_are_told_from_bodies() {
        check(&[GET, GET, LENGTH, "\r\n\r\n", CHUNKS, LENGTH, CHUNKS, GET].concat(), 7, None);
        check("GET / HTTP/1.1\nHost: a\n\n", 1, None);
        check("GET / HTTP/1.1\r\nContent-Length-X: 1\r\nX-Content-Length: 1\r\n\r\n", 1, None);
        let long = "x".repeat(500);
        check(&format!("GET /{long} HTTP/1.1\r\nA: {long}\r\n\r\n{LENGTH}"), 2, None);
    }

    #[test]
    fn what_can_be_read_two_ways_is_noted_by_its_number() {
        let both = "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let turned =
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nA: 1\r\ncontent-length: 3\r\n\r\n0\r\n\r\n";
        let twice = "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc";
        for doubtful in [both, turned, twice] {
            check(&[GET, LENGTH, CHUNKS, doubtful, GET].concat(), 4, Some(4));
            check(doubtful, 1, Some(1));
        }
    }

    #[test]
    fn a_fault_is_told_with_its_request() {
        let both = "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        let told = |heads: &Heads| (0..4).map(|_| heads.next_fault()).collect::<Vec<_>>();
        let heads = Arc::new(Heads::default());
        HeadWatch::new(Arc::clone(&heads)).look([GET, GET, both].concat().as_bytes());
        assert_eq!(told(&heads), [None, None, Some(framing::LENGTH_BESIDE_CHUNKS), None]);
        let stopped = Arc::new(Heads::default());
        stopped.stop();
        HeadWatch::new(Arc::clone(&stopped)).look(both.as_bytes());
        assert_eq!(told(&stopped), [None, None, None, None]);
    }
}
