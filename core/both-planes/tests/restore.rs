//! A restore, as gateways see it that served before, and new ones: what is back is good, and neither memory
//! nor a replica brings anything else to life.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use http::HeaderMap;
use latchkey_control::ports::Clock as _;
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::{Registry, RestoreAsked, Step};
use latchkey_control::schema::EntityKind;
use latchkey_control::whole_store::{Kept, Stage};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::FeedRequest;
use latchkey_published::grant::Grant;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};
use latchkey_published::replica_mac::ReplicaKeys;
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use latchkey_store::replica::Progress;
use latchkey_store::{Batch, Store, Write};
use serde_json::{Value, json};

const START_MS: u64 = 1_700_000_000_000;
/// Longer than the bound of a gateway that nobody has set.
const LATER_MS: u64 = 6_000;

type Authority = Registry<MemoryStore, ManualClock, SeededRandom>;

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: None }
}

/// The authority, and a replica that shows whatever it was given last.
struct World {
    authority: Authority,
    replica: HashMap<KeyDigest, (Vec<u8>, String)>,
    now_ms: u64,
}

/// One instance of the data plane.
struct Instance {
    gateway: Gateway,
    compiler: ConfigCompiler,
}

impl Instance {
    fn new() -> Self {
        let gateway = Gateway::new(GatewaySettings::default(), peppers());
        Instance { gateway, compiler: ConfigCompiler::default() }
    }
}

impl World {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let progress = serde_json::to_vec(&Progress::default()).unwrap();
        let writes = vec![Write::Put(Progress::record_key(), progress)];
        store.commit(Batch { checks: vec![], writes }).await.unwrap();
        let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(1));
        let authority = Registry::open(store, clock, random, peppers()).await.unwrap();
        let mut world = World { authority, replica: HashMap::new(), now_ms: START_MS };
        world.make(EntityKind::Services, json!({"name": "s", "host": "a.test"})).await;
        world.make(EntityKind::Routes, json!({"paths": ["/"], "service": {"name": "s"}})).await;
        world.make(EntityKind::Plugins, json!({"name": "key-auth"})).await;
        world.make(EntityKind::Consumers, json!({"username": "bob"})).await;
        world
    }

    async fn make(&mut self, kind: EntityKind, input: Value) {
        self.authority.create(kind, &[], input.as_object().unwrap()).await.unwrap();
    }

    async fn make_key(&mut self, key: &str) {
        self.make(EntityKind::KeyauthCredentials, json!({"key": key, "consumer": {"username": "bob"}})).await;
    }

    async fn delete_key(&mut self, key: &str) {
        let path = [
            Step { kind: EntityKind::Consumers, key: "bob" },
            Step { kind: EntityKind::KeyauthCredentials, key },
        ];
        self.authority.delete(&path).await.unwrap();
    }

    /// Gives the replica all grants that there are. What it has of others it keeps, as one does that is
    /// behind.
    fn replicate(&mut self) {
        let keys = ReplicaKeys::new(&peppers());
        for (key, record) in self.authority.store().dump() {
            let digest = key.partition.strip_prefix("grant/").and_then(KeyDigest::from_hex);
            if let Some(digest) = digest {
                let mac = keys.sign(&digest, &record);
                self.replica.insert(digest, (record, mac));
            }
        }
    }

    fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: self.now_ms }
    }

    async fn status(&self, instance: &mut Instance, key: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert("apikey", key.parse().unwrap());
        let now = self.now();
        loop {
            let head = RequestHead {
                method: "GET",
                scheme: Scheme::Http,
                host: b"api.test",
                path: b"/",
                query: None,
                headers: &headers,
                client_ip: None,
                server_port: 80,
                forwarded: None,
                started: now,
                request_id: 0,
            };
            match instance.gateway.decide(&head, Body::Unread, now) {
                Decision::Need(Need::Feed(request)) => self.poll(instance, request).await,
                Decision::Need(Need::Grant(wanted)) => self.fill(instance, wanted).await,
                Decision::Forward(_) => return 200,
                Decision::Respond(response) => return response.status().as_u16(),
                Decision::Need(need) => panic!("{need:?}"),
            }
        }
    }

    async fn poll(&self, instance: &mut Instance, request: FeedRequest) {
        // Nothing has settled: the publisher is far behind.
        let reply = read_feed(self.authority.store(), request, Some(0)).await.unwrap();
        let _ = instance.gateway.learn_feed(self.now(), self.now(), Some(reply), &mut instance.compiler);
    }

    async fn fill(&self, instance: &mut Instance, mut wanted: GrantRequest) {
        loop {
            let learned = match (wanted.source, self.replica.get(&wanted.digest)) {
                (Source::Replica, Some((record, mac))) => {
                    instance.gateway.learn_copy(wanted, record, mac, self.now())
                }
                (Source::Replica, None) => {
                    instance.gateway.learn_grant(wanted, GrantAnswer::Missing, self.now())
                }
                (Source::Authority, _) => {
                    let found = self.authority.store().get(&Grant::record_key(&wanted.digest)).await.unwrap();
                    let found = found.map(|record| Grant::decode(&record.value).unwrap());
                    let answer = found.map_or(GrantAnswer::Missing, GrantAnswer::Found);
                    instance.gateway.learn_grant(wanted, answer, self.now())
                }
            };
            match learned {
                Learned::Ask(again) => wanted = again,
                Learned::Decide => return,
                Learned::Unavailable => panic!("the authority answers"),
            }
        }
    }

    async fn back_up(&self) -> (RestoreAsked, Vec<Vec<Kept>>) {
        let backup = self.authority.begin_backup().await.unwrap();
        let (mut pages, mut offset) = (Vec::new(), None);
        loop {
            let page = self.authority.backup_page(backup.id, 10, offset.as_deref()).await.unwrap();
            pages.push(page.records);
            offset = page.offset;
            if offset.is_none() {
                break;
            }
        }
        self.authority.end_backup(backup.id).await.unwrap();
        let asked = RestoreAsked {
            backup: backup.id,
            format: 1,
            peppers: backup.peppers,
            published_format: backup.published_format,
            epoch: backup.epoch,
            replace: true,
        };
        (asked, pages)
    }

    /// Lets more than the bound go by, so that every instance asks the feed.
    fn pass(&mut self) {
        self.now_ms += LATER_MS;
        self.authority.clock().advance(LATER_MS);
        assert_eq!(self.authority.clock().unix_ms(), self.now_ms);
    }
}

#[tokio::test]
async fn nothing_comes_to_life_that_was_not_restored() {
    let mut world = World::new().await;
    for key in ["kept", "revoked", "back"] {
        world.make_key(key).await;
    }
    world.replicate();
    world.delete_key("revoked").await;
    let (asked, pages) = world.back_up().await;
    world.make_key("lost").await;
    world.delete_key("back").await;
    world.replicate();
    // The replica has taken the deletion in, and that of the other key it still does not show.
    world.replica.remove(&peppers().current.digest(b"back"));

    let mut served = Instance::new();
    for (key, status) in [("kept", 200), ("revoked", 401), ("lost", 200), ("back", 401)] {
        assert_eq!(world.status(&mut served, key).await, status, "{key}");
    }
    let (run, restoring) = world.authority.begin_restore(&asked).await.unwrap();
    assert_eq!(restoring.stage, Stage::Loading);
    world.pass();
    for (number, page) in pages.iter().enumerate() {
        assert_eq!(world.status(&mut served, "kept").await, 503);
        assert_eq!(world.status(&mut Instance::new(), "kept").await, 503);
        world.authority.restore_part(run.id, number as u64, page.clone()).await.unwrap();
        world.pass();
    }
    assert_eq!(world.status(&mut served, "kept").await, 503);
    world.authority.finish_restore(run.id, pages.len() as u64).await.unwrap();
    world.pass();
    let expected = [("kept", 200), ("revoked", 401), ("lost", 401), ("back", 200), ("no key", 401)];
    for (key, status) in expected {
        assert_eq!(world.status(&mut served, key).await, status, "{key}, where it was served before");
        assert_eq!(world.status(&mut Instance::new(), key).await, status, "{key}, on a new instance");
    }
    // What is written from now on is believed.
    world.make_key("new").await;
    world.replicate();
    world.pass();
    assert_eq!(world.status(&mut served, "new").await, 200);
}
