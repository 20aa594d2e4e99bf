//! The audit: one record for each commit that changes something, written in that commit.
//!
//! It says who, from where, when, and what became of each entity, with the names of the fields that
//! changed. No value of a field is in it, and so no key, no secret and no digest.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::Object;
use latchkey_store::RecordKey;

/// Partition of the audit's records.
pub(crate) const PARTITION: &str = "audit";

/// Who makes a change, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// Address of the client, where there is one and the platform says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Id of the request, where the platform gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Actor {
    /// The program itself.
    pub fn program() -> Self {
        Actor { who: Who::program(), address: None, request_id: None }
    }
}

/// Who makes a change. Newer programs may know kinds that this one does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// `program`, `gateway`, `admin_token` (the installation's), `named_token`, `developer`, `visitor` or
    /// `client`.
    pub kind: String,
    /// Its id, where there are several of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The name that it had then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Who {
    /// The program itself: what it does at its start, and what nobody asked for.
    pub fn program() -> Self {
        Who::of_kind("program")
    }

    /// The gateway, for the one change that it can ask for: a key's move to the current pepper.
    pub fn gateway() -> Self {
        Who::of_kind("gateway")
    }

    /// Whoever shows the installation's token.
    pub fn admin_token() -> Self {
        Who::of_kind("admin_token")
    }

    /// Whoever shows a named token.
    pub fn named_token(id: Uuid, name: &str) -> Self {
        Who { id: Some(id), name: Some(name.to_owned()), ..Who::of_kind("named_token") }
    }

    /// A developer, by the portal.
    pub fn developer(id: Uuid) -> Self {
        Who { id: Some(id), ..Who::of_kind("developer") }
    }

    /// A client of OAuth 2.0, by its credential.
    pub fn client(credential: Uuid) -> Self {
        Who { id: Some(credential), ..Who::of_kind("client") }
    }

    /// Somebody at the portal who is not logged in.
    pub fn visitor() -> Self {
        Who::of_kind("visitor")
    }

    fn of_kind(kind: &str) -> Self {
        Who { kind: kind.to_owned(), id: None, name: None }
    }
}

/// What became of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It is new.
    Created,
    /// It was changed or replaced.
    Changed,
    /// A credential's key, the same as before, is found under another digest.
    Moved,
    /// It is hidden until what goes along is gone.
    Deleting,
    /// It is gone.
    Deleted,
    /// All that is stored is being replaced by it: of a back-up.
    Restoring,
    /// All that is stored was replaced by it.
    Restored,
    /// The same was given up, and nothing is left of either; a mail that could not be sent.
    GivenUp,
    /// Of an account: its developer has logged in.
    LoggedIn,
    /// The same logged out.
    LoggedOut,
    /// The same has ended sessions.
    SessionsEnded,
    /// An administrator has started a reset of its password.
    ResetStarted,
    /// A log-in link was opened in another browser than the one that asked for it.
    CodeShown,
    /// The code that was typed for it there was another.
    CodeRefused,
    /// Passwords that were not the right ones, of one address in one minute.
    LogInsFailed,
    /// The same of log-ins that were refused unseen.
    LogInsHeld,
    /// A mail went out.
    Sent,
    /// Nobody takes a mail.
    Refused,
    /// As many mails were sent as may be in an hour.
    LimitReached,
}

impl Did {
    /// All of them.
    pub const ALL: [Did; 19] = [
        Did::Created,
        Did::Changed,
        Did::Moved,
        Did::Deleting,
        Did::Deleted,
        Did::Restoring,
        Did::Restored,
        Did::GivenUp,
        Did::Sent,
        Did::Refused,
        Did::LimitReached,
        Did::LoggedIn,
        Did::LoggedOut,
        Did::SessionsEnded,
        Did::ResetStarted,
        Did::CodeShown,
        Did::CodeRefused,
        Did::LogInsFailed,
        Did::LogInsHeld,
    ];

    /// Its name, stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Did::Created => "created",
            Did::Changed => "changed",
            Did::Moved => "moved",
            Did::Deleting => "deleting",
            Did::Deleted => "deleted",
            Did::Restoring => "restoring",
            Did::Restored => "restored",
            Did::GivenUp => "given_up",
            Did::Sent => "sent",
            Did::Refused => "refused",
            Did::LimitReached => "limit_reached",
            Did::LoggedIn => "logged_in",
            Did::LoggedOut => "logged_out",
            Did::SessionsEnded => "sessions_ended",
            Did::ResetStarted => "reset_started",
            Did::CodeShown => "code_shown",
            Did::CodeRefused => "code_refused",
            Did::LogInsFailed => "log_ins_failed",
            Did::LogInsHeld => "log_ins_held",
        }
    }
}

/// What became of one entity in a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Name of its kind.
    pub entity: String,
    /// Its id; `None`: there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Uuid>,
    /// [`Did::name`], or what a newer program says.
    pub did: String,
    /// Names of the fields that changed, in order; empty unless it was changed. Of a mail: which it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// How many, of what is told as a sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

impl Line {
    pub(crate) fn new(entity: &str, entity_id: Option<Uuid>, did: Did) -> Self {
        Line {
            entity: entity.to_owned(),
            entity_id,
            did: did.name().to_owned(),
            fields: Vec::new(),
            count: None,
        }
    }

    /// What a save makes of an entity.
    pub(crate) fn of_change(entity: &str, id: Uuid, old: Option<&Object>, new: &Object) -> Self {
        let line = |did| Line::new(entity, Some(id), did);
        old.map_or_else(|| line(Did::Created), |old| Line { fields: changed(old, new), ..line(Did::Changed) })
    }

    fn is_of_same(&self, other: &Line) -> bool {
        (self.entity_id, &self.did, &self.entity) == (other.entity_id, &other.did, &other.entity)
    }
}

/// Names of the fields whose values differ, but for the time of the change. Settings of a plugin are
/// named one by one.
fn changed(old: &Object, new: &Object) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in different(old, new) {
        match (old.get(name).and_then(|value| value.as_object()), new.get(name).and_then(|v| v.as_object())) {
            (Some(old), Some(new)) if name == "config" => {
                names.extend(different(old, new).map(|setting| format!("config.{setting}")));
            }
            _ => names.extend(shown_name(name).map(str::to_owned)),
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn different<'a>(old: &'a Object, new: &'a Object) -> impl Iterator<Item = &'a String> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    new.keys().chain(gone).filter(|name| old.get(*name) != new.get(*name))
}

/// The field that a member of a stored entity stands for, as callers know it.
fn shown_name(member: &str) -> Option<&str> {
    match member {
        "_digest" => Some("key"),
        "_expires_at_ms" => Some("ttl"),
        "_previous" => Some("previous_key_ends_at"),
        "_secret_digest" => Some("client_secret"),
        "updated_at" => None,
        member => (!member.starts_with('_')).then_some(member),
    }
}

/// A record of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its id.
    pub id: Uuid,
    /// When the change was begun, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who made it, and from where.
    #[serde(flatten)]
    pub actor: Actor,
    /// Whether it is a further part of a change that did not fit one commit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub job: bool,
    /// What became of the entities, in order.
    pub changes: Vec<Line>,
}

/// What the record of a change is called, drawn before its first attempt: a repeated attempt writes
/// the same record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) id: Uuid,
    /// Time of the change, in milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
    /// Which change of this process it is: tells those of one millisecond apart.
    pub(crate) number: u32,
}

impl Stamp {
    pub(crate) fn record_key(&self) -> RecordKey {
        let Stamp { id, at_ms, number } = self;
        RecordKey::new(PARTITION, format!("{}{:08x}-{id}", before(*at_ms), u32::MAX - number))
    }
}

/// What comes before the records of this millisecond, and of those before it, and behind all newer
/// ones: their order is the newest first.
pub(crate) fn before(at_ms: u64) -> String {
    format!("{:016x}-", u64::MAX - at_ms)
}

/// The audit record of a change, while it is being made.
pub(crate) struct Trail {
    stamp: Stamp,
    actor: Actor,
    job: bool,
    lines: Vec<Line>,
}

impl Trail {
    pub(crate) fn new(stamp: Stamp, actor: Actor) -> Self {
        Trail { stamp, actor, job: false, lines: Vec::new() }
    }

    /// Time of the change, in milliseconds since the Unix epoch.
    pub(crate) fn at_ms(&self) -> u64 {
        self.stamp.at_ms
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// This goes on with what `actor` began.
    pub(crate) fn go_on_for(&mut self, actor: Actor) {
        (self.actor, self.job) = (actor, true);
    }

    pub(crate) fn add(&mut self, line: Line) {
        match self.lines.iter_mut().find(|known| known.is_of_same(&line)) {
            Some(known) => {
                known.fields.extend(line.fields);
                known.fields.sort_unstable();
                known.fields.dedup();
            }
            None => self.lines.push(line),
        }
    }

    pub(crate) fn key(&self) -> RecordKey {
        self.stamp.record_key()
    }

    /// The record; `earlier`: what an attempt wrote whose outcome stayed unknown. `None`: nothing has
    /// changed.
    pub(crate) fn into_record(mut self, earlier: Option<AuditRecord>) -> Option<AuditRecord> {
        if self.lines.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut self.lines);
        earlier.into_iter().flat_map(|record| record.changes).chain(lines).for_each(|line| self.add(line));
        let Trail { stamp, actor, job, lines } = self;
        Some(AuditRecord { id: stamp.id, at_ms: stamp.at_ms, actor, job, changes: lines })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// As the first program with an audit stored it (`core/published/golden`).
    #[test]
    fn a_record_reads_as_it_was_stored() {
        let golden = include_str!("../../published/golden/1/audit-record.json");
        let line = |entity: &str, entity_id, fields: &[&str]| Line {
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            ..Line::new(entity, entity_id, Did::Changed)
        };
        let record = AuditRecord {
            id: id(1),
            at_ms: 1_700_000_000_000,
            actor: Actor {
                who: Who::named_token(id(2), "ci"),
                address: Some([192, 0, 2, 7].into()),
                request_id: Some("r-1".to_owned()),
            },
            job: true,
            changes: vec![
                line("services", Some(id(1)), &["host", "retries"]),
                line("settings", None, &["tag_keys"]),
            ],
        };
        assert_eq!(serde_json::from_str::<AuditRecord>(golden).unwrap(), record);
        assert_eq!(serde_json::to_string(&record).unwrap(), golden, "programs of before read it");
        let stamp = Stamp { id: id(1), at_ms: 1_700_000_000_000, number: 2 };
        let key = stamp.record_key();
        assert_eq!(key.partition, "audit");
        assert_eq!(key.sort, "fffffe74301a97ff-fffffffd-00000000-0000-0000-0000-000000000001");
    }

    /// What a newer program says besides is passed over, and its kinds are shown as they are.
    #[test]
    fn a_newer_record_is_read() {
        let newer = json!({"id": id(1), "at_ms": 1, "who": {"kind": "session", "id": id(2), "device": "x"},
            "changes": [{"entity": "mails", "did": "sent", "to": "x"}], "reason": "x"});
        let record: AuditRecord = serde_json::from_value(newer).unwrap();
        assert_eq!((record.actor.who.kind.as_str(), record.changes[0].did.as_str()), ("session", "sent"));
    }

    #[test]
    fn newer_records_come_first() {
        let key = |at_ms, number, of| Stamp { id: id(of), at_ms, number }.record_key().sort;
        assert!(key(2, 0, 1) < key(1, 9, 1));
        assert!(key(1, 1, 2) < key(1, 0, 1), "of the same millisecond, too");
        assert!(before(1) < key(1, 0, 1) && before(1) > key(2, 0, 1));
    }

    #[test]
    fn fields_that_differ_are_named_and_no_value() {
        let object = |value: serde_json::Value| value.as_object().unwrap().clone();
        let old = object(json!({"a": 1, "b": {"x": 1}, "gone": 1, "_digest": "d", "_pepper_id": 1,
            "config": {"same": 1, "other": 1}, "updated_at": 1, "same": null}));
        let new = object(json!({"a": 2, "b": {"x": 2}, "new": 1, "_digest": "e", "_pepper_id": 2,
            "config": {"same": 1, "other": 2, "more": 1}, "updated_at": 2, "same": null}));
        assert_eq!(changed(&old, &new), ["a", "b", "config.more", "config.other", "gone", "key", "new"]);
        assert_eq!(changed(&new, &new), Vec::<String>::new());
    }
}
