//! The body of an upstream's response, taken out of its framing.

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};
use httparse::Status;

/// Longest line that gives a chunk's size, extensions included.
const SIZE_LINE_MAX: usize = 4096;
/// Longest trailer section.
const TRAILERS_BYTES_MAX: usize = 16 * 1024;
/// Fields in it that there is room for without allocating.
const TRAILERS_USUAL: usize = 32;
/// Up to this a piece is copied, so that the buffer it came in can be filled again.
const COPIED_MAX: usize = 2048;

/// Not HTTP/1, or not clearly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// What is to come of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoder {
    /// Nothing.
    Ended,
    /// So many bytes, not none.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// All that comes before the connection ends.
    UntilClose,
}

/// Where in the chunks we are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Before a size.
    Size,
    /// So many bytes, not none, before the end of a chunk.
    Data(u64),
    /// Before the line end after a chunk.
    End,
    /// In the trailer section.
    Trailers,
}

impl Decoder {
    /// At the beginning of the first chunk.
    pub(crate) fn chunked() -> Self {
        Decoder::Chunked(Chunk::Size)
    }

    /// Takes the next piece off the beginning of `received`; `None`: more must come first, unless
    /// the body has ended.
    pub(crate) fn decode(&mut self, received: &mut BytesMut) -> Result<Option<Frame<Bytes>>, Malformed> {
        loop {
            match self {
                Decoder::Ended => return Ok(None),
                _ if received.is_empty() => return Ok(None),
                Decoder::UntilClose => return Ok(Some(Frame::data(take(received, u64::MAX)))),
                Decoder::Length(left) => {
                    let piece = take(received, *left);
                    *left -= piece.len() as u64;
                    if *left == 0 {
                        *self = Decoder::Ended;
                    }
                    return Ok(Some(Frame::data(piece)));
                }
                Decoder::Chunked(Chunk::Data(left)) => {
                    let piece = take(received, *left);
                    *left -= piece.len() as u64;
                    if *left == 0 {
                        *self = Decoder::Chunked(Chunk::End);
                    }
                    return Ok(Some(Frame::data(piece)));
                }
                Decoder::Chunked(chunk @ Chunk::Size) => match take_size(received)? {
                    None => return Ok(None),
                    Some(0) => *chunk = Chunk::Trailers,
                    Some(size) => *chunk = Chunk::Data(size),
                },
                Decoder::Chunked(chunk @ Chunk::End) => {
                    if !b"\r\n".starts_with(&received[..received.len().min(2)]) {
                        return Err(Malformed("end of a chunk"));
                    }
                    if received.len() < 2 {
                        return Ok(None);
                    }
                    received.advance(2);
                    *chunk = Chunk::Size;
                }
                Decoder::Chunked(Chunk::Trailers) => {
                    let Some(trailers) = take_trailers(received)? else { return Ok(None) };
                    *self = Decoder::Ended;
                    return Ok((!trailers.is_empty()).then(|| Frame::trailers(trailers)));
                }
            }
        }
    }

    /// Takes in that the connection has ended; whether the body may end so.
    pub(crate) fn close(&mut self) -> bool {
        if *self == Decoder::UntilClose {
            *self = Decoder::Ended;
        }
        *self == Decoder::Ended
    }

    /// How much is to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Decoder::Ended => SizeHint::with_exact(0),
            Decoder::Length(left) => SizeHint::with_exact(*left),
            Decoder::Chunked(_) | Decoder::UntilClose => SizeHint::new(),
        }
    }
}

/// Takes so many bytes off the beginning, or all there are.
pub(crate) fn take(received: &mut BytesMut, at_most: u64) -> Bytes {
    let length = usize::try_from(at_most).unwrap_or(usize::MAX).min(received.len());
    if length > COPIED_MAX {
        return received.split_to(length).freeze();
    }
    let piece = Bytes::copy_from_slice(&received[..length]);
    received.advance(length);
    piece
}

fn take_size(received: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    const BAD: Malformed = Malformed("size of a chunk");
    // A size without digits, and line ends within extensions, are more than the parser refuses.
    if received.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) {
        return Err(BAD);
    }
    match httparse::parse_chunk_size(received).map_err(|_| BAD)? {
        Status::Complete((end, _)) if received[..end - 1].contains(&b'\n') || end > SIZE_LINE_MAX => Err(BAD),
        Status::Complete((end, size)) => {
            received.advance(end);
            Ok(Some(size))
        }
        Status::Partial if received.len() > SIZE_LINE_MAX => Err(BAD),
        Status::Partial => Ok(None),
    }
}

fn take_trailers(received: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
    let mut usual = [httparse::EMPTY_HEADER; TRAILERS_USUAL];
    let outcome = match read_trailers(received, &mut usual) {
        Err(httparse::Error::TooManyHeaders) => {
            // Each field ends a line.
            let section = &received[..received.len().min(TRAILERS_BYTES_MAX)];
            let lines = section.iter().filter(|byte| **byte == b'\n').count();
            read_trailers(received, &mut vec![httparse::EMPTY_HEADER; lines])
        }
        outcome => outcome,
    };
    match outcome.map_err(|_| Malformed("trailers"))? {
        Some((end, trailers)) if end <= TRAILERS_BYTES_MAX => {
            received.advance(end);
            Ok(Some(trailers))
        }
        None if received.len() <= TRAILERS_BYTES_MAX => Ok(None),
        _ => Err(Malformed("trailers too long")),
    }
}

fn read_trailers<'b>(
    received: &'b [u8],
    fields: &mut [httparse::Header<'b>],
) -> Result<Option<(usize, HeaderMap)>, httparse::Error> {
    let Status::Complete((end, fields)) = httparse::parse_headers(received, fields)? else { return Ok(None) };
    let mut trailers = HeaderMap::new();
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        trailers.append(
            name.map_err(|_| httparse::Error::HeaderName)?,
            value.map_err(|_| httparse::Error::HeaderValue)?,
        );
    }
    Ok(Some((end, trailers)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes what comes in pieces of so many bytes; also how many bytes were left over.
    fn decode(
        mut decoder: Decoder,
        text: &[u8],
        piece: usize,
    ) -> Result<(Vec<u8>, Decoder, usize), Malformed> {
        let (mut received, mut body) = (BytesMut::new(), Vec::new());
        for piece in text.chunks(piece) {
            received.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut received)? {
                body.extend(frame.into_data().unwrap_or_default());
            }
        }
        Ok((body, decoder, received.len()))
    }

    #[test]
    fn chunks_join_however_they_arrive() {
        let text = b"3;a=b\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nrest";
        for piece in 1..text.len() {
            let outcome = decode(Decoder::chunked(), text, piece).unwrap();
            assert_eq!(outcome, (b"abc0123456789".to_vec(), Decoder::Ended, 4), "{piece}");
        }
    }

    #[test]
    fn bad_chunks_are_refused() {
        for text in [
            "\r\n",
            ";\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1\n",
            "1 2\r\n",
            "11111111111111111\r\n",
            "1;a\nb\r\n",
            "1\r\nab",
            "1\r\na\n",
            "1\r\na\rb",
            "0\r\nA : b\r\n\r\n",
            "0\r\nA\r\n\r\n",
            "0\r\nA: b\r\n c\r\n\r\n",
        ] {
            for piece in 1..=text.len() {
                assert!(decode(Decoder::chunked(), text.as_bytes(), piece).is_err(), "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_length_is_kept() {
        assert_eq!(decode(Decoder::Length(3), b"abcd", 2).unwrap(), (b"abc".to_vec(), Decoder::Ended, 1));
        let (body, mut decoder, _) = decode(Decoder::Length(3), b"ab", 2).unwrap();
        assert_eq!((body, decoder.close()), (b"ab".to_vec(), false));
    }

    #[test]
    fn the_end_of_the_connection_ends_only_what_has_no_other_end() {
        assert!(Decoder::UntilClose.close());
        assert!(Decoder::Ended.close());
        assert!(!Decoder::chunked().close());
        assert!(!Decoder::Chunked(Chunk::Trailers).close());
    }
}
