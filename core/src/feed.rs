//! The change feed: what the control plane publishes and every instance of the data plane polls.
//!
//! Each commit that the data plane must know of has a number, the epoch, one more than the last.
//! `published` is one partition: the head and the pieces of the configuration, which one scan reads
//! together, and the changes.

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use crate::keys::KeyDigest;
use crate::snapshot::PieceId;
use crate::store::{RecordKey, Store, StoreError};

/// Number of a published change. 0: nothing published yet.
pub type Epoch = u64;

const PARTITION: &str = "published";
/// The head's sort key, and what those of the pieces begin with.
const STATE_PREFIX: &str = "config";
const CHANGE_PREFIX: &str = "log/";
/// Records asked for at once.
const PAGE: usize = 1_000;

/// First record of the feed: how far it goes, and which change each piece of the configuration has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the newest change.
    pub epoch: Epoch,
    /// Changes up to this number are no longer kept.
    pub floor: Epoch,
    /// Number of the change that last wrote each piece.
    pub pieces: LiteMap<PieceId, Epoch>,
}

/// One published change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub epoch: Epoch,
    /// When it was committed, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Keys whose grant it wrote or removed; empty when it changed configuration only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<KeyDigest>,
}

impl Head {
    /// Where the head is stored.
    pub fn record_key() -> RecordKey {
        RecordKey::new(PARTITION, STATE_PREFIX)
    }
}

impl Change {
    /// Where a change is stored.
    pub fn record_key(epoch: Epoch) -> RecordKey {
        RecordKey::new(PARTITION, format!("{CHANGE_PREFIX}{epoch:020}"))
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
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let (epoch, packed) =
            bytes.split_first_chunk().ok_or_else(|| StoreError::Failed("unreadable piece".into()))?;
        Ok(PieceRecord { epoch: Epoch::from_be_bytes(*epoch), packed: packed.to_vec() })
    }
}

/// What an instance asks of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRequest {
    /// Newest change it knows; `None` when it has just started or must start over.
    pub since: Option<Epoch>,
}

/// What it is answered: the state of one moment after the request was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedReply {
    /// Newest change contained.
    pub epoch: Epoch,
    /// `false`: [`FeedReply::changes`] are all changes after `since`, and the pieces those that
    /// have changed since. `true`: the instance forgets what it knew, the changes are all after
    /// [`FeedReply::settled`], and the pieces are the whole configuration.
    pub reset: bool,
    /// Every replica shows every change up to this one: it was written to them longer ago than the
    /// replica horizon. The authority reckons this by its own clock. Without replicas: `epoch`.
    pub settled: Epoch,
    /// Ascending.
    pub changes: Vec<Change>,
    /// Pieces of the configuration, encoded.
    pub pieces: Vec<(PieceId, Vec<u8>)>,
}

/// Answers a feed request from the authority; `settled` as in [`FeedReply`], `None` without replicas.
///
/// One scan for an instance that has just started, one read for one that is up to date.
/// `StoreError::Failed` when records that the head names are missing or unreadable.
#[maybe_async::maybe_async]
pub async fn read_feed<S: Store>(
    store: &S,
    request: FeedRequest,
    settled: Option<Epoch>,
) -> Result<FeedReply, StoreError> {
    if let Some(since) = request.since {
        let head: Head = read_json(store, &Head::record_key()).await?.unwrap_or_default();
        if (head.floor..=head.epoch).contains(&since) {
            return read_since(store, &head, since, settled).await;
        }
    }
    read_all(store, settled).await
}

#[maybe_async::maybe_async]
async fn read_since<S: Store>(
    store: &S,
    head: &Head,
    since: Epoch,
    settled: Option<Epoch>,
) -> Result<FeedReply, StoreError> {
    let mut pieces = Vec::new();
    for (&piece, &epoch) in head.pieces.iter().filter(|(_, epoch)| **epoch > since) {
        pieces.push((piece, read_piece(store, piece, epoch).await?));
    }
    Ok(FeedReply {
        epoch: head.epoch,
        reset: false,
        settled: settled.map_or(head.epoch, |settled| settled.min(head.epoch)),
        changes: read_changes(store, since, head.epoch).await?,
        pieces,
    })
}

#[maybe_async::maybe_async]
async fn read_all<S: Store>(store: &S, settled: Option<Epoch>) -> Result<FeedReply, StoreError> {
    let mut head = Head::default();
    let mut scanned: Vec<(String, PieceRecord)> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.scan(PARTITION, STATE_PREFIX, after.as_deref(), PAGE).await?;
        after = page.records.last().map(|(sort, _)| sort.clone());
        for (sort, record) in page.records {
            match sort == STATE_PREFIX {
                true => head = decode(&record.value)?,
                false => scanned.push((sort, PieceRecord::decode(&record.value)?)),
            }
        }
        if !page.more {
            break;
        }
    }
    let mut pieces = Vec::new();
    for (&piece, &epoch) in &head.pieces {
        // A scan is not of one moment: a piece older than the head says is read again.
        let sort = PieceRecord::record_key(piece).sort;
        let found = scanned.binary_search_by(|(scanned, _)| scanned.cmp(&sort)).ok();
        let record =
            found.map(|at| std::mem::take(&mut scanned[at].1)).filter(|record| record.epoch >= epoch);
        let packed = match record {
            Some(record) => record.packed,
            None => read_piece(store, piece, epoch).await?,
        };
        pieces.push((piece, packed));
    }
    let settled = settled.map_or(head.epoch, |settled| settled.min(head.epoch));
    let changes = read_changes(store, settled.max(head.floor), head.epoch).await?;
    Ok(FeedReply { epoch: head.epoch, reset: true, settled, changes, pieces })
}

/// A piece at least as new as the head says.
#[maybe_async::maybe_async]
async fn read_piece<S: Store>(store: &S, piece: PieceId, epoch: Epoch) -> Result<Vec<u8>, StoreError> {
    let record = store.get(&PieceRecord::record_key(piece)).await?;
    let record = record.map(|record| PieceRecord::decode(&record.value)).transpose()?;
    let record = record.filter(|record| record.epoch >= epoch);
    record.map(|record| record.packed).ok_or_else(|| StoreError::Failed(format!("piece {piece} is missing")))
}

/// The changes after `from`, up to and including `to`. None may be missing.
#[maybe_async::maybe_async]
async fn read_changes<S: Store>(store: &S, from: Epoch, to: Epoch) -> Result<Vec<Change>, StoreError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut after = Change::record_key(from).sort;
    while (changes.len() as u64) < to - from {
        let page = store.scan(PARTITION, CHANGE_PREFIX, Some(&after), PAGE).await?;
        let Some((last, _)) = page.records.last() else { break };
        after = last.clone();
        for (_, record) in &page.records {
            let change: Change = decode(&record.value)?;
            if change.epoch <= to {
                changes.push(change);
            }
        }
    }
    let whole = changes.len() as u64 == to - from;
    whole.then_some(changes).ok_or_else(|| StoreError::Failed("published changes are missing".into()))
}

#[maybe_async::maybe_async]
pub(crate) async fn read_json<T: for<'de> Deserialize<'de>, S: Store>(
    store: &S,
    key: &RecordKey,
) -> Result<Option<T>, StoreError> {
    store.get(key).await?.map(|record| decode(&record.value)).transpose()
}

pub(crate) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Failed(format!("unreadable record: {error}")))
}
