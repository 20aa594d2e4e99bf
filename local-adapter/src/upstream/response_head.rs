//! The head of an upstream's response, read strictly (RFC 9112): where there are two ways to read
//! where a message ends, there is none.

use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;
use latchkey_published::limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX};

use super::response_body::{Decoder, Malformed};

/// Fields that there is room for at first; few heads have as many.
const FIELDS_USUAL: usize = 128;
/// Fields that are added before the head goes to the client.
const FIELDS_ADDED: usize = 4;

/// The head of a response.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    /// Status.
    pub(crate) status: StatusCode,
    /// As the upstream words the status, where it has words of its own.
    pub(crate) reason: Option<ReasonPhrase>,
    /// Fields; one `Content-Length` at most.
    pub(crate) headers: HeaderMap,
    /// How the body that follows is framed.
    pub(crate) decoder: Decoder,
    /// Whether the connection stays open after the body.
    pub(crate) keeps_alive: bool,
}

/// Takes a head off the beginning of `received`; `None`: it is not all there. `method` is the
/// request's. An interim response is a head like others, without a body.
pub(crate) fn parse(received: &mut BytesMut, method: &Method) -> Result<Option<ResponseHead>, Malformed> {
    let mut usual = [const { MaybeUninit::uninit() }; FIELDS_USUAL];
    let outcome = match read(received, &mut usual) {
        Err(Unread::TooManyFields) => {
            let mut many = vec![MaybeUninit::uninit(); line_count(received)];
            read(received, &mut many)
        }
        outcome => outcome,
    };
    let mut parsed = match outcome {
        Ok(Some(parsed)) if parsed.length <= HEAD_BYTES_MAX => parsed,
        Ok(None) if received.len() < HEAD_BYTES_MAX => return Ok(None),
        Ok(_) | Err(Unread::TooManyFields) => return Err(Malformed("head too long")),
        Err(Unread::Malformed(malformed)) => return Err(malformed),
    };
    received.advance(parsed.length);
    let (decoder, is_framed_by_chunks) = framing(&mut parsed.headers, parsed.status, method)?;
    if is_framed_by_chunks && !parsed.is_http_1_1 {
        return Err(Malformed("chunks in HTTP/1.0"));
    }
    let keeps_alive = parsed.is_http_1_1 && !asks_to_close(&parsed.headers);
    let Parsed { status, reason, headers, .. } = parsed;
    Ok(Some(ResponseHead { status, reason, headers, decoder, keeps_alive }))
}

/// What a head says, before it is asked what it means.
struct Parsed {
    length: usize,
    status: StatusCode,
    reason: Option<ReasonPhrase>,
    is_http_1_1: bool,
    headers: HeaderMap,
}

/// Why a head was not read.
enum Unread {
    /// There are more fields than there is room for.
    TooManyFields,
    Malformed(Malformed),
}

impl From<Malformed> for Unread {
    fn from(malformed: Malformed) -> Self {
        Unread::Malformed(malformed)
    }
}

/// Reads a head with room for so many fields; `None`: it is not all there.
fn read<'b>(
    received: &'b [u8],
    fields: &mut [MaybeUninit<httparse::Header<'b>>],
) -> Result<Option<Parsed>, Unread> {
    let mut parsed = httparse::Response::new(&mut []);
    let parser = ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut parsed, received, fields) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Unread::TooManyFields),
        Err(_) => return Err(Malformed("no HTTP head").into()),
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Malformed("status"))?;
    let reason = parsed.reason.and_then(|reason| own_words(reason, status));
    // All values share one copy of the head; the buffer itself stays free for the next.
    let head = Bytes::copy_from_slice(&received[..length]);
    let start = received.as_ptr().addr();
    let mut headers = HeaderMap::with_capacity(parsed.headers.len().min(FIELDS_USUAL) + FIELDS_ADDED);
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Malformed("field name"))?;
        let at = field.value.as_ptr().addr() - start;
        let value = HeaderValue::from_maybe_shared(head.slice(at..at + field.value.len()));
        let value = value.map_err(|_| Malformed("field value"))?;
        headers.try_append(name, value).map_err(|_| Unread::TooManyFields)?;
    }
    Ok(Some(Parsed { length, status, reason, is_http_1_1: parsed.version == Some(1), headers }))
}

/// Lines of what may be a head: no fewer than its fields.
fn line_count(received: &[u8]) -> usize {
    let head = &received[..received.len().min(HEAD_BYTES_MAX)];
    head.iter().filter(|byte| **byte == b'\n').count().min(HEAD_FIELDS_MAX)
}

fn own_words(reason: &str, status: StatusCode) -> Option<ReasonPhrase> {
    let is_own = !reason.is_empty() && status.canonical_reason() != Some(reason);
    is_own.then(|| ReasonPhrase::try_from(reason.as_bytes()).ok()).flatten()
}

fn asks_to_close(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
    })
}

/// How the body is framed (RFC 9112 §6.3), and whether by `Transfer-Encoding`.
fn framing(
    headers: &mut HeaderMap,
    status: StatusCode,
    method: &Method,
) -> Result<(Decoder, bool), Malformed> {
    let length = content_length(headers)?;
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = match (codings.next(), codings.next()) {
        (None, _) => false,
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => true,
        _ => return Err(Malformed("transfer coding")),
    };
    if chunked && length.is_some() {
        return Err(Malformed("length beside chunks"));
    }
    let has_body = method != Method::HEAD
        && !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let decoder = match length {
        _ if !has_body => Decoder::Ended,
        Some(0) => Decoder::Ended,
        Some(length) => Decoder::Length(length),
        None if chunked => Decoder::chunked(),
        None => Decoder::UntilClose,
    };
    Ok((decoder, chunked))
}

/// The length that all lengths given agree on; afterwards it is given once.
fn content_length(headers: &mut HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let text = std::str::from_utf8(first.as_bytes()).unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length = is_number.then(|| text.parse().ok()).flatten().ok_or(Malformed("length"))?;
    let others = values.fold(0, |others, value| if value == first { others | 1 } else { 2 });
    match others {
        0 => {}
        1 => {
            let first = first.clone();
            headers.insert(header::CONTENT_LENGTH, first);
        }
        _ => return Err(Malformed("lengths that differ")),
    }
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<ResponseHead>, Malformed> {
        parse(&mut BytesMut::from(text), &Method::GET)
    }

    fn check(text: &str, decoder: &Decoder, keeps_alive: bool) {
        let head = head(text).unwrap().unwrap();
        assert_eq!((&head.decoder, head.keeps_alive), (decoder, keeps_alive), "{text}");
    }

    #[test]
    fn framing_is_what_the_head_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", &Decoder::Length(7), true);
        check("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n", &Decoder::Length(7), true);
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", &Decoder::chunked(), true);
        check("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n", &Decoder::UntilClose, false);
        check("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n", &Decoder::Length(7), false);
        check("HTTP/1.1 204 No Content\r\n\r\n", &Decoder::Ended, true);
        check("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", &Decoder::Ended, true);
        check("HTTP/1.1 100 Continue\r\n\r\n", &Decoder::Ended, true);
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
        let head = parse(&mut BytesMut::from(text), &Method::HEAD).unwrap().unwrap();
        assert_eq!((head.decoder, head.headers["content-length"].as_bytes()), (Decoder::Ended, &b"7"[..]));
    }

    #[test]
    fn what_can_be_read_two_ways_is_refused() {
        for fields in [
            "Content-Length: 7\r\nContent-Length: 8",
            "Content-Length: 7\r\nContent-Length: 8\r\nContent-Length: 7",
            "Content-Length: 7, 7",
            "Content-Length: +7",
            "Content-Length: -1",
            "Content-Length: 0x7",
            "Content-Length:",
            "Content-Length: 99999999999999999999",
            "Content-Length: 7\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding : chunked",
            "X: a\r\n b",
            "X: a\rb",
            "X: a\0b",
            " X: a",
            "X Y: a",
        ] {
            assert!(head(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n")).is_err(), "{fields}");
        }
        assert!(head("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(head("HTTP/2 200 OK\r\n\r\n").is_err());
        assert!(head("HTTP/1.1 99 Odd\r\n\r\n").is_err());
        assert!(head("ICY 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_head_comes_whole_or_not_at_all() {
        let text = b"HTTP/1.1 418 I am\r\nA: 1\r\nB: 2\r\nA: 3\r\nContent-Length: 1\r\n\r\n";
        for end in 0..text.len() {
            let mut received = BytesMut::from(&text[..end]);
            assert!(parse(&mut received, &Method::GET).unwrap().is_none(), "{end}");
            assert_eq!(received.len(), end);
        }
        let mut received = BytesMut::from(&text[..]);
        received.extend_from_slice(b"x");
        let head = parse(&mut received, &Method::GET).unwrap().unwrap();
        assert_eq!(&received[..], b"x");
        assert_eq!(head.headers.get_all("a").iter().collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(head.reason.unwrap().as_bytes(), b"I am");
    }

    #[test]
    fn heads_are_bounded() {
        let long = format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(HEAD_BYTES_MAX));
        assert_eq!(head(&long).unwrap_err(), Malformed("head too long"));
        assert_eq!(head(&format!("{long}\r\n\r\n")).unwrap_err(), Malformed("head too long"));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(HEAD_FIELDS_MAX));
        assert_eq!(head(&many).unwrap_err(), Malformed("head too long"));
    }

    #[test]
    fn fields_are_as_many_as_fit() {
        for count in [1, FIELDS_USUAL, FIELDS_USUAL + 1, 1000, HEAD_FIELDS_MAX - 10] {
            let text = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(count));
            assert_eq!(head(&text).unwrap().unwrap().headers.len(), count);
            assert!(head(&text[..text.len() - 2]).unwrap().is_none(), "{count}");
        }
        let named: String =
            (0..1000).map(|number| format!("a-{number}: {number}\r\nb: {number}\r\n")).collect();
        let headers = head(&format!("HTTP/1.1 200 OK\r\n{named}\r\n")).unwrap().unwrap().headers;
        let values: Vec<_> = headers.get_all("b").iter().map(|value| value.to_str().unwrap()).collect();
        let expected: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(values, expected);
        assert_eq!(headers["a-999"], "999");
    }
}
