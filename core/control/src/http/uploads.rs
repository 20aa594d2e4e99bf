//! Files that are sent: as a body of their type, or as a field of a form.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;

use super::body::is_list;
use super::endpoints::SentFile;
use super::problem::Refusal;

/// A kind of file.
pub(super) struct FileKind {
    /// The field of a form that it is sent in.
    pub(super) field: &'static str,
    /// The media types that it is sent as.
    pub(super) media_types: &'static [&'static str],
    no_field: &'static str,
}

/// A specification of a service.
const DOCUMENT: FileKind = FileKind {
    field: "document",
    media_types: &[
        "application/json",
        "application/yaml",
        "application/x-yaml",
        "text/yaml",
        "application/vnd.oai.openapi",
        "application/vnd.oai.openapi+json",
        "application/vnd.oai.openapi+yaml",
    ],
    no_field: "The form has no file 'document'",
};

/// The portal's logo.
const LOGO: FileKind =
    FileKind { field: "logo", media_types: &["image/png"], no_field: "The form has no file 'logo'" };

/// What is known of a kind that the table names.
pub(super) fn kind_of(file: SentFile) -> &'static FileKind {
    match file {
        SentFile::Document => &DOCUMENT,
        SentFile::Logo => &LOGO,
    }
}

/// A file that was sent.
#[derive(Debug)]
pub(super) struct Upload {
    /// What it was called.
    pub(super) name: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// The file in a body.
pub(super) async fn upload(file: SentFile, headers: &HeaderMap, body: &[u8]) -> Result<Upload, Refusal> {
    let kind = kind_of(file);
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let content_type = types.next().ok_or(Refusal::UnsupportedType)?.as_bytes();
    if types.next().is_some() || is_list(content_type) {
        return Err(Refusal::Malformed("Multiple Content-Type headers not allowed"));
    }
    let content_type = std::str::from_utf8(content_type).map_err(|_| Refusal::UnsupportedType)?;
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "multipart/form-data" {
        let found = field(kind.field, content_type, body).await;
        return found
            .ok_or(Refusal::Malformed("Cannot parse multipart body"))?
            .ok_or(Refusal::Malformed(kind.no_field));
    }
    match kind.media_types.contains(&essence.as_str()) {
        true => Ok(Upload { name: None, bytes: body.to_vec() }),
        false => Err(Refusal::UnsupportedType),
    }
}

/// The first field of this name, or that there is none; `None`: the form cannot be read.
async fn field(name: &str, content_type: &str, body: &[u8]) -> Option<Option<Upload>> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    let stream = BodyDataStream::new(Full::new(Bytes::copy_from_slice(body)));
    let mut multipart = Multipart::new(stream, boundary);
    while let Some(field) = multipart.next_field().await.ok()? {
        if field.name() == Some(name) {
            let file_name = field.file_name().map(str::to_owned);
            return Some(Some(Upload { name: file_name, bytes: field.bytes().await.ok()?.to_vec() }));
        }
    }
    Some(None)
}
