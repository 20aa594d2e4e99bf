//! What an administrator changes while it runs.

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::Verb;
use super::uploads::Upload;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::Error;
use crate::schema::{Input, Mode, SETTINGS, TEST_MAIL, validate_record};
use crate::settings::Settings;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn show_settings(&self) -> Result<Response<Bytes>, Error> {
        self.registry.read_settings().await.map(|settings| shown(&settings))
    }

    pub(super) async fn change_settings(&self, input: Input<'_>) -> Result<Response<Bytes>, Error> {
        let settings = self.registry.change_settings(&input.typed_by(SETTINGS)).await?;
        Ok(shown(&settings))
    }

    pub(super) async fn logo(&self, verb: Verb) -> Result<Response<Bytes>, Error> {
        match verb {
            Verb::Read => Ok(png(self.registry.logo().await?.ok_or(Error::NotFound)?.bytes)),
            Verb::Delete => {
                self.registry.delete_logo().await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }
            // It comes as a file, to [`Control::put_logo`].
            Verb::Replace | Verb::Change => Err(Error::NotFound),
        }
    }

    pub(super) async fn put_logo(&self, upload: Option<&Upload>) -> Result<Response<Bytes>, Error> {
        let facts = self.registry.put_logo(&upload.ok_or(Error::NotFound)?.bytes).await?;
        Ok(answer::json(StatusCode::OK, &json!(facts)))
    }

    pub(super) async fn send_test_mail(&self, input: Input<'_>) -> Result<Response<Bytes>, Error> {
        let sent =
            validate_record(TEST_MAIL, Mode::Whole, &input.typed_by(TEST_MAIL)).map_err(Error::Schema)?;
        let to = self.registry.send_test_mail(sent.get("to").and_then(Value::as_str)).await?;
        Ok(answer::json(StatusCode::OK, &json!({"to": to})))
    }
}

fn shown(settings: &Settings) -> Response<Bytes> {
    answer::json(StatusCode::OK, &Value::Object(settings.to_object()))
}

/// The logo. A browser that opens it shows a picture, and nothing else.
fn png(bytes: Vec<u8>) -> Response<Bytes> {
    let mut response = answer::empty(StatusCode::OK);
    *response.body_mut() = Bytes::from(bytes);
    let fields = [
        (CONTENT_TYPE, "image/png"),
        (CONTENT_SECURITY_POLICY, "sandbox"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    response.headers_mut().extend(fields.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
