//! The gateway of one execution environment, with all that it asks for fetched from DynamoDB.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use latchkey_gateway::config::{ConfigCompiler, HeaderNames};
use latchkey_gateway::decision::{GrantRequest, Need, Source};
use latchkey_gateway::gateway::{FeedOutage, Gateway, GatewaySettings, GrantAnswer, Learned, Rehash};
use latchkey_gateway::problem::Problem;
use latchkey_gateway::request::Now;
use latchkey_published::feed::{FeedReply, FeedRequest};
use latchkey_published::grant::Grant;
use latchkey_published::keys::Peppers;
use latchkey_published::limits::FEED_DIGESTS_MAX;
use latchkey_store::Store as _;
use latchkey_store::feed::read_bounded_feed;
use tokio::task::JoinHandle;

use crate::store::DynamoStore;
use crate::system::Timer;

/// Needs met in one decision; more mean a defect, which must not hang the environment.
const NEEDS_MAX: usize = 16;
/// How long the read of the feed that was begun at the start is waited for.
const FIRST_READ_MAX: Duration = Duration::from_secs(1);

/// Decides. The gateway is never borrowed across an await.
pub(crate) struct DataPlane {
    settings: GatewaySettings,
    peppers: Peppers,
    gateway: RefCell<Gateway>,
    compiler: RefCell<ConfigCompiler>,
    /// Fields that the configuration makes matter.
    names: RefCell<Rc<HeaderNames>>,
    store: DynamoStore,
    timer: Rc<Timer>,
    first: RefCell<Option<First>>,
}

/// The read of the feed that was begun at the start, beside the first invocation's arrival.
struct First {
    asked: Now,
    reply: JoinHandle<Option<FeedReply>>,
}

impl DataPlane {
    /// Knows nothing yet, and begins to read the feed; to be called in a runtime.
    pub(crate) fn start(
        settings: GatewaySettings,
        peppers: Peppers,
        store: DynamoStore,
        timer: Rc<Timer>,
    ) -> Self {
        let first = First { asked: timer.now(), reply: tokio::spawn(read(store.clone(), None)) };
        DataPlane {
            gateway: RefCell::new(Gateway::new(settings.clone(), peppers.clone())),
            settings,
            peppers,
            compiler: RefCell::default(),
            names: RefCell::default(),
            store,
            timer,
            first: RefCell::new(Some(first)),
        }
    }

    /// Longest body that is searched, in bytes.
    pub(crate) fn body_search_bytes(&self) -> usize {
        self.settings.body_search_bytes
    }

    /// Asks the gateway until it lacks nothing; only a body is left to the caller, who has it.
    pub(crate) async fn decide<T>(
        &self,
        started: Now,
        mut ask: impl FnMut(&mut Gateway, &HeaderNames, Now) -> Result<T, Need>,
    ) -> Result<T, Problem> {
        let mut now = started;
        for _ in 0..NEEDS_MAX {
            let names = Rc::clone(&self.names.borrow());
            let asked = ask(&mut self.gateway.borrow_mut(), &names, now);
            match asked {
                Ok(decided) => return Ok(decided),
                // On the heap: futures of the AWS SDK are large, and a warm request has none.
                Err(Need::Feed(request)) => Box::pin(self.poll(request)).await,
                Err(Need::Grant(request)) => Box::pin(self.fetch_grant(request)).await?,
                Err(Need::Wait { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Err(Need::Body { .. }) => break,
            }
            now = self.timer.now();
        }
        tracing::error!("a decision does not end");
        Err(Problem::Internal)
    }

    /// A poll that is due.
    pub(crate) fn refresh_due(&self) -> Option<FeedRequest> {
        self.gateway.borrow_mut().refresh_due(self.timer.now())
    }

    /// A key to be moved to the current pepper.
    pub(crate) fn take_rehash(&self) -> Option<Rehash> {
        self.gateway.borrow_mut().take_rehash()
    }

    /// Reads the feed and takes it in.
    pub(crate) async fn poll(&self, request: FeedRequest) {
        let asked = self.timer.now();
        let (asked, reply) = match self.first_reply().await {
            Some((asked, reply)) => (asked, Some(reply)),
            None => (asked, read(self.store.clone(), request.since).await),
        };
        self.learn_feed(asked, reply);
    }

    /// Says that a poll was given up.
    pub(crate) fn give_up_poll(&self, asked: Now) {
        self.gateway.borrow_mut().give_up_poll(asked);
    }

    /// Forgets everything: after a panic nothing in memory is to be relied on.
    pub(crate) fn reset(&self) {
        self.first.take();
        self.gateway.replace(Gateway::new(self.settings.clone(), self.peppers.clone()));
        self.compiler.take();
        self.names.take();
    }

    /// What came of the read that was begun at the start; once.
    async fn first_reply(&self) -> Option<(Now, FeedReply)> {
        let First { asked, mut reply } = self.first.take()?;
        match tokio::time::timeout(FIRST_READ_MAX, &mut reply).await {
            Ok(read) => Some((asked, read.ok()??)),
            // The environment may have been frozen in the middle, and the connection be dead.
            Err(_) => {
                reply.abort();
                None
            }
        }
    }

    fn learn_feed(&self, asked: Now, reply: Option<FeedReply>) {
        let mut gateway = self.gateway.borrow_mut();
        let before = gateway.epoch();
        let now = self.timer.now();
        if let Err(error) = gateway.learn_feed(asked, now, reply, &mut self.compiler.borrow_mut()) {
            tracing::error!(%error, "the published configuration cannot be read");
        }
        if gateway.epoch() != before {
            self.names.replace(Rc::new(gateway.config().header_names()));
            for (id, reason) in gateway.config().unusable() {
                tracing::warn!(%id, reason, "an entity cannot be used");
            }
        }
        match gateway.take_outage() {
            None => {}
            Some(FeedOutage::Began) => tracing::warn!("the published state is out of reach"),
            Some(FeedOutage::Ended { served, refused, lasted_ms }) => {
                tracing::warn!(served, refused, lasted_ms, "the published state was out of reach");
            }
        }
    }

    async fn fetch_grant(&self, mut request: GrantRequest) -> Result<(), Problem> {
        loop {
            // Every read here is of the authority, whose "there is none" is the last word.
            request.source = Source::Authority;
            let answer = self.read_grant(request).await;
            let learned = self.gateway.borrow_mut().learn_grant(request, answer, self.timer.now());
            match learned {
                Learned::Decide => return Ok(()),
                Learned::Ask(again) => request = again,
                Learned::Unavailable => return Err(Problem::Stale),
            }
        }
    }

    async fn read_grant(&self, request: GrantRequest) -> GrantAnswer {
        match self.store.get(&Grant::record_key(&request.digest)).await {
            Ok(None) => GrantAnswer::Missing,
            Ok(Some(record)) => Grant::decode(&record.value).map_or_else(
                |error| {
                    tracing::error!(%error, "a grant does not decode");
                    GrantAnswer::Failed
                },
                GrantAnswer::Found,
            ),
            Err(error) => {
                tracing::error!(%error, "a grant cannot be read");
                GrantAnswer::Failed
            }
        }
    }
}

/// There are no replicas: every change is settled.
async fn read(store: DynamoStore, since: Option<u64>) -> Option<FeedReply> {
    let reply = read_bounded_feed(&store, FeedRequest { since }, None, FEED_DIGESTS_MAX).await;
    reply.inspect_err(|error| tracing::error!(%error, "the change feed cannot be read")).ok()
}
