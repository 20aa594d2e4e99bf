//! Our HTTP/1.1 towards upstreams beside hyper's: what we read, hyper reads alike.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::AsyncWriteExt as _;

use crate::response_body::Decoder;
use crate::response_head::{Malformed, parse};

/// A response that was read to its end.
#[derive(Debug, PartialEq)]
struct Read {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

const STARTS: [&str; 8] = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 404 \r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    "HTTP/1.1 103 Early\r\nA: 1\r\n\r\nHTTP/1.1 200 OK\r\n",
];
const FIELDS: [&str; 16] = [
    "Content-Length: 5\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length:\t5 \r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Connection: close\r\n",
    "A: b\r\n",
    "A: \u{e9}\r\n",
    " folded\r\n",
    "A:\0\r\n",
    "A: b\n",
];
const BODIES: [&str; 14] = [
    "hello",
    "5\r\nhello\r\n",
    "00005 ;x=\"y\"\r\nhello\r\n",
    "a\r\n0123456789\r\n",
    "0\r\n\r\n",
    "0\r\n\r\n",
    "0\r\nT: 1\r\n\r\n",
    "\r\n",
    ";\r\n",
    "5\nhello\r\n",
    "5\r\nhello",
    "-5\r\n",
    "5;\n\r\nhello\r\n",
    "fffffffffffffffff\r\n",
];

fn by_us(text: &[u8], method: &Method, piece: usize) -> Result<Option<Read>, Malformed> {
    let (mut received, mut pieces) = (BytesMut::new(), text.chunks(piece));
    let mut head = loop {
        match parse(&mut received, method)? {
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

fn by_hyper(text: &[u8], method: &Method) -> Option<Read> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// We may refuse what hyper takes, never the other way round, and never read it otherwise.
    #[test]
    fn hyper_reads_the_same(
        start in select(&STARTS[..]),
        fields in vec(select(&FIELDS[..]), 0..4),
        bodies in vec(select(&BODIES[..]), 0..4),
        method in select(&[Method::GET, Method::GET, Method::HEAD][..]),
        piece in 1_usize..80,
    ) {
        let text = format!("{start}{}\r\n{}", fields.concat(), bodies.concat());
        if let Ok(Some(ours)) = by_us(text.as_bytes(), &method, piece) {
            let mut theirs = by_hyper(text.as_bytes(), &method);
            // Lengths that agree are one for us.
            if let (Some(theirs), Some(length)) = (&mut theirs, ours.headers.get("content-length")) {
                theirs.headers.insert("content-length", length.clone());
            }
            prop_assert_eq!(Some(ours), theirs, "{:?}", text);
        }
    }

    #[test]
    fn how_it_arrives_makes_no_difference(
        start in select(&STARTS[..]),
        fields in vec(select(&FIELDS[..]), 0..3),
        bodies in vec(select(&BODIES[..]), 0..4),
        piece in 1_usize..80,
    ) {
        let text = format!("{start}{}\r\n{}", fields.concat(), bodies.concat());
        let whole = by_us(text.as_bytes(), &Method::GET, usize::MAX).ok().flatten();
        prop_assert_eq!(by_us(text.as_bytes(), &Method::GET, piece).ok().flatten(), whole, "{:?}", text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), piece in 1_usize..50) {
        let text = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &bytes[..]].concat();
        let _ = by_us(&bytes, &Method::GET, piece);
        let _ = by_us(&text, &Method::GET, piece);
    }
}
