//! The published state, shared by all threads of the process: what the control plane commits is
//! here before it is acknowledged.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_gateway::config::{Compiled, ConfigCompiler, UnusableReply};
use latchkey_gateway::gateway::FeedNews;
use latchkey_published::feed::{Change, Epoch, FeedReply, FeedRequest, Format, Shown};
use latchkey_published::limits::FEED_DIGESTS_MAX;
use latchkey_store::feed::read_bounded_feed;
use latchkey_store::{Store, StoreError};

/// The newest published state and the changes that led to it.
pub(crate) struct Published {
    epoch: AtomicU64,
    state: Mutex<State>,
}

struct State {
    format: Format,
    epoch: Epoch,
    /// Changes up to this one are no longer kept.
    floor: Epoch,
    /// For threads that are behind; one that is further behind starts over.
    changes: VecDeque<Change>,
    /// What they amount to: their digests, and one for each that has none.
    weight: usize,
    compiled: Compiled,
}

/// Reads the feed of the store and publishes what it says.
pub(crate) struct Publisher<S> {
    store: S,
    compiler: ConfigCompiler,
    published: Arc<Published>,
}

impl Published {
    /// Newest change; one atomic read, for every request.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch.load(Ordering::Acquire)
    }

    /// What has changed since the asker last asked.
    pub(crate) fn news(&self, request: FeedRequest) -> FeedNews {
        let state = self.lock();
        let since = request.since.filter(|since| (state.floor..=state.epoch).contains(since));
        let from = since.unwrap_or(state.floor);
        FeedNews {
            format: state.format,
            epoch: state.epoch,
            reset: since.is_none(),
            // There are no replicas: what is read is the authority.
            shown: Shown::all(state.epoch),
            unlisted: 0,
            changes: state.changes.iter().filter(|change| change.epoch > from).cloned().collect(),
            compiled: state.compiled.clone(),
        }
    }

    fn format(&self) -> Format {
        self.lock().format
    }

    fn new(reply: FeedReply, compiled: Compiled) -> Self {
        let epoch = AtomicU64::new(reply.epoch);
        let mut state = State {
            format: reply.format,
            epoch: reply.epoch,
            floor: 0,
            changes: VecDeque::new(),
            weight: 0,
            compiled,
        };
        state.take_in(reply);
        Published { epoch, state: Mutex::new(state) }
    }

    fn publish(&self, reply: FeedReply, compiled: Compiled) {
        let mut state = self.lock();
        let epoch = reply.epoch;
        state.compiled = compiled;
        state.take_in(reply);
        self.epoch.store(epoch, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change to the state is made of steps that cannot panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds what has changed, and keeps of the changes as many as an answer of the feed lists.
    fn take_in(&mut self, reply: FeedReply) {
        self.format = reply.format;
        self.epoch = reply.epoch;
        if reply.reset || reply.unlisted > self.floor {
            self.changes.clear();
            self.weight = 0;
            self.floor = reply.epoch - reply.changes.len() as u64;
        }
        self.weight += reply.changes.iter().map(weight).sum::<usize>();
        self.changes.extend(reply.changes);
        while self.weight > FEED_DIGESTS_MAX
            && let Some(oldest) = self.changes.pop_front()
        {
            self.weight -= weight(&oldest);
            self.floor = oldest.epoch;
        }
    }
}

fn weight(change: &Change) -> usize {
    change.digests.len().max(1)
}

impl<S: Store> Publisher<S> {
    /// Publishes the whole state of the store.
    pub(crate) async fn start(store: S) -> Result<Self, StoreError> {
        let mut compiler = ConfigCompiler::default();
        let reply = read_bounded_feed(&store, FeedRequest { since: None }, None, FEED_DIGESTS_MAX).await?;
        let compiled = compile(&mut compiler, &reply)?;
        let published = Arc::new(Published::new(reply, compiled));
        Ok(Publisher { store, compiler, published })
    }

    /// Where it publishes.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Publishes what was committed since.
    pub(crate) async fn refresh(&mut self) -> Result<(), StoreError> {
        let since = self.published.epoch();
        let request = FeedRequest { since: Some(since) };
        let reply = read_bounded_feed(&self.store, request, None, FEED_DIGESTS_MAX).await?;
        if reply.epoch != since || reply.format != self.published.format() {
            let compiled = compile(&mut self.compiler, &reply)?;
            self.published.publish(reply, compiled);
        }
        Ok(())
    }
}

fn compile(compiler: &mut ConfigCompiler, reply: &FeedReply) -> Result<Compiled, StoreError> {
    let compiled = match compiler.apply(reply) {
        Ok(compiled) => compiled,
        Err(error @ UnusableReply::Newer(_)) => {
            // Every thread learns of it and refuses.
            tracing::error!("{error}; every request is answered 503");
            return Ok(Compiled::default());
        }
        Err(error) => return Err(StoreError::Failed(error.to_string())),
    };
    for (id, reason) in compiled.config.unusable() {
        tracing::warn!(%id, reason, "part of the configuration cannot be used");
    }
    Ok(compiled)
}

#[cfg(test)]
mod tests {
    use latchkey_published::feed::Head;
    use latchkey_published::keys::KeyDigest;
    use latchkey_store::memory::MemoryStore;
    use latchkey_store::{Batch, Write};

    use super::*;

    /// A state after so many changes of so many digests each.
    fn after(changes: u64, digests: usize) -> Published {
        let published =
            Published::new(FeedReply { reset: true, ..FeedReply::default() }, Compiled::default());
        for epoch in 1..=changes {
            let digests = vec![KeyDigest::from_bytes([1; 32]); digests];
            let changes = vec![Change { epoch, digests, ..Change::default() }];
            published.publish(FeedReply { epoch, changes, ..FeedReply::default() }, Compiled::default());
        }
        published
    }

    #[test]
    fn no_more_changes_are_kept_than_an_answer_may_list() {
        for (changes, digests, kept) in [(10_000, 1, 4096), (10_000, 0, 4096), (1_000, 95, 43), (10, 95, 10)]
        {
            let published = after(changes, digests);
            let news = |since| published.news(FeedRequest { since: Some(since) });
            let oldest = changes - kept;
            assert!(!news(oldest).reset, "{digests} digests each");
            assert_eq!(news(oldest).changes.len() as u64, kept, "{digests} digests each");
            assert_eq!(news(changes - 1).changes.len(), 1);
            if oldest > 0 {
                assert!(news(oldest - 1).reset, "{digests} digests each");
            }
        }
    }

    #[test]
    fn what_the_store_does_not_list_is_not_added_to() {
        let published = after(5, 1);
        let change = Change { epoch: 9, ..Change::default() };
        let reply =
            FeedReply { epoch: 9, changes: vec![change.clone()], unlisted: 8, ..FeedReply::default() };
        published.publish(reply, Compiled::default());
        assert!(published.news(FeedRequest { since: Some(5) }).reset);
        let news = published.news(FeedRequest { since: Some(8) });
        assert_eq!((news.reset, news.changes), (false, vec![change]));
    }

    #[tokio::test]
    async fn a_state_that_a_newer_version_published_is_told_to_every_thread() {
        let store = MemoryStore::default();
        let head = br#"{"format":2,"epoch":7,"floor":0,"pieces":{}}"#.to_vec();
        let writes = vec![Write::Put(Head::record_key(), head)];
        store.commit(Batch { checks: vec![], writes }).await.unwrap();
        let mut publisher = Publisher::start(store).await.unwrap();
        for since in [None, Some(7)] {
            assert!(publisher.published().news(FeedRequest { since }).format.is_newer());
        }
        publisher.refresh().await.unwrap();
        assert!(publisher.published().news(FeedRequest { since: None }).format.is_newer());
    }
}
