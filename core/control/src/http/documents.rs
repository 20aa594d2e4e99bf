//! The specification of a service: uploaded by administrators, read by developers too.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::endpoints::Verb;
use super::routing::Matched;
use super::uploads::Upload;
use super::{Control, answer};
use crate::document::Form;
use crate::ports::{Clock, Random};
use crate::registry::{Error, StoredDocument};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn document(&self, verb: Verb, matched: &Matched) -> Result<Response<Bytes>, Error> {
        match verb {
            Verb::Read => Ok(file(self.registry.document(&matched.steps()).await?)),
            Verb::Delete => {
                self.registry.delete_document(&matched.steps()).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            // It comes as a file, to [`Control::put_document`].
            Verb::Replace | Verb::Change => Err(Error::NotFound),
        }
    }

    pub(super) async fn put_document(
        &self,
        matched: &Matched,
        upload: Option<&Upload>,
    ) -> Result<Response<Bytes>, Error> {
        let Upload { name, bytes } = upload.ok_or(Error::NotFound)?;
        let facts = self.registry.put_document(&matched.steps(), name.as_deref(), bytes).await?;
        Ok(answer::json(StatusCode::OK, &Value::Object(facts.to_object())))
    }
}

/// A document as it was uploaded. A browser that shows it all the same runs nothing of it.
pub(super) fn file(document: StoredDocument) -> Response<Bytes> {
    let (media_type, disposition) = match document.form() {
        Form::Json => (Form::Json.media_type(), "attachment; filename=\"openapi.json\""),
        Form::Yaml => (Form::Yaml.media_type(), "attachment; filename=\"openapi.yaml\""),
    };
    let mut response = answer::empty(StatusCode::OK);
    *response.body_mut() = Bytes::from(document.bytes);
    let fields = [
        (CONTENT_TYPE, media_type),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, "sandbox"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    response.headers_mut().extend(fields.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
