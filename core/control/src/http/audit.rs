//! The audit, as callers see it.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::Control;
use super::lists::{Query, own_page};
use crate::audit::{AuditRecord, Did};
use crate::ports::{Clock, Random};
use crate::registry::{
    ACCESS_TOKENS, ACCOUNTS, ADMIN_TOKEN, AuditFilter, BACKUPS, DOCUMENTS, Error, MAILS, MANAGER_SESSIONS,
    NAMED_TOKENS, RecordPage, SETTINGS,
};
use crate::schema::{EntityKind, parse_uuid};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn audit(&self, query: &Query) -> Result<Response<Bytes>, Error> {
        let filter = filter(query)?;
        let page = RecordPage::parse(query.value("size"), query.value("offset"))?;
        let found = self.registry.audit(&filter, &page).await?;
        let data = found.data.iter().map(shown).collect();
        Ok(own_page("/audit", query, data, found.offset))
    }
}

fn filter(query: &Query) -> Result<AuditFilter, Error> {
    Ok(AuditFilter {
        entity: option(query, "entity", "must be the name of an entity", |name| {
            is_known(name).then(|| name.to_owned())
        })?,
        entity_id: option(query, "entity_id", "must be a valid UUID", parse_uuid)?,
        did: option(query, "did", DID, |name| Did::ALL.into_iter().find(|did| did.name() == name))?,
        who: option(query, "who", "must not be empty", |who| (!who.is_empty()).then(|| who.to_owned()))?,
        since_s: option(query, "since", SECONDS, seconds)?,
        until_s: option(query, "until", SECONDS, seconds)?,
    })
}

const DID: &str = "must be one of: created, changed, moved, deleting, deleted, restoring, restored, given_up, sent, \
                   refused, limit_reached, logged_in, logged_out, sessions_ended, reset_started, code_shown, \
                   code_refused, log_ins_failed, log_ins_held";

const SECONDS: &str = "must be a whole number of seconds since the Unix epoch";

fn seconds(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn option<T>(
    query: &Query,
    option: &'static str,
    sentence: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(text) = query.value(option) else { return Ok(None) };
    read(text).map(Some).ok_or(Error::InvalidOption { option, sentence })
}

fn is_known(entity: &str) -> bool {
    [
        ACCESS_TOKENS,
        ACCOUNTS,
        ADMIN_TOKEN,
        BACKUPS,
        DOCUMENTS,
        MAILS,
        MANAGER_SESSIONS,
        NAMED_TOKENS,
        SETTINGS,
    ]
    .contains(&entity)
        || EntityKind::parse(entity).is_some()
}

fn shown(record: &AuditRecord) -> Value {
    let AuditRecord { id, at_ms, actor, job, changes } = record;
    let who = json!({"kind": actor.who.kind, "id": actor.who.id, "name": actor.who.name});
    let line = |line: &crate::audit::Line| json!({"entity": line.entity, "entity_id": line.entity_id, "did": line.did, "fields": line.fields, "count": line.count});
    json!({
        "id": id,
        "created_at": at_ms / 1000,
        "who": who,
        "address": actor.address,
        "request_id": actor.request_id,
        "job": job,
        "changes": changes.iter().map(line).collect::<Vec<_>>(),
    })
}
