//! The form of a page, as a browser sends it (WHATWG URL, `application/x-www-form-urlencoded`; RFC 7578 where it
//! has a file).

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;
use serde_json::Value;
use uuid::Uuid;

use crate::http::body::{ARGUMENTS_MAX, TOO_MANY};
use crate::http::endpoints::Takes;
use crate::http::problem::Refusal;
use crate::http::uploads::Upload;
use crate::schema::parse_uuid;

/// Names and contents of its fields, in order.
#[derive(Debug, Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// What its one file holds, if it has one.
    file: Option<Upload>,
}

const BROKEN: Refusal = Refusal::Malformed("Cannot parse form body");

impl Form {
    pub(super) async fn read(takes: Takes, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if takes != Takes::Form || (body.is_empty() && !headers.contains_key(CONTENT_TYPE)) {
            return Ok(Form::default());
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.ok_or(Refusal::UnsupportedType)?;
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let form = match essence.as_str() {
            "application/x-www-form-urlencoded" => {
                Form { fields: serde_urlencoded::from_bytes(body).map_err(|_| BROKEN)?, file: None }
            }
            "multipart/form-data" => parts(content_type, body).await.ok_or(BROKEN)?,
            _ => return Err(Refusal::UnsupportedType),
        };
        if form.fields.len() > ARGUMENTS_MAX { Err(TOO_MANY) } else { Ok(form) }
    }

    /// One of these fields.
    #[cfg(test)]
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form { fields: fields.collect(), file: None }
    }

    /// What was typed, without blanks around it; empty where there is no such field.
    pub(super) fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// What was typed, to the last character.
    pub(super) fn exact(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// What was typed, or nothing.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The same as a member of an object: null where nothing was typed.
    pub(super) fn value(&self, name: &str) -> Value {
        self.given(name).map_or(Value::Null, Value::from)
    }

    /// Whether a box is ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.all(name).any(|value| value == "true")
    }

    /// Every value of a name.
    pub(super) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.fields.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// What was drawn for this form: the id of what it makes, so that it is made once.
    pub(super) fn nonce(&self) -> Option<Uuid> {
        parse_uuid(self.text("nonce"))
    }

    /// Its fields, in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What its file holds; `None`: none was picked.
    pub(super) fn file(&self) -> Option<&Upload> {
        self.file.as_ref().filter(|file| !file.bytes.is_empty())
    }
}

async fn parts(content_type: &str, body: &[u8]) -> Option<Form> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    let stream = BodyDataStream::new(Full::new(Bytes::copy_from_slice(body)));
    let mut multipart = Multipart::new(stream, boundary);
    let mut form = Form::default();
    while let Some(field) = multipart.next_field().await.ok()? {
        let (name, file_name) = (field.name()?.to_owned(), field.file_name().map(str::to_owned));
        let bytes = field.bytes().await.ok()?.to_vec();
        match file_name {
            Some(file_name) => form.file = Some(Upload { name: Some(file_name), bytes }),
            None => form.fields.push((name, String::from_utf8(bytes).ok()?)),
        }
    }
    Some(form)
}
