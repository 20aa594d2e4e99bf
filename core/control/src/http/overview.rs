//! What an administrator looks at first.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{EndingKey, Error, Tally};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn overview(&self) -> Result<Response<Bytes>, Error> {
        let overview = self.registry.overview().await?;
        let body = json!({
            "requests_waiting": shown(overview.requests),
            "developers_waiting": shown(overview.developers),
            "keys_ending": overview.ending.iter().map(key).collect::<Vec<_>>(),
            "more_keys_ending": overview.or_more_ending,
        });
        Ok(answer::json(StatusCode::OK, &body))
    }
}

pub(super) fn shown(tally: Tally) -> Value {
    json!({"count": tally.count, "or_more": tally.or_more})
}

fn key(key: &EndingKey) -> Value {
    let EndingKey { id, start, ends_at_ms, owner, owner_id, owner_name } = key;
    let owner = json!({"kind": owner.name(), "id": owner_id, "name": owner_name});
    json!({"id": id, "start": start, "expires_at": ends_at_ms / 1000, "owner": owner})
}
