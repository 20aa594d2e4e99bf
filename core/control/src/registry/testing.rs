//! What tests of the registry over any store need: random calls, and an audit of what they leave.
#![allow(clippy::unwrap_used, reason = "an audit's findings are panics")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::entity_transaction::{id_of, published as published_form};
use super::lookup::Holder;
use super::stored_credential::{HeldKey, PreviousKey};
use super::{Error, ImportOptions, Registry, Step, records};
use crate::accounts::{Account, MailToken, Session};
use crate::audit::AuditRecord;
use crate::ports::testing::SeededRandom;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::feed::FeedRequest;
use latchkey_published::grant::Grant;
use latchkey_published::key_sha256::KeySha256;
use latchkey_published::snapshot::{ConfigKind, Piece};
use latchkey_store::feed::read_feed;
use latchkey_store::memory::MemoryStore;
use latchkey_store::{Batch, RecordKey, Store, Write};

/// Every record of a store.
pub type Records = BTreeMap<RecordKey, Vec<u8>>;

/// Records without what differs between two ways to the same state.
pub type Comparable = BTreeMap<RecordKey, String>;

/// Leaves out the feed, the number of the change that wrote a grant, the guards, the audit, and imports.
pub fn comparable(records: &Records) -> Comparable {
    let compared = records
        .iter()
        .filter(|(key, _)| !matches!(key.partition.as_str(), "published" | crate::audit::PARTITION))
        .filter(|(key, _)| !key.partition.starts_with("guard/"))
        .filter(|(key, _)| key.partition != "imports" && !key.partition.starts_with("import/"));
    let text = |(key, value): (&RecordKey, &Vec<u8>)| {
        let value = match Grant::decode(value) {
            Ok(grant) if key.partition.starts_with("grant/") => Grant { epoch: 0, ..grant }.encode(),
            _ => value.clone(),
        };
        (key.clone(), String::from_utf8_lossy(&value).into_owned())
    };
    compared.map(text).collect()
}

/// The grants there are, by their partitions, without the number of the change that wrote them.
pub fn grants(records: &Records) -> BTreeMap<String, Grant> {
    let grants = records.iter().filter(|(key, _)| key.partition.starts_with("grant/"));
    let decode = |value: &[u8]| Grant { epoch: 0, ..Grant::decode(value).unwrap() };
    grants.map(|(key, value)| (key.partition.clone(), decode(value))).collect()
}

/// A store with the same records.
pub async fn copied(records: &Records) -> MemoryStore {
    let store = MemoryStore::default();
    let writes = records.iter().map(|(key, value)| Write::Put(key.clone(), value.clone())).collect();
    store.commit(Batch { checks: Vec::new(), writes }).await.unwrap();
    store
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

type Entities = BTreeMap<(EntityKind, String), Object>;

fn entities(records: &Comparable) -> Entities {
    let mut entities = BTreeMap::new();
    for (key, value) in records {
        if let Some(kind) = key.partition.strip_prefix("entity/") {
            let kind = EntityKind::parse(kind).unwrap();
            entities.insert((kind, key.sort.clone()), serde_json::from_str(value).unwrap());
        }
    }
    entities
}

fn referred<'a>(entities: &'a Entities, of: &Object, field: &str, kind: EntityKind) -> &'a Object {
    let id = of[field]["id"].as_str().unwrap().to_owned();
    entities.get(&(kind, id)).unwrap_or_else(|| panic!("{field} of {of:?} dangles"))
}

/// What the grant of a key says that is good until `expires_at_ms`.
fn expected_grant(
    entities: &Entities,
    kind: EntityKind,
    credential: &Object,
    expires_at_ms: Option<u64>,
    secret: Option<&Value>,
) -> Value {
    let application = is_applications(kind, credential)
        .then(|| referred(entities, credential, "application", EntityKind::Applications));
    let (consumer, enabled) = match application {
        Some(application) => {
            let developer = referred(entities, application, "developer", EntityKind::Developers);
            let consumer = json!({"id": application["consumer"]["id"], "username": application["id"],
                "custom_id": application["custom_id"]});
            let allowed = developer["status"] == 0 && is_true(developer, "applications_enabled");
            (consumer, allowed && is_true(application, "enabled"))
        }
        None => {
            let consumer = referred(entities, credential, "consumer", EntityKind::Consumers);
            let told = json!({"id": consumer["id"], "username": consumer["username"],
                "custom_id": consumer["custom_id"]});
            (told, is_true(consumer, "enabled"))
        }
    };
    let is_good = enabled && is_true(credential, "enabled");
    let is_client = kind == EntityKind::Oauth2Credentials;
    let is_key = credential.get("key_use").map_or(application.is_some(), |value| *value == true);
    let enabled = is_good && (!is_client || is_key);
    let not_before = credential.get("tokens_not_before").and_then(Value::as_u64);
    let is_public = credential.get("client_type").is_some_and(|value| *value == "public");
    let client = is_client.then(|| {
        json!({"secret": secret.filter(|_| !is_public), "is_public": is_public, "gets_tokens": is_good,
            "not_before_ms": not_before.map(|seconds| seconds * 1000 + 5000)})
    });
    let contracts = entities.iter().filter(|((kind, _), contract)| {
        *kind == EntityKind::ApplicationInstances
            && application.is_some_and(|application| contract["application"]["id"] == application["id"])
            && contract["status"] == 0
            && contract["suspended"] == false
    });
    let mut services: Vec<&Value> = contracts.map(|(_, contract)| &contract["service"]["id"]).collect();
    services.sort_by_key(|id| id.as_str());
    json!({"consumer": consumer, "enabled": enabled, "services": services, "expires_at_ms": expires_at_ms,
        "application": application.map(|application| &application["id"]), "id": credential["id"],
        "client": client})
}

/// Whether a credential is an application's, of those that both have.
fn is_applications(kind: EntityKind, credential: &Object) -> bool {
    kind == EntityKind::Oauth2Credentials && credential.get("application").is_some_and(|it| !it.is_null())
}

/// Entities from before a field have none.
fn is_true(entity: &Object, field: &str) -> bool {
    entity.get(field).is_none_or(|value| *value == true)
}

/// Panics unless the grants of a credential's keys follow from the entities: its own, and the one before
/// in its grace, which ends when it was said to and never after the credential. What has ended may be gone,
/// or be as it was when it was last good, but for its end.
fn audit_grants(
    entities: &Entities,
    kind: EntityKind,
    credential: &Object,
    grants: &mut BTreeMap<String, Grant>,
    last_ms: u64,
) {
    let own_end = credential.get("_expires_at_ms").and_then(Value::as_u64);
    let previous = PreviousKey::of(credential).map(|previous| {
        let grace_end = credential["_previous"]["ends_at_ms"].as_u64().unwrap();
        let secret = credential["_previous"].get("secret").map(|secret| &secret["digest"]);
        (previous.held, Some(own_end.map_or(grace_end, |own_end| own_end.min(grace_end))), secret)
    });
    let own = HeldKey::of(credential).map(|held| (held, own_end, credential.get("_secret_digest")));
    for (held, end_ms, secret) in own.into_iter().chain(previous) {
        let has_ended = end_ms.is_some_and(|end_ms| end_ms <= last_ms);
        let Some(grant) = grants.remove(&Grant::record_key(&held.digest).partition) else {
            assert!(has_ended, "no grant for {credential:?}");
            continue;
        };
        let found = json!({"consumer": grant.consumer, "enabled": grant.enabled,
        "services": grant.service_ids, "expires_at_ms": grant.expires_at_ms,
        "application": grant.application_id, "id": grant.credential_id,
        "client": grant.oauth2.as_ref().map(|client| json!({
            "secret": client.secret.as_ref().map(|secret| secret.digest),
            "is_public": client.is_public,
            "gets_tokens": grant.token_client().is_some(),
            "not_before_ms": client.tokens_not_before_ms,
        }))});
        let expected = expected_grant(entities, kind, credential, end_ms, secret);
        if has_ended {
            assert_eq!(
                (&found["expires_at_ms"], &found["id"]),
                (&expected["expires_at_ms"], &expected["id"])
            );
        } else {
            assert_eq!(found, expected);
        }
    }
}

/// When the last change was begun, in milliseconds since the Unix epoch.
fn last_change_ms(records: &Records) -> u64 {
    trail(records).first().map_or(0, |newest| newest.at_ms)
}

/// Panics unless every index, copy, grant and piece of configuration follows from the entities.
pub async fn audit(records: &Records) {
    audit_records(records);
    audit_configuration(records).await;
}

/// The same without the configuration, which the head of the feed guards.
pub fn audit_records(records: &Records) {
    let dump = comparable(records);
    let entities = entities(&dump);
    let mut grants = grants(records);
    let last_ms = last_change_ms(records);
    let mut places = 0;
    for ((kind, id), entity) in &entities {
        assert!(!entity.contains_key("_deleting"), "{entity:?}");
        for (field, parent) in kind.schema().references() {
            let is_hidden = field.name == "consumer" && is_applications(*kind, entity);
            if entity[field.name].is_null() || is_hidden {
                continue;
            }
            let parent_id = referred(&entities, entity, field.name, parent)["id"].as_str().unwrap();
            let copy = RecordKey::new(
                format!("children/{}/{parent_id}", parent.name()),
                format!("{}/{id}", kind.name()),
            );
            assert_eq!(serde_json::from_str::<Object>(&dump[&copy]).unwrap(), *entity);
        }
        if matches!(kind, EntityKind::KeyauthCredentials | EntityKind::Oauth2Credentials) {
            audit_grants(&entities, *kind, entity, &mut grants, last_ms);
            audit_places(&dump, *kind, entity, &mut places);
        }
    }
    assert!(grants.is_empty(), "grants of nothing: {grants:?}");
    let holders = dump.keys().filter(|key| key.partition.starts_with("credential/")).count();
    assert_eq!(holders, places, "records that lead from keys to nobody");
    let copies = dump.keys().filter(|key| key.partition.starts_with("children/")).count();
    let references = entities.iter().map(|((kind, _), entity)| {
        let count = kind.schema().references().filter(|(field, _)| !entity[field.name].is_null()).count();
        count - usize::from(is_applications(*kind, entity))
    });
    assert_eq!(copies, references.sum::<usize>());
    let clients = entities.iter().filter(|((kind, _), entity)| {
        *kind == EntityKind::Oauth2Credentials && !is_applications(*kind, entity)
    });
    let listed: BTreeMap<String, Object> = dump
        .iter()
        .filter(|(key, _)| key.partition == "clients")
        .map(|(key, client)| (key.sort.clone(), serde_json::from_str(client).unwrap()))
        .collect();
    assert_eq!(listed, clients.map(|((_, id), client)| (id.clone(), client.clone())).collect());
    assert!(!dump.keys().any(|key| key.partition == "job"));
    audit_names(&entities, &dump);
    audit_tags(&entities, &dump);
    audit_counts(&entities, &dump);
    audit_totals(&entities, &dump);
    audit_waiting(&entities, &dump);
    audit_accounts(records);
}

/// The accounts, by their developers.
pub fn accounts(records: &Records) -> BTreeMap<Uuid, Account> {
    let accounts = records.iter().filter(|(key, _)| key.partition == records::ACCOUNTS);
    accounts.map(|(key, value)| (key.sort.parse().unwrap(), serde_json::from_slice(value).unwrap())).collect()
}

/// Panics unless sessions and mailed tokens are those that accounts name, and accounts those of developers.
pub fn audit_accounts(records: &Records) {
    let (mut sessions, mut tokens) = (0, 0);
    for (developer, account) in &accounts(records) {
        let entity = records::entity(EntityKind::Developers, *developer);
        assert!(records.contains_key(&entity), "{developer} is gone");
        // What no back-up holds is not there after a restore.
        for name in &account.sessions {
            let Some(session) = records.get(&records::session(&name.digest)) else { continue };
            let session: Session = serde_json::from_slice(session).unwrap();
            assert_eq!((session.developer, session.id), (*developer, name.id));
            sessions += 1;
        }
        for (of, digest) in &account.tokens {
            let Some(token) = records.get(&records::mail_token(digest)) else { continue };
            let token: MailToken = serde_json::from_slice(token).unwrap();
            assert_eq!((token.developer, token.of, token.state), (*developer, *of, account.state));
            tokens += 1;
        }
    }
    let count = |begins: &str| records.keys().filter(|key| key.partition.starts_with(begins)).count();
    assert_eq!((count("session/"), count("mail-token/")), (sessions, tokens), "what no account names");
}

/// Every place of a credential's keys leads to it.
fn audit_places(dump: &Comparable, kind: EntityKind, credential: &Object, places: &mut usize) {
    let previous = PreviousKey::of(credential).map(|previous| previous.held);
    let keys = HeldKey::of(credential).into_iter().chain(previous);
    for place in keys.flat_map(|held| held.places().collect::<Vec<_>>()) {
        let holder: Holder = serde_json::from_str(&dump[&records::credential(&place)]).unwrap();
        assert_eq!(holder, Holder::of(kind, id_of(credential).unwrap()));
        *places += 1;
    }
}

/// Every name leads to who has it.
fn audit_names(entities: &Entities, dump: &Comparable) {
    for (key, value) in dump.iter().filter(|(key, _)| key.partition.starts_with("unique/")) {
        let id: String = serde_json::from_str(value).unwrap();
        let mut path = key.partition.split('/').skip(1);
        let (kind, field) = (EntityKind::parse(path.next().unwrap()).unwrap(), path.next().unwrap());
        let application = entities.iter().any(|((kind, _), entity)| {
            *kind == EntityKind::Applications && entity["consumer"]["id"] == json!(id)
        });
        let entity = entities.get(&(kind, id.clone()));
        assert!(entity.is_some() || application, "{key:?} leads to {id}");
        // A long one stands there as its hash.
        if let Some(entity) = entity.filter(|_| field != "@together" && key.sort.starts_with('=')) {
            assert_eq!(key.sort, format!("={}", entity[field].as_str().unwrap()));
        }
    }
}

/// Whoever has a tag is found by it, and nobody else.
fn audit_tags(entities: &Entities, dump: &Comparable) {
    let is_index = |key: &&RecordKey| key.partition.starts_with("tagged/") || key.partition == "with-tags";
    let found: Vec<RecordKey> = dump.keys().filter(is_index).cloned().collect();
    let mut expected = Vec::new();
    for ((kind, id), entity) in entities.iter().filter(|((kind, _), entity)| !is_applications(*kind, entity))
    {
        let tags: Vec<&str> = entity
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        expected
            .extend((!tags.is_empty()).then(|| RecordKey::new("with-tags", format!("{}/{id}", kind.name()))));
        expected.extend(tags.iter().map(|tag| RecordKey::new(format!("tagged/{}/={tag}", kind.name()), id)));
    }
    expected.sort();
    assert_eq!(found, expected);
}

/// As many plugins name an anonymous consumer as are counted.
fn audit_counts(entities: &Entities, dump: &Comparable) {
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for name in entities.values().filter_map(|entity| entity.get("config")?.get("anonymous")?.as_str()) {
        *expected.entry(format!("anonymous/={name}")).or_default() += 1;
    }
    let counts = dump.iter().filter(|(key, _)| key.partition.starts_with("anonymous/"));
    let counts: BTreeMap<String, u64> =
        counts.map(|(key, count)| (key.partition.clone(), count.parse().unwrap())).collect();
    assert_eq!(counts, expected);
}

/// Every counter says how many there are, and of what there is none, there is no counter.
fn audit_totals(entities: &Entities, dump: &Comparable) {
    let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut count = |partition: String, sort: &str| {
        *expected.entry((format!("count/{partition}"), sort.to_owned())).or_default() += 1;
    };
    for ((kind, id), entity) in entities {
        let name = kind.name();
        let parents: &[(&str, &str)] = match kind {
            EntityKind::Applications => &[("developers", "developer")],
            EntityKind::ApplicationInstances => &[("applications", "application"), ("services", "service")],
            _ => &[],
        };
        for (parent, field) in parents {
            count(format!("{parent}/{}", entity[*field]["id"].as_str().unwrap()), name);
        }
        if matches!(kind, EntityKind::Developers | EntityKind::Applications) {
            count(name.to_owned(), &id[id.len() - 1..]);
        }
    }
    let counters = dump.iter().filter(|(key, _)| key.partition.starts_with("count/"));
    let found: BTreeMap<(String, String), u64> = counters
        .map(|(key, count)| ((key.partition.clone(), key.sort.clone()), count.parse().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

/// Every contract that waits has a copy, and nothing else.
fn audit_waiting(entities: &Entities, dump: &Comparable) {
    let waits = |kind: EntityKind, contract: &Object| {
        kind == EntityKind::ApplicationInstances && contract["status"] == 1
    };
    let expected: BTreeMap<&str, Object> = entities
        .iter()
        .filter(|((kind, _), entity)| waits(*kind, entity))
        .map(|((_, id), entity)| (id.as_str(), entity.clone()))
        .collect();
    let copies = dump.iter().filter(|(key, _)| key.partition == records::WAITING);
    let found: BTreeMap<&str, Object> =
        copies.map(|(key, copy)| (key.sort.as_str(), serde_json::from_str(copy).unwrap())).collect();
    assert_eq!(found, expected);
}

async fn audit_configuration(records: &Records) {
    let entities = entities(&comparable(records));
    let store = copied(records).await;
    let feed = read_feed(&store, FeedRequest { since: None }, Some(0)).await.unwrap();
    let mut published = Vec::new();
    for (_, packed) in feed.pieces {
        for (kind, entities) in Piece::decode(&packed).unwrap().entities {
            published.extend(entities.into_iter().map(|(id, entity)| (kind, id.to_string(), entity)));
        }
    }
    let named: Vec<&Value> = entities
        .values()
        .filter_map(|entity| entity.get("config")?.get("anonymous").filter(|name| !name.is_null()))
        .collect();
    let mut expected = Vec::new();
    for ((of_kind, id), entity) in &entities {
        let kind = match of_kind {
            EntityKind::Services => ConfigKind::Services,
            EntityKind::Routes => ConfigKind::Routes,
            EntityKind::Plugins => ConfigKind::Plugins,
            EntityKind::Consumers
                if is_true(entity, "enabled")
                    && (named.contains(&&entity["username"]) || named.contains(&&entity["id"])) =>
            {
                ConfigKind::Consumers
            }
            _ => continue,
        };
        expected.push((kind, id.clone(), published_form(*of_kind, entity)));
    }
    let sorted = |mut all: Vec<(ConfigKind, String, Value)>| {
        all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        all
    };
    assert_eq!(sorted(published), sorted(expected));
}

/// The audit's records, the newest first.
pub fn trail(records: &Records) -> Vec<AuditRecord> {
    let records = records.iter().filter(|(key, _)| key.partition == crate::audit::PARTITION);
    records.map(|(_, value)| serde_json::from_slice(value).unwrap()).collect()
}

/// Panics unless the audit tells of each entity of a store, from its first commit on, that it was made once
/// more often than it was deleted if it is there, and as often if it is not; and of nothing twice.
pub fn assert_trail(records: &Records) {
    let mut there: BTreeMap<(String, Uuid), i64> = BTreeMap::new();
    for record in trail(records) {
        for (at, line) in record.changes.iter().enumerate() {
            assert!(!record.changes[..at].contains(line), "{line:?} is told twice");
            let Some(id) = line.entity_id else { continue };
            // Of a back-up that was restored, the audit in it says that it began, and no more.
            if line.entity == super::BACKUPS {
                continue;
            }
            let count = there.entry((line.entity.clone(), id)).or_default();
            *count += i64::from(line.did == "created") - i64::from(line.did == "deleted");
        }
    }
    for key in records.keys() {
        let kind = match key.partition.as_str() {
            "named_token" => "named_tokens",
            partition => match partition.strip_prefix("entity/") {
                Some(kind) => kind,
                None => continue,
            },
        };
        let told = there.remove(&(kind.to_owned(), key.sort.parse().unwrap()));
        assert_eq!(told, Some(1), "{key:?} is there");
    }
    there.retain(|_, count| *count != 0);
    assert!(there.is_empty(), "are not there: {there:?}");
}

/// A call of the registry.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is about.
    pub kind: EntityKind,
    /// The entity's id, also of one to be made.
    pub id: String,
    /// What it does.
    pub verb: Verb,
    /// What it is given; with the id where it makes an entity.
    pub input: Object,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes an entity.
    Create,
    /// Changes parts of one.
    Update,
    /// Makes one, or replaces it whole.
    Replace,
    /// Deletes one.
    Delete,
    /// Gives a credential another key.
    Rotate,
    /// Ends the grace of the key before.
    EndGrace,
}

impl Call {
    /// A call about one of a few entities, so that calls meet.
    pub fn any(random: &SeededRandom) -> Self {
        // Credentials most of all: they are what has a life.
        let kind = match random.next() % 14 {
            9..12 => EntityKind::KeyauthCredentials,
            12.. => EntityKind::Oauth2Credentials,
            number => EntityKind::ALL[number as usize],
        };
        let id = any_id(random, kind);
        let is_replaceable = !matches!(
            kind,
            EntityKind::Applications | EntityKind::Oauth2Credentials | EntityKind::ApplicationInstances
        );
        let is_credential = matches!(kind, EntityKind::KeyauthCredentials | EntityKind::Oauth2Credentials);
        let (verb, input) = match random.next() % if is_credential { 14 } else { 8 } {
            8..13 => (Verb::Rotate, object(json!({"grace_seconds": random.next() % 3 * 2}))),
            13 => (Verb::EndGrace, Object::new()),
            0..4 => {
                let mut input = object(any_input(random, kind));
                input.insert("id".to_owned(), id.clone().into());
                (Verb::Create, input)
            }
            4..6 => (Verb::Update, any_change(random, kind)),
            6 if is_replaceable => (Verb::Replace, object(any_input(random, kind))),
            _ => (Verb::Delete, Object::new()),
        };
        Call { kind, id, verb, input }
    }

    /// Makes the call.
    pub async fn run<S: Store, C: Clock, R: Random>(
        &self,
        registry: &Registry<S, C, R>,
    ) -> Result<(), Error> {
        let path = [Step { kind: self.kind, key: &self.id }];
        match self.verb {
            Verb::Create => registry.create(self.kind, &[], &self.input).await.map(drop),
            Verb::Update => registry.update(&path, &self.input).await.map(drop),
            Verb::Replace => registry.replace(&path, &self.input).await.map(drop),
            Verb::Delete => registry.delete(&path).await,
            Verb::Rotate => registry.rotate(&path, &self.input).await.map(drop),
            Verb::EndGrace => registry.end_grace(&path).await,
        }
    }
}

/// A few entities of each kind, by ids that come again.
fn any_id(random: &SeededRandom, kind: EntityKind) -> String {
    Uuid::from_u128((u128::from(random.next()) % 3 + 1) * 1000 + kind as u128).to_string()
}

fn any_input(random: &SeededRandom, kind: EntityKind) -> Value {
    let refer = |kind| json!({"id": any_id(random, kind)});
    let pick = |choices: &[Value]| choices[(random.next() % choices.len() as u64) as usize].clone();
    let names = [json!("a"), json!("b"), json!("c"), Value::Null];
    let tags = [json!(["s"]), json!(["s", "t"]), json!(["t", "u"]), json!([]), Value::Null];
    match kind {
        EntityKind::Services => json!({"name": pick(&names), "host": "h"}),
        EntityKind::Routes => {
            json!({"name": pick(&names), "paths": ["/"], "service": refer(EntityKind::Services)})
        }
        EntityKind::Consumers => {
            let input = json!({"username": pick(&names), "custom_id": pick(&names), "tags": pick(&tags)});
            with_enabled(random, input, "enabled")
        }
        EntityKind::Plugins => match random.next() % 2 {
            0 => json!({"name": "key-auth", "service": pick(&[refer(EntityKind::Services), Value::Null]),
                "config": {"anonymous": pick(&[json!("a"), json!("b"), json!(any_id(random, EntityKind::Consumers)), Value::Null])}}),
            _ => json!({"name": "application-registration", "service": refer(EntityKind::Services),
                "config": {"display_name": "d", "auto_approve": pick(&[json!(true), json!(false)])}}),
        },
        EntityKind::KeyauthCredentials => {
            let key = format!("k{}", random.next() % 3 + 1);
            let digest = KeySha256::of(key.as_bytes()).to_text();
            let key = pick(&[key.into(), digest.into()]);
            let input = json!({"consumer": refer(EntityKind::Consumers), "key": key, "tags": pick(&tags)});
            with_life(random, input)
        }
        EntityKind::Developers => {
            let email = pick(&[json!("a@b"), json!("b@b"), json!("c@b")]);
            let input = json!({"email": email, "status": random.next() % 4});
            with_enabled(random, input, "applications_enabled")
        }
        EntityKind::Applications => {
            let input = json!({"name": "n", "redirect_uri": "https://e.test", "custom_id": pick(&names),
                "developer": refer(EntityKind::Developers)});
            with_enabled(random, input, "enabled")
        }
        EntityKind::ApplicationInstances => {
            json!({"application": refer(EntityKind::Applications), "service": refer(EntityKind::Services)})
        }
        EntityKind::Oauth2Credentials => {
            let client_id = pick(&[json!("k1"), json!("k4"), json!("k5")]);
            let owner = match random.next() % 2 {
                0 => ("application", EntityKind::Applications),
                _ => ("consumer", EntityKind::Consumers),
            };
            let mut input = json!({"name": "n", "client_id": client_id, "tags": pick(&tags),
                "key_use": pick(&[json!(true), json!(false), Value::Null])});
            input[owner.0] = refer(owner.1);
            with_life(random, input)
        }
    }
}

/// Suspends now and then.
fn with_enabled(random: &SeededRandom, mut input: Value, field: &str) -> Value {
    match random.next() % 4 {
        0 => input[field] = json!(false),
        1 => input[field] = json!(true),
        _ => {}
    }
    input
}

/// A credential that may be suspended, or end soon.
fn with_life(random: &SeededRandom, input: Value) -> Value {
    let mut input = with_enabled(random, input, "enabled");
    match random.next() % 5 {
        0 => input["ttl"] = (random.next() % 4).into(),
        1 => input["expires_at"] = json!(null),
        _ => {}
    }
    input
}

/// Parts of an import, and how it is asked for.
#[derive(Clone, Debug)]
pub struct AnyImport {
    /// The parts.
    pub parts: Vec<Object>,
    /// How it is asked for.
    pub options: ImportOptions,
}

impl AnyImport {
    /// Some of the entities that [`Call::any`] is about, in two parts and any order; most imports have no
    /// fault.
    pub fn any(random: &SeededRandom) -> Self {
        let mut parts = [Vec::new(), Vec::new()];
        for kind in super::IMPORTED {
            for number in (0..3).filter(|_| !random.next().is_multiple_of(12)) {
                let entity = json!({"kind": kind.name(), "entity": any_brought(random, kind, number)});
                let part = &mut parts[(random.next() % 2) as usize];
                part.insert(random.next() as usize % (part.len() + 1), entity);
            }
        }
        let options = ImportOptions {
            parts: 2,
            prune: random.next().is_multiple_of(3),
            dry_run: random.next().is_multiple_of(8),
            select_tags: Vec::new(),
        };
        AnyImport { parts: parts.map(|entities| object(json!({"entities": entities}))).to_vec(), options }
    }

    /// Sends the parts, unless it is known that they have been received, and goes on until it is over.
    /// Answers whether all was done.
    pub async fn run<S: Store, C: Clock, R: Random>(
        &self,
        registry: &Registry<S, C, R>,
        id: Uuid,
        is_received: bool,
    ) -> Result<bool, Error> {
        for (number, part) in (0..).zip(&self.parts).filter(|_| !is_received) {
            registry.receive_part(id, number, part).await?;
        }
        loop {
            match registry.advance_import(id, &self.options).await?.state {
                "done" => return Ok(true),
                "refused" => return Ok(false),
                _ => {}
            }
        }
    }
}

/// The same without what is drawn as it is written: the nonces of seals.
pub fn without_seals(records: Comparable) -> Comparable {
    let without = |text: String| match serde_json::from_str::<Value>(&text) {
        Ok(mut value) if value.get("_sha256").is_some() => {
            value["_sha256"]["sealed"] = Value::Null;
            value.to_string()
        }
        _ => text,
    };
    records.into_iter().map(|(key, text)| (key, without(text))).collect()
}

/// An entity of an import, with an id and a name of its own.
fn any_brought(random: &SeededRandom, kind: EntityKind, number: u64) -> Value {
    let id = |number: u64, kind| Uuid::from_u128((u128::from(number) + 1) * 1000 + kind as u128);
    let refer = |kind| json!({"id": id(random.next() % 3, kind)});
    let name = ["a", "b", "c"][(number % 3) as usize];
    let tags = if random.next().is_multiple_of(2) { json!(["s", "t"]) } else { Value::Null };
    let mut entity = match kind {
        EntityKind::Services => {
            json!({"name": name, "host": format!("h{}", random.next() % 2), "tags": tags})
        }
        EntityKind::Routes => json!({"name": name, "paths": ["/"], "service": refer(EntityKind::Services)}),
        EntityKind::Consumers => json!({"username": name, "tags": tags}),
        EntityKind::Plugins => {
            let service = json!({"id": id(number, EntityKind::Services)});
            json!({"name": "key-auth", "service": service, "config": {"anonymous": name}})
        }
        EntityKind::Oauth2Credentials => {
            let mut client = json!({"consumer": refer(EntityKind::Consumers), "name": name,
                "client_id": format!("c{}", number + 1), "tags": tags});
            if random.next().is_multiple_of(2) {
                client["client_secret"] = json!("short");
            }
            client
        }
        _ => {
            let key = format!("k{}", number + 1);
            let digest = KeySha256::of(key.as_bytes()).to_text();
            let key = if random.next().is_multiple_of(2) { key } else { digest };
            json!({"consumer": refer(EntityKind::Consumers), "key": key, "tags": tags})
        }
    };
    entity["id"] = json!(id(number, kind));
    entity
}

/// What part of an entity is changed at once.
fn any_change(random: &SeededRandom, kind: EntityKind) -> Object {
    let mut input = object(any_input(random, kind));
    if kind == EntityKind::ApplicationInstances {
        return object(json!({"status": random.next() % 4, "suspended": random.next().is_multiple_of(4)}));
    }
    input.retain(|_, _| random.next().is_multiple_of(2));
    if kind == EntityKind::Oauth2Credentials {
        input.retain(|name, _| matches!(name.as_str(), "enabled" | "ttl" | "expires_at" | "key_use"));
        if random.next().is_multiple_of(4) {
            input.insert("tokens_not_before".to_owned(), (random.next() % 3).into());
        }
    }
    if kind == EntityKind::Plugins {
        input.remove("name");
    }
    input
}
