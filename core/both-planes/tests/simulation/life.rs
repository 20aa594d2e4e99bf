//! Credentials of the real registry, through their whole life: rotated with and without a grace, suspended
//! and resumed at every level, given an end, deleted.
//!
//! A model says what each key is good for after each call; the auditor judges by it.

use std::cell::Cell;
use std::ops::AddAssign;
use std::rc::Rc;

use latchkey_control::ports::Clock;
use latchkey_control::ports::testing::SeededRandom;
use latchkey_control::registry::{Registry, Step};
use latchkey_control::schema::{EntityKind, Object};
use latchkey_published::grant::Grant;
use latchkey_published::keys::PlainKey;
use latchkey_store::memory::MemoryStore;
use latchkey_store::{AllPage, Batch, Commit, Page, RecordKey, Store, StoreError, Versioned, Write};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Event, KEY_AUTH, Key, REGISTRATION, ROUTE, SERVICE, World, now};
use crate::auditor::{History, KeyState, Outcome};

const DEVELOPER: Uuid = Uuid::from_u128(0x91);
const APPLICATION: Uuid = Uuid::from_u128(0x92);
/// Credentials at a time.
const CREDENTIALS: usize = 2;
/// Time of the registry's first change: it has no second 0.
pub(super) const FIRST_MS: u64 = 1_000;
/// Keys made in one run, so that each is asked for often enough.
const KEYS_MAX: usize = 8;

/// Grants that are not written as the registry has them, to show that it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unpublished {
    /// The end that a key gets.
    pub(crate) ends: bool,
    /// That a key is suspended.
    pub(crate) suspensions: bool,
    /// That it is no longer.
    pub(crate) resumptions: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LifeCounts {
    rotated: u64,
    rotated_with_grace: u64,
    refused_rotation: u64,
    grace_ended: u64,
    suspended: u64,
    resumed: u64,
    given_end: u64,
    deleted: u64,
    accepted_in_grace: u64,
    refused_past_grace: u64,
    refused_suspended: u64,
}

impl LifeCounts {
    pub(crate) fn each(&self) -> [(&'static str, u64); 11] {
        [
            ("rotation", self.rotated),
            ("rotation with a grace", self.rotated_with_grace),
            ("rotation refused during a grace", self.refused_rotation),
            ("grace ended early", self.grace_ended),
            ("suspension", self.suspended),
            ("resumption", self.resumed),
            ("end given", self.given_end),
            ("credential deleted", self.deleted),
            ("accepted in its grace", self.accepted_in_grace),
            ("refused past its grace", self.refused_past_grace),
            ("refused while suspended", self.refused_suspended),
        ]
    }
}

impl AddAssign for LifeCounts {
    fn add_assign(&mut self, other: LifeCounts) {
        self.rotated += other.rotated;
        self.rotated_with_grace += other.rotated_with_grace;
        self.refused_rotation += other.refused_rotation;
        self.grace_ended += other.grace_ended;
        self.suspended += other.suspended;
        self.resumed += other.resumed;
        self.given_end += other.given_end;
        self.deleted += other.deleted;
        self.accepted_in_grace += other.accepted_in_grace;
        self.refused_past_grace += other.refused_past_grace;
        self.refused_suspended += other.refused_suspended;
    }
}

/// The model.
pub(super) struct Life {
    /// In some worlds alone: the others show more of all else.
    is_lived: bool,
    unpublished: Unpublished,
    /// The first keys of the world are not the registry's.
    plain_keys: usize,
    application_enabled: bool,
    developer_enabled: bool,
    credentials: Vec<Credential>,
}

/// A credential, by the places of its keys among those of the world.
#[derive(Clone, Copy)]
struct Credential {
    id: Uuid,
    current: usize,
    /// The key before the last rotation, and when its grace ends.
    previous: Option<(usize, u64)>,
    enabled: bool,
    expires_at_ms: Option<u64>,
}

impl Life {
    pub(super) fn new(is_lived: bool, unpublished: Unpublished) -> Self {
        Life {
            is_lived,
            unpublished,
            plain_keys: 0,
            application_enabled: true,
            developer_enabled: true,
            credentials: Vec::new(),
        }
    }

    pub(super) fn is_lived(&self) -> bool {
        self.is_lived
    }

    pub(super) fn plain_keys(&self) -> usize {
        self.plain_keys
    }

    pub(super) fn set_plain_keys(&mut self, count: usize) {
        self.plain_keys = count;
    }

    /// What a key is good for.
    fn state_of(&self, key: usize) -> Option<KeyState> {
        let is_its = |credential: &&Credential| {
            credential.current == key || credential.previous.is_some_and(|(previous, _)| previous == key)
        };
        let credential = self.credentials.iter().find(is_its)?;
        let grace = credential.previous.filter(|(previous, _)| *previous == key).map(|(_, end_ms)| end_ms);
        let ends = [credential.expires_at_ms, grace];
        Some(KeyState {
            credential_id: credential.id,
            enabled: credential.enabled && self.application_enabled && self.developer_enabled,
            contract: true,
            expires_at_ms: ends.into_iter().flatten().min(),
            tokens_not_before_ms: None,
        })
    }
}

/// The world's time, for the registry.
struct WorldClock(Rc<Cell<u64>>);

impl Clock for WorldClock {
    fn unix_ms(&self) -> u64 {
        self.0.get()
    }
}

/// The world's store, which leaves out of the grants what is not to be published.
struct Publishing<'s> {
    store: &'s MemoryStore,
    unpublished: Unpublished,
}

impl Publishing<'_> {
    fn is_left_out(&self, write: &Write) -> bool {
        let Write::Put(key, value) = write else { return false };
        if !key.partition.starts_with("grant/") {
            return false;
        }
        let Some(before) = now(self.store.get(key)).unwrap() else { return false };
        let (before, after) = (Grant::decode(&before.value).unwrap(), Grant::decode(value).unwrap());
        let Unpublished { ends, suspensions, resumptions } = self.unpublished;
        ends && before.expires_at_ms != after.expires_at_ms
            || suspensions && before.enabled && !after.enabled
            || resumptions && !before.enabled && after.enabled
    }
}

impl Store for Publishing<'_> {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.store.get(key).await
    }

    async fn commit(&self, mut batch: Batch) -> Result<Commit, StoreError> {
        batch.writes.retain(|write| !self.is_left_out(write));
        self.store.commit(batch).await
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store.scan(partition, prefix, after, limit).await
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        self.store.scan_all(after, limit).await
    }
}

type OverWorld<'s> = Registry<Publishing<'s>, WorldClock, SeededRandom>;

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

impl World {
    fn registry(&self) -> OverWorld<'_> {
        let store = Publishing { store: &self.store, unpublished: self.life.unpublished };
        let random = SeededRandom::new(self.dice.below(u64::MAX));
        let (clock, peppers) = (WorldClock(self.now_ms.clone()), self.peppers.clone());
        now(Registry::open(store, clock, random, peppers)).unwrap()
    }

    /// An application of an approved developer, with a contract for the one service.
    pub(super) fn begin_life(&mut self) {
        self.now_ms.set(FIRST_MS);
        let registry = self.registry();
        now(registry.resume_jobs()).unwrap();
        let reference = |id: Uuid| json!({"id": id});
        for (kind, entity) in [
            (EntityKind::Services, json!({"id": SERVICE, "host": "up.test"})),
            (EntityKind::Routes, json!({"id": ROUTE, "paths": ["/"], "service": reference(SERVICE)})),
            (EntityKind::Plugins, json!({"id": KEY_AUTH, "name": "key-auth"})),
            (
                EntityKind::Plugins,
                json!({"id": REGISTRATION, "name": "application-registration", "service": reference(SERVICE),
                    "config": {"display_name": "S", "auto_approve": true}}),
            ),
            (EntityKind::Developers, json!({"id": DEVELOPER, "email": "a@b.test", "status": 0})),
            (
                EntityKind::Applications,
                json!({"id": APPLICATION, "name": "a", "redirect_uri": "https://e.test",
                    "developer": reference(DEVELOPER)}),
            ),
            (
                EntityKind::ApplicationInstances,
                json!({"application": reference(APPLICATION), "service": reference(SERVICE)}),
            ),
        ] {
            now(registry.create(kind, &[], &object(entity))).unwrap();
        }
        self.now_ms.set(0);
    }

    pub(super) fn live(&mut self) {
        let pause_ms = self.dice.below(2 * self.admin_pace_ms);
        self.schedule_in(pause_ms, Event::Live);
        let now_ms = self.now_ms.get();
        let has_ended = |credential: &Credential| credential.expires_at_ms.is_some_and(|end| end <= now_ms);
        self.life.credentials.retain(|credential| !has_ended(credential));
        let made = self.keys.len() - self.life.plain_keys;
        if self.life.credentials.len() < CREDENTIALS && made < KEYS_MAX {
            self.make_credential();
        } else if !self.life.credentials.is_empty() {
            let chosen = self.dice.below(self.life.credentials.len() as u64) as usize;
            match self.dice.below(10) {
                0..3 if made < KEYS_MAX => self.rotate(chosen),
                0..4 => self.end_grace(chosen),
                4..7 => self.suspend_or_resume(chosen),
                7..9 => self.give_end(chosen),
                _ => self.delete_credential(chosen),
            }
        }
        self.tell_auditor();
    }

    fn step(&self, chosen: usize) -> String {
        self.life.credentials[chosen].id.to_string()
    }

    /// A key that the registry has made and shown.
    fn add_key(&mut self, shown: &Object) -> usize {
        let plain = PlainKey::new(shown["client_id"].as_str().unwrap());
        let digest = self.peppers.current.digest_key(&plain);
        let history = History::new(None);
        self.keys.push(Key { plain, digest, was_brought: false, was_rotated: false, history });
        self.keys.len() - 1
    }

    fn make_credential(&mut self) {
        let input = object(json!({"application": {"id": APPLICATION}}));
        let made = now(self.registry().create(EntityKind::Oauth2Credentials, &[], &input)).unwrap();
        let id = made["id"].as_str().unwrap().parse().unwrap();
        let current = self.add_key(&made);
        let (previous, enabled, expires_at_ms) = (None, true, None);
        self.life.credentials.push(Credential { id, current, previous, enabled, expires_at_ms });
    }

    fn rotate(&mut self, chosen: usize) {
        let grace_s = *self.dice.pick(&[0, 2, 10, 30, 60]);
        let (id, now_ms) = (self.step(chosen), self.now_ms.get());
        let path = [Step { kind: EntityKind::Oauth2Credentials, key: &id }];
        let input = object(json!({"grace_seconds": grace_s}));
        let rotated = now(self.registry().rotate(&path, &input));
        let Credential { current, previous, expires_at_ms, .. } = self.life.credentials[chosen];
        if previous.is_some_and(|(_, end_ms)| end_ms > now_ms) {
            assert!(rotated.is_err(), "{rotated:?}");
            self.counts.life.refused_rotation += 1;
            return;
        }
        let key = self.add_key(&rotated.unwrap());
        let end_ms = expires_at_ms.unwrap_or(u64::MAX).min(now_ms + grace_s * 1000);
        self.life.credentials[chosen].current = key;
        self.life.credentials[chosen].previous = (end_ms > now_ms).then_some((current, end_ms));
        self.keys[current].was_rotated = true;
        self.counts.life.rotated += 1;
        self.counts.life.rotated_with_grace += u64::from(end_ms > now_ms);
    }

    fn end_grace(&mut self, chosen: usize) {
        let (id, now_ms) = (self.step(chosen), self.now_ms.get());
        let path = [Step { kind: EntityKind::Oauth2Credentials, key: &id }];
        let ended = now(self.registry().end_grace(&path));
        let previous = self.life.credentials[chosen].previous.take();
        assert_eq!(ended.is_ok(), previous.is_some_and(|(_, end_ms)| end_ms > now_ms));
        self.counts.life.grace_ended += u64::from(ended.is_ok());
    }

    fn suspend_or_resume(&mut self, chosen: usize) {
        let id = self.step(chosen);
        let credential = &mut self.life.credentials[chosen];
        // What is suspended is mostly resumed next: a world in which nothing is good shows little.
        let suspended = [
            (!self.life.application_enabled, 0),
            (!self.life.developer_enabled, 1),
            (!credential.enabled, 2),
        ];
        let suspended = suspended.into_iter().find(|(is_suspended, _)| *is_suspended);
        let chosen = suspended.filter(|_| self.dice.percent(70)).map(|(_, chosen)| chosen);
        let (kind, key, field, enabled) = match chosen.unwrap_or_else(|| self.dice.below(4)) {
            0 => {
                let enabled = &mut self.life.application_enabled;
                (EntityKind::Applications, APPLICATION.to_string(), "enabled", enabled)
            }
            1 => {
                let enabled = &mut self.life.developer_enabled;
                (EntityKind::Developers, DEVELOPER.to_string(), "applications_enabled", enabled)
            }
            _ => (EntityKind::Oauth2Credentials, id, "enabled", &mut credential.enabled),
        };
        *enabled = !*enabled;
        let change = object(json!({field: *enabled}));
        match *enabled {
            true => self.counts.life.resumed += 1,
            false => self.counts.life.suspended += 1,
        }
        now(self.registry().update(&[Step { kind, key: &key }], &change)).unwrap();
    }

    fn give_end(&mut self, chosen: usize) {
        let ttl_s = *self.dice.pick(&[0, 3, 20, 60]);
        let id = self.step(chosen);
        let path = [Step { kind: EntityKind::Oauth2Credentials, key: &id }];
        now(self.registry().update(&path, &object(json!({"ttl": ttl_s})))).unwrap();
        let end_ms = self.now_ms.get() + ttl_s * 1000;
        self.life.credentials[chosen].expires_at_ms = (ttl_s > 0).then_some(end_ms);
        self.counts.life.given_end += u64::from(ttl_s > 0);
    }

    fn delete_credential(&mut self, chosen: usize) {
        let id = self.step(chosen);
        now(self.registry().delete(&[Step { kind: EntityKind::Oauth2Credentials, key: &id }])).unwrap();
        self.life.credentials.remove(chosen);
        self.counts.life.deleted += 1;
    }

    /// What has changed of the registry's keys. A credential that has ended is as it was.
    fn tell_auditor(&mut self) {
        let now_ms = self.now_ms.get();
        let acknowledged_ms = now_ms + self.dice.latency_ms();
        for key in self.life.plain_keys..self.keys.len() {
            let state = self.life.state_of(key);
            let known = self.keys[key].history.now();
            let has_ended = known.is_some_and(|known| known.expires_at_ms.is_some_and(|end| end <= now_ms));
            if state != known && !(state.is_none() && has_ended) {
                self.keys[key].history.change(now_ms, acknowledged_ms, state);
                self.note(format!("key {key} is {state:?}, acknowledged at {acknowledged_ms}"));
            }
        }
    }

    /// A key that a client tries: the registry's have a third of all requests.
    pub(super) fn any_key(&self) -> usize {
        let all =
            if !self.life.is_lived || self.dice.percent(50) { self.life.plain_keys } else { self.keys.len() };
        self.dice.below(all as u64) as usize
    }

    pub(super) fn count_life(&mut self, key: usize, outcome: Outcome) {
        let Key { was_rotated, history, .. } = &self.keys[key];
        let is_suspended = history.now().is_some_and(|state| !state.enabled);
        let counts = &mut self.counts.life;
        match outcome {
            Outcome::Accepted(_) => counts.accepted_in_grace += u64::from(*was_rotated),
            Outcome::Refused => {
                counts.refused_past_grace += u64::from(*was_rotated && !is_suspended);
                counts.refused_suspended += u64::from(is_suspended);
            }
            Outcome::Open | Outcome::Unavailable => {}
        }
    }
}
