//! Sending a request to an upstream: the head, and the body as it comes from the client.
//!
//! How the body is framed is said by us alone, whatever the client wrote. Trailers of requests are
//! not passed on (RFC 9110 §6.5.1).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header;
use http::request::Parts;
use http_body::Body as _;
use latchkey_gateway::decision::Plan;
use tokio::io::AsyncWrite;

use super::request_body::RequestBody;
use crate::failure::Failure;

/// Up to this a piece of body is copied behind what is to be sent before it.
const COPIED_MAX: usize = 4096;
/// Larger buffers are not kept for the next request.
const TEXT_KEPT_MAX: usize = 16 * 1024;

/// A request that is being sent.
#[derive(Default)]
pub(crate) struct Upload {
    /// Sent first: the head, the framing of chunks, short pieces of body.
    text: Vec<u8>,
    sent: usize,
    /// Sent after it: a long piece of body.
    piece: Bytes,
    piece_sent: usize,
    /// What is still to come.
    body: Option<RequestBody>,
    framing: Framing,
}

#[derive(Default)]
enum Framing {
    /// So many bytes still to come.
    Length(u64),
    #[default]
    Chunked,
}

/// Why a request cannot be sent.
pub(crate) enum Unsent {
    /// The upstream does not take it.
    Upstream,
    /// The client broke off, or sent what is no body.
    Client(Failure),
}

impl From<io::Error> for Unsent {
    fn from(_: io::Error) -> Self {
        Unsent::Upstream
    }
}

impl Upload {
    /// Takes a request; nothing of the one before is left.
    pub(crate) fn start(&mut self, plan: &Plan, head: &Parts, body: RequestBody) {
        self.clear();
        self.write_head(plan, head);
        let had_body = head.headers.contains_key(header::CONTENT_LENGTH)
            || head.headers.contains_key(header::TRANSFER_ENCODING);
        match &body {
            RequestBody::Whole(bytes) if bytes.is_empty() && !had_body => self.end_head(),
            RequestBody::Whole(bytes) => {
                self.end_head_with_length(bytes.len() as u64);
                self.push(bytes.clone());
            }
            RequestBody::Stream { .. } => {
                match body.size_hint().exact() {
                    Some(length) => self.end_head_with_length(length),
                    None => {
                        self.framing = Framing::Chunked;
                        self.text.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                    }
                }
                self.body = Some(body);
            }
        }
    }

    fn write_head(&mut self, plan: &Plan, head: &Parts) {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        for part in [head.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            self.text.extend_from_slice(part.as_bytes());
        }
        let text = &mut self.text;
        plan.each_field(&head.headers, |name, value| {
            // `Expect` is answered here: with `100 Continue`, as soon as the body is asked for.
            if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT].contains(name) {
                return;
            }
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.extend_from_slice(b"\r\n");
        });
    }

    fn end_head(&mut self) {
        self.text.extend_from_slice(b"\r\n");
    }

    fn end_head_with_length(&mut self, length: u64) {
        self.framing = Framing::Length(length);
        self.text.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    }

    /// Puts a piece of body behind the text; there is none there yet.
    fn push(&mut self, bytes: Bytes) {
        if bytes.len() > COPIED_MAX {
            self.piece = bytes;
        } else {
            self.text.extend_from_slice(&bytes);
        }
    }

    /// Whether all of the request was sent.
    pub(crate) fn is_done(&self) -> bool {
        self.body.is_none() && !self.has_unsent()
    }

    /// Forgets what was not sent.
    pub(crate) fn clear(&mut self) {
        if self.text.capacity() > TEXT_KEPT_MAX {
            self.text = Vec::new();
        }
        self.text.clear();
        self.piece = Bytes::new();
        (self.sent, self.piece_sent) = (0, 0);
        self.body = None;
    }

    fn has_unsent(&self) -> bool {
        self.sent < self.text.len() || self.piece_sent < self.piece.len()
    }

    /// Sends on; ready when all is sent.
    pub(crate) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Unsent>> {
        loop {
            while self.has_unsent() {
                ready!(self.poll_write(stream, cx))?;
            }
            if let Some(body) = &mut self.body {
                match Pin::new(body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        self.next_piece(frame.into_data().unwrap_or_default())?;
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => {
                        return Poll::Ready(Err(Unsent::Client(Failure::of_body(&error))));
                    }
                    Poll::Ready(None) => {
                        self.end_body()?;
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            ready!(Pin::new(stream).poll_flush(cx))?;
            return if self.body.is_none() { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
    }

    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let (text, piece) = (&self.text[self.sent..], &self.piece[self.piece_sent..]);
        let stream = Pin::new(stream);
        let written = ready!(match (text.is_empty(), piece.is_empty()) {
            (false, false) =>
                stream.poll_write_vectored(cx, &[io::IoSlice::new(text), io::IoSlice::new(piece)]),
            (false, true) => stream.poll_write(cx, text),
            (true, _) => stream.poll_write(cx, piece),
        })?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let of_text = written.min(text.len());
        self.sent += of_text;
        self.piece_sent += written - of_text;
        if !self.has_unsent() {
            self.text.clear();
            self.piece = Bytes::new();
            (self.sent, self.piece_sent) = (0, 0);
        }
        Poll::Ready(Ok(()))
    }

    fn next_piece(&mut self, bytes: Bytes) -> Result<(), Unsent> {
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.framing {
            Framing::Length(left) => {
                *left = left.checked_sub(bytes.len() as u64).ok_or(Unsent::Client(Failure::Unreadable))?;
                self.push(bytes);
            }
            // The end of a chunk goes with the beginning of the next: two writes at most for each.
            Framing::Chunked => {
                self.text.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
                self.text.extend_from_slice(&bytes);
                self.text.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }

    fn end_body(&mut self) -> Result<(), Unsent> {
        self.body = None;
        match self.framing {
            Framing::Length(0) => Ok(()),
            Framing::Length(_) => Err(Unsent::Client(Failure::Unreadable)),
            Framing::Chunked => {
                self.text.extend_from_slice(b"0\r\n\r\n");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::upstream::response_body::Decoder;

    proptest::proptest! {
        #[test]
        fn pieces_of_any_length_are_chunks(lengths in proptest::collection::vec(0_usize..300, 0..9)) {
            let mut upload = Upload::default();
            for length in &lengths {
                assert!(upload.next_piece(vec![b'x'; *length].into()).is_ok());
            }
            assert!(upload.end_body().is_ok());
            let (mut text, mut decoder) = (BytesMut::from(&upload.text[..]), Decoder::chunked());
            let mut body = 0;
            while let Some(frame) = decoder.decode(&mut text).unwrap() {
                body += frame.into_data().unwrap().len();
            }
            assert_eq!((body, decoder, text.len()), (lengths.iter().sum(), Decoder::Ended, 0));
        }
    }

    #[test]
    fn a_body_must_be_as_long_as_was_said() {
        let mut upload = Upload { framing: Framing::Length(3), ..Upload::default() };
        assert!(upload.next_piece(Bytes::from_static(b"ab")).is_ok());
        assert!(upload.next_piece(Bytes::from_static(b"cd")).is_err());
        assert!(upload.end_body().is_err());
    }
}
