//! The change feed: what the control plane publishes and every instance of the data plane polls.
//!
//! Each commit that the data plane must know of has a number, the epoch, one more than the last.
//! `published` is one partition: the head and the pieces of the configuration, which one scan reads
//! together, and the changes.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::keys::KeyDigest;
use crate::record_key::RecordKey;
use crate::snapshot::{PieceId, UnreadablePiece};
use crate::stored::{Stored, Unreadable};

/// Number of a published change. 0: nothing published yet.
pub type Epoch = u64;

/// Partition of everything published.
pub const PARTITION: &str = "published";
/// The head's sort key, and what those of the pieces begin with.
pub const STATE_PREFIX: &str = "config";
/// What sort keys of changes begin with.
pub const CHANGE_PREFIX: &str = "log/";

/// Number of the form in which the state is published.
///
/// It rises only when gateways of before must not serve by what is published from then on: they
/// answer 503 and log why. Additions do not raise it: what a gateway does not know of them blocks
/// what it applies to. Programs from before there was a number do not look at it; whoever raises it
/// for the first time also moves [`Head::epoch`], without which they read no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Format(pub u64);

impl Format {
    /// Of what names none.
    const FIRST: Format = Format(1);
    /// The newest that this program reads, and the one that it writes.
    pub const OWN: Format = Format(1);
    /// Stands while a store is restored from a back-up: no version ever has this number, and so all of
    /// them refuse to serve.
    pub const RESTORING: Format = Format(1 << 32);

    /// Whether this program must not serve by what is published so.
    pub fn is_newer(&self) -> bool {
        *self > Format::OWN
    }

    fn is_first(&self) -> bool {
        *self <= Format::FIRST
    }

    /// For the log.
    pub fn by_newer(&self) -> String {
        if *self == Format::RESTORING {
            return "taken back while the store is restored from a back-up".to_owned();
        }
        format!(
            "published by a newer version: its format is {}, this program reads up to {}",
            self.0,
            Format::OWN.0
        )
    }
}

impl Default for Format {
    fn default() -> Self {
        Format::FIRST
    }
}

/// First record of the feed: how far it goes, and which change each piece of the configuration has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The form of all that is published.
    #[serde(default, skip_serializing_if = "Format::is_first")]
    pub format: Format,
    /// Number of the newest change.
    pub epoch: Epoch,
    /// Changes up to this number are no longer kept.
    pub floor: Epoch,
    /// Number of the change that last wrote each piece.
    pub pieces: LiteMap<PieceId, Epoch>,
    /// The back-up that is being made. Programs from before back-ups drop this when they publish, and
    /// save nothing for it: it cannot go on then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Uuid>,
}

/// One published change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Change {
    /// Its number.
    pub epoch: Epoch,
    /// When it was committed, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Keys whose grant it wrote or removed; empty when it changed configuration only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<KeyDigest>,
    /// So many of them, the last ones, are keys that it made: there was no grant before, so that no
    /// replica can show an older one. Programs from before say of none that it was made.
    #[serde(skip_serializing_if = "is_none_made")]
    pub made: usize,
}

fn is_none_made(made: &usize) -> bool {
    *made == 0
}

impl TryFrom<Value> for Change {
    type Error = Unreadable;

    fn try_from(value: Value) -> Result<Self, Unreadable> {
        let stored = Stored::new(&value)?;
        Ok(Change {
            epoch: stored.required("epoch")?,
            at_ms: stored.required("at_ms")?,
            digests: stored.member("digests")?.unwrap_or_default(),
            made: stored.member::<u32>("made")?.unwrap_or_default() as usize,
        })
    }
}

impl Head {
    /// Where the head is stored.
    pub fn record_key() -> RecordKey {
        RecordKey::new(PARTITION, STATE_PREFIX)
    }

    /// Reads the stored form; of a newer one no more than that it is newer.
    pub fn decode(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes).or_else(|error| {
            let value: Value = serde_json::from_slice(bytes)?;
            let format = value.get("format").and_then(Value::as_u64).map(Format);
            let newer = format.filter(Format::is_newer).map(|format| Head { format, ..Head::default() });
            newer.ok_or(error)
        })
    }
}

impl Change {
    /// Where a change is stored.
    pub fn record_key(epoch: Epoch) -> RecordKey {
        RecordKey::new(PARTITION, format!("{CHANGE_PREFIX}{epoch:020}"))
    }

    /// Keys that had a grant before, or may have had one; and keys that it made.
    pub fn replaced_and_made(&self) -> (&[KeyDigest], &[KeyDigest]) {
        self.digests.split_at(self.digests.len().saturating_sub(self.made))
    }
}

/// A piece of the configuration as stored: the number of the change that wrote it (8 bytes, big
/// endian), then [`crate::snapshot::Piece::encode`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PieceRecord {
    /// Number of the change that wrote it.
    pub epoch: Epoch,
    /// The encoded piece.
    pub packed: Vec<u8>,
}

impl PieceRecord {
    /// Where a piece is stored.
    pub fn record_key(piece: PieceId) -> RecordKey {
        RecordKey::new(PARTITION, format!("{STATE_PREFIX}/{piece}"))
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        [&self.epoch.to_be_bytes(), self.packed.as_slice()].concat()
    }

    /// Reads [`PieceRecord::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadablePiece> {
        let (epoch, packed) = bytes.split_first_chunk().ok_or(UnreadablePiece::Truncated)?;
        Ok(PieceRecord { epoch: Epoch::from_be_bytes(*epoch), packed: packed.to_vec() })
    }
}

/// What an instance asks of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRequest {
    /// Newest change it knows; `None` when it has just started or must start over.
    pub since: Option<Epoch>,
}

/// What the replicas show, by the authority's clock: what was written to them longer ago than the
/// replica horizon. Without replicas, the newest change in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Every replica shows every change up to this one.
    pub settled: Epoch,
    /// No replica shows a grant that a change up to this one has replaced or removed; of the keys made
    /// after [`Shown::settled`] it may show none at all. Not below that.
    pub current: Epoch,
}

impl Shown {
    /// Every replica shows every change up to this one.
    pub fn all(settled: Epoch) -> Self {
        Shown { settled, current: settled }
    }

    /// The same, of a feed that goes up to `epoch`.
    pub fn up_to(self, epoch: Epoch) -> Self {
        Shown { settled: self.settled.min(epoch), current: self.current.min(epoch) }
    }
}

/// What it is answered: the state of one moment after the request was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedReply {
    /// The form of what is published. A newer one comes without anything else.
    pub format: Format,
    /// Newest change contained.
    pub epoch: Epoch,
    /// `false`: [`FeedReply::changes`] are those after `since`, and the pieces those that have
    /// changed since. `true`: the instance forgets what it knew, the changes are those after
    /// [`Shown::current`], and the pieces are the whole configuration.
    pub reset: bool,
    /// What the replicas show.
    pub shown: Shown,
    /// Ascending; all of them, but for those up to [`FeedReply::unlisted`].
    pub changes: Vec<Change>,
    /// Changes up to this one are not listed, since there are too many; 0: all are. Programs from
    /// before do not look at it, and are answered with all.
    pub unlisted: Epoch,
    /// Pieces of the configuration, encoded.
    pub pieces: Vec<(PieceId, Vec<u8>)>,
}

impl FeedReply {
    /// The answer of a program that cannot read what was published.
    pub fn newer(format: Format, epoch: Epoch) -> Self {
        FeedReply { format, epoch, reset: true, ..FeedReply::default() }
    }
}
