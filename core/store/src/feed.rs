//! Reads the change feed.

use latchkey_published::feed::{
    CHANGE_PREFIX, Change, Epoch, FeedReply, FeedRequest, Head, PARTITION, PieceRecord, STATE_PREFIX,
};
use latchkey_published::snapshot::PieceId;
use serde::Deserialize;

use crate::{RecordKey, Store, StoreError};

/// Records asked for at once.
const PAGE: usize = 1_000;

/// Answers a feed request from the authority; `settled` as in [`FeedReply`], `None` without replicas.
///
/// One scan for an instance that has just started, one read for one that is up to date.
/// `StoreError::Failed` when records that the head names are missing or unreadable.
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

async fn read_all<S: Store>(store: &S, settled: Option<Epoch>) -> Result<FeedReply, StoreError> {
    let mut head = Head::default();
    let mut scanned: Vec<(String, PieceRecord)> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.scan(PARTITION, STATE_PREFIX, after.as_deref(), PAGE).await?;
        after = page.records.last().map(|(sort, _)| sort.clone());
        for (sort, record) in page.records {
            match sort == STATE_PREFIX {
                true => head = Head::decode(&record.value).map_err(unreadable)?,
                false if head.format.is_newer() => break,
                false => scanned.push((sort, PieceRecord::decode(&record.value).map_err(unreadable)?)),
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
async fn read_piece<S: Store>(store: &S, piece: PieceId, epoch: Epoch) -> Result<Vec<u8>, StoreError> {
    let record = store.get(&PieceRecord::record_key(piece)).await?;
    let record = record.map(|record| PieceRecord::decode(&record.value)).transpose().map_err(unreadable)?;
    let record = record.filter(|record| record.epoch >= epoch);
    record.map(|record| record.packed).ok_or_else(|| StoreError::Failed(format!("piece {piece} is missing")))
}

/// The changes after `from`, up to and including `to`. None may be missing.
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
pub async fn read_head<S: Store>(store: &S) -> Result<Head, StoreError> {
    let record = store.get(&Head::record_key()).await?;
    record.map_or_else(|| Ok(Head::default()), |record| Head::decode(&record.value).map_err(unreadable))
}

/// A record that is JSON.
pub async fn read_json<T: for<'de> Deserialize<'de>, S: Store>(
    store: &S,
    key: &RecordKey,
) -> Result<Option<T>, StoreError> {
    store.get(key).await?.map(|record| decode(&record.value)).transpose()
}

/// What a record says that is JSON.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// A record that does not say what records of its kind say.
pub fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("unreadable record: {error}"))
}
