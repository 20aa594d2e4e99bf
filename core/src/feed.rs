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
    const OWN: Format = Format(1);

    /// Whether this program must not serve by what is published so.
    pub fn is_newer(&self) -> bool {
        *self > Format::OWN
    }

    fn is_first(&self) -> bool {
        *self <= Format::FIRST
    }

    /// For the log.
    pub(crate) fn by_newer(&self) -> String {
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

    /// Reads the stored form; of a newer one no more than that it is newer.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        decode(bytes).or_else(|error| {
            let value: serde_json::Value = decode(bytes)?;
            let format = value.get("format").and_then(serde_json::Value::as_u64).map(Format);
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
    /// The form of what is published. A newer one comes without anything else.
    pub format: Format,
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

impl FeedReply {
    /// The answer of a program that cannot read what was published.
    pub fn newer(format: Format, epoch: Epoch) -> Self {
        FeedReply { format, epoch, reset: true, ..FeedReply::default() }
    }
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
        let head = read_head(store).await?;
        if !head.format.is_newer() && (head.floor..=head.epoch).contains(&since) {
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
        format: head.format,
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
                true => head = Head::decode(&record.value)?,
                false if head.format.is_newer() => break,
                false => scanned.push((sort, PieceRecord::decode(&record.value)?)),
            }
        }
        // The head is the first record of its partition's state.
        if head.format.is_newer() {
            return Ok(FeedReply::newer(head.format, head.epoch));
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
    Ok(FeedReply { format: head.format, epoch: head.epoch, reset: true, settled, changes, pieces })
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

/// The head, or one of nothing where nothing was published yet.
#[maybe_async::maybe_async]
pub(crate) async fn read_head<S: Store>(store: &S) -> Result<Head, StoreError> {
    let record = store.get(&Head::record_key()).await?;
    record.map_or_else(|| Ok(Head::default()), |record| Head::decode(&record.value))
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
