//! One thread's gateway, with all that it may ask for at hand in this process.

use std::cell::RefCell;
use std::sync::Arc;

use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::gateway::{FeedOutage, Gateway, GrantAnswer, Learned, Right, Standing};
use latchkey_gateway::problem::Problem;
use latchkey_gateway::request::{Body, Headers, Now, RequestHead};
use latchkey_published::feed::FeedRequest;
use latchkey_published::grant::Grant;

use crate::control::Control;
use crate::published::Published;
use crate::store::RedbStore;
use crate::system::Timer;

/// Needs met in one decision; more mean a defect, which must not hang the thread.
const NEEDS_MAX: usize = 16;

/// Decides requests of one thread. Never borrowed across an await.
pub(crate) struct DataPlane {
    /// What decides.
    pub(crate) gateway: RefCell<Gateway>,
    /// The store that grants are read from.
    pub(crate) store: RedbStore,
    /// Where the feed is answered from.
    pub(crate) published: Arc<Published>,
    /// Told of keys to be moved to the current pepper.
    pub(crate) control: Control,
    /// Clocks.
    pub(crate) timer: Timer,
}

impl DataPlane {
    /// Decides, fetching grants and news on the way: only a body, or a wait, is left to the caller.
    pub(crate) fn decide<H: Headers>(&self, head: &RequestHead<'_, H>, body: Body<'_>, now: Now) -> Decision {
        let mut gateway = self.gateway.borrow_mut();
        if self.published.epoch() != gateway.epoch() {
            // Acknowledged changes act from now on; without this they would within the bound.
            let since = gateway.epoch();
            self.learn_feed(&mut gateway, FeedRequest { since: Some(since) }, now);
        }
        for _ in 0..NEEDS_MAX {
            match gateway.decide(head, body, now) {
                Decision::Need(Need::Grant(request)) => {
                    if !self.learn_grant(&mut gateway, request, now) {
                        return refuse(head, Problem::Stale);
                    }
                }
                Decision::Need(Need::Feed(request)) => self.learn_feed(&mut gateway, request, now),
                decision => {
                    if let Some(request) = gateway.refresh_due(now) {
                        self.learn_feed(&mut gateway, request, now);
                    }
                    if let Some(rehash) = gateway.take_rehash() {
                        self.control.rehash(rehash);
                    }
                    return decision;
                }
            }
        }
        tracing::error!(request_id = %format_args!("{:032x}", head.request_id), "a decision does not end");
        refuse(head, Problem::Internal)
    }

    /// Whether a tunnel may stay open.
    pub(crate) fn stands<H: Headers>(&self, head: &RequestHead<'_, H>, right: &Right, now: Now) -> Standing {
        let mut gateway = self.gateway.borrow_mut();
        if self.published.epoch() != gateway.epoch() {
            let since = gateway.epoch();
            self.learn_feed(&mut gateway, FeedRequest { since: Some(since) }, now);
        }
        for _ in 0..NEEDS_MAX {
            match gateway.stands(head, right, now) {
                Ok(standing) => return standing,
                Err(Need::Grant(request)) if self.learn_grant(&mut gateway, request, now) => {}
                Err(Need::Feed(request)) => self.learn_feed(&mut gateway, request, now),
                Err(Need::Grant(_) | Need::Body { .. } | Need::Wait { .. }) => break,
            }
        }
        Standing::Untold
    }

    fn learn_feed(&self, gateway: &mut Gateway, request: FeedRequest, now: Now) {
        // Before the first answer there is nothing to add changes to.
        let request = if gateway.epoch() == 0 { FeedRequest { since: None } } else { request };
        gateway.learn_feed_news(now, now, Some(self.published.news(request)));
        if let Some(FeedOutage::Ended { served, refused, lasted_ms }) = gateway.take_outage() {
            tracing::warn!(served, refused, lasted_ms, "the published state was out of reach");
        }
    }

    /// Whether the answer can be decided by.
    fn learn_grant(&self, gateway: &mut Gateway, mut request: GrantRequest, now: Now) -> bool {
        // Every read here is of the authority, whose "there is none" is the last word; nothing can
        // change in memory meanwhile.
        request.source = Source::Authority;
        match gateway.learn_grant(request, self.read_grant(request), now) {
            Learned::Decide => true,
            Learned::Ask(_) | Learned::Unavailable => false,
        }
    }

    fn read_grant(&self, request: GrantRequest) -> GrantAnswer {
        match self.store.read(&Grant::record_key(&request.digest)) {
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

fn refuse<H: Headers>(head: &RequestHead<'_, H>, problem: Problem) -> Decision {
    Decision::Respond(problem.respond(head.header("accept"), head.request_id))
}
