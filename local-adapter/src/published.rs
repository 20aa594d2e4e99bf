//! The published state, shared by all threads of the process: what the control plane commits is
//! here before it is acknowledged.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_gateway::config::{Config, ConfigCompiler, UnusableReply};
use latchkey_gateway::gateway::FeedNews;
use latchkey_published::feed::{Change, Epoch, FeedReply, FeedRequest, Format};
use latchkey_store::feed::read_feed;
use latchkey_store::{Store, StoreError};

/// Changes kept for threads that are behind; one that is further behind starts over.
const CHANGES_KEPT: usize = 4096;

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
    changes: VecDeque<Change>,
    config: Arc<Config>,
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
            settled: state.epoch,
            changes: state.changes.iter().filter(|change| change.epoch > from).cloned().collect(),
            config: Arc::clone(&state.config),
        }
    }

    fn format(&self) -> Format {
        self.lock().format
    }

    fn new(reply: FeedReply, config: Arc<Config>) -> Self {
        let floor = reply.epoch - reply.changes.len() as u64;
        let state =
            State { format: reply.format, epoch: reply.epoch, floor, changes: reply.changes.into(), config };
        Published { epoch: AtomicU64::new(reply.epoch), state: Mutex::new(state) }
    }

    fn publish(&self, reply: FeedReply, config: Arc<Config>) {
        let mut state = self.lock();
        if reply.reset {
            state.changes.clear();
            state.floor = reply.epoch - reply.changes.len() as u64;
        }
        state.format = reply.format;
        state.epoch = reply.epoch;
        state.config = config;
        state.changes.extend(reply.changes);
        while state.changes.len() > CHANGES_KEPT {
            state.floor = state.changes.pop_front().map_or(state.epoch, |change| change.epoch);
        }
        self.epoch.store(reply.epoch, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change to the state is made of steps that cannot panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Publisher<S> {
    /// Publishes the whole state of the store.
    pub(crate) async fn start(store: S) -> Result<Self, StoreError> {
        let mut compiler = ConfigCompiler::default();
        let reply = read_feed(&store, FeedRequest { since: None }, None).await?;
        let config = compile(&mut compiler, &reply)?;
        let published = Arc::new(Published::new(reply, config));
        Ok(Publisher { store, compiler, published })
    }

    /// Where it publishes.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Publishes what was committed since.
    pub(crate) async fn refresh(&mut self) -> Result<(), StoreError> {
        let since = self.published.epoch();
        let reply = read_feed(&self.store, FeedRequest { since: Some(since) }, None).await?;
        if reply.epoch != since || reply.format != self.published.format() {
            let config = compile(&mut self.compiler, &reply)?;
            self.published.publish(reply, config);
        }
        Ok(())
    }
}

fn compile(compiler: &mut ConfigCompiler, reply: &FeedReply) -> Result<Arc<Config>, StoreError> {
    let config = match compiler.apply(reply) {
        Ok(config) => config,
        Err(error @ UnusableReply::Newer(_)) => {
            // Every thread learns of it and refuses.
            tracing::error!("{error}; every request is answered 503");
            return Ok(Arc::default());
        }
        Err(error) => return Err(StoreError::Failed(error.to_string())),
    };
    for (id, reason) in config.unusable() {
        tracing::warn!(%id, reason, "part of the configuration cannot be used");
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use latchkey_published::feed::Head;
    use latchkey_store::memory::MemoryStore;
    use latchkey_store::{Batch, Write};

    use super::*;

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
