//! Random changes with faults, and an audit of what they leave: every index, copy, grant and piece
//! of configuration follows from the entities.

use super::*;
use crate::feed::{FeedRequest, read_feed};
use crate::registry::Error;
use crate::snapshot::{ConfigKind, Piece};

type Entities = BTreeMap<(EntityKind, String), Object>;

async fn entities(store: &TestStore) -> Entities {
    let mut entities = BTreeMap::new();
    for (key, value) in store.dump().await {
        if let Some(kind) = key.partition.strip_prefix("entity/") {
            let kind = EntityKind::parse(kind).unwrap();
            entities.insert((kind, key.sort), object(serde_json::from_str(&value).unwrap()));
        }
    }
    entities
}

fn referred<'a>(entities: &'a Entities, of: &Object, field: &str, kind: EntityKind) -> &'a Object {
    let id = of[field]["id"].as_str().unwrap().to_owned();
    entities.get(&(kind, id)).unwrap_or_else(|| panic!("{field} of {of:?} dangles"))
}

fn expected_grant(entities: &Entities, kind: EntityKind, credential: &Object) -> Value {
    let application = (kind == EntityKind::Oauth2Credentials)
        .then(|| referred(entities, credential, "application", EntityKind::Applications));
    let (consumer, enabled) = match application {
        Some(application) => {
            let developer = referred(entities, application, "developer", EntityKind::Developers);
            let consumer = json!({"id": application["consumer"]["id"], "username": application["id"],
                "custom_id": application["custom_id"]});
            (consumer, developer["status"] == 0)
        }
        None => {
            let consumer = referred(entities, credential, "consumer", EntityKind::Consumers);
            let consumer = json!({"id": consumer["id"], "username": consumer["username"],
                "custom_id": consumer["custom_id"]});
            (consumer, true)
        }
    };
    let contracts = entities.iter().filter(|((kind, _), contract)| {
        *kind == EntityKind::ApplicationInstances
            && application.is_some_and(|application| contract["application"]["id"] == application["id"])
            && contract["status"] == 0
            && contract["suspended"] == false
    });
    let mut services: Vec<&Value> = contracts.map(|(_, contract)| &contract["service"]["id"]).collect();
    services.sort_by_key(|id| id.as_str());
    json!({"consumer": consumer, "enabled": enabled, "services": services,
        "application": application.map(|application| &application["id"]), "id": credential["id"]})
}

async fn audit(store: &TestStore) {
    let entities = entities(store).await;
    let dump = store.dump().await;
    let mut grants = store.grants().await;
    for ((kind, id), entity) in &entities {
        assert!(!entity.contains_key("_deleting"), "{entity:?}");
        for (field, parent) in kind.schema().references() {
            if entity[field.name].is_null() {
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
            let digest = entity["_digest"].as_str().unwrap();
            let grant = grants
                .remove(&format!("grant/{digest}"))
                .unwrap_or_else(|| panic!("no grant for {entity:?}"));
            let found = json!({"consumer": grant.consumer, "enabled": grant.enabled, "services": grant.service_ids,
                "application": grant.application_id, "id": grant.credential_id});
            assert_eq!(found, expected_grant(&entities, *kind, entity));
            let holder: Value =
                serde_json::from_str(&dump[&RecordKey::new(format!("credential/{digest}"), "")]).unwrap();
            assert_eq!(holder["id"], entity["id"]);
        }
    }
    assert!(grants.is_empty(), "grants of nothing: {grants:?}");
    let copies = dump.keys().filter(|key| key.partition.starts_with("children/")).count();
    let references = entities.iter().map(|((kind, _), entity)| {
        kind.schema().references().filter(|(field, _)| !entity[field.name].is_null()).count()
    });
    assert_eq!(copies, references.sum::<usize>());
    assert!(!dump.keys().any(|key| key.partition == "job"));
    audit_names(&entities, &dump);
    audit_counts(&entities, &dump);
    if !store.ignores_head.load(Ordering::Relaxed) {
        audit_configuration(store, &entities).await;
    }
}

/// Every name leads to who has it.
fn audit_names(entities: &Entities, dump: &BTreeMap<RecordKey, String>) {
    for (key, value) in dump.iter().filter(|(key, _)| key.partition.starts_with("unique/")) {
        let id: String = serde_json::from_str(value).unwrap();
        let mut path = key.partition.split('/').skip(1);
        let (kind, field) = (EntityKind::parse(path.next().unwrap()).unwrap(), path.next().unwrap());
        let application = entities.iter().any(|((kind, _), entity)| {
            *kind == EntityKind::Applications && entity["consumer"]["id"] == json!(id)
        });
        let entity = entities.get(&(kind, id.clone()));
        assert!(entity.is_some() || application, "{key:?} leads to {id}");
        if let Some(entity) = entity.filter(|_| field != "@together") {
            assert_eq!(key.sort, format!("={}", entity[field].as_str().unwrap()));
        }
    }
}

/// As many plugins name an anonymous consumer as are counted.
fn audit_counts(entities: &Entities, dump: &BTreeMap<RecordKey, String>) {
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for name in entities.values().filter_map(|entity| entity.get("config")?.get("anonymous")?.as_str()) {
        *expected.entry(format!("anonymous/={name}")).or_default() += 1;
    }
    let counts = dump.iter().filter(|(key, _)| key.partition.starts_with("anonymous/"));
    let counts: BTreeMap<String, u64> =
        counts.map(|(key, count)| (key.partition.clone(), count.parse().unwrap())).collect();
    assert_eq!(counts, expected);
}

async fn audit_configuration(store: &TestStore, entities: &Entities) {
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
    for ((kind, id), entity) in entities {
        let kind = match kind {
            EntityKind::Services => ConfigKind::Services,
            EntityKind::Routes => ConfigKind::Routes,
            EntityKind::Plugins => ConfigKind::Plugins,
            EntityKind::Consumers
                if named.contains(&&entity["username"]) || named.contains(&&entity["id"]) =>
            {
                ConfigKind::Consumers
            }
            _ => continue,
        };
        expected.push((kind, id.clone(), json!(entity)));
    }
    let sorted = |mut all: Vec<(ConfigKind, String, Value)>| {
        all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        all
    };
    assert_eq!(sorted(published), sorted(expected));
}

/// A few entities of each kind, by ids that come again.
fn any_id(random: &SeededRandom, kind: EntityKind) -> String {
    Uuid::from_u128((u128::from(random.next()) % 3 + 1) * 1000 + kind as u128).to_string()
}

fn any_input(random: &SeededRandom, kind: EntityKind) -> Value {
    let refer = |kind| json!({"id": any_id(random, kind)});
    let pick = |choices: &[Value]| choices[(random.next() % choices.len() as u64) as usize].clone();
    let names = [json!("a"), json!("b"), json!("c"), Value::Null];
    match kind {
        EntityKind::Services => json!({"name": pick(&names), "host": "h"}),
        EntityKind::Routes => {
            json!({"name": pick(&names), "paths": ["/"], "service": refer(EntityKind::Services)})
        }
        EntityKind::Consumers => json!({"username": pick(&names), "custom_id": pick(&names)}),
        EntityKind::Plugins => match random.next() % 2 {
            0 => json!({"name": "key-auth", "service": pick(&[refer(EntityKind::Services), Value::Null]),
                "config": {"anonymous": pick(&[json!("a"), json!("b"), json!(any_id(random, EntityKind::Consumers)), Value::Null])}}),
            _ => json!({"name": "application-registration", "service": refer(EntityKind::Services),
                "config": {"display_name": "d", "auto_approve": pick(&[json!(true), json!(false)])}}),
        },
        EntityKind::KeyauthCredentials => {
            json!({"consumer": refer(EntityKind::Consumers), "key": pick(&[json!("k1"), json!("k2"), json!("k3")])})
        }
        EntityKind::Developers => {
            json!({"email": pick(&[json!("a@b"), json!("b@b"), json!("c@b")]), "status": random.next() % 4})
        }
        EntityKind::Applications => {
            json!({"name": "n", "redirect_uri": "https://e.test", "custom_id": pick(&names),
            "developer": refer(EntityKind::Developers)})
        }
        EntityKind::ApplicationInstances => {
            json!({"application": refer(EntityKind::Applications), "service": refer(EntityKind::Services)})
        }
        EntityKind::Oauth2Credentials => json!({"application": refer(EntityKind::Applications),
            "client_id": pick(&[json!("k1"), json!("k4"), json!("k5")])}),
    }
}

/// What part of an entity is changed at once.
fn any_change(random: &SeededRandom, kind: EntityKind) -> Object {
    let mut input = object(any_input(random, kind));
    if kind == EntityKind::ApplicationInstances {
        return object(json!({"status": random.next() % 4, "suspended": random.next().is_multiple_of(4)}));
    }
    input.retain(|_, _| random.next().is_multiple_of(2));
    if kind == EntityKind::Plugins {
        input.remove("name");
    }
    input
}

async fn any_step(registry: &TestRegistry<'_>, random: &SeededRandom) -> Result<(), Error> {
    let kind = EntityKind::ALL[(random.next() % 9) as usize];
    let key = any_id(random, kind);
    let path = [step(kind, &key)];
    match random.next() % 8 {
        0..4 => {
            let mut input = object(any_input(random, kind));
            input.insert("id".to_owned(), key.clone().into());
            registry.create(kind, &[], &input).await.map(|_| ())
        }
        4..6 => registry.update(&path, &any_change(random, kind)).await.map(|_| ()),
        6 if !matches!(
            kind,
            EntityKind::Applications | EntityKind::Oauth2Credentials | EntityKind::ApplicationInstances
        ) =>
        {
            registry.replace(&path, &object(any_input(random, kind))).await.map(|_| ())
        }
        _ => registry.delete(&path).await,
    }
}

#[tokio::test]
async fn random_changes_leave_a_consistent_store() {
    let mut done = 0;
    for seed in 0..12 {
        let store = TestStore::default();
        let registry = open(&store, 1000 + seed).await;
        let random = SeededRandom::new(seed);
        for number in 0..150 {
            match random.next() % 6 {
                0 => store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
                1 => store.die_in(1 + (random.next() % 2) as i64, random.next().is_multiple_of(2)),
                _ => {}
            }
            let outcome = any_step(&registry, &random).await;
            done += usize::from(outcome.is_ok());
            let broken = matches!(&outcome, Err(Error::Store(StoreError::Failed(_)) | Error::Busy));
            assert!(!broken, "seed {seed}, step {number}: {outcome:?}");
            store.revive();
            registry.resume_jobs().await.unwrap();
            if number % 10 == 9 {
                audit(&store).await;
            }
        }
    }
    assert!(done > 500, "only {done} changes were made");
}

/// Three at a time, each deciding on what the others are about to change; also when publications
/// do not wait for each other.
#[tokio::test]
async fn concurrent_random_changes_leave_a_consistent_store() {
    let mut done = 0;
    for seed in 100..124 {
        let store = TestStore::default();
        store.ignores_head.store(seed % 2 == 0, Ordering::Relaxed);
        let (a, b, c) =
            (open(&store, seed).await, open(&store, seed + 500).await, open(&store, seed + 900).await);
        let random = SeededRandom::new(seed);
        for number in 0..80 {
            let outcomes = tokio::join!(any_step(&a, &random), any_step(&b, &random), any_step(&c, &random));
            for outcome in [outcomes.0, outcomes.1, outcomes.2] {
                done += usize::from(outcome.is_ok());
                let broken = matches!(&outcome, Err(Error::Store(_) | Error::Busy));
                assert!(!broken, "seed {seed}, step {number}: {outcome:?}");
            }
            if number % 5 == 4 {
                audit(&store).await;
            }
        }
    }
    assert!(done > 500, "only {done} changes were made");
}
