//! Our HTTP/1.1 towards upstreams beside hyper's: what we read, hyper reads alike.

use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::codec_oracle::{assert_read_alike, by_us};

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn hyper_reads_the_same(
        start in select(&STARTS[..]),
        fields in vec(select(&FIELDS[..]), 0..4),
        bodies in vec(select(&BODIES[..]), 0..4),
        method in select(&[Method::GET, Method::GET, Method::HEAD][..]),
        piece in 1_usize..80,
    ) {
        let text = format!("{start}{}\r\n{}", fields.concat(), bodies.concat());
        assert_read_alike(text.as_bytes(), &method, piece);
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
