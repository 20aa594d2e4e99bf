//! What an administrator changes while it runs.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::Error;
use crate::schema::{Input, SETTINGS};
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
}

fn shown(settings: &Settings) -> Response<Bytes> {
    answer::json(StatusCode::OK, &Value::Object(settings.to_object()))
}
