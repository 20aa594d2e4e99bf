//! Whether a request says in one way only where its body ends (RFC 9112 §6).
//!
//! What is in front of us and what is behind us may read a doubtful message otherwise than we do;
//! then one of them takes for a second request what the other takes for a body.

use http::header;

use crate::Headers;

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misframed {
    /// It can be read in several ways; the sentence for the client, the status is 400.
    Doubtful(&'static str),
    /// A transfer coding that is not known (RFC 9112 §6.1).
    UnknownCoding,
}

impl Misframed {
    /// The sentence for [`Misframed::UnknownCoding`]; the status is 501.
    pub const UNKNOWN_CODING_MESSAGE: &str = "Transfer-Encoding names a coding that is not known here";
}

/// For platforms that hand the fields over as the client wrote them: one length in digits, or
/// chunks, or neither.
pub fn judge<H: Headers>(headers: &H) -> Result<(), Misframed> {
    let is_chunked = judge_codings(headers)?;
    let has_length = judge_length(headers)?;
    match is_chunked && has_length {
        true => Err(LENGTH_BESIDE_CHUNKS),
        false => Ok(()),
    }
}

/// For platforms that have framed the body themselves, and do not say whether they undid the codings
/// that the fields name: each field must be in order, and both may be there.
pub fn judge_each<H: Headers>(headers: &H) -> Result<(), Misframed> {
    judge_codings(headers)?;
    judge_length(headers).map(drop)
}

/// `Content-Length` beside `Transfer-Encoding`: allowed to be read by its chunks (RFC 9112 §6.1), and
/// the oldest way to be read by its length elsewhere.
pub const LENGTH_BESIDE_CHUNKS: Misframed =
    Misframed::Doubtful("Content-Length and Transfer-Encoding exclude each other");
/// More than one `Content-Length`, even of one value: Kong's nginx refuses them too.
pub const LENGTH: Misframed = Misframed::Doubtful("Content-Length is not one number");

/// Whether a body comes in chunks. The one transfer coding that is known is `chunked`, once: undone
/// by whoever reads the body, any other would be taken for plain.
pub fn judge_codings<H: Headers>(headers: &H) -> Result<bool, Misframed> {
    const MALFORMED: Misframed = Misframed::Doubtful("Transfer-Encoding is malformed");
    let mut codings = headers
        .values_of(&header::TRANSFER_ENCODING)
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .peekable();
    let is_used = codings.peek().is_some();
    let mut unknown = false;
    while let Some(coding) = codings.next() {
        let is_last = codings.peek().is_none();
        match coding.eq_ignore_ascii_case(b"chunked") {
            true if is_last => {}
            // Repeated, or not the last: then nothing says where the body ends (RFC 9112 §6.3).
            true => return Err(MALFORMED),
            // `identity` is one no more (RFC 9112 §7).
            false if is_last || coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") => {
                return Err(MALFORMED);
            }
            false => unknown = true,
        }
    }
    match unknown {
        true => Err(Misframed::UnknownCoding),
        false => Ok(is_used),
    }
}

/// Whether a length is given. What is no number, or not one, is read in several ways (RFC 9110 §8.6).
pub fn judge_length<H: Headers>(headers: &H) -> Result<bool, Misframed> {
    let mut lengths = headers.values_of(&header::CONTENT_LENGTH);
    let Some(length) = lengths.next() else { return Ok(false) };
    let is_number = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    let fits = || std::str::from_utf8(length).is_ok_and(|digits| digits.parse::<u64>().is_ok());
    match is_number && fits() && lengths.next().is_none() {
        true => Ok(true),
        false => Err(LENGTH),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn status(fields: &[(&'static str, &'static str)]) -> Option<u16> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        judge(&headers).err().map(|fault| match fault {
            Misframed::Doubtful(_) => 400,
            Misframed::UnknownCoding => 501,
        })
    }

    #[test]
    fn one_way_to_read_a_message_is_taken() {
        for fields in [
            &[][..],
            &[("content-length", "0")],
            &[("content-length", "007")],
            &[("content-length", "18446744073709551615")],
            &[("transfer-encoding", "chunked")],
            &[("transfer-encoding", "Chunked")],
            &[("transfer-encoding", " chunked\t")],
            &[("content-encoding", "gzip"), ("content-length", "5")],
            &[("content-encoding", "gzip"), ("transfer-encoding", "chunked")],
            &[("te", "gzip, chunked")],
        ] {
            assert_eq!(status(fields), None, "{fields:?}");
        }
    }

    #[test]
    fn codings_that_are_not_known_are_501() {
        for coding in ["gzip, chunked", "x-gzip,chunked", "br, deflate, chunked", "chunkedd, chunked"] {
            assert_eq!(status(&[("transfer-encoding", coding)]), Some(501), "{coding}");
        }
        assert_eq!(status(&[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")]), Some(501));
    }

    #[test]
    fn codings_that_say_no_end_are_400() {
        for coding in [
            "",
            ",",
            "chunked,",
            ",chunked",
            "chunked, chunked",
            "identity",
            "identity, chunked",
            "Identity,chunked",
            "gzip",
            "chunked, gzip",
            "chunked;q=1",
            "gzip, chunked, chunked",
            "\"chunked\"",
        ] {
            assert_eq!(status(&[("transfer-encoding", coding)]), Some(400), "{coding}");
        }
        assert_eq!(status(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]), Some(400));
    }

    #[test]
    fn a_length_is_one_number() {
        for length in
            ["", " ", "5, 5", "5,", "+5", "-5", "0x5", "5.0", "5 5", "1e3", "18446744073709551616", "five"]
        {
            assert_eq!(status(&[("content-length", length)]), Some(400), "{length:?}");
        }
        assert_eq!(status(&[("content-length", "5"), ("content-length", "5")]), Some(400));
        assert_eq!(status(&[("content-length", "5"), ("transfer-encoding", "chunked")]), Some(400));
    }
}
