//! The data plane: decides what happens to a request, from memory alone, or says what it lacks.
//!
//! One gateway serves one thread or isolate; there are no locks inside and nothing is awaited.
//! An adapter asks [`Gateway::decide`], fetches what is needed, hands it in and asks again.

mod admit;
mod authorizer;
mod own_path;
mod tunnel;
mod verify;
mod verify_for;

use crate::ablation::Ablation;
use crate::authenticate::{Caller, Callers};
use crate::basis::Stop;
use crate::config::{Compiled, Config, ConfigCompiler, UnusableReply};
use crate::decision::{Decision, GrantRequest};
use crate::find_route::find_route;
use crate::forward::{self, PlanInputs};
use crate::freshness::{Answer, Bound, Freshness};
use crate::grant_memory::{Bounds, GrantMemory, Known};
use crate::oauth2;
use crate::request::{Body, Headers, Now, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::feed::{Change, Epoch, FeedReply, FeedRequest, Format, Shown};
use latchkey_published::grant::Grant;
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_published::limits;
use latchkey_published::replica_mac::ReplicaKeys;
use latchkey_request::origin::Origin;
use latchkey_request::secret_guesses::SecretGuesses;
use latchkey_router::{NormalPath, OwnPath, OwnPaths};

use admit::{Admitted, admit};

pub use crate::authenticate::Rehash;
pub use crate::freshness::FeedOutage;
pub use crate::grant_memory::{GrantAnswer, Learned};
pub use crate::right::Right;
pub use authorizer::{Authorization, Authorized, MISTAKABLE_PATH, Unfit};
pub use tunnel::Standing;

/// Settings of the data plane.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// A change acts on every request that starts later than this after it was acknowledged, in
    /// milliseconds.
    pub revocation_bound_ms: u64,
    /// How much longer memory serves while the feed is out of reach, in milliseconds; 0: not at all.
    pub outage_grace_ms: u64,
    /// Longest body searched for a key, in bytes; longer ones are answered 413.
    pub body_search_bytes: usize,
    /// Memory for grants, in bytes.
    pub grant_cache_bytes: usize,
    /// Memory for keys known not to exist, in bytes.
    pub miss_cache_bytes: usize,
    /// Digests that changes are remembered of: as many as the feed lists.
    pub feed_digests_max: usize,
    /// The paths that the gateway answers itself.
    pub own_paths: OwnPaths,
    /// Digest, under the current pepper, of the token that whoever asks whether a key is good must show;
    /// `None`: nobody is answered.
    pub verify_token: Option<KeyDigest>,
    /// Where the control door is for clients, such as `https://portal.example`: tokens are taken back there.
    /// `None`: the gateway does not know, and names no such place.
    pub control_origin: Option<Origin>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        GatewaySettings {
            revocation_bound_ms: latchkey_published::limits::REVOCATION_BOUND_MS_DEFAULT,
            outage_grace_ms: 60_000,
            body_search_bytes: limits::BODY_SEARCH_BYTES_DEFAULT,
            grant_cache_bytes: limits::GRANT_CACHE_BYTES_DEFAULT,
            miss_cache_bytes: limits::MISS_CACHE_BYTES_DEFAULT,
            feed_digests_max: limits::FEED_DIGESTS_MAX,
            own_paths: OwnPaths::default(),
            verify_token: None,
            control_origin: None,
        }
    }
}

/// An answer of the feed with its configuration compiled, for every gateway of a process.
#[derive(Clone, Debug)]
pub struct FeedNews {
    /// The form of what is published; by a newer one nothing is served.
    pub format: Format,
    /// Newest change contained.
    pub epoch: Epoch,
    /// Whether what was known is to be forgotten first.
    pub reset: bool,
    /// What the replicas show.
    pub shown: Shown,
    /// Changes, ascending.
    pub changes: Vec<Change>,
    /// Changes up to this one are not among them; 0: all are.
    pub unlisted: Epoch,
    /// What to decide by, as of `epoch` or later.
    pub compiled: Compiled,
}

impl FeedNews {
    /// An answer and what [`crate::config::ConfigCompiler::apply`] made of it.
    pub fn new(reply: FeedReply, compiled: Compiled) -> Self {
        let FeedReply { format, epoch, reset, shown, changes, unlisted, .. } = reply;
        FeedNews { format, epoch, reset, shown, changes, unlisted, compiled }
    }
}

/// How much an instance remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Grants remembered.
    pub grants: usize,
    /// Bytes they take, as accounted.
    pub grant_bytes: usize,
    /// Keys known not to exist.
    pub misses: usize,
    /// Bytes they take, as accounted.
    pub miss_bytes: usize,
}

/// The state of one instance of the data plane.
#[derive(Debug)]
pub struct Gateway {
    freshness: Freshness,
    compiled: Compiled,
    callers: Callers,
    own_paths: OwnPaths,
    /// As [`GatewaySettings::verify_token`] has it.
    verify_token: Option<KeyDigest>,
    control_origin: Option<Origin>,
    ablation: Ablation,
    /// Tell a replica's records of ours from others; `None`: all are believed.
    replica_keys: Option<ReplicaKeys>,
}

impl Gateway {
    /// A gateway that knows nothing yet.
    pub fn new(settings: GatewaySettings, peppers: Peppers) -> Self {
        Gateway::without(Ablation::default(), settings, peppers)
    }

    /// The same with rules left out.
    #[cfg(feature = "testing")]
    pub fn with_ablation(ablation: Ablation, settings: GatewaySettings, peppers: Peppers) -> Self {
        Gateway::without(ablation, settings, peppers)
    }

    fn without(ablation: Ablation, settings: GatewaySettings, peppers: Peppers) -> Self {
        let GatewaySettings { revocation_bound_ms, outage_grace_ms, .. } = settings;
        let outage_grace_ms = if ablation.grace { u64::MAX / 4 } else { outage_grace_ms };
        let bounds = Bounds {
            grant_bytes: settings.grant_cache_bytes,
            miss_bytes: settings.miss_cache_bytes,
            changed_digests: settings.feed_digests_max,
        };
        let replica_keys = (!ablation.replica_mac).then(|| ReplicaKeys::new(&peppers));
        Gateway {
            freshness: Freshness::new(Bound { revocation_bound_ms, outage_grace_ms }),
            compiled: Compiled::default(),
            callers: Callers {
                body_search_bytes: settings.body_search_bytes,
                peppers,
                memory: GrantMemory::new(bounds, ablation),
                imported: None,
                try_keys: None,
                rehash: None,
                tokens: None,
                guesses: SecretGuesses::default(),
                ablation,
            },
            own_paths: settings.own_paths,
            verify_token: settings.verify_token,
            control_origin: settings.control_origin,
            ablation,
            replica_keys,
        }
    }

    /// Decides, or says what is needed first; after each need was met, `now` is read anew.
    pub fn decide<H: Headers>(&mut self, head: &RequestHead<'_, H>, body: Body<'_>, now: Now) -> Decision {
        let outcome = match self.own_paths.find(head.path) {
            None => self.forward(head, body, now),
            Some(OwnPath::Verify) => self.verify(head, body, now),
            Some(OwnPath::VerifyFor(proxy, below)) => self.verify_for(proxy, below, head, now),
            Some(own) => own_path::answer(own, head).map(Decision::Respond).map_err(Stop::Problem),
        };
        match outcome {
            Ok(decision) => decision,
            Err(Stop::Need(need)) => Decision::Need(need),
            Err(Stop::Problem(problem)) => {
                Decision::Respond(problem.respond(head.header("accept"), head.request_id))
            }
            Err(Stop::Respond(response)) => Decision::Respond(*response),
        }
    }

    fn forward<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        body: Body<'_>,
        now: Now,
    ) -> Result<Decision, Stop> {
        let (basis, callers) = self.basis(head.started, now)?;
        let path = NormalPath::new(head.path);
        let routed = match find_route(basis.config, head, &path) {
            Ok(routed) => routed,
            Err(stop) => {
                let origin = self.control_origin.as_ref();
                return oauth2::instead_of(stop, &self.compiled.config, origin, head, &path)
                    .map(Decision::Respond);
            }
        };
        if let Some(endpoint) = oauth2::endpoint(routed.rules, &path) {
            let answer = oauth2::serve(endpoint, callers, routed.rules, basis, head, body);
            return answer.map(Decision::Respond);
        }
        let mut hidden = HiddenCuts::default();
        let Admitted { service, caller } = admit(callers, &routed, basis, head, body, &mut hidden)?;
        let hops = forward::Hops::of(head);
        if hops == forward::Hops::Last {
            return Ok(Decision::Respond(forward::options_of_ours()));
        }
        let right = || Box::new(tunnel::right(service, caller.as_ref()));
        let inputs = PlanInputs {
            service,
            found: &routed.found,
            path: &path,
            authority: routed.authority,
            identity: caller.as_ref().map(Caller::identity),
            token: caller.as_ref().and_then(Caller::token),
            is_tried: matches!(caller, Some(Caller::Tried(_))),
            hider: routed.rules.hider(),
            hidden,
            hops,
            upgrade: forward::is_handshake(head).then(right),
        };
        Ok(Decision::Forward(Box::new(forward::plan(head, inputs))))
    }

    /// A poll of the feed that is due, to be made beside the request and handed to
    /// [`Gateway::learn_feed`]; at most one at a time.
    #[inline]
    pub fn refresh_due(&mut self, now: Now) -> Option<FeedRequest> {
        self.freshness.refresh_due(now)
    }

    /// Takes in the answer, learned at `now`, to a poll sent at `asked`; `None`: there was none.
    ///
    /// `compiler` keeps the configuration of this gateway alone. `Err`: the configuration cannot be
    /// read, which counts as no answer, or was published by a newer version, by which and by what was
    /// before it nothing is served.
    pub fn learn_feed(
        &mut self,
        asked: Now,
        now: Now,
        reply: Option<FeedReply>,
        compiler: &mut ConfigCompiler,
    ) -> Result<(), UnusableReply> {
        if let Some(format) = reply.as_ref().map(|reply| reply.format).filter(Format::is_newer) {
            self.freshness.shut(asked, now);
            return Err(UnusableReply::Newer(format));
        }
        let weight = reply.as_ref().map(|reply| self.freshness.weigh(asked, reply.epoch, reply.reset));
        let compiled = match (&reply, weight) {
            (Some(reply), Some(Answer::News)) => {
                compiler.apply(reply).inspect_err(|_| self.freshness.fail(asked, now))?
            }
            _ => self.compiled.clone(),
        };
        self.learn_feed_news(asked, now, reply.map(|reply| FeedNews::new(reply, compiled)));
        Ok(())
    }

    /// The same with the configuration compiled already, for several gateways at once.
    pub fn learn_feed_news(&mut self, asked: Now, now: Now, news: Option<FeedNews>) {
        let Some(news) = news else { return self.freshness.fail(asked, now) };
        if news.format.is_newer() {
            return self.freshness.shut(asked, now);
        }
        match self.freshness.weigh(asked, news.epoch, news.reset) {
            Answer::Outdated => {}
            Answer::Confirms => {
                self.callers.memory.settle(news.shown, now);
                self.freshness.confirm(asked, self.epoch());
            }
            Answer::News => {
                self.take_in(&news, now);
                self.compiled = news.compiled;
                self.freshness.confirm(asked, news.epoch);
            }
        }
    }

    /// Says that the answer to a poll sent at `asked` is no longer waited for: no failure of the
    /// feed, in which memory would serve in grace; a request past the bound polls again.
    pub fn give_up_poll(&mut self, asked: Now) {
        self.freshness.give_up(asked);
    }

    fn take_in(&mut self, news: &FeedNews, now: Now) {
        let known = self.epoch();
        let memory = &mut self.callers.memory;
        if news.reset {
            memory.reset(news.shown);
        }
        if news.unlisted > known || news.reset {
            memory.lose_track(news.unlisted);
        }
        for change in &news.changes {
            memory.apply(change);
        }
        memory.settle(news.shown, now);
    }

    /// Takes in the answer to a [`Need::Grant`], and says how to go on.
    pub fn learn_grant(&mut self, request: GrantRequest, answer: GrantAnswer, now: Now) -> Learned {
        let epoch = self.epoch();
        self.callers.memory.learn(
            request,
            answer,
            Known { epoch, restored_at: self.compiled.config.restored_at },
            now,
        )
    }

    /// Takes in a record that others could have written: one of a replica, with the MAC beside it
    /// (empty: none). If it is not ours, the authority is to be asked.
    pub fn learn_copy(&mut self, request: GrantRequest, record: &[u8], mac: &str, now: Now) -> Learned {
        let grant = match &self.replica_keys {
            Some(keys) => keys.open(&request.digest, record, mac),
            None => Grant::decode(record).ok(),
        };
        self.learn_grant(request, grant.map_or(GrantAnswer::Failed, GrantAnswer::Found), now)
    }

    /// Newest change in memory; 0 at first.
    pub fn epoch(&self) -> Epoch {
        self.freshness.epoch().unwrap_or_default()
    }

    /// The configuration decided by.
    pub fn config(&self) -> &Config {
        &self.compiled.config
    }

    /// A grant that the control plane is to move to the current pepper, once.
    pub fn take_rehash(&mut self) -> Option<Rehash> {
        self.callers.rehash.take()
    }

    /// An outage of the feed that began or ended, once.
    pub fn take_outage(&mut self) -> Option<FeedOutage> {
        self.freshness.take_outage()
    }

    /// How much is remembered.
    pub fn memory_use(&self) -> MemoryUse {
        let (grants, misses) = self.callers.memory.len();
        let (grant_bytes, miss_bytes) = self.callers.memory.bytes();
        MemoryUse { grants, grant_bytes, misses, miss_bytes }
    }
}
