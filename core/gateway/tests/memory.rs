//! What an instance remembers, what it reads, and what it does when it cannot read.

#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "made-up keys are presented")]

use http::{HeaderMap, HeaderValue};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::gateway::{FeedOutage, Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{Change, FeedReply, FeedRequest, Shown};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::keys::{KeyDigest, Pepper, Peppers, PlainKey, generate_key, hex};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_published::testing::SeededRandom;
use serde_json::json;
use uuid::Uuid;

const BOUND_MS: u64 = 5_000;
const GRACE_MS: u64 = 10_000;

struct Instance {
    gateway: Gateway,
    compiler: ConfigCompiler,
    peppers: Peppers,
    now_ms: u64,
}

/// A decision, as far as these tests look.
#[derive(Debug, PartialEq)]
enum Step {
    Forwarded,
    Status(u16),
    Need(Need),
}

impl Instance {
    fn new(settings: GatewaySettings) -> Self {
        let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
        let gateway = Gateway::new(settings, peppers.clone());
        Instance { gateway, compiler: ConfigCompiler::default(), peppers, now_ms: 1_000_000 }
    }

    fn ready() -> Self {
        let mut instance = Instance::new(settings());
        instance.poll(instance.reset_at(1));
        instance
    }

    fn now(&self) -> Now {
        Now { unix_ms: self.now_ms, monotonic_ms: self.now_ms }
    }

    fn digest(&self, key: &str) -> KeyDigest {
        self.peppers.current.digest(key.as_bytes())
    }

    fn grant(&self, key: &str, epoch: u64) -> Grant {
        Grant {
            epoch,
            digest: self.digest(key),
            pepper_id: self.peppers.current.id(),
            credential_id: Uuid::from_u128(1),
            consumer: Consumer { id: Uuid::from_u128(2), username: Some("bob".into()), custom_id: None },
            application_id: None,
            service_ids: vec![],
            expires_at_ms: None,
            enabled: true,
            oauth2: None,
        }
    }

    fn reset_at(&self, epoch: u64) -> FeedReply {
        let mut piece = Piece::default();
        let config = json!({"key_names": ["apikey"], "key_in_header": true, "key_in_query": true,
            "key_in_body": false, "hide_credentials": false, "run_on_preflight": true});
        let service = json!({"protocol": "http", "host": "up", "port": 80, "retries": 0,
            "connect_timeout": 1, "write_timeout": 1, "read_timeout": 1});
        let id = Uuid::nil();
        piece.set(ConfigKind::Plugins, id, Some(json!({"name": "key-auth", "config": config})));
        piece.set(ConfigKind::Services, id, Some(service));
        piece.set(ConfigKind::Routes, id, Some(json!({"id": id, "service": {"id": id}, "paths": ["/"]})));
        let tag_keys = vec![hex(&self.peppers.current.tag_key().to_bytes())];
        let settings =
            Some(WorkspaceSettings { tag_keys, has_imported_keys: true, ..WorkspaceSettings::default() });
        let settings = Piece { settings, ..Piece::default() };
        let pieces = vec![(PieceId::of(id), piece.encode()), (PieceId::SETTINGS, settings.encode())];
        FeedReply { epoch, reset: true, changes: vec![], pieces, ..FeedReply::default() }
    }

    /// A poll sent and answered now.
    fn poll(&mut self, reply: FeedReply) {
        let now = self.now();
        self.gateway.learn_feed(now, now, Some(reply), &mut self.compiler).unwrap();
    }

    fn poll_changes(&mut self, epoch: u64, keys: &[&str]) {
        let digests = keys.iter().map(|key| self.digest(key)).collect();
        let changes = vec![Change { epoch, digests, ..Change::default() }];
        self.poll(FeedReply { epoch, reset: false, changes, ..FeedReply::default() });
    }

    fn fail_poll(&mut self) {
        let now = self.now();
        self.gateway.learn_feed(now, now, None, &mut self.compiler).unwrap();
    }

    fn ask(&mut self, key: &str) -> Step {
        let mut headers = HeaderMap::new();
        headers.insert("apikey", HeaderValue::from_str(key).unwrap());
        let head = RequestHead {
            method: "GET",
            scheme: Scheme::Http,
            host: b"a.test",
            path: b"/",
            query: None,
            headers: &headers,
            client_ip: None,
            server_port: 80,
            forwarded: None,
            started: self.now(),
            request_id: 0,
        };
        match self.gateway.decide(&head, Body::Whole(b""), self.now()) {
            Decision::Forward(_) => Step::Forwarded,
            Decision::Respond(response) => Step::Status(response.status().as_u16()),
            Decision::Need(need) => Step::Need(need),
        }
    }

    #[track_caller]
    fn begin_fill(&mut self, key: &str) -> GrantRequest {
        match self.ask(key) {
            Step::Need(Need::Grant(wanted)) => wanted,
            other => panic!("{other:?}"),
        }
    }

    fn learn(&mut self, wanted: GrantRequest, answer: GrantAnswer) -> Learned {
        let now = self.now();
        self.gateway.learn_grant(wanted, answer, now)
    }

    fn found(&self, key: &str, epoch: u64) -> GrantAnswer {
        GrantAnswer::Found(self.grant(key, epoch))
    }
}

fn settings() -> GatewaySettings {
    GatewaySettings {
        revocation_bound_ms: BOUND_MS,
        outage_grace_ms: GRACE_MS,
        grant_cache_bytes: 1 << 20,
        miss_cache_bytes: 1 << 20,
        ..GatewaySettings::default()
    }
}

fn feed_since(since: Option<u64>) -> Step {
    Step::Need(Need::Feed(FeedRequest { since }))
}

#[test]
fn a_cold_instance_reads_twice_before_its_first_answer() {
    let mut instance = Instance::new(settings());
    assert_eq!(instance.ask("k"), feed_since(None));
    instance.poll(instance.reset_at(1));
    let wanted = instance.begin_fill("k");
    assert_eq!(instance.learn(wanted, instance.found("k", 1)), Learned::Decide);
    assert_eq!(instance.ask("k"), Step::Forwarded);
}

#[test]
fn memory_serves_up_to_the_bound_and_is_refreshed_beside_requests() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("k");
    instance.learn(wanted, instance.found("k", 1));
    instance.now_ms += BOUND_MS / 2 - 1;
    assert_eq!((instance.ask("k"), instance.gateway.refresh_due(instance.now())), (Step::Forwarded, None));
    instance.now_ms += 1;
    let due = Some(FeedRequest { since: Some(1) });
    assert_eq!((instance.ask("k"), instance.gateway.refresh_due(instance.now())), (Step::Forwarded, due));
    assert_eq!(instance.gateway.refresh_due(instance.now()), None, "one poll at a time");
    instance.now_ms += 999;
    assert_eq!(instance.ask("k"), Step::Forwarded);
    instance.now_ms = 1_000_000 + BOUND_MS;
    assert_eq!(instance.ask("k"), Step::Forwarded);
    instance.now_ms += 1;
    assert_eq!(instance.ask("k"), feed_since(Some(1)), "the poll before was taken over");
    assert!(matches!(instance.ask("k"), Step::Need(Need::Wait { .. })), "the others wait for it");
}

#[test]
fn a_change_is_obeyed_as_soon_as_it_is_learned() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("k");
    instance.learn(wanted, instance.found("k", 1));
    instance.poll_changes(2, &["k"]);
    let wanted = instance.begin_fill("k");
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), instance_authority(&wanted));
    let wanted = GrantRequest { source: Source::Authority, stamp: wanted.stamp + 1, ..wanted };
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), Learned::Decide);
    assert_eq!(instance.ask("k"), Step::Status(401));
    // And a remembered miss goes when the key is made.
    instance.poll_changes(3, &["k"]);
    instance.begin_fill("k");
}

/// A replica's word is not enough for a key that changed: ask the authority.
fn instance_authority(wanted: &GrantRequest) -> Learned {
    Learned::Ask(GrantRequest { source: Source::Authority, stamp: wanted.stamp + 1, ..*wanted })
}

#[test]
fn one_fill_at_a_time_for_each_digest() {
    let mut instance = Instance::ready();
    let first = instance.begin_fill("k");
    assert!(matches!(instance.ask("k"), Step::Need(Need::Wait { .. })));
    assert!(matches!(instance.ask("other"), Step::Need(Need::Grant(_))));
    // Whoever began it may be gone: the next takes over, and the late answer is thrown away.
    instance.now_ms += 1_000;
    let second = instance.begin_fill("k");
    assert_ne!(first.stamp, second.stamp);
    assert_eq!(instance.learn(first, instance.found("k", 1)), Learned::Decide);
    assert!(matches!(instance.ask("k"), Step::Need(Need::Wait { .. })));
    instance.learn(second, instance.found("k", 1));
    assert_eq!(instance.ask("k"), Step::Forwarded);
}

#[test]
fn a_fill_overtaken_by_a_change_is_thrown_away() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("k");
    instance.poll_changes(2, &["k"]);
    let Learned::Ask(again) = instance.learn(wanted, instance.found("k", 1)) else { panic!("it was used") };
    assert_eq!(again.source, wanted.source);
    assert_eq!(instance.learn(again, instance.found("k", 2)), Learned::Decide);
    assert_eq!(instance.ask("k"), Step::Forwarded);
}

#[test]
fn a_replica_older_than_the_change_is_not_used() {
    let mut instance = Instance::ready();
    instance.poll_changes(2, &["k"]);
    let wanted = instance.begin_fill("k");
    assert_eq!(wanted.source, Source::Replica);
    assert_eq!(instance.learn(wanted, instance.found("k", 1)), instance_authority(&wanted));
}

#[test]
fn a_replica_is_not_believed_that_a_genuine_key_is_unknown() {
    let mut instance = Instance::ready();
    let key = generate_key(&instance.peppers.current, |bytes| SeededRandom::new(1).fill(bytes));
    let wanted = instance.begin_fill(key.reveal());
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), instance_authority(&wanted));
    let wanted = instance.begin_fill("imported");
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), Learned::Decide);
}

/// What a bounded answer of the feed says, with the last of its changes.
fn bounded(epoch: u64, unlisted: u64, shown: Shown, digests: Vec<KeyDigest>) -> FeedReply {
    let changes = vec![Change { epoch, digests, ..Change::default() }];
    FeedReply { epoch, unlisted, shown, changes, ..FeedReply::default() }
}

#[test]
fn who_is_behind_what_is_listed_forgets_and_distrusts_replicas_until_it_has_settled() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("known");
    instance.learn(wanted, instance.found("known", 1));
    let under_way = instance.begin_fill("under way");
    instance.poll(bounded(9, 8, Shown::all(1), vec![]));
    assert_eq!(instance.learn(under_way, instance.found("under way", 1)), Learned::Decide, "it is not used");
    for (key, answer) in [
        ("known", instance.found("known", 1)),
        ("under way", instance.found("under way", 8)),
        ("unknown", GrantAnswer::Missing),
    ] {
        let wanted = instance.begin_fill(key);
        assert_eq!(instance.learn(wanted, answer), instance_authority(&wanted), "{key}");
    }
    let wanted = instance.begin_fill("newer");
    assert_eq!(instance.learn(wanted, instance.found("newer", 9)), Learned::Decide);
    // It settles, and a while later no fill is left that began before.
    for (later_ms, believed) in [(30_000, false), (29_999, false), (1, true)] {
        instance.now_ms += later_ms;
        instance.poll(bounded(9, 0, Shown::all(8), vec![]));
        let key = format!("asked at {}", instance.now_ms);
        let wanted = instance.begin_fill(&key);
        let learned = instance.learn(wanted, instance.found(&key, 1));
        assert_eq!(learned == Learned::Decide, believed, "{key}");
    }
}

#[test]
fn who_knows_more_than_what_is_listed_forgets_nothing() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("known");
    instance.learn(wanted, instance.found("known", 1));
    instance.poll(bounded(8, 0, Shown::all(1), vec![]));
    // Asked for before that was learned.
    instance.poll(bounded(9, 7, Shown::all(1), vec![]));
    assert_eq!(instance.ask("known"), Step::Forwarded);
}

#[test]
fn changes_that_are_too_many_to_remember_count_as_unlisted() {
    let mut instance = Instance::new(GatewaySettings { feed_digests_max: 2, ..settings() });
    instance.poll(instance.reset_at(1));
    let wanted = instance.begin_fill("known");
    instance.learn(wanted, instance.found("known", 1));
    let under_way = instance.begin_fill("under way");
    for epoch in 2..=5 {
        instance.poll_changes(epoch, &[&format!("key {epoch}")]);
    }
    assert_eq!(instance.ask("known"), Step::Forwarded, "it heard of all of them");
    let Learned::Ask(again) = instance.learn(under_way, instance.found("under way", 1)) else {
        panic!("it may have changed meanwhile")
    };
    assert_eq!(again.source, Source::Replica);
    for (key, epoch, believed) in
        [("key 2", 2, false), ("other", 3, false), ("newer", 4, true), ("key 5", 4, false)]
    {
        let wanted = instance.begin_fill(key);
        let learned = instance.learn(wanted, instance.found(key, epoch));
        assert_eq!(learned == Learned::Decide, believed, "{key}");
    }
    let wanted = instance.begin_fill("nobody's");
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), instance_authority(&wanted));
}

#[test]
fn a_replica_that_lacks_keys_is_believed_in_what_it_has() {
    let mut instance = Instance::ready();
    let ahead = Shown { settled: 1, current: 5 };
    let mut start = instance.reset_at(6);
    start.shown = ahead;
    instance.poll(start);
    let wanted = instance.begin_fill("known");
    assert_eq!(instance.learn(wanted, instance.found("known", 1)), Learned::Decide);
    let wanted = instance.begin_fill("made");
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), instance_authority(&wanted));
    for _ in 0..2 {
        instance.poll(bounded(6, 0, Shown::all(6), vec![]));
        instance.now_ms += 30_000;
    }
    instance.poll(bounded(6, 0, Shown::all(6), vec![]));
    let wanted = instance.begin_fill("nobody's");
    assert_eq!(instance.learn(wanted, GrantAnswer::Missing), Learned::Decide);
}

#[test]
fn a_failing_replica_is_passed_over_and_a_failing_authority_is_503() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("k");
    assert_eq!(instance.learn(wanted, GrantAnswer::Failed), instance_authority(&wanted));
    let wanted = GrantRequest { source: Source::Authority, stamp: wanted.stamp + 1, ..wanted };
    assert_eq!(instance.learn(wanted, GrantAnswer::Failed), Learned::Unavailable);
    instance.begin_fill("k");
}

#[test]
fn an_outage_is_served_for_the_grace_then_503_and_told_once() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("k");
    instance.learn(wanted, instance.found("k", 1));
    instance.now_ms += BOUND_MS + 1;
    assert_eq!(instance.ask("k"), feed_since(Some(1)));
    instance.fail_poll();
    for _ in 0..7 {
        assert_eq!(instance.ask("k"), Step::Forwarded);
    }
    assert_eq!(instance.gateway.take_outage(), Some(FeedOutage::Began));
    assert_eq!(instance.gateway.take_outage(), None);
    let began_ms = instance.now_ms;
    instance.now_ms += GRACE_MS;
    assert_eq!(instance.ask("k"), feed_since(Some(1)), "it is tried again now and then");
    instance.fail_poll();
    assert_eq!([instance.ask("k"), instance.ask("k")], [Step::Status(503), Step::Status(503)]);
    instance.now_ms += 1_000;
    assert_eq!(instance.ask("k"), feed_since(Some(1)));
    instance.poll(FeedReply { epoch: 1, ..FeedReply::default() });
    assert_eq!(instance.ask("k"), Step::Forwarded);
    let lasted_ms = instance.now_ms - began_ms;
    let ended = FeedOutage::Ended { served: 7, refused: 2, lasted_ms };
    assert_eq!(instance.gateway.take_outage(), Some(ended));
}

#[test]
fn without_grace_nothing_is_served_past_the_bound() {
    let mut instance = Instance::new(GatewaySettings { outage_grace_ms: 0, ..settings() });
    instance.poll(instance.reset_at(1));
    let wanted = instance.begin_fill("k");
    instance.learn(wanted, instance.found("k", 1));
    instance.now_ms += BOUND_MS + 1;
    assert_eq!(instance.ask("k"), feed_since(Some(1)));
    instance.fail_poll();
    assert_eq!(instance.ask("k"), Step::Status(503));
}

#[test]
fn memory_keeps_within_its_bytes() {
    let mut instance = Instance::ready();
    for number in 0..20_000 {
        let key = format!("key-{number}");
        let wanted = instance.begin_fill(&key);
        instance.learn(wanted, instance.found(&key, 1));
        let unknown = format!("unknown-{number}");
        let wanted = instance.begin_fill(&unknown);
        instance.learn(wanted, GrantAnswer::Missing);
    }
    let used = instance.gateway.memory_use();
    assert!((1_000..20_000).contains(&used.grants), "{used:?}");
    assert!((1_000..20_000).contains(&used.misses), "{used:?}");
    assert!(used.grant_bytes <= 1 << 20 && used.miss_bytes <= 1 << 20, "{used:?}");
    assert_eq!(instance.ask("key-19999"), Step::Forwarded);
    assert!(matches!(instance.ask("key-0"), Step::Need(Need::Grant(_))));
}

/// Forged keys with our prefix cost no read and leave memory as it is; a million of them.
#[test]
fn a_million_forged_keys_leave_no_trace() {
    let mut instance = Instance::ready();
    let before = instance.gateway.memory_use();
    let mut key =
        generate_key(&instance.peppers.current, |bytes| SeededRandom::new(1).fill(bytes)).reveal().to_owned();
    for number in 0..1_000_000 {
        key.replace_range(3..11, &format!("{number:08}"));
        assert_eq!(instance.ask(&key), Step::Status(401));
    }
    assert_eq!(instance.gateway.memory_use(), before);
}

#[test]
fn secrets_do_not_print_with_the_gateway() {
    let mut instance = Instance::ready();
    let wanted = instance.begin_fill("sesame");
    instance.learn(wanted, instance.found("sesame", 1));
    let printed = format!("{:?} {:?} {:?}", instance.gateway, wanted, PlainKey::new("sesame"));
    let digest = instance.digest("sesame");
    for secret in ["sesame", &digest.to_hex(), &format!("{:?}", digest.as_bytes())] {
        assert!(!printed.contains(secret));
    }
}
