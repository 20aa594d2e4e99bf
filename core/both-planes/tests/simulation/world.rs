//! The world: one authority, a replica with its publisher, instances of the data plane, clients.

#[path = "imports.rs"]
mod imports;
#[path = "life.rs"]
mod life;

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::ops::AddAssign;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use http::HeaderMap;
use latchkey_control::ports::testing::SeededRandom;
use latchkey_control::transaction::Transaction;
use latchkey_gateway::ablation::Ablation;
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::gateway::{
    FeedOutage, Gateway, GatewaySettings, GrantAnswer, Learned, Right, Standing,
};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{FeedReply, FeedRequest};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::keys::{KeyDigest, Pepper, Peppers, PlainKey, generate_key, hex};
use latchkey_published::replica_mac::ReplicaKeys;
use latchkey_published::snapshot::{ConfigKind, WorkspaceSettings};
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::{Due, mark_published, next_due};
use latchkey_store::{Commit, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auditor::{ConfigState, Decided, History, KeyState, Outcome, Promise};
use crate::network::{Dice, Outage};
use crate::replica::{Behaviour, Copied, StaleReplica};
use imports::{Bulk, BulkCounts};
pub(crate) use life::Unpublished;
use life::{Life, LifeCounts};

/// How long an adapter waits for a feed or a grant.
const TIMEOUT_MS: u64 = 2_000;
/// Longest that a client holds a tunnel open.
const TUNNEL_MS_MAX: u64 = 120_000;
/// Until a tunnel is asked about again of which that could not be told.
const ASK_AGAIN_MS: u64 = 50;
/// Virtual length of a run.
const RUN_MS: u64 = 400_000;
pub(crate) const SERVICE: Uuid = Uuid::from_u128(0x51);
const ROUTE: Uuid = Uuid::from_u128(0x52);
const KEY_AUTH: Uuid = Uuid::from_u128(0x81);
const REGISTRATION: Uuid = Uuid::from_u128(0x82);

/// What a run showed.
pub(crate) struct Report {
    pub(crate) violations: Vec<String>,
    pub(crate) log: Vec<String>,
    pub(crate) counts: Counts,
}

/// What happened, so that a run in which nothing happens is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    accepted: u64,
    accepted_brought: u64,
    open: u64,
    refused: u64,
    unavailable: u64,
    commits: u64,
    polls_failed: u64,
    outages_ended: u64,
    replica_reads: u64,
    stale_reads: u64,
    lies: u64,
    asked_again: u64,
    authority_reads: u64,
    publications_failed: u64,
    instances_stopped: u64,
    waits: u64,
    tunnels_opened: u64,
    tunnels_asked: u64,
    tunnels_lost: u64,
    tunnels_run_out: u64,
    pub(crate) life: LifeCounts,
    pub(crate) bulk: BulkCounts,
}

impl Counts {
    pub(crate) fn each(&self) -> [(&'static str, u64); 21] {
        [
            ("request", self.requests),
            ("accepted", self.accepted),
            ("accepted, brought as a digest", self.accepted_brought),
            ("open", self.open),
            ("refused", self.refused),
            ("unavailable", self.unavailable),
            ("commit", self.commits),
            ("poll failed", self.polls_failed),
            ("outage ended", self.outages_ended),
            ("replica read", self.replica_reads),
            ("stale read", self.stale_reads),
            ("lie of the replica", self.lies),
            ("asked again", self.asked_again),
            ("authority read", self.authority_reads),
            ("publication failed", self.publications_failed),
            ("instance stopped", self.instances_stopped),
            ("wait", self.waits),
            ("tunnel opened", self.tunnels_opened),
            ("tunnel asked about", self.tunnels_asked),
            ("tunnel lost", self.tunnels_lost),
            ("tunnel run out", self.tunnels_run_out),
        ]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.accepted_brought += other.accepted_brought;
        self.open += other.open;
        self.refused += other.refused;
        self.unavailable += other.unavailable;
        self.commits += other.commits;
        self.polls_failed += other.polls_failed;
        self.outages_ended += other.outages_ended;
        self.replica_reads += other.replica_reads;
        self.stale_reads += other.stale_reads;
        self.lies += other.lies;
        self.asked_again += other.asked_again;
        self.authority_reads += other.authority_reads;
        self.publications_failed += other.publications_failed;
        self.instances_stopped += other.instances_stopped;
        self.waits += other.waits;
        self.tunnels_opened += other.tunnels_opened;
        self.tunnels_asked += other.tunnels_asked;
        self.tunnels_lost += other.tunnels_lost;
        self.tunnels_run_out += other.tunnels_run_out;
        self.life += other.life;
        self.bulk += other.bulk;
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// A client sends a request to an instance.
    Request { instance: usize },
    /// It is time to ask about a tunnel.
    AskAboutTunnel { tunnel: u64 },
    /// The time is over for which a tunnel was said to stand.
    TunnelRunsOut { tunnel: u64 },
    /// The client ends a tunnel.
    TunnelEnds { tunnel: u64 },
    /// A request that waited asks again.
    Resume { request: u64 },
    /// A poll arrives at the authority.
    FeedArrives(FeedCall),
    /// Its answer arrives, or the adapter gave up (`None`).
    FeedAnswered(FeedCall, Option<Box<FeedReply>>),
    /// A read of a grant arrives at its store.
    GrantArrives(GrantCall),
    /// Its answer arrives, or the adapter gave up.
    GrantAnswered(GrantCall, Box<GrantRead>),
    /// An administrator changes something.
    Administer,
    /// A credential of the registry's is changed, or what it hangs on.
    Live,
    /// Many keys are made at once.
    Import,
    /// The publisher runs.
    Publish,
    /// An instance stops, and another starts in its place.
    Restart { instance: usize },
}

/// What came of a read of a grant.
#[derive(Clone, Debug)]
enum GrantRead {
    Answer(GrantAnswer),
    /// From the replica, where others can write.
    Copied(Copied),
}

#[derive(Clone, Copy, Debug)]
struct FeedCall {
    instance: usize,
    incarnation: u64,
    /// By the instance's clock.
    asked: Now,
    asked_ms: u64,
    wanted: FeedRequest,
    /// The request that waits for it; `None`: a refresh beside requests.
    waiting: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct GrantCall {
    request: u64,
    wanted: GrantRequest,
}

struct Instance {
    incarnation: u64,
    gateway: Gateway,
    compiler: ConfigCompiler,
    place: usize,
    /// Its monotonic clock is this far ahead of true time.
    clock_offset_ms: u64,
    feed_failing: bool,
    feed_answered_ms: Option<u64>,
    /// Newest poll whose outcome is known.
    newest_poll_ms: u64,
    /// Milliseconds between requests, about.
    pace_ms: u64,
    /// Whether it is of a version that knows of changes which are not listed.
    takes_bounded: bool,
}

#[derive(Clone, Copy)]
struct Request {
    instance: usize,
    incarnation: u64,
    key: usize,
    start_ms: u64,
    /// The same by the instance's clock.
    started: Now,
    authority_failed: bool,
    purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// An answer.
    Answer,
    /// A tunnel.
    Open,
    /// To know whether a tunnel still stands: no client waits for it.
    Ask { tunnel: u64 },
}

/// A tunnel that an instance holds open.
#[derive(Clone, Copy)]
struct Tunnel {
    instance: usize,
    incarnation: u64,
    key: usize,
    right: Right,
    opened: Outcome,
    /// It is open till then, unless something better is heard; `None`: not yet.
    good_until_ms: Option<u64>,
    /// The feed was out of reach when it was last said to stand.
    was_failing: bool,
    is_asking: bool,
}

struct Key {
    plain: PlainKey,
    /// Where its grant is.
    digest: KeyDigest,
    /// Only its SHA-256 is known to the control plane.
    was_brought: bool,
    /// It was a credential's before a rotation.
    was_rotated: bool,
    history: History<Option<KeyState>>,
}

pub(crate) struct World {
    dice: Rc<Dice>,
    random: SeededRandom,
    now_ms: Rc<Cell<u64>>,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    scheduled: BTreeMap<(u64, u64), Event>,
    last_event: u64,
    promise: Promise,
    ablation: Ablation,
    peppers: Peppers,
    replica_keys: ReplicaKeys,
    store: MemoryStore,
    replica: Option<StaleReplica>,
    horizon_ms: u64,
    instances: Vec<Instance>,
    outages: Vec<Outage>,
    requests: BTreeMap<u64, Request>,
    last_request: u64,
    tunnels: BTreeMap<u64, Tunnel>,
    keys: Vec<Key>,
    config: History<ConfigState>,
    life: Life,
    admin_pace_ms: u64,
    publisher_pace_ms: u64,
    bulk: Bulk,
    loss_percent: u64,
    log: Vec<String>,
    violations: Vec<String>,
    counts: Counts,
}

/// Runs a future of a store that answers at once.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a store in memory does not wait"),
    }
}

impl World {
    pub(crate) fn new(seed: u64, ablation: Ablation, unpublished: Unpublished) -> Self {
        let dice = Rc::new(Dice::new(seed));
        let now_ms = Rc::new(Cell::new(0));
        let peppers = Peppers { current: Pepper::new(b"simulation"), previous: None };
        let horizon_ms = *dice.pick(&[5_000, 60_000, 120_000]);
        let promise = Promise {
            bound_ms: *dice.pick(&[500, 1_000, 5_000, 20_000]),
            grace_ms: *dice.pick(&[0, 0, 5_000, 60_000]),
        };
        let failing_percent = *dice.pick(&[0, 5, 40]);
        let lying_percent = *dice.pick(&[0, 0, 30]);
        let has_replica = dice.percent(75);
        let behaviour = Behaviour { horizon_ms, failing_percent, lying_percent };
        let replica = || StaleReplica::new(dice.clone(), now_ms.clone(), behaviour);
        let mut world = World {
            random: SeededRandom::new(seed),
            promise,
            ablation,
            replica_keys: ReplicaKeys::new(&peppers),
            peppers,
            store: MemoryStore::default(),
            replica: has_replica.then(replica),
            horizon_ms,
            events: BinaryHeap::new(),
            scheduled: BTreeMap::new(),
            last_event: 0,
            instances: Vec::new(),
            outages: Vec::new(),
            requests: BTreeMap::new(),
            last_request: 0,
            tunnels: BTreeMap::new(),
            keys: Vec::new(),
            config: History::new(ConfigState { authenticates: true, registers: true }),
            life: Life::new(dice.percent(40), unpublished),
            admin_pace_ms: *dice.pick(&[1_000, 5_000, 20_000]),
            publisher_pace_ms: *dice.pick(&[10, 1_000, 30_000]),
            bulk: Bulk::draw(&dice, ablation),
            loss_percent: *dice.pick(&[0, 2, 15]),
            log: Vec::new(),
            violations: Vec::new(),
            counts: Counts::default(),
            now_ms,
            dice,
        };
        world.set_up();
        world
    }

    fn set_up(&mut self) {
        if self.life.is_lived() {
            self.begin_life();
        }
        let config = self.config.now();
        self.commit(|transaction, _| {
            let service = json!({"protocol": "http", "host": "up.test", "port": 80, "retries": 0,
                "connect_timeout": 1, "write_timeout": 1, "read_timeout": 1});
            let route = json!({"id": ROUTE, "service": {"id": SERVICE}, "paths": ["/"]});
            transaction.publish_config(ConfigKind::Services, SERVICE, Some(service));
            transaction.publish_config(ConfigKind::Routes, ROUTE, Some(route));
            publish_config_state(transaction, config);
        });
        let tag_key = hex(&self.peppers.current.tag_key().to_bytes());
        let settings = WorkspaceSettings {
            tag_keys: vec![tag_key],
            has_imported_keys: true,
            has_digest_keys: true,
            restored_at: 0,
        };
        self.commit(|transaction, _| transaction.publish_settings(settings));
        for number in 0..self.dice.between(2, 5) {
            let imported = PlainKey::new(format!("imported-{number}"));
            let made = generate_key(&self.peppers.current, |bytes| self.random.fill(bytes));
            let plain = if self.dice.percent(50) { imported } else { made };
            let was_brought = self.dice.percent(30);
            let digest = match was_brought {
                true => ImportedDigests::new(&self.peppers.current).digest(&KeySha256::of_key(&plain)),
                false => self.peppers.current.digest_key(&plain),
            };
            let history = History::new(None);
            self.keys.push(Key { plain, digest, was_brought, was_rotated: false, history });
        }
        self.life.set_plain_keys(self.keys.len());
        for number in 0..self.dice.between(1, 3) as usize {
            let instance = self.new_instance(0);
            self.instances.push(instance);
            self.schedule_in(self.dice.below(5_000), Event::Request { instance: number });
            if self.dice.percent(40) {
                self.schedule_in(self.dice.between(10_000, RUN_MS), Event::Restart { instance: number });
            }
        }
        for _ in 0..self.dice.below(3) {
            let from_ms = self.dice.below(RUN_MS);
            let to_ms = from_ms + *self.dice.pick(&[300, 3_000, 30_000, 120_000]);
            let instance = self.dice.percent(50).then(|| self.dice.below(3) as usize);
            self.outages.push(Outage { from_ms, to_ms, instance });
        }
        self.schedule_in(self.dice.below(5_000), Event::Administer);
        if self.life.is_lived() {
            self.schedule_in(life::FIRST_MS + self.dice.below(5_000), Event::Live);
        }
        self.plan_imports();
        if self.replica.is_some() {
            self.schedule_in(0, Event::Publish);
        }
    }

    fn new_instance(&self, incarnation: u64) -> Instance {
        let settings = GatewaySettings {
            revocation_bound_ms: self.promise.bound_ms,
            outage_grace_ms: self.promise.grace_ms,
            grant_cache_bytes: *self.dice.pick(&[1, 1_000_000]),
            feed_digests_max: self.bulk.digests_max,
            ..GatewaySettings::default()
        };
        Instance {
            incarnation,
            gateway: Gateway::with_ablation(self.ablation, settings, self.peppers.clone()),
            compiler: ConfigCompiler::default(),
            place: self.dice.below(2) as usize,
            clock_offset_ms: self.dice.below(1_000_000),
            feed_failing: false,
            feed_answered_ms: None,
            newest_poll_ms: 0,
            pace_ms: *self.dice.pick(&[100, 3_000, 9_000, 60_000]),
            takes_bounded: self.dice.percent(85),
        }
    }

    pub(crate) fn run(mut self) -> Report {
        while let Some(Reverse(at)) = self.events.pop() {
            if at.0 > RUN_MS {
                break;
            }
            if at.0 > self.now_ms.get() {
                self.now_ms.set(at.0 - 1);
                self.audit_tunnels();
            }
            self.now_ms.set(at.0);
            if let Some(event) = self.scheduled.remove(&at) {
                self.happen(event);
            }
        }
        if let Some(replica) = &self.replica {
            self.counts.stale_reads = replica.stale_reads.get();
            self.counts.lies = replica.lies.get();
        }
        Report { violations: self.violations, log: self.log, counts: self.counts }
    }

    fn schedule_in(&mut self, delay_ms: u64, event: Event) {
        self.last_event += 1;
        let at = (self.now_ms.get() + delay_ms, self.last_event);
        self.events.push(Reverse(at));
        self.scheduled.insert(at, event);
    }

    fn note(&mut self, text: String) {
        self.log.push(format!("{:>7} {text}", self.now_ms.get()));
    }

    fn clock(&self, instance: usize) -> Now {
        let now_ms = self.now_ms.get();
        Now { unix_ms: now_ms, monotonic_ms: now_ms + self.instances[instance].clock_offset_ms }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Request { instance } => self.begin_request(instance),
            Event::AskAboutTunnel { tunnel } => self.ask_about_tunnel(tunnel),
            Event::TunnelRunsOut { tunnel } => self.run_out(tunnel),
            Event::TunnelEnds { tunnel } => self.close_tunnel(tunnel),
            Event::Resume { request } => self.decide(request),
            Event::FeedArrives(call) => self.answer_feed(call),
            Event::FeedAnswered(call, reply) => self.learn_feed(call, reply),
            Event::GrantArrives(call) => self.answer_grant(call),
            Event::GrantAnswered(call, read) => self.learn_grant(call, *read),
            Event::Administer => self.administer(),
            Event::Live => self.live(),
            Event::Import => self.import(),
            Event::Publish => self.publish(),
            Event::Restart { instance } => self.restart(instance),
        }
    }

    // Clients.

    fn begin_request(&mut self, instance: usize) {
        let Instance { pace_ms, incarnation, .. } = self.instances[instance];
        let idles = self.dice.percent(3);
        let pause_ms = if idles { self.dice.between(0, 150_000) } else { self.dice.below(2 * pace_ms) };
        self.schedule_in(pause_ms, Event::Request { instance });
        // Clients like to try a key several times at once, and keys that were just changed.
        for _ in 0..*self.dice.pick(&[1, 1, 3]) {
            self.last_request += 1;
            let key = self.any_key();
            let start_ms = self.now_ms.get();
            let started = self.clock(instance);
            let purpose = if self.dice.percent(4) { Purpose::Open } else { Purpose::Answer };
            let authority_failed = false;
            let request =
                Request { instance, incarnation, key, start_ms, started, authority_failed, purpose };
            self.requests.insert(self.last_request, request);
            self.decide(self.last_request);
        }
    }

    fn decide(&mut self, id: u64) {
        let Some(request) = self.requests.get(&id).copied() else { return };
        let now = self.clock(request.instance);
        let instance = &mut self.instances[request.instance];
        if instance.incarnation != request.incarnation {
            self.requests.remove(&id);
            return;
        }
        let mut headers = HeaderMap::new();
        headers.insert("apikey", self.keys[request.key].plain.reveal().parse().unwrap());
        if request.purpose != Purpose::Answer {
            add_handshake(&mut headers);
        }
        if let Purpose::Ask { tunnel } = request.purpose {
            let Some(right) = self.tunnels.get(&tunnel).map(|tunnel| tunnel.right) else { return };
            let standing = instance.gateway.stands(&head(&headers, request.started), &right, now);
            return match standing {
                Ok(standing) => self.learn_standing(id, tunnel, standing),
                Err(need) => self.meet(id, need),
            };
        }
        let decision = instance.gateway.decide(&head(&headers, request.started), Body::Whole(b""), now);
        let refresh = instance.gateway.refresh_due(now);
        if let Some(FeedOutage::Ended { .. }) = instance.gateway.take_outage() {
            self.counts.outages_ended += 1;
        }
        if let Some(wanted) = refresh {
            self.poll(request.instance, wanted, None);
        }
        match decision {
            Decision::Need(need) => self.meet(id, need),
            Decision::Forward(plan) => {
                let credential = plan.set.iter().find(|(name, _)| *name == "x-credential-identifier");
                let parse = |value: &[u8]| std::str::from_utf8(value).unwrap().parse().unwrap();
                let outcome = credential.map_or(Outcome::Open, |(_, value)| Outcome::Accepted(parse(value)));
                if let Some(right) = plan.upgrade {
                    self.open_tunnel(request, *right, outcome);
                }
                self.finish(id, outcome);
            }
            Decision::Respond(response) => match response.status().as_u16() {
                401 => self.finish(id, Outcome::Refused),
                503 => self.finish(id, Outcome::Unavailable),
                status => self.violations.push(format!("request {id} was answered {status}")),
            },
        }
    }

    fn meet(&mut self, id: u64, need: Need) {
        match need {
            Need::Feed(wanted) => self.poll(self.requests[&id].instance, wanted, Some(id)),
            Need::Grant(wanted) => self.read_grant(GrantCall { request: id, wanted }),
            Need::Wait { ms } => {
                self.counts.waits += 1;
                self.schedule_in(ms, Event::Resume { request: id });
            }
            Need::Body { .. } => panic!("the body was given"),
        }
    }

    // Tunnels.

    fn open_tunnel(&mut self, request: Request, right: Right, opened: Outcome) {
        let Request { instance, incarnation, key, .. } = request;
        let (good_until_ms, was_failing, is_asking) = (None, false, false);
        let tunnel =
            Tunnel { instance, incarnation, key, right, opened, good_until_ms, was_failing, is_asking };
        let id = self.last_request;
        self.tunnels.insert(id, tunnel);
        self.note(format!("tunnel {id} at {instance} with key {key}: {opened:?}"));
        self.ask_about_tunnel(id);
        self.schedule_in(self.dice.below(TUNNEL_MS_MAX), Event::TunnelEnds { tunnel: id });
    }

    fn ask_about_tunnel(&mut self, id: u64) {
        let Some(tunnel) = self.tunnels.get_mut(&id).filter(|tunnel| !tunnel.is_asking) else { return };
        let Tunnel { instance, incarnation, key, .. } = *tunnel;
        if self.instances[instance].incarnation != incarnation {
            // It went down with what held it.
            self.tunnels.remove(&id);
            return;
        }
        tunnel.is_asking = true;
        self.counts.tunnels_asked += 1;
        self.last_request += 1;
        let (start_ms, started) = (self.now_ms.get(), self.clock(instance));
        let (authority_failed, purpose) = (false, Purpose::Ask { tunnel: id });
        let request = Request { instance, incarnation, key, start_ms, started, authority_failed, purpose };
        self.requests.insert(self.last_request, request);
        self.decide(self.last_request);
    }

    fn learn_standing(&mut self, request: u64, id: u64, standing: Standing) {
        self.requests.remove(&request);
        let now_ms = self.now_ms.get();
        let Some(tunnel) = self.tunnels.get_mut(&id) else { return };
        tunnel.is_asking = false;
        match standing {
            Standing::Holds { ms } => {
                self.counts.tunnels_opened += u64::from(tunnel.good_until_ms.is_none());
                let ms = ms.min(RUN_MS);
                tunnel.good_until_ms = Some(now_ms + ms);
                tunnel.was_failing = self.instances[tunnel.instance].feed_failing;
                self.schedule_in((ms / 2).max(1), Event::AskAboutTunnel { tunnel: id });
                self.schedule_in(ms, Event::TunnelRunsOut { tunnel: id });
            }
            Standing::Untold => self.schedule_in(ASK_AGAIN_MS, Event::AskAboutTunnel { tunnel: id }),
            Standing::Lost => {
                self.counts.tunnels_lost += 1;
                self.close_tunnel(id);
            }
        }
    }

    fn run_out(&mut self, id: u64) {
        let now_ms = self.now_ms.get();
        let runs_out = |tunnel: &Tunnel| tunnel.good_until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        if self.tunnels.get(&id).is_some_and(runs_out) {
            self.counts.tunnels_run_out += 1;
            self.close_tunnel(id);
        }
    }

    /// All tunnels are looked at a moment before anything happens: what was permitted then was so
    /// since what happened before.
    fn audit_tunnels(&mut self) {
        let now_ms = self.now_ms.get();
        for id in self.tunnels.keys().copied().collect::<Vec<_>>() {
            if self.audit_tunnel(id, now_ms) {
                self.tunnels.remove(&id);
            }
        }
    }

    fn close_tunnel(&mut self, id: u64) {
        if self.tunnels.remove(&id).is_some() {
            self.note(format!("tunnel {id} is closed"));
        }
    }

    /// Whether a tunnel is open that must not be.
    fn audit_tunnel(&mut self, id: u64, now_ms: u64) -> bool {
        let Tunnel { instance, incarnation, key, opened, was_failing, good_until_ms, .. } = self.tunnels[&id];
        let instance = &self.instances[instance];
        if instance.incarnation != incarnation || good_until_ms.is_none() {
            return false;
        }
        let was_failing = was_failing || instance.feed_failing;
        let history = &self.keys[key].history;
        let verdict = self.promise.audit_tunnel(history, &self.config, opened, now_ms, was_failing);
        let Err(broken) = verdict else { return false };
        self.note(format!("VIOLATION {broken}"));
        self.violations.push(format!("tunnel {id}, key {key}: {broken}"));
        true
    }

    fn finish(&mut self, id: u64, outcome: Outcome) {
        let Some(request) = self.requests.remove(&id) else { return };
        if let Purpose::Ask { tunnel } = request.purpose {
            return self.learn_standing(id, tunnel, Standing::Untold);
        }
        let instance = &self.instances[request.instance];
        let decided = Decided {
            start_ms: request.start_ms,
            end_ms: self.now_ms.get(),
            outcome,
            feed_failing: instance.feed_failing,
            feed_answered_ms: instance.feed_answered_ms,
            authority_failed: request.authority_failed,
        };
        self.counts.requests += 1;
        match outcome {
            Outcome::Accepted(_) => {
                self.counts.accepted += 1;
                self.counts.accepted_brought += u64::from(self.keys[request.key].was_brought);
            }
            Outcome::Open => self.counts.open += 1,
            Outcome::Refused => self.counts.refused += 1,
            Outcome::Unavailable => self.counts.unavailable += 1,
        }
        self.count_life(request.key, outcome);
        let verdict = self.promise.audit(&self.keys[request.key].history, &self.config, decided);
        self.note(format!("request {id} at {} with key {}: {outcome:?}", request.instance, request.key));
        if let Err(broken) = verdict {
            self.note(format!("VIOLATION {broken}"));
            self.violations.push(format!("request {id}, key {}: {broken}", request.key));
        }
    }

    // The feed.

    fn poll(&mut self, instance: usize, wanted: FeedRequest, waiting: Option<u64>) {
        let asked = self.clock(instance);
        let incarnation = self.instances[instance].incarnation;
        let call = FeedCall { instance, incarnation, asked, asked_ms: self.now_ms.get(), wanted, waiting };
        let way_ms = self.dice.latency_ms();
        if self.is_lost(instance) {
            self.schedule_in(TIMEOUT_MS, Event::FeedAnswered(call, None));
        } else {
            self.schedule_in(way_ms, Event::FeedArrives(call));
        }
    }

    fn is_lost(&self, instance: usize) -> bool {
        let out = self.outages.iter().any(|outage| outage.hits(self.now_ms.get(), instance));
        out || self.dice.percent(self.loss_percent)
    }

    fn answer_feed(&mut self, call: FeedCall) {
        let reply = self.read_feed(call.wanted, self.instances[call.instance].takes_bounded);
        let so_far_ms = self.now_ms.get() - call.asked_ms;
        let way_ms = self.dice.latency_ms();
        if self.is_lost(call.instance) || so_far_ms + way_ms > TIMEOUT_MS {
            let left_ms = TIMEOUT_MS.saturating_sub(so_far_ms);
            self.schedule_in(left_ms, Event::FeedAnswered(call, None));
        } else {
            self.schedule_in(way_ms, Event::FeedAnswered(call, Some(Box::new(reply))));
        }
    }

    fn learn_feed(&mut self, call: FeedCall, reply: Option<Box<FeedReply>>) {
        let now = self.clock(call.instance);
        let now_ms = self.now_ms.get();
        let instance = &mut self.instances[call.instance];
        if instance.incarnation == call.incarnation {
            let asked_ms = call.asked_ms;
            if asked_ms >= instance.newest_poll_ms {
                instance.newest_poll_ms = asked_ms;
                instance.feed_failing = reply.is_none();
            }
            let text = match &reply {
                Some(reply) => {
                    instance.feed_answered_ms = instance.feed_answered_ms.max(Some(asked_ms));
                    let FeedReply { epoch, reset, shown, unlisted, .. } = **reply;
                    format!("epoch {epoch} reset {reset} unlisted {unlisted} {shown:?}")
                }
                None => {
                    self.counts.polls_failed += 1;
                    "failed".into()
                }
            };
            let Instance { gateway, compiler, .. } = instance;
            gateway.learn_feed(call.asked, now, reply.map(|reply| *reply), compiler).unwrap();
            let instance = call.instance;
            self.log.push(format!("{now_ms:>7} instance {instance} polled at {asked_ms}: {text}"));
        }
        if let Some(request) = call.waiting {
            self.decide(request);
        }
    }

    // Grants.

    fn read_grant(&mut self, call: GrantCall) {
        let instance = self.requests[&call.request].instance;
        let way_ms = self.dice.latency_ms();
        let replicated = call.wanted.source == Source::Replica && self.replica.is_some();
        // The replica is another service, with outages of its own.
        let lost = if replicated { self.dice.percent(3) } else { self.is_lost(instance) };
        if lost {
            let failed = GrantRead::Answer(GrantAnswer::Failed);
            self.schedule_in(TIMEOUT_MS, Event::GrantAnswered(call, Box::new(failed)));
        } else {
            self.schedule_in(way_ms, Event::GrantArrives(call));
        }
    }

    fn answer_grant(&mut self, call: GrantCall) {
        let digest = call.wanted.digest;
        let place =
            self.requests.get(&call.request).map_or(0, |request| self.instances[request.instance].place);
        let missing = GrantRead::Answer(GrantAnswer::Missing);
        let read = match &self.replica {
            Some(replica) if call.wanted.source == Source::Replica => {
                self.counts.replica_reads += 1;
                replica.read(place, digest).map_or(missing, GrantRead::Copied)
            }
            _ => {
                self.counts.authority_reads += 1;
                let record = now(self.store.get(&Grant::record_key(&digest))).unwrap();
                let grant = record.map(|record| Grant::decode(&record.value).unwrap());
                grant.map_or(missing, |grant| GrantRead::Answer(GrantAnswer::Found(grant)))
            }
        };
        self.schedule_in(self.dice.latency_ms(), Event::GrantAnswered(call, Box::new(read)));
    }

    fn learn_grant(&mut self, call: GrantCall, read: GrantRead) {
        let Some(request) = self.requests.get_mut(&call.request) else { return };
        let failed = matches!(read, GrantRead::Answer(GrantAnswer::Failed));
        let number = request.instance;
        if self.instances[number].incarnation != request.incarnation {
            self.requests.remove(&call.request);
            return;
        }
        let now = self.clock(number);
        let gateway = &mut self.instances[number].gateway;
        let learned = match read {
            GrantRead::Answer(answer) => gateway.learn_grant(call.wanted, answer, now),
            GrantRead::Copied(Copied { record, mac }) => gateway.learn_copy(call.wanted, &record, &mac, now),
        };
        match learned {
            Learned::Decide => self.decide(call.request),
            Learned::Ask(wanted) => {
                self.counts.asked_again += 1;
                self.read_grant(GrantCall { wanted, ..call });
            }
            Learned::Unavailable => {
                assert!(failed);
                self.requests.get_mut(&call.request).unwrap().authority_failed = true;
                self.finish(call.request, Outcome::Unavailable);
            }
        }
    }

    // The control plane.

    fn commit(&mut self, change: impl FnOnce(&mut Transaction<'_, MemoryStore>, &Peppers)) {
        let mut transaction = Transaction::new(&self.store);
        change(&mut transaction, &self.peppers);
        assert_eq!(now(transaction.commit(self.now_ms.get())), Ok(Commit::Committed));
        self.counts.commits += 1;
    }

    fn administer(&mut self) {
        let pause_ms = self.dice.below(2 * self.admin_pace_ms);
        self.schedule_in(pause_ms, Event::Administer);
        if self.dice.percent(15) {
            self.reconfigure();
        } else {
            self.change_key();
        }
    }

    fn reconfigure(&mut self) {
        let ConfigState { authenticates, registers } = self.config.now();
        let state = match self.dice.percent(30) && registers {
            true => ConfigState { authenticates: !authenticates, registers },
            false => ConfigState { authenticates: true, registers: !registers },
        };
        self.commit(|transaction, _| publish_config_state(transaction, state));
        let now_ms = self.now_ms.get();
        self.config.change(now_ms, now_ms + self.dice.latency_ms(), state);
        self.note(format!("configured {state:?}"));
    }

    /// Creates, rotates, deletes, suspends, lets expire, approves or revokes.
    fn change_key(&mut self) {
        let now_ms = self.now_ms.get();
        let number = self.dice.below(self.life.plain_keys() as u64) as usize;
        let new = |dice: &Dice| KeyState {
            credential_id: Uuid::from_u128(u128::from(dice.below(u64::MAX))),
            enabled: true,
            contract: dice.percent(80),
            expires_at_ms: dice.percent(20).then(|| now_ms + dice.between(1, 30_000)),
        };
        let state = match self.keys[number].history.now() {
            None => Some(new(&self.dice)),
            Some(_) if self.dice.percent(35) => None,
            Some(state) => Some(match self.dice.below(4) {
                0 => KeyState { enabled: !state.enabled, ..state },
                1 => KeyState { contract: !state.contract, ..state },
                2 => KeyState { expires_at_ms: Some(now_ms + self.dice.below(20_000)), ..state },
                _ => new(&self.dice),
            }),
        };
        let mut changes = vec![(number, state)];
        // Rotation: another key takes over in the same commit.
        let other = (number + 1) % self.life.plain_keys();
        if state.is_none() && self.dice.percent(40) && self.keys[other].history.now().is_none() {
            changes.push((other, Some(new(&self.dice))));
        }
        let acknowledged_ms = now_ms + self.dice.latency_ms();
        let grants: Vec<(KeyDigest, Option<KeyState>)> =
            changes.iter().map(|(number, state)| (self.keys[*number].digest, *state)).collect();
        self.commit_grants(&grants);
        for (number, state) in changes {
            self.keys[number].history.change(now_ms, acknowledged_ms, state);
            self.note(format!("key {number} is {state:?}, acknowledged at {acknowledged_ms}"));
        }
    }

    fn publish(&mut self) {
        let Some(replica) = &self.replica else { return };
        let due = now(next_due(&self.store, self.bulk.records_max)).expect("this store does not fail");
        let again_ms = match due {
            None => self.dice.below(self.publisher_pace_ms) + 1,
            Some(Due { reached, records }) => {
                let copy = |digest: &KeyDigest, record: Vec<u8>| Copied {
                    mac: self.replica_keys.sign(digest, &record),
                    record,
                };
                let mut records = records.into_iter();
                if records.all(|(digest, record)| replica.write(digest, record.map(|it| copy(&digest, it)))) {
                    let marked = mark_published(&self.store, reached, self.horizon_ms, self.now_ms.get());
                    now(marked).expect("nobody else publishes");
                    self.dice.between(1, self.bulk.step_ms)
                } else {
                    self.counts.publications_failed += 1;
                    self.dice.below(5_000)
                }
            }
        };
        self.schedule_in(again_ms, Event::Publish);
    }

    fn restart(&mut self, instance: usize) {
        self.counts.instances_stopped += 1;
        let incarnation = self.instances[instance].incarnation + 1;
        self.instances[instance] = self.new_instance(incarnation);
        self.note(format!("instance {instance} restarted"));
        self.schedule_in(self.dice.between(1, 200_000), Event::Restart { instance });
    }
}

fn add_handshake(headers: &mut HeaderMap) {
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
}

fn head(headers: &HeaderMap, started: Now) -> RequestHead<'_, HeaderMap> {
    RequestHead {
        method: "GET",
        scheme: Scheme::Http,
        host: b"api.test",
        path: b"/",
        query: None,
        headers,
        client_ip: None,
        server_port: 80,
        forwarded: None,
        started,
        request_id: 0,
    }
}

fn grant(digest: KeyDigest, state: KeyState, peppers: &Peppers) -> Grant {
    Grant {
        epoch: 0,
        digest,
        pepper_id: peppers.current.id(),
        credential_id: state.credential_id,
        consumer: Consumer { id: Uuid::from_u128(1), username: None, custom_id: None },
        application_id: Some(Uuid::from_u128(2)),
        service_ids: if state.contract { vec![SERVICE] } else { vec![] },
        expires_at_ms: state.expires_at_ms,
        enabled: state.enabled,
        oauth2: None,
    }
}

fn publish_config_state(transaction: &mut Transaction<'_, MemoryStore>, state: ConfigState) {
    let key_auth = json!({"name": "key-auth", "enabled": state.authenticates, "config": {
        "key_names": ["apikey"], "key_in_header": true, "key_in_query": false, "key_in_body": false,
        "hide_credentials": false, "run_on_preflight": true}});
    let registration = json!({"name": "application-registration", "enabled": state.registers && state.authenticates,
        "service": {"id": SERVICE}, "config": {}});
    let mut publish = |id, plugin: Value| transaction.publish_config(ConfigKind::Plugins, id, Some(plugin));
    publish(KEY_AUTH, key_auth);
    publish(REGISTRATION, registration);
}
