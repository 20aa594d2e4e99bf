//! What goes on with the store as a whole: a back-up, for which it is kept as it was at one moment
//! while writes go on, or a restore, while which nothing else is written.
//!
//! One record says so, the run's. Every commit checks that it is as it was when the commit was decided
//! ([`crate::transaction`]; who publishes does so by the head of the feed, which names the back-up). While
//! a back-up runs, whoever is about to write a record first saves what it was at the run's beginning, once:
//! its *image*. So all records as they are, whenever each was read, and then all images laid over them,
//! are the store of that one moment.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::audit::Actor;
use crate::log_in;
use latchkey_published::feed::{self, Epoch, Head};
use latchkey_published::keys::hex;
use latchkey_published::rehash;
use latchkey_store::feed::{decode, unreadable};
use latchkey_store::replica::Progress;
use latchkey_store::{RecordKey, StoreError};

/// Partition of what is said of the whole store.
pub(crate) const PARTITION: &str = "whole-store";
/// What the partitions of images begin with.
const IMAGES: &str = "before/";
/// Partitions that the images of one run are spread over, by the first digit of their names: one
/// partition of DynamoDB takes 1,000 units of writing a second.
pub(crate) const IMAGE_PARTITIONS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// What goes on with the whole store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// When it began, in milliseconds since the Unix epoch.
    pub began_at_ms: u64,
    /// Who began it.
    #[serde(flatten)]
    pub actor: Actor,
    /// What it is.
    pub doing: Doing,
}

/// What is done with the whole store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// It is read as it was when this began.
    Backup,
    /// It is being replaced.
    Restore(Restoring),
}

/// How far a restore has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// Id of the back-up.
    pub backup: Uuid,
    /// Number of the change that publishes what is restored: higher than all that were published before,
    /// here or where the back-up was made.
    pub epoch: Epoch,
    /// What is done now.
    pub stage: Stage,
    /// Number of the part that comes next.
    pub next_part: u64,
}

/// What a restore is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What was in the store is removed.
    Clearing,
    /// What the back-up holds is written.
    Loading,
    /// It is given up: what was written is removed.
    GivingUp,
}

impl Stage {
    /// Its name, stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Clearing => "clearing",
            Stage::Loading => "loading",
            Stage::GivingUp => "giving_up",
        }
    }
}

/// Where the run is said.
pub(crate) fn run_key() -> RecordKey {
    RecordKey::new(PARTITION, "run")
}

/// When the back-up that runs was last asked for a page.
pub(crate) fn used_key() -> RecordKey {
    RecordKey::new(PARTITION, "used")
}

/// The restore that ended last: who ends it twice is told so.
pub(crate) fn last_restore_key() -> RecordKey {
    RecordKey::new(PARTITION, "last-restore")
}

/// What of a store no back-up holds, by partition (one that ends in `/` stands for all that begin so) and
/// what sort keys begin with. Whoever writes past [`crate::transaction::Transaction`] writes here alone.
pub(crate) const LEFT_OUT: [(&str, &str, AtRestore); 15] = [
    // Back-ups and restores themselves.
    (PARTITION, "", AtRestore::Kept),
    (IMAGES, "", AtRestore::Removed),
    // The installation's own token: whoever restores keeps the access that they have.
    ("setting", "admin_token", AtRestore::Kept),
    // How far this installation's replica has come; the end of the restore writes it.
    ("replica", "", AtRestore::Kept),
    // What gateways have asked for: they ask again.
    (rehash::PARTITION, "", AtRestore::Removed),
    // Imports that go on: they are sent again.
    ("imports", "", AtRestore::Removed),
    ("import/", "", AtRestore::Removed),
    // Who has a password logs in again, and asks again for a mail: no back-up opens a session.
    ("session/", "", AtRestore::Removed),
    ("mail-token/", "", AtRestore::Removed),
    ("asked-link/", "", AtRestore::Removed),
    ("decoy/", "", AtRestore::Removed),
    // Attempts at log-ins, where they are counted in the same table.
    (log_in::PARTITION, "", AtRestore::Kept),
    // No mail of the past is sent again.
    ("outbox", "", AtRestore::Removed),
    // The head is made anew, for gateways that have seen later ones; so nobody reads earlier changes.
    (feed::PARTITION, feed::CHANGE_PREFIX, AtRestore::Removed),
    (feed::PARTITION, feed::STATE_PREFIX, AtRestore::Removed),
];

/// What becomes of records of the installation that is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtRestore {
    Kept,
    Removed,
}

fn left_out(key: &RecordKey) -> Option<AtRestore> {
    // Of what is published the pieces are taken, which come after the head.
    let is_piece = key.partition == feed::PARTITION && key.sort.starts_with(PIECE_PREFIX);
    let matches = |partition: &str, sort: &str| {
        let is_below = partition.ends_with('/') && key.partition.starts_with(partition);
        (partition == key.partition || is_below) && key.sort.starts_with(sort)
    };
    let found = LEFT_OUT.iter().find(|(partition, sort, _)| matches(partition, sort));
    found.filter(|_| !is_piece).map(|(.., at_restore)| *at_restore)
}

/// What the sort keys of the configuration's pieces begin with.
pub(crate) const PIECE_PREFIX: &str = "config/";

/// Whether back-ups hold a record.
pub(crate) fn is_taken(key: &RecordKey) -> bool {
    left_out(key).is_none()
}

/// Whether a restore removes a record that is there before it begins. The head stands for the restore
/// itself meanwhile, and no record of the audit goes before its time.
pub(crate) fn is_cleared(key: &RecordKey) -> bool {
    let stays = *key == Head::record_key() || key.partition == crate::audit::PARTITION;
    !stays && left_out(key) != Some(AtRestore::Kept)
}

/// Whether a record says nothing of what an installation was used for: its start makes such.
pub(crate) fn is_of_a_start(key: &RecordKey) -> bool {
    let partitions = [crate::audit::PARTITION, "setting", feed::PARTITION];
    // Counters stay, at nought.
    !is_taken(key) || partitions.contains(&key.partition.as_str()) || key.partition.starts_with("count/")
}

/// The progress of the replica, where there is one: all is to be written to it anew.
pub(crate) fn replica_key() -> RecordKey {
    Progress::record_key()
}

/// A record as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub key: RecordKey,
    /// Its bytes; `None`: it was not there.
    pub value: Option<Vec<u8>>,
}

/// What stands before the bytes of an image.
#[derive(Serialize, Deserialize)]
struct ImageOf {
    partition: String,
    sort: String,
    was_there: bool,
}

impl Kept {
    /// Where a record's image is stored during a run.
    pub(crate) fn image_key(run: Uuid, key: &RecordKey) -> RecordKey {
        let name = hex(&Sha256::digest(format!("{}\0{}", key.partition, key.sort)));
        RecordKey::new(format!("{IMAGES}{run}/{}", &name[..1]), name)
    }

    /// The partition of the images of a run whose names begin with a digit.
    pub(crate) fn image_partition(run: Uuid, digit: char) -> String {
        format!("{IMAGES}{run}/{digit}")
    }

    /// The stored form of an image: a line of JSON, then the bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let RecordKey { partition, sort } = self.key.clone();
        let of = ImageOf { partition, sort, was_there: self.value.is_some() };
        let mut bytes = serde_json::to_vec(&of).expect("texts and a truth value are JSON");
        bytes.push(b'\n');
        bytes.extend(self.value.as_deref().unwrap_or_default());
        bytes
    }

    /// Reads [`Kept::encode`].
    pub(crate) fn decode(image: &[u8]) -> Result<Self, StoreError> {
        // JSON in one line escapes every line break.
        let end = image.iter().position(|byte| *byte == b'\n').ok_or_else(|| unreadable("image"))?;
        let ImageOf { partition, sort, was_there } = decode(&image[..end])?;
        let value = was_there.then(|| image[end + 1..].to_vec());
        Ok(Kept { key: RecordKey::new(partition, sort), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_published::feed::Change;

    #[test]
    fn what_is_left_out_is_told_by_its_name() {
        for (partition, sort, taken, cleared) in [
            ("entity/consumers", "x", true, true),
            ("grant/ab", "", true, true),
            ("setting", "admin_token", false, false),
            ("setting", "resealed", true, true),
            ("named_token", "x", true, true),
            ("published", "config", false, false),
            ("published", "config/3f", true, true),
            ("published", "log/00000000000000000007", false, true),
            ("audit", "x", true, false),
            ("replica", "progress", false, false),
            ("rehash/requests", "x", false, true),
            ("import/x/00001", "part", false, true),
            ("log-in", "account/x", false, false),
            ("outbox", "x", false, true),
            ("mailbox", "x", true, true),
            ("account", "x", true, true),
            ("session/ab", "", false, true),
            ("mail-token/ab", "", false, true),
            ("outbox", "x", false, true),
            ("whole-store", "run", false, false),
            ("before/x/0", "y", false, true),
            ("before", "y", true, true),
            ("job", "drop-images/x", true, true),
        ] {
            let key = RecordKey::new(partition, sort);
            assert_eq!((is_taken(&key), is_cleared(&key)), (taken, cleared), "{key:?}");
        }
        assert!(!is_taken(&Change::record_key(7)) && !is_taken(&Head::record_key()));
    }

    #[test]
    fn an_image_reads_back() {
        let run = Uuid::from_u128(1);
        for value in [None, Some(vec![]), Some(b"\n\x00\xff{}\n".to_vec())] {
            let kept = Kept { key: RecordKey::new("a\nb", "ü\n"), value };
            assert_eq!(Kept::decode(&kept.encode()), Ok(kept.clone()));
            let key = Kept::image_key(run, &kept.key);
            let digit = key.sort.chars().next().unwrap();
            assert_eq!(key.partition, Kept::image_partition(run, digit));
            assert!(IMAGE_PARTITIONS.contains(&digit) && !is_taken(&key));
        }
        assert!(Kept::decode(b"{}").is_err() && Kept::decode(b"{}\n").is_err());
    }

    /// As the first program with back-ups stored them.
    #[test]
    fn a_run_reads_as_it_was_stored() {
        let backup = r#"{"id":"00000000-0000-0000-0000-000000000001","began_at_ms":7,"who":{"kind":"program"},"doing":"backup"}"#;
        let restore = r#"{"id":"00000000-0000-0000-0000-000000000001","began_at_ms":7,"who":{"kind":"program"},"doing":{"restore":{"backup":"00000000-0000-0000-0000-000000000002","epoch":9,"stage":"loading","next_part":3}}}"#;
        let [id, of] = [1, 2].map(Uuid::from_u128);
        let restoring = Restoring { backup: of, epoch: 9, stage: Stage::Loading, next_part: 3 };
        for (stored, doing) in [(backup, Doing::Backup), (restore, Doing::Restore(restoring))] {
            let run = Run { id, began_at_ms: 7, actor: Actor::program(), doing };
            assert_eq!(serde_json::from_str::<Run>(stored).unwrap(), run);
            assert_eq!(serde_json::to_string(&run).unwrap(), stored);
        }
    }
}
