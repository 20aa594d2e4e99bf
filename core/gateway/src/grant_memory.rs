//! What an instance remembers of keys: grants, misses, and the fills under way.
//!
//! A fill is a read of one grant. What it brings is remembered only if no change of that digest
//! was learned since it began (the generation stamp), and, read from a replica, only if it is not
//! older than a change the feed told of (the epoch comparison). A change that the feed did not list,
//! or that is no longer remembered, may have been of any digest.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ablation::Ablation;
use crate::decision::{GrantRequest, Need, Source};
use crate::lru::Lru;
use crate::request::Now;
use latchkey_published::feed::{Change, Epoch, Shown};
use latchkey_published::grant::{Grant, Identity, OAuth2Client};
use latchkey_published::keys::KeyDigest;

/// A fill that has not been answered for so long, in milliseconds, is taken over by the next
/// request for the same key: whoever began it may be gone.
const FILL_TAKEN_OVER_AFTER_MS: u64 = 1_000;
/// An answer this long after its request, in milliseconds, is thrown away; and a change that every
/// replica has is remembered for so long, because of the fills that began before.
const FILL_MS_MAX: u64 = 30_000;
/// How long a request waits for another's fill before it asks again, in milliseconds.
const WAIT_MS: u64 = 2;
/// What a remembered grant takes besides its text, in bytes: itself, its counts, and what an
/// allocator adds to it, to its text and to its services.
const GRANT_BYTES: usize = size_of::<CachedGrant>() + 64;

/// The parts of a grant that requests are decided by, in the form they are needed in.
#[derive(Debug)]
pub(crate) struct CachedGrant {
    pub(crate) identity: Identity,
    /// `None` for a plain consumer's key.
    pub(crate) application_id: Option<uuid::Uuid>,
    /// Ascending.
    pub(crate) service_ids: Box<[uuid::Uuid]>,
    pub(crate) expires_at_ms: Option<u64>,
    pub(crate) enabled: bool,
    /// `None`: the credential is no client of OAuth 2.0.
    pub(crate) oauth2: Option<Box<OAuth2Client>>,
}

impl CachedGrant {
    fn new(grant: Grant) -> Self {
        CachedGrant {
            identity: Identity::new(&grant.consumer, Some(grant.credential_id)),
            application_id: grant.application_id,
            service_ids: grant.service_ids.into(),
            expires_at_ms: grant.expires_at_ms,
            enabled: grant.enabled,
            oauth2: grant.oauth2.map(Box::new),
        }
    }

    /// Whether its key has not expired. Never left to a store's own expiry.
    pub(crate) fn is_current(&self, now: Now) -> bool {
        self.expires_at_ms.is_none_or(|at| now.unix_ms < at)
    }

    /// Memory taken, in bytes.
    fn bytes(&self) -> usize {
        let client = self.oauth2.as_ref().map_or(0, |_| size_of::<OAuth2Client>() + 16);
        GRANT_BYTES + self.identity.text_bytes() + size_of_val(&*self.service_ids) + client
    }
}

/// What memory says of a digest.
#[derive(Debug)]
pub(crate) enum Remembered {
    Grant(Arc<CachedGrant>),
    /// The authority has no such key.
    Missing,
    Unknown,
}

/// What a store answered to a [`GrantRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "each answers one read of a store, and is taken apart at once")]
pub enum GrantAnswer {
    /// The record.
    Found(Grant),
    /// There is none.
    Missing,
    /// It could not be read.
    Failed,
}

/// What became of a [`GrantAnswer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Ask for the decision again.
    Decide,
    /// The answer could not be used: read this first.
    Ask(GrantRequest),
    /// The authority cannot be read: answer 503.
    Unavailable,
}

#[derive(Clone, Copy, Debug)]
struct Fill {
    stamp: u64,
    began_ms: u64,
    /// Newest change known when it began.
    epoch: Epoch,
    /// Whether a replica's word is not enough to call the key unknown.
    genuine: bool,
}

/// How much may be remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) grant_bytes: usize,
    pub(crate) miss_bytes: usize,
    /// Digests that changes are remembered of.
    pub(crate) changed_digests: usize,
}

#[derive(Debug)]
pub(crate) struct GrantMemory {
    grants: Lru<Arc<CachedGrant>>,
    misses: Lru<()>,
    fills: HashMap<KeyDigest, Fill>,
    last_stamp: u64,
    /// Digests that some replica may still show an older state of, with the newest change of each.
    changed: HashMap<KeyDigest, Epoch>,
    /// The same, oldest change first.
    changed_order: VecDeque<(Epoch, KeyDigest)>,
    /// How long that may be.
    changed_max: usize,
    /// Of the digests of changes up to this one, some may be missing there; 0: none is.
    untold: Epoch,
    /// What every replica shows: changes up to its `current` are not remembered.
    shown: Shown,
    /// The same as the feed last told of it, before it counts.
    pending: Option<Pending>,
    ablation: Ablation,
}

/// How far what is known goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// The newest change in memory.
    pub(crate) epoch: Epoch,
    /// The change that published what was restored from a back-up; 0: none was.
    pub(crate) restored_at: Epoch,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    shown: Shown,
    learned_ms: u64,
}

impl GrantMemory {
    pub(crate) fn new(bounds: Bounds, ablation: Ablation) -> Self {
        GrantMemory {
            grants: Lru::new(bounds.grant_bytes),
            misses: Lru::new(bounds.miss_bytes),
            fills: HashMap::new(),
            last_stamp: 0,
            changed: HashMap::new(),
            changed_order: VecDeque::new(),
            changed_max: bounds.changed_digests,
            untold: 0,
            shown: Shown::default(),
            pending: None,
            ablation,
        }
    }

    pub(crate) fn look_up(&mut self, digest: &KeyDigest) -> Remembered {
        if let Some(grant) = self.grants.get(digest) {
            return Remembered::Grant(grant.clone());
        }
        match self.misses.get(digest) {
            Some(()) => Remembered::Missing,
            None => Remembered::Unknown,
        }
    }

    /// What to do about an unknown digest: read it, or wait for who is reading it already.
    pub(crate) fn need(&mut self, digest: KeyDigest, genuine: bool, epoch: Epoch, now: Now) -> Need {
        let now_ms = now.monotonic_ms;
        let taken = |fill: &Fill| now_ms < fill.began_ms + FILL_TAKEN_OVER_AFTER_MS;
        if self.fills.get(&digest).is_some_and(taken) {
            return Need::Wait { ms: WAIT_MS };
        }
        let fill = Fill { stamp: 0, began_ms: now_ms, epoch, genuine };
        Need::Grant(self.begin_fill(digest, Source::Replica, fill))
    }

    fn begin_fill(&mut self, digest: KeyDigest, source: Source, fill: Fill) -> GrantRequest {
        self.fills.retain(|_, other| fill.began_ms < other.began_ms + FILL_MS_MAX);
        self.last_stamp += 1;
        let stamp = self.last_stamp;
        self.fills.insert(digest, Fill { stamp, ..fill });
        GrantRequest { digest, source, stamp }
    }

    /// Takes in an answer.
    pub(crate) fn learn(
        &mut self,
        request: GrantRequest,
        answer: GrantAnswer,
        known: Known,
        now: Now,
    ) -> Learned {
        let Known { epoch, restored_at } = known;
        let GrantRequest { digest, source, stamp } = request;
        let Some(fill) = self.fills.get(&digest).copied().filter(|fill| fill.stamp == stamp) else {
            // Taken over, forgotten by a reset, or too old: somebody else's answer counts.
            return Learned::Decide;
        };
        self.fills.remove(&digest);
        if now.monotonic_ms >= fill.began_ms + FILL_MS_MAX {
            return Learned::Decide;
        }
        let changed = self.changed.get(&digest).copied();
        let again = Fill { began_ms: now.monotonic_ms, epoch, ..fill };
        let newest_change = changed.unwrap_or_default().max(self.untold);
        if !self.ablation.generation_stamp && newest_change > fill.epoch {
            return Learned::Ask(self.begin_fill(digest, source, again));
        }
        let usable = match (source, &answer) {
            (Source::Authority, answer) => *answer != GrantAnswer::Failed,
            // What a replica shows of the time before a restore may be a past, or a future, that is no more.
            (Source::Replica, GrantAnswer::Found(grant)) => {
                grant.epoch >= restored_at && !self.is_stale(grant, changed)
            }
            (Source::Replica, GrantAnswer::Missing) => {
                restored_at == 0 && !fill.genuine && changed.is_none() && self.knows_what_was_made()
            }
            (Source::Replica, GrantAnswer::Failed) => false,
        };
        match (usable, answer, source) {
            (true, GrantAnswer::Found(grant), _) => self.remember(digest, grant),
            (true, _, _) => self.misses.insert(digest, (), 0),
            (false, _, Source::Replica) => {
                return Learned::Ask(self.begin_fill(digest, Source::Authority, again));
            }
            (false, _, Source::Authority) => return Learned::Unavailable,
        }
        Learned::Decide
    }

    /// Remembers a grant also under the digest of the key itself, which no change names: what is not
    /// to be done.
    pub(crate) fn misplace(&mut self, digest: KeyDigest, grant: &Arc<CachedGrant>) {
        if self.ablation.imported_place {
            self.grants.insert(digest, grant.clone(), grant.bytes());
        }
    }

    fn is_stale(&self, grant: &Grant, changed: Option<Epoch>) -> bool {
        let is_older = changed.is_some_and(|change| grant.epoch < change);
        (is_older && !self.ablation.epoch_comparison)
            || (self.untold > 0 && grant.epoch <= self.untold && !self.ablation.unlisted_records)
    }

    /// Whether every key that could be missing in a replica, or could be in its memory as missing, is
    /// among [`GrantMemory::changed`].
    fn knows_what_was_made(&self) -> bool {
        let has_all = self.shown.settled >= self.shown.current || self.ablation.awaiting_made;
        has_all && (self.untold == 0 || self.ablation.unlisted_misses)
    }

    fn remember(&mut self, digest: KeyDigest, mut grant: Grant) {
        if self.ablation.expiry {
            grant.expires_at_ms = None;
        }
        if !grant.digest.matches(&digest) {
            // A record in the wrong place proves nothing about this key.
            self.misses.insert(digest, (), 0);
            return;
        }
        let cached = CachedGrant::new(grant);
        let bytes = cached.bytes();
        self.grants.insert(digest, Arc::new(cached), bytes);
    }

    /// Forgets everything: the feed could not say what has changed. It lists what has since `shown`.
    pub(crate) fn reset(&mut self, shown: Shown) {
        self.forget();
        self.shown = shown;
        self.pending = None;
    }

    fn forget(&mut self) {
        self.grants.clear();
        self.misses.clear();
        self.fills.clear();
        self.changed.clear();
        self.changed_order.clear();
    }

    /// Takes in that changes up to `untold`, newer than all that are known, were of digests that nobody
    /// tells; 0: there are none.
    pub(crate) fn lose_track(&mut self, untold: Epoch) {
        self.untold = untold;
        if untold > 0 && !self.ablation.unlisted_forgotten {
            self.forget();
        }
    }

    /// Takes in a change: what is remembered of its digests no longer counts.
    pub(crate) fn apply(&mut self, change: &Change) {
        for digest in &change.digests {
            self.grants.remove(digest);
            self.misses.remove(digest);
            let newest = self.changed.entry(*digest).or_default();
            *newest = change.epoch.max(*newest);
            self.changed_order.push_back((change.epoch, *digest));
        }
        while self.changed_order.len() > self.changed_max {
            let oldest = self.forget_oldest_change().filter(|_| !self.ablation.folding);
            self.untold = self.untold.max(oldest.unwrap_or_default());
        }
    }

    fn forget_oldest_change(&mut self) -> Option<Epoch> {
        let (epoch, digest) = self.changed_order.pop_front()?;
        if self.changed.get(&digest) == Some(&epoch) {
            self.changed.remove(&digest);
        }
        Some(epoch)
    }

    /// Every replica shows so much: once no fill can be under way that began before, what changed up
    /// to then is forgotten.
    pub(crate) fn settle(&mut self, shown: Shown, now: Now) {
        if self.ablation.horizon {
            return self.forget_changes(Epoch::MAX);
        }
        let news = Pending { shown, learned_ms: now.monotonic_ms };
        let pending = *self.pending.get_or_insert(news);
        if now.monotonic_ms >= pending.learned_ms + FILL_MS_MAX {
            let Shown { settled, current } = pending.shown;
            // An authority that was set back to a version from before knows less of it.
            self.shown.settled = self.shown.settled.max(settled);
            self.shown.current = self.shown.current.max(current);
            self.forget_changes(current);
            self.pending = Some(news);
        }
    }

    fn forget_changes(&mut self, up_to: Epoch) {
        while self.changed_order.front().is_some_and(|(epoch, _)| *epoch <= up_to) {
            self.forget_oldest_change();
        }
        if self.untold <= up_to {
            self.untold = 0;
        }
    }

    /// Bytes taken by grants and by misses, as accounted.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.grants.bytes(), self.misses.bytes())
    }

    /// Grants and misses remembered.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.grants.len(), self.misses.len())
    }
}
