//! The change feed: what the control plane publishes and every instance of the data plane polls.
//!
//! Each commit that the data plane must know of has a number, the epoch, one more than the last.
//! `published` is one partition: the head, then the changes, then the pieces of the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::keys::KeyDigest;
use crate::snapshot::PieceId;
use crate::store::{RecordKey, Store, StoreError};

/// Number of a published change. 0: nothing published yet.
pub type Epoch = u64;

const PARTITION: &str = "published";

/// First record of the feed: how far it goes, and which change each piece of the configuration has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the newest change.
    pub epoch: Epoch,
    /// Changes up to this number are no longer kept.
    pub floor: Epoch,
    /// Number of the change that last wrote each piece.
    pub pieces: BTreeMap<PieceId, Epoch>,
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
        RecordKey::new(PARTITION, "0head")
    }
}

impl Change {
    /// Where a change is stored.
    pub fn record_key(epoch: Epoch) -> RecordKey {
        RecordKey::new(PARTITION, format!("1change/{epoch:020}"))
    }
}

/// Where a piece of the configuration is stored.
pub fn piece_key(piece: PieceId) -> RecordKey {
    RecordKey::new(PARTITION, format!("2config/{piece}"))
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
/// The head is read first, so that everything read after it is at least as new as the epoch
/// answered. `StoreError::Failed` when records that the head names are missing or unreadable.
pub async fn read_feed<S: Store>(
    store: &S,
    request: FeedRequest,
    settled: Option<Epoch>,
) -> Result<FeedReply, StoreError> {
    let Some(head) = read_json::<Head, S>(store, &Head::record_key()).await? else {
        return Ok(FeedReply { reset: true, ..FeedReply::default() });
    };
    let since = request.since.filter(|since| (head.floor..=head.epoch).contains(since));
    let settled = settled.map_or(head.epoch, |settled| settled.min(head.epoch));
    let from = since.unwrap_or(settled.max(head.floor));
    Ok(FeedReply {
        epoch: head.epoch,
        reset: since.is_none(),
        settled,
        changes: read_changes(store, from, head.epoch).await?,
        pieces: read_pieces(store, &head, since).await?,
    })
}

/// The changes after `from`, up to and including `to`. None may be missing.
async fn read_changes<S: Store>(store: &S, from: Epoch, to: Epoch) -> Result<Vec<Change>, StoreError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut after = Change::record_key(from).sort;
    while (changes.len() as u64) < to - from {
        let page = store.scan(PARTITION, "1change/", Some(&after), 1000).await?;
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

async fn read_pieces<S: Store>(
    store: &S,
    head: &Head,
    since: Option<Epoch>,
) -> Result<Vec<(PieceId, Vec<u8>)>, StoreError> {
    let mut pieces = Vec::new();
    for (&piece, &epoch) in &head.pieces {
        if since.is_some_and(|since| epoch <= since) {
            continue;
        }
        let record = store.get(&piece_key(piece)).await?;
        let record = record.ok_or_else(|| StoreError::Failed(format!("piece {piece} is missing")))?;
        pieces.push((piece, record.value));
    }
    Ok(pieces)
}

pub(crate) async fn read_json<T: for<'de> Deserialize<'de>, S: Store>(
    store: &S,
    key: &RecordKey,
) -> Result<Option<T>, StoreError> {
    store.get(key).await?.map(|record| decode(&record.value)).transpose()
}

pub(crate) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Failed(format!("unreadable record: {error}")))
}
