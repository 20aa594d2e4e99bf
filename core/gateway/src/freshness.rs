//! The revocation bound: how old the memory may be that a request is decided by.
//!
//! `as_of` is a time on this instance's own clock at which a poll of the feed was sent that has
//! since been answered: the memory holds every change acknowledged before it. While it is at most
//! the bound in the past, memory decides. docs/revocation.md gives the protocol and the argument.

use crate::decision::Need;
use crate::request::Now;
use latchkey_published::feed::{Epoch, FeedRequest};

/// A poll that has not been answered for so long, in milliseconds, no longer holds others up:
/// whoever sent it may be gone.
const POLL_TAKEN_OVER_AFTER_MS: u64 = 1_000;
/// After a failed poll the next is sent no sooner, in milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;
/// How long a request waits before it asks again, in milliseconds.
const WAIT_MS: u64 = 5;

/// The two settings of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// A change acts on every request that starts later than this after it was acknowledged.
    pub(crate) revocation_bound_ms: u64,
    /// How much longer memory serves while the feed is out of reach.
    pub(crate) outage_grace_ms: u64,
}

/// What the age of the memory means for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Decide from memory.
    Fresh,
    /// Decide from memory, within the grace of an outage.
    InGrace,
    /// First the feed.
    Need(Need),
    /// Too old, and the feed is out of reach.
    TooOld,
}

/// What an answer of the feed is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Older than what is known.
    Outdated,
    /// Memory holds it all, and is now known to be as new as this.
    Confirms,
    /// To be taken in.
    News,
}

/// An outage of the feed, as one log line tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedOutage {
    /// Memory is past the bound and the feed is out of reach.
    Began,
    /// The feed answered again.
    Ended {
        /// Requests decided within the grace.
        served: u64,
        /// Requests refused with 503.
        refused: u64,
        /// From the first failure past the bound, in milliseconds.
        lasted_ms: u64,
    },
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    since_ms: u64,
    served: u64,
    refused: u64,
}

#[derive(Debug)]
pub(crate) struct Freshness {
    bound: Bound,
    epoch: Option<Epoch>,
    as_of_ms: Option<u64>,
    /// `as_of` plus the bound; 0 while nothing is known. The one number a warm request looks at.
    fresh_until_ms: u64,
    poll_sent_ms: Option<u64>,
    failed_ms: Option<u64>,
    outage: Option<Outage>,
    news: Option<FeedOutage>,
}

impl Freshness {
    pub(crate) fn new(bound: Bound) -> Self {
        Freshness {
            bound,
            epoch: None,
            as_of_ms: None,
            fresh_until_ms: 0,
            poll_sent_ms: None,
            failed_ms: None,
            outage: None,
            news: None,
        }
    }

    /// `revocation_bound_ms`.
    pub(crate) fn bound_ms(&self) -> u64 {
        self.bound.revocation_bound_ms
    }

    /// Newest change in memory; `None` before the first answer.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Whether and by what a request is decided that started at `started`.
    ///
    /// Its start counts, not `now`: an answer to a poll sent since then is fresh enough however
    /// long it took, so that a slow feed delays requests but never starves them.
    #[inline]
    pub(crate) fn judge(&mut self, started: Now, now: Now) -> Verdict {
        if started.monotonic_ms <= self.fresh_until_ms && self.as_of_ms.is_some() {
            return Verdict::Fresh;
        }
        self.judge_stale(started.monotonic_ms, now.monotonic_ms)
    }

    fn judge_stale(&mut self, started_ms: u64, now_ms: u64) -> Verdict {
        let polling = self.poll_sent_ms.is_some_and(|sent| now_ms < sent + POLL_TAKEN_OVER_AFTER_MS);
        let failed = self.failed_ms.is_some_and(|failed| now_ms < failed + RETRY_AFTER_MS);
        match (polling, failed) {
            (false, false) => Verdict::Need(Need::Feed(self.send_poll(now_ms))),
            // While an outage lasts, nobody waits for the next attempt but who makes it.
            _ if self.failed_ms.is_some() => self.judge_outage(started_ms, now_ms),
            _ => Verdict::Need(Need::Wait { ms: WAIT_MS }),
        }
    }

    fn judge_outage(&mut self, started_ms: u64, now_ms: u64) -> Verdict {
        let in_grace = self.as_of_ms.is_some()
            && started_ms <= self.fresh_until_ms.saturating_add(self.bound.outage_grace_ms);
        let outage = self.outage.get_or_insert_with(|| {
            self.news = Some(FeedOutage::Began);
            Outage { since_ms: now_ms, served: 0, refused: 0 }
        });
        match in_grace {
            true => {
                outage.served += 1;
                Verdict::InGrace
            }
            false => {
                outage.refused += 1;
                Verdict::TooOld
            }
        }
    }

    /// A poll to be made beside the request, in the second half of the bound.
    #[inline]
    pub(crate) fn refresh_due(&mut self, now: Now) -> Option<FeedRequest> {
        let due_ms = self.fresh_until_ms.saturating_sub(self.bound.revocation_bound_ms / 2);
        (now.monotonic_ms >= due_ms).then(|| self.refresh(now.monotonic_ms)).flatten()
    }

    fn refresh(&mut self, now_ms: u64) -> Option<FeedRequest> {
        let polling = self.poll_sent_ms.is_some_and(|sent| now_ms < sent + POLL_TAKEN_OVER_AFTER_MS);
        let failed = self.failed_ms.is_some_and(|failed| now_ms < failed + RETRY_AFTER_MS);
        (self.as_of_ms.is_some() && !polling && !failed).then(|| self.send_poll(now_ms))
    }

    fn send_poll(&mut self, now_ms: u64) -> FeedRequest {
        self.poll_sent_ms = Some(now_ms);
        FeedRequest { since: self.epoch }
    }

    /// What an answer to a poll sent at `asked` is worth. Polls may overtake each other.
    pub(crate) fn weigh(&self, asked: Now, epoch: Epoch, reset: bool) -> Answer {
        if self.as_of_ms.is_some_and(|as_of| asked.monotonic_ms < as_of) {
            return Answer::Outdated;
        }
        // Memory that holds a later change holds this answer whole.
        match !reset && self.epoch.is_some_and(|known| epoch <= known) {
            true => Answer::Confirms,
            false => Answer::News,
        }
    }

    /// The feed answered a poll sent at `asked`, and memory now holds every change up to `epoch`,
    /// among them all that were acknowledged before `asked`.
    pub(crate) fn confirm(&mut self, asked: Now, epoch: Epoch) {
        self.epoch = Some(epoch);
        self.as_of_ms = Some(asked.monotonic_ms);
        self.fresh_until_ms = asked.monotonic_ms.saturating_add(self.bound.revocation_bound_ms);
        self.poll_sent_ms = None;
        self.failed_ms = None;
        if let Some(Outage { since_ms, served, refused }) = self.outage.take() {
            let lasted_ms = asked.monotonic_ms.saturating_sub(since_ms);
            self.news = Some(FeedOutage::Ended { served, refused, lasted_ms });
        }
    }

    /// A poll sent at `asked` turned out, at `now`, to have failed.
    pub(crate) fn fail(&mut self, asked: Now, now: Now) {
        if self.as_of_ms.is_none_or(|as_of| asked.monotonic_ms >= as_of) {
            self.poll_sent_ms = None;
            self.failed_ms = Some(now.monotonic_ms);
        }
    }

    /// The answer to a poll sent at `asked` says that memory must not be decided by any longer,
    /// not even while the feed is out of reach.
    pub(crate) fn shut(&mut self, asked: Now, now: Now) {
        self.as_of_ms = None;
        self.fresh_until_ms = 0;
        self.fail(asked, now);
    }

    /// A poll sent at `asked` is no longer waited for; whether the feed can be reached is not known
    /// of it, so the next request that needs one sends it again.
    pub(crate) fn give_up(&mut self, asked: Now) {
        self.poll_sent_ms = self.poll_sent_ms.filter(|sent| *sent > asked.monotonic_ms);
    }

    pub(crate) fn take_outage(&mut self) -> Option<FeedOutage> {
        self.news.take()
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_poll_that_is_given_up_is_sent_again_and_one_that_failed_is_an_outage() {
        let now = |monotonic_ms| Now { unix_ms: 0, monotonic_ms };
        let polling = || {
            let bound = Bound { revocation_bound_ms: 1_000, outage_grace_ms: 60_000 };
            let mut freshness = Freshness::new(bound);
            freshness.confirm(now(0), 1);
            assert_eq!(freshness.refresh_due(now(600)), Some(FeedRequest { since: Some(1) }));
            freshness
        };
        let mut given_up = polling();
        given_up.give_up(now(600));
        let poll = Verdict::Need(Need::Feed(FeedRequest { since: Some(1) }));
        assert_eq!(given_up.judge(now(1_001), now(1_001)), poll);
        let mut failed = polling();
        failed.fail(now(600), now(850));
        assert_eq!(failed.judge(now(1_001), now(1_001)), Verdict::InGrace);
    }

    /// Run with `cargo test --release -p latchkey-gateway freshness -- --ignored --nocapture`.
    #[test]
    #[ignore = "prints a timing, asserts nothing about it"]
    #[expect(clippy::disallowed_methods, reason = "a timing")]
    fn nanoseconds_to_judge_fresh() {
        let now = |monotonic_ms| Now { unix_ms: 0, monotonic_ms };
        let mut freshness = Freshness::new(Bound { revocation_bound_ms: 5_000, outage_grace_ms: 0 });
        freshness.confirm(now(1_000), 1);
        let round = |_| {
            let started = Instant::now();
            for step in 0..1_000_000 {
                assert_eq!(freshness.judge(black_box(now(1_000 + step % 5_000)), now(0)), Verdict::Fresh);
            }
            started.elapsed().as_nanos() as f64 / 1e6
        };
        let best = (0..20).map(round).fold(f64::MAX, f64::min);
        println!("fresh: {best:.2} ns");
    }
}
