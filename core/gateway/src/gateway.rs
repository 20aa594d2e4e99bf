//! The data plane: decides what happens to a request, from memory alone, or says what it lacks.
//!
//! One gateway serves one thread or isolate; there are no locks inside and nothing is awaited.
//! An adapter asks [`Gateway::decide`], fetches what is needed, hands it in and asks again.

mod authorize;
mod tunnel;

use std::sync::Arc;

use crate::config::{
    Anonymous, Config, ConfigCompiler, KeyAuth, Registration, RouteRules, Service, UnusableReply,
};
use crate::decision::{Decision, GrantRequest, Need};
use crate::extract_key::{Presented, Searched, Unsearched, extract_key};
use crate::forward::{self, Passing};
use crate::freshness::{Answer, Bound, Freshness, Verdict};
use crate::grant_memory::{GrantMemory, KnownGrant, Remembered};
use crate::places;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead, Scheme};
use crate::strip_key::{HiddenCuts, append_query};
use latchkey_published::feed::{Change, Epoch, FeedReply, FeedRequest, Format};
use latchkey_published::grant::{Grant, Identity};
use latchkey_published::keys::{KeyDigest, PepperId, Peppers, has_our_prefix, is_reserved};
use latchkey_published::limits;
use latchkey_published::replica_mac::ReplicaKeys;
use latchkey_request::authority::Authority;
use latchkey_router::{Match, NormalPath, RouteRequest};

pub use crate::freshness::Event;
pub use crate::grant_memory::{GrantAnswer, Learned, Rules};
pub use authorize::{Authorization, Authorized, MISTAKABLE_PATH, Unfit};
pub use tunnel::{Right, Standing};

/// Settings of the data plane.
#[derive(Clone, Copy, Debug)]
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
    /// [`Rules::ALL`], but in the simulation.
    pub rules: Rules,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        GatewaySettings {
            revocation_bound_ms: 5_000,
            outage_grace_ms: 60_000,
            body_search_bytes: limits::BODY_SEARCH_BYTES_DEFAULT,
            grant_cache_bytes: limits::GRANT_CACHE_BYTES_DEFAULT,
            miss_cache_bytes: limits::MISS_CACHE_BYTES_DEFAULT,
            rules: Rules::ALL,
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
    /// Every replica shows every change up to this one.
    pub settled: Epoch,
    /// Changes, ascending.
    pub changes: Vec<Change>,
    /// The configuration as of `epoch` or later.
    pub config: Arc<Config>,
}

impl FeedNews {
    /// An answer and what [`crate::config::ConfigCompiler::apply`] made of it.
    pub fn new(reply: FeedReply, config: Arc<Config>) -> Self {
        let FeedReply { format, epoch, reset, settled, changes, .. } = reply;
        FeedNews { format, epoch, reset, settled, changes, config }
    }
}

/// A grant found under the previous pepper, which the control plane is to move to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehash {
    /// Digest it was found at.
    pub old: KeyDigest,
    /// Digest of the same key under the current pepper.
    pub new: KeyDigest,
    /// The current pepper.
    pub pepper_id: PepperId,
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
    config: Arc<Config>,
    callers: Callers,
    rules: Rules,
    /// Tell a replica's records of ours from others; `None`: all are believed.
    replica_keys: Option<ReplicaKeys>,
}

/// Who may call, as far as it is known.
#[derive(Debug)]
struct Callers {
    body_search_bytes: usize,
    peppers: Peppers,
    memory: GrantMemory,
    rehash: Option<Rehash>,
}

/// What a request is decided by besides the callers. The configuration is borrowed: gateways of
/// other threads share it, and its count would go from processor to processor.
#[derive(Clone, Copy)]
struct Known<'k> {
    config: &'k Config,
    epoch: Epoch,
    now: Now,
}

/// Why a request does not go on.
enum Stop {
    Need(Need),
    Problem(Problem),
    Respond(Box<crate::decision::Response>),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Problem(problem)
    }
}

/// The route of a request, and what is checked on it.
struct Routed<'k> {
    authority: Authority<'k>,
    found: Match<'k>,
    rules: &'k RouteRules,
    /// Whether key-auth runs for this request. Keys are hidden all the same.
    authenticates: bool,
}

/// What becomes of a request that may pass.
struct Admitted<'k> {
    service: &'k Service,
    caller: Option<Caller>,
    hidden: HiddenCuts,
}

enum Caller {
    Known(Arc<KnownGrant>),
    Anonymous(Arc<Identity>),
}

impl Caller {
    fn identity(&self) -> &Identity {
        match self {
            Caller::Known(known) => &known.identity,
            Caller::Anonymous(identity) => identity,
        }
    }
}

impl Gateway {
    /// A gateway that knows nothing yet.
    pub fn new(settings: GatewaySettings, peppers: Peppers) -> Self {
        let GatewaySettings { revocation_bound_ms, outage_grace_ms, rules, .. } = settings;
        let outage_grace_ms = if rules.grace { outage_grace_ms } else { u64::MAX / 4 };
        let replica_keys = rules.replica_mac.then(|| ReplicaKeys::new(&peppers));
        Gateway {
            freshness: Freshness::new(Bound { revocation_bound_ms, outage_grace_ms }),
            config: Arc::default(),
            callers: Callers {
                body_search_bytes: settings.body_search_bytes,
                peppers,
                memory: GrantMemory::new(settings.grant_cache_bytes, settings.miss_cache_bytes, rules),
                rehash: None,
            },
            rules,
            replica_keys,
        }
    }

    /// Decides, or says what is needed first; after each need was met, `now` is read anew.
    pub fn decide<H: Headers>(&mut self, head: &RequestHead<'_, H>, body: Body<'_>, now: Now) -> Decision {
        let outcome = match self.freshness.judge(head.started, now) {
            Verdict::Fresh | Verdict::InGrace => {
                let known = Known { config: &self.config, epoch: self.epoch(), now };
                self.callers.route(known, head, body)
            }
            Verdict::Need(need) => Err(Stop::Need(need)),
            Verdict::TooOld => Err(Stop::Problem(Problem::Stale)),
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
        let config = match (&reply, weight) {
            (Some(reply), Some(Answer::News)) => {
                compiler.apply(reply).inspect_err(|_| self.freshness.fail(asked, now))?
            }
            _ => self.config.clone(),
        };
        self.learn_feed_news(asked, now, reply.map(|reply| FeedNews::new(reply, config)));
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
                self.callers.memory.settle(news.settled, now);
                self.freshness.confirm(asked, self.epoch());
            }
            Answer::News => {
                self.take_in(&news, now);
                self.config = news.config;
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
        if news.reset {
            self.callers.memory.reset();
        }
        for change in &news.changes {
            self.callers.memory.apply(change);
        }
        self.callers.memory.settle(news.settled, now);
    }

    /// Takes in the answer to a [`Need::Grant`], and says how to go on.
    pub fn learn_grant(&mut self, request: GrantRequest, answer: GrantAnswer, now: Now) -> Learned {
        let epoch = self.epoch();
        self.callers.memory.learn(request, answer, epoch, now)
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

    /// Says that the feed has come to `epoch`: what is known only up to an earlier one no longer
    /// decides. For adapters that see an acknowledged change pass by.
    pub fn hint_epoch(&mut self, epoch: Epoch, now: Now) {
        self.freshness.hint(epoch, now);
    }

    /// Newest change in memory; 0 at first.
    pub fn epoch(&self) -> Epoch {
        self.freshness.epoch().unwrap_or_default()
    }

    /// The configuration decided by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A grant that the control plane is to move to the current pepper, once.
    pub fn take_rehash(&mut self) -> Option<Rehash> {
        self.callers.rehash.take()
    }

    /// An outage of the feed that began or ended, once.
    pub fn take_event(&mut self) -> Option<Event> {
        self.freshness.take_event()
    }

    /// How much is remembered.
    pub fn memory_use(&self) -> MemoryUse {
        let (grants, misses) = self.callers.memory.len();
        let (grant_bytes, miss_bytes) = self.callers.memory.bytes();
        MemoryUse { grants, grant_bytes, misses, miss_bytes }
    }
}

impl Callers {
    fn route<H: Headers>(
        &mut self,
        known: Known<'_>,
        head: &RequestHead<'_, H>,
        body: Body<'_>,
    ) -> Result<Decision, Stop> {
        let path = NormalPath::new(head.path);
        let routed = find_route(known.config, head, &path)?;
        let Admitted { service, caller, hidden } = self.admit(&routed, known, head, body)?;
        let hops = forward::Hops::of(head);
        if hops == forward::Hops::Last {
            return Ok(Decision::Respond(forward::options_of_ours(head)));
        }
        let right = || Box::new(Right::new(service, caller.as_ref()));
        let passing = Passing {
            service,
            found: &routed.found,
            path: &path,
            authority: routed.authority,
            identity: caller.as_ref().map(Caller::identity),
            hider: routed.rules.key_auth.as_deref().filter(|auth| auth.hides_credentials),
            hidden,
            hops,
            upgrade: forward::is_handshake(head).then(right),
        };
        Ok(Decision::Forward(Box::new(forward::plan(head, passing))))
    }

    /// Whether a request may pass on its route.
    #[inline]
    fn admit<'k, H: Headers>(
        &mut self,
        routed: &Routed<'k>,
        known: Known<'_>,
        head: &RequestHead<'_, H>,
        body: Body<'_>,
    ) -> Result<Admitted<'k>, Stop> {
        let Routed { rules, authenticates, .. } = *routed;
        let (mut caller, mut hidden) = (None, HiddenCuts::default());
        if let Some(auth) = rules.key_auth.as_deref() {
            let mut searched = Searched::new(auth, head, body);
            searched.find_hidden().map_err(|why| self.unsearched(&why, head, body))?;
            if authenticates {
                caller = Some(self.authenticate(auth, rules, known, head, &mut searched, body)?);
            }
            hidden = searched.into_hidden();
        } else if rules.registration.is_some() {
            // Nobody can have a contract if nobody is identified.
            return Err(Problem::Unauthorized(http::HeaderValue::from_static("Key")).into());
        }
        let service = rules.service.as_ref().ok_or(Problem::NoService)?;
        Ok(Admitted { service, caller, hidden })
    }

    /// key-auth, then application-registration.
    fn authenticate<'a, H: Headers>(
        &mut self,
        auth: &KeyAuth,
        rules: &RouteRules,
        known: Known<'_>,
        head: &RequestHead<'a, H>,
        searched: &mut Searched<'_, 'a>,
        body: Body<'_>,
    ) -> Result<Caller, Stop> {
        let refusal = match extract_key(auth, head, searched) {
            Presented::Key(key) => match self.verify(&key.0, known)? {
                Some(grant) => {
                    permit(&grant, rules).ok_or_else(|| Problem::Unauthorized(auth.challenge.clone()))?;
                    return Ok(Caller::Known(grant));
                }
                None => Problem::Unauthorized(auth.challenge.clone()),
            },
            Presented::Duplicate => Problem::DuplicateKey(auth.challenge.clone()),
            Presented::BodyNeeded => return Err(self.need_body(head, body)),
            Presented::Nothing => Problem::NoKey(auth.challenge.clone()),
        };
        match &auth.anonymous {
            Anonymous::No => Err(refusal.into()),
            Anonymous::NoSuch(name) => Err(Problem::AnonymousMissing(name.clone()).into()),
            Anonymous::As(identity) => Ok(Caller::Anonymous(identity.clone())),
        }
    }

    fn unsearched<H: Headers>(&self, why: &Unsearched, head: &RequestHead<'_, H>, body: Body<'_>) -> Stop {
        match why {
            Unsearched::Needed => self.need_body(head, body),
            Unsearched::Unreadable => Problem::BodyUnreadable.into(),
        }
    }

    fn need_body<H: Headers>(&self, head: &RequestHead<'_, H>, body: Body<'_>) -> Stop {
        let bytes_max = self.body_search_bytes;
        let declared =
            head.header("content-length").and_then(|length| std::str::from_utf8(length).ok()?.parse().ok());
        let too_large =
            matches!(body, Body::TooLarge) || declared.is_some_and(|length: usize| length > bytes_max);
        match too_large {
            true => Stop::Problem(Problem::BodyTooLarge(bytes_max)),
            false => Stop::Need(Need::Body { bytes_max }),
        }
    }

    /// The grant of a key that is good now; `None` for an unknown, forged, expired or malformed one.
    fn verify(&mut self, key: &[u8], known: Known<'_>) -> Result<Option<Arc<KnownGrant>>, Stop> {
        if key.len() > limits::KEY_BYTES_MAX || is_reserved(key) || std::str::from_utf8(key).is_err() {
            return Ok(None);
        }
        let digest = self.peppers.current.digest(key);
        if let Some(grant) = self.look_up(key, digest, known)? {
            return Ok(current(grant, known.now));
        }
        let Some(previous) = &self.peppers.previous else { return Ok(None) };
        let old = previous.digest(key);
        let Some(grant) = self.look_up(key, old, known)? else { return Ok(None) };
        let pepper_id = self.peppers.current.id();
        self.rehash = Some(Rehash { old, new: digest, pepper_id });
        Ok(current(grant, known.now))
    }

    fn look_up(
        &mut self,
        key: &[u8],
        digest: KeyDigest,
        known: Known<'_>,
    ) -> Result<Option<Arc<KnownGrant>>, Stop> {
        let Known { config, epoch, now } = known;
        match self.memory.look_up(&digest) {
            Remembered::Grant(grant) => return Ok(Some(grant)),
            Remembered::Missing => return Ok(None),
            Remembered::Unknown => {}
        }
        let genuine = config.tag_keys.iter().any(|tag_key| tag_key.is_genuine(key));
        if !genuine && (has_our_prefix(key) || !config.has_imported_keys) {
            return Ok(None);
        }
        Err(Stop::Need(self.memory.need(digest, genuine, epoch, now)))
    }
}

#[inline]
fn find_route<'k, H: Headers>(
    config: &'k Config,
    head: &RequestHead<'k, H>,
    path: &NormalPath<'_>,
) -> Result<Routed<'k>, Stop> {
    forward::judge_passage(head)?;
    let authority = Authority::of_request(head.headers, head.host).map_err(Problem::from)?;
    let scheme_https = head.scheme == Scheme::Https;
    let request = RouteRequest {
        method: head.method,
        authority,
        scheme_https,
        headers: head.headers,
        // A trusted peer has ended TLS, and says of it nothing more.
        ends_tls: scheme_https && head.forwarded.is_none(),
        sni: None,
    };
    let found = config.router.find(&request, path).ok_or(Problem::NoRoute)?;
    if found.path_too_long {
        return Err(Problem::PathTooLong.into());
    }
    let rules = &config.routes[found.route_index];
    if rules.blocked {
        return Err(Problem::InvalidPlugin.into());
    }
    let auth = rules.key_auth.as_deref();
    if found.https_required {
        return Err(https_only(head, authority, &found, auth));
    }
    let authenticates = auth.is_some_and(|auth| auth.runs_on_preflight || head.method != "OPTIONS");
    Ok(Routed { authority, found, rules, authenticates })
}

/// The grant, unless its key has expired. Never left to a store's own expiry.
fn current(grant: Arc<KnownGrant>, now: Now) -> Option<Arc<KnownGrant>> {
    grant.expires_at_ms.is_none_or(|at| now.unix_ms < at).then_some(grant)
}

/// Whether the grant is good for this route: Kong's rules for contracts.
fn permit(grant: &KnownGrant, rules: &RouteRules) -> Option<()> {
    let KnownGrant { application_id, service_ids, enabled, .. } = grant;
    let service_id = rules.service.as_ref().map(|service| service.id);
    let has_contract = || service_id.is_some_and(|id| service_ids.binary_search(&id).is_ok());
    let permitted = match (application_id.is_some(), rules.registration) {
        (true, Some(_)) => has_contract(),
        (true, None) => false,
        (false, Some(Registration { passes_plain_consumers })) => passes_plain_consumers,
        (false, None) => true,
    };
    (*enabled && permitted).then_some(())
}

/// 426, or a redirect with the route's own status.
fn https_only<H: Headers>(
    head: &RequestHead<'_, H>,
    authority: Authority<'_>,
    found: &Match<'_>,
    auth: Option<&KeyAuth>,
) -> Stop {
    let problem = Problem::HttpsRequired;
    let status = found.route.https_redirect_status_code;
    let redirect = http::StatusCode::from_u16(status).ok().filter(http::StatusCode::is_redirection);
    let location = |status| Some((status, https_location(head, authority, auth)?));
    let Some((redirect, location)) = redirect.and_then(location) else { return problem.into() };
    let mut response = problem.respond(head.header("accept"), head.request_id);
    *response.status_mut() = redirect;
    for name in [http::header::CONNECTION, http::header::UPGRADE] {
        response.headers_mut().remove(name);
    }
    response.headers_mut().insert(http::header::LOCATION, location);
    Stop::Respond(Box::new(response))
}

/// Where the same request is served; a key that came unprotected is not sent on. `None`: the client
/// named no host.
fn https_location<H: Headers>(
    head: &RequestHead<'_, H>,
    authority: Authority<'_>,
    auth: Option<&KeyAuth>,
) -> Option<http::HeaderValue> {
    let host = head.forwarded_authority().unwrap_or(authority).host();
    if host.is_empty() {
        return None;
    }
    let auth = auth.filter(|auth| auth.in_query || auth.hides_credentials);
    let cuts = auth.zip(head.query).map(|(auth, query)| places::form::scan(query, &auth.search).into_cuts());
    let mut location = b"https://".to_vec();
    location.extend_from_slice(host);
    location.extend_from_slice(head.path);
    append_query(head.query, &cuts.unwrap_or_default(), &mut location);
    http::HeaderValue::from_bytes(&location).ok()
}
