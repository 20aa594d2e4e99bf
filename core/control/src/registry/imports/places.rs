//! Where the records of imports are.
//!
//! What belongs to one part is in a partition of its own: stores that spread load do so by partition.

use uuid::Uuid;

use crate::schema::EntityKind;
use latchkey_store::RecordKey;

/// Partition of the imports' own records, by their ids.
pub(super) const IMPORTS: &str = "imports";

/// The record of an import.
pub(super) fn state(import: Uuid) -> RecordKey {
    RecordKey::new(IMPORTS, import.to_string())
}

/// Partition of all that belongs to a part.
pub(super) fn part_partition(import: Uuid, part: u32) -> String {
    format!("import/{import}/{part:05}")
}

/// What is known of a part.
pub(super) fn part(import: Uuid, part: u32) -> RecordKey {
    RecordKey::new(part_partition(import, part), "part")
}

/// Some entities of a kind of a part, as it was sent in `upload`.
pub(super) fn chunk(import: Uuid, part: u32, upload: Uuid, kind: EntityKind, chunk: u32) -> RecordKey {
    let sort = format!("chunk/{upload}/{}/{chunk:04}", kind.name());
    RecordKey::new(part_partition(import, part), sort)
}

/// The facts of a part whose hashes fall into a bucket.
pub(super) fn facts(import: Uuid, part: u32, bucket: u8) -> RecordKey {
    RecordKey::new(part_partition(import, part), format!("facts/{bucket:02}"))
}

/// What of the same no part provides.
pub(super) fn unresolved(import: Uuid, part: u32, bucket: u8) -> RecordKey {
    RecordKey::new(part_partition(import, part), format!("unresolved/{bucket:02}"))
}

/// Partition of the ids of the entities of a kind that a run has brought.
pub(super) fn kept_partition(import: Uuid, run: u32, kind: EntityKind) -> String {
    format!("import/{import}/kept/{run:05}/{}", kind.name())
}

/// Says that a run has brought an entity.
pub(super) fn kept(import: Uuid, run: u32, kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(kept_partition(import, run, kind), id.to_string())
}
