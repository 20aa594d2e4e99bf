//! Where entities, their indexes and their guards are stored.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::keys::{KeyDigest, hex};
use crate::schema::EntityKind;
use crate::store::RecordKey;

/// Longest value that stands in a key as it is, in bytes (DynamoDB: 1024 for a sort key).
const PLAIN_BYTES_MAX: usize = 200;

/// The entity itself: JSON.
pub(super) fn entity(kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(entity_partition(kind), id.to_string())
}

pub(super) fn entity_partition(kind: EntityKind) -> String {
    format!("entity/{}", kind.name())
}

/// Which entity has a unique value: its id.
pub(super) fn unique(kind: EntityKind, field: &str, value: &str) -> RecordKey {
    RecordKey::new(format!("unique/{}/{field}", kind.name()), short(value))
}

/// A copy of a child under its parent: what lists and grants are made of.
pub(super) fn child(parent: EntityKind, parent_id: Uuid, kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(child_partition(parent, parent_id), format!("{}{id}", child_prefix(kind)))
}

pub(super) fn child_partition(parent: EntityKind, parent_id: Uuid) -> String {
    format!("children/{}/{parent_id}", parent.name())
}

pub(super) fn child_prefix(kind: EntityKind) -> String {
    format!("{}/", kind.name())
}

/// Written by everyone who adds, changes or removes a child, read by everyone who relies on what
/// the children are: scans are not checked at the commit, this record is.
pub(super) fn guard(parent: EntityKind, parent_id: Uuid) -> RecordKey {
    RecordKey::new(format!("guard/{}/{parent_id}", parent.name()), "")
}

/// Which credential a digest belongs to.
pub(super) fn credential(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("credential/{}", digest.to_hex()), "")
}

/// How many plugins name a value as their anonymous consumer.
pub(super) fn anonymous(value: &str) -> RecordKey {
    RecordKey::new(format!("anonymous/{}", short(value)), "")
}

/// The consumer id of an application, reserved among consumers.
pub(super) fn reserved_consumer(id: Uuid) -> RecordKey {
    RecordKey::new("unique/consumers/id", id.to_string())
}

/// Partition of the changes that take several commits.
pub(super) const JOBS: &str = "job";

/// The admin token's digest.
pub(super) fn admin_token() -> RecordKey {
    RecordKey::new("setting", "admin_token")
}

/// A value as a part of a key: as it is when short and free of NUL, else its hash.
fn short(value: &str) -> String {
    if value.len() <= PLAIN_BYTES_MAX && !value.contains('\0') {
        return format!("={value}");
    }
    format!("#{}", hex(&Sha256::digest(value.as_bytes())))
}
