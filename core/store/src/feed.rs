//! Reads the change feed.

use std::collections::VecDeque;

use latchkey_published::feed::{
    CHANGE_PREFIX, Change, Epoch, FeedReply, FeedRequest, Head, PARTITION, PieceRecord, STATE_PREFIX, Shown,
};
use latchkey_published::snapshot::PieceId;
use serde::Deserialize;

use crate::{RecordKey, Store, StoreError};

/// Records asked for at once.
const PAGE: usize = 1_000;
/// Newest changes that are read first where not all are listed. Each read after it has twice as many.
const NEWEST_FIRST: u64 = 64;

/// Answers a feed request from the authority with whatever was asked for, for programs that know no
/// [`FeedReply::unlisted`]; `settled` as in [`Shown`], `None` without replicas.
///
/// One scan for an instance that has just started, one read for one that is up to date.
/// `StoreError::Failed` when records that the head names are missing or unreadable.
pub async fn read_feed<S: Store>(
    store: &S,
    request: FeedRequest,
    settled: Option<Epoch>,
) -> Result<FeedReply, StoreError> {
    read(store, request, settled.map(Shown::all), usize::MAX).await
}

/// The same with the newest changes alone, of at most `digests_max` digests; one without a digest
/// counts as one. Of the others not many are read.
pub async fn read_bounded_feed<S: Store>(
    store: &S,
    request: FeedRequest,
    shown: Option<Shown>,
    digests_max: usize,
) -> Result<FeedReply, StoreError> {
    read(store, request, shown, digests_max).await
}

async fn read<S: Store>(
    store: &S,
    request: FeedRequest,
    shown: Option<Shown>,
    digests_max: usize,
) -> Result<FeedReply, StoreError> {
    if let Some(since) = request.since {
        let head = read_head(store).await?;
        if !head.format.is_newer() && (head.floor..=head.epoch).contains(&since) {
            return read_since(store, &head, since, shown, digests_max).await;
        }
    }
    read_all(store, shown, digests_max).await
}

fn shown_up_to(shown: Option<Shown>, epoch: Epoch) -> Shown {
    shown.map_or(Shown::all(epoch), |shown| shown.up_to(epoch))
}

async fn read_since<S: Store>(
    store: &S,
    head: &Head,
    since: Epoch,
    shown: Option<Shown>,
    digests_max: usize,
) -> Result<FeedReply, StoreError> {
    let mut pieces = Vec::new();
    for (&piece, &epoch) in head.pieces.iter().filter(|(_, epoch)| **epoch > since) {
        pieces.push((piece, read_piece(store, piece, epoch).await?));
    }
    let (changes, unlisted) = read_newest(store, since, head.epoch, digests_max).await?;
    Ok(FeedReply {
        format: head.format,
        epoch: head.epoch,
        reset: false,
        shown: shown_up_to(shown, head.epoch),
        changes,
        unlisted,
        pieces,
    })
}

async fn read_all<S: Store>(
    store: &S,
    shown: Option<Shown>,
    digests_max: usize,
) -> Result<FeedReply, StoreError> {
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
    let shown = shown_up_to(shown, head.epoch);
    let from = shown.current.max(head.floor);
    let (changes, unlisted) = read_newest(store, from, head.epoch, digests_max).await?;
    Ok(FeedReply { format: head.format, epoch: head.epoch, reset: true, shown, changes, unlisted, pieces })
}

/// A piece at least as new as the head says.
async fn read_piece<S: Store>(store: &S, piece: PieceId, epoch: Epoch) -> Result<Vec<u8>, StoreError> {
    let record = store.get(&PieceRecord::record_key(piece)).await?;
    let record = record.map(|record| PieceRecord::decode(&record.value)).transpose().map_err(unreadable)?;
    let record = record.filter(|record| record.epoch >= epoch);
    record.map(|record| record.packed).ok_or_else(|| StoreError::Failed(format!("piece {piece} is missing")))
}

/// The newest changes after `from`, up to and including `to`, as many as have `digests_max` digests,
/// and the newest that is not among them; 0: all are.
async fn read_newest<S: Store>(
    store: &S,
    from: Epoch,
    to: Epoch,
    digests_max: usize,
) -> Result<(Vec<Change>, Epoch), StoreError> {
    let mut newest: VecDeque<Change> = VecDeque::new();
    let (mut oldest, mut digests, mut step) = (to, 0, NEWEST_FIRST);
    while oldest > from {
        let next = if digests_max == usize::MAX { from } else { oldest.saturating_sub(step).max(from) };
        for change in read_changes(store, next, oldest).await?.into_iter().rev() {
            digests += change.digests.len().max(1);
            if digests > digests_max {
                return Ok((newest.into(), change.epoch));
            }
            newest.push_front(change);
        }
        (oldest, step) = (next, (2 * step).min(PAGE as u64));
    }
    Ok((newest.into(), 0))
}

/// The changes after `from`, up to and including `to`. None may be missing.
pub(crate) async fn read_changes<S: Store>(
    store: &S,
    from: Epoch,
    to: Epoch,
) -> Result<Vec<Change>, StoreError> {
    let mut changes: Vec<Change> = Vec::new();
    let mut after = Change::record_key(from).sort;
    while (changes.len() as u64) < to - from {
        let left = usize::try_from(to - from).unwrap_or(usize::MAX) - changes.len();
        let page = store.scan(PARTITION, CHANGE_PREFIX, Some(&after), left.min(PAGE)).await?;
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
