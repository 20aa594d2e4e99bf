//! Calls about keys: rotation, and whose a key is that was found.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::endpoints::Surface;
use super::routing::Matched;
use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{Error, FoundKey, KeyFault, Owner};
use crate::schema::{EntityKind, FIND_KEY, Input, Object, ROTATION};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// `key_start`: [`Once::key_start`](super::portal::Once::key_start).
    pub(super) async fn rotate(
        &self,
        matched: &Matched,
        input: Input<'_>,
        key_start: Option<&str>,
    ) -> Result<Response<Bytes>, Error> {
        let input = input.typed_by(ROTATION);
        let rotated = self.registry.rotate_once(&matched.steps(), &input, key_start).await?;
        Ok(answer::json(StatusCode::CREATED, &Value::Object(rotated)))
    }

    pub(super) async fn end_grace(&self, matched: &Matched) -> Result<Response<Bytes>, Error> {
        self.registry.end_grace(&matched.steps()).await?;
        Ok(answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) async fn find_key(&self, input: Input<'_>) -> Result<Response<Bytes>, Error> {
        let found = self.registry.find_key(&input.typed_by(FIND_KEY)).await?;
        Ok(answer::json(StatusCode::OK, &present(&found)))
    }
}

/// What is told of a key; never the key, in any form.
fn present(found: &FoundKey) -> Value {
    let credential = members(&found.credential, &["id", "name", "enabled", "created_at"]);
    let (consumer, application, developer) = match &found.owner {
        Some(Owner::Consumer(consumer)) => {
            (members(consumer, &["id", "username", "custom_id"]), Value::Null, Value::Null)
        }
        Some(Owner::Application(application, developer)) => {
            (Value::Null, members(application, &["id", "name"]), members(developer, &["id", "email"]))
        }
        None => (Value::Null, Value::Null, Value::Null),
    };
    let named = |all: &[Object]| all.iter().map(|one| members(one, &["id", "name"])).collect::<Vec<_>>();
    json!({
        "kind": found.kind.name(),
        "credential": credential,
        "consumer": consumer,
        "application": application,
        "developer": developer,
        "which": if found.is_previous { "previous" } else { "current" },
        "brought": found.was_brought,
        "since": found.since,
        "ends_at": found.ends_at,
        "good": found.faults.is_empty(),
        "faults": found.faults.iter().map(|fault| fault.name()).collect::<Vec<_>>(),
        "everywhere": found.places.everywhere,
        "services": named(&found.places.services),
        "routes": named(&found.places.routes),
        "ended_by": ended_by(found),
    })
}

/// The call that ends the key now; null where it has ended.
fn ended_by(found: &FoundKey) -> Value {
    let has_ended = |fault: &KeyFault| matches!(fault, KeyFault::CredentialEnded | KeyFault::GraceEnded);
    if found.faults.iter().any(has_ended) {
        return Value::Null;
    }
    let text = |object: &Value| object.as_str().unwrap_or_default().to_owned();
    let id = text(&found.credential["id"]);
    let credential = match found.kind {
        EntityKind::Oauth2Credentials => match found.credential["application"]["id"].as_str() {
            Some(application) => format!("/applications/{application}/credentials/oauth2/{id}"),
            None => format!("/oauth2/{id}"),
        },
        _ => format!("/key-auths/{id}"),
    };
    let rotation = if found.is_previous { "/rotate" } else { "" };
    let prefix = Surface::Admin.prefix();
    json!({"method": "DELETE", "path": format!("{prefix}{credential}{rotation}")})
}

/// Some members of an entity; null for those that it has not.
fn members(entity: &Object, names: &[&str]) -> Value {
    let member = |name: &&str| ((*name).to_owned(), entity.get(*name).cloned().unwrap_or_default());
    Value::Object(names.iter().map(member).collect())
}
