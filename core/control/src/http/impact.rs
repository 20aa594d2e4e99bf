//! What would stop if something were deleted, suspended or revoked.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::overview::shown;
use super::routing::Matched;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, Step};
use crate::schema::EntityKind;
use latchkey_published::limits::REVOCATION_BOUND_MS_DEFAULT;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn impact(&self, matched: &Matched) -> Result<Response<Bytes>, Error> {
        let kind = EntityKind::parse(matched.text("entity_name")).ok_or(Error::NotFound)?;
        let impact = self.registry.impact(Step { kind, key: matched.text("entity") }).await?;
        let body = json!({
            "applications": shown(impact.applications),
            "credentials": shown(impact.credentials),
            "within_s": REVOCATION_BOUND_MS_DEFAULT.div_ceil(1000),
        });
        Ok(answer::json(StatusCode::OK, &body))
    }
}
