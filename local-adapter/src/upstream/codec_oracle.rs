//! Our reading of responses beside hyper's, for tests and for the fuzz target `response`.
#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use super::response_body::{Decoder, Malformed};
use super::response_head::parse;

/// A response that was read to its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Status.
    pub(crate) status: StatusCode,
    /// Fields.
    pub(crate) headers: HeaderMap,
    /// Out of its framing.
    pub(crate) body: Vec<u8>,
    /// Fields behind it.
    pub(crate) trailers: Option<HeaderMap>,
}

/// We may refuse what hyper takes, never the other way round, and never read it otherwise.
///
/// # Panics
///
/// If it is not so.
pub(crate) fn assert_read_alike(text: &[u8], method: &Method, piece: usize) {
    let Ok(Some(ours)) = by_us(text, method, piece) else { return };
    let mut theirs = by_hyper(text, method);
    // Lengths that agree are one for us.
    if let (Some(theirs), Some(length)) = (&mut theirs, ours.headers.get("content-length")) {
        theirs.headers.insert("content-length", length.clone());
    }
    assert_eq!(Some(ours), theirs, "{:?}", String::from_utf8_lossy(text));
}

/// As our codec reads it, coming in pieces of so many bytes; `None`: it has not ended.
pub(crate) fn by_us(text: &[u8], method: &Method, piece: usize) -> Result<Option<Read>, Malformed> {
    let (mut received, mut pieces) = (BytesMut::new(), text.chunks(piece));
    let mut head = loop {
        match parse(&mut received, method)? {
            // What follows it would be in another protocol; nobody has asked for that.
            Some(head) if head.status == StatusCode::SWITCHING_PROTOCOLS => return Ok(None),
            Some(head) if head.status.is_informational() => continue,
            Some(head) => break head,
            None => {}
        }
        let Some(piece) = pieces.next() else { return Ok(None) };
        received.extend_from_slice(piece);
    };
    let (mut body, mut trailers) = (vec![], None);
    loop {
        match head.decoder.decode(&mut received)? {
            Some(frame) if frame.is_data() => body.extend(frame.into_data().unwrap()),
            Some(frame) => trailers = frame.into_trailers().ok(),
            None if head.decoder == Decoder::Ended => break,
            None => match pieces.next() {
                Some(piece) => received.extend_from_slice(piece),
                None if head.decoder.close() => break,
                None => return Ok(None),
            },
        }
    }
    Ok(Some(Read { status: head.status, headers: head.headers, body, trailers }))
}

/// As hyper's client reads it; `None`: it does not take it.
pub(crate) fn by_hyper(text: &[u8], method: &Method) -> Option<Read> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        let mut client = hyper::client::conn::http1::Builder::new();
        // We are not bounded by fields.
        client.max_headers(4096);
        let (mut sender, connection) = client.handshake(TokioIo::new(near)).await.unwrap();
        let request = Request::builder().method(method).uri("/").body(Empty::<Bytes>::new()).unwrap();
        let exchange = async {
            let response = sender.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.ok()?;
            let trailers = body.trailers().cloned();
            let body = body.to_bytes().to_vec();
            Some(Read { status: head.status, headers: head.headers, body, trailers })
        };
        let serve = async {
            // What comes before the request would not be its answer.
            tokio::io::AsyncReadExt::read(&mut far, &mut [0; 1024]).await.unwrap();
            far.write_all(text).await.unwrap();
            far.shutdown().await.unwrap();
        };
        let (read, (), _) = tokio::join!(exchange, serve, connection);
        read
    })
}
