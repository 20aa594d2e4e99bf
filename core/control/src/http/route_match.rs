//! Which route a request would match, and why not another.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Control, answer};
use crate::ports::{Clock, Random};
use crate::registry::{AppliedPlugin, Error, FoundRoute, NamedEntity, OtherRoute};
use crate::schema::{Input, MATCH_REQUEST};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn match_route(&self, input: Input<'_>) -> Result<Response<Bytes>, Error> {
        let matched = self.registry.match_route(&input.typed_by(MATCH_REQUEST)).await?;
        let found = matched.found.as_ref();
        let body = json!({
            "answered_by_gateway": matched.is_answered_by_gateway,
            "route": found.map(|found| named(&found.route.route)),
            "service": found.and_then(|found| found.route.service.as_ref()).map(named),
            "needs_https": found.is_some_and(|found| found.needs_https),
            "sent_to": found.and_then(|found| found.sent_to.as_deref()),
            "plugins": found.map(plugins).unwrap_or_default(),
            "others": matched.others.iter().map(other).collect::<Vec<_>>(),
            "others_left_out": matched.left_out,
        });
        Ok(answer::json(StatusCode::OK, &body))
    }
}

fn named(entity: &NamedEntity) -> Value {
    json!({"id": entity.id, "name": entity.name})
}

fn plugins(found: &FoundRoute) -> Vec<Value> {
    let plugin = |AppliedPlugin { plugin, scope }: &AppliedPlugin| json!({"id": plugin.id, "name": plugin.name, "scope": scope});
    found.plugins.iter().map(plugin).collect()
}

fn other(other: &OtherRoute) -> Value {
    let why = other.why.iter().map(|why| json!({"reason": why.reason, "header": why.header}));
    json!({
        "route": named(&other.route.route),
        "service": other.route.service.as_ref().map(named),
        "why": why.collect::<Vec<_>>(),
    })
}
