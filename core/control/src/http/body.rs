//! Reads the body of a write: JSON, or one of the two kinds of form.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;
use percent_encoding::percent_decode;

use super::endpoints::Takes;
use super::problem::Refusal;
use crate::schema::{Input, Object, Texts};

/// Members an entity may be sent with, and arguments a query may have.
pub(super) const ARGUMENTS_MAX: usize = 1000;

pub(super) const TOO_MANY: Refusal = Refusal::Malformed("Too many arguments");

/// What a caller sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// As JSON.
    Object(Object),
    /// As a form.
    Form(Texts),
}

impl Sent {
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            Sent::Object(object) => object.into(),
            Sent::Form(texts) => texts.into(),
        }
    }
}

/// What was sent; nothing when there is neither body nor type, or none is taken.
pub(super) async fn parse(
    takes: Takes,
    headers: &HeaderMap,
    body: &[u8],
    takes_multipart: bool,
) -> Result<Sent, Refusal> {
    match takes {
        Takes::Nothing | Takes::Page | Takes::AuditPage | Takes::File(_) => Ok(Sent::Object(Object::new())),
        Takes::Object => read(headers, body, takes_multipart).await,
        // Pages read theirs themselves.
        Takes::Form => Ok(Sent::Object(Object::new())),
    }
}

async fn read(headers: &HeaderMap, body: &[u8], takes_multipart: bool) -> Result<Sent, Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(content_type) = types.next() else {
        return match body {
            [] => Ok(Sent::Object(Object::new())),
            _ => Err(Refusal::UnsupportedType),
        };
    };
    let content_type = content_type.as_bytes();
    if types.next().is_some() || is_list(content_type) {
        return Err(Refusal::Malformed("Multiple Content-Type headers not allowed"));
    }
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    match essence.trim_ascii().to_ascii_lowercase().as_slice() {
        b"application/json" => json(body).map(Sent::Object),
        b"application/x-www-form-urlencoded" => form(body).map(Sent::Form),
        b"multipart/form-data" if takes_multipart => multipart(content_type, body).await.map(Sent::Form),
        _ => Err(Refusal::UnsupportedType),
    }
}

fn json(body: &[u8]) -> Result<Object, Refusal> {
    let object: Object =
        serde_json::from_slice(body).map_err(|_| Refusal::Malformed("Cannot parse JSON body"))?;
    match object.len() > ARGUMENTS_MAX {
        true => Err(TOO_MANY),
        false => Ok(object),
    }
}

/// Bytes that are no UTF-8 would be read as something else.
fn form(body: &[u8]) -> Result<Texts, Refusal> {
    const BROKEN: Refusal = Refusal::Malformed("Cannot parse form body");
    percent_decode(body).decode_utf8().map_err(|_| BROKEN)?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| BROKEN)?;
    texts(pairs)
}

/// The parts of a form; an empty body has none, as in Kong.
async fn multipart(content_type: &[u8], body: &[u8]) -> Result<Texts, Refusal> {
    if body.is_empty() {
        return Ok(Texts::default());
    }
    let pairs = parts(content_type, body).await;
    texts(pairs.ok_or(Refusal::Malformed("Cannot parse multipart body"))?)
}

/// Names and contents of the parts, files too; `None` where one cannot be read or has no name.
async fn parts(content_type: &[u8], body: &[u8]) -> Option<Vec<(String, String)>> {
    let boundary = multer::parse_boundary(std::str::from_utf8(content_type).ok()?).ok()?;
    let stream = BodyDataStream::new(Full::new(Bytes::copy_from_slice(body)));
    let mut multipart = Multipart::new(stream, boundary);
    let mut pairs = Vec::new();
    while let Some(field) = multipart.next_field().await.ok()? {
        let name = field.name()?.to_owned();
        let content = field.bytes().await.ok()?.to_vec();
        pairs.push((name, String::from_utf8(content).ok()?));
    }
    Some(pairs)
}

fn texts(pairs: Vec<(String, String)>) -> Result<Texts, Refusal> {
    if pairs.len() > ARGUMENTS_MAX {
        return Err(TOO_MANY);
    }
    let mut texts = Texts::default();
    for (name, text) in pairs {
        texts.add(&with_brackets(&name), text);
    }
    Ok(texts)
}

/// A name whose brackets were escaped once more than the rest, as some clients do.
fn with_brackets(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return name.into();
    }
    let bracket = |text: String, (escaped, bracket): (&str, &str)| text.replace(escaped, bracket);
    [("%5B", "["), ("%5b", "["), ("%5D", "]"), ("%5d", "]")].into_iter().fold(name.to_owned(), bracket).into()
}

/// Whether these are several values: some platforms join fields of one name by commas, which a
/// single value has between quotes at most (RFC 9110 §8.3).
pub(super) fn is_list(content_type: &[u8]) -> bool {
    let outside_quotes = content_type.split(|byte| *byte == b'"').step_by(2);
    outside_quotes.flatten().any(|byte| *byte == b',')
}
