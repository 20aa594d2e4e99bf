//! What the data plane is told.

use super::*;
use crate::registry::entity_transaction::published as as_published;
use latchkey_published::feed::{FeedReply, FeedRequest};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use latchkey_store::feed::read_feed;

pub(super) async fn feed(store: &TestStore, since: Option<u64>) -> FeedReply {
    read_feed(&store, FeedRequest { since }, Some(0)).await.unwrap()
}

/// Entities of a kind in the published configuration, by id.
async fn published(store: &TestStore, kind: ConfigKind) -> BTreeMap<Uuid, Value> {
    let mut all = BTreeMap::new();
    for (_, packed) in feed(store, None).await.pieces {
        let mut piece = Piece::decode(&packed).unwrap();
        all.extend(piece.entities.remove(&kind).unwrap_or_default());
    }
    all
}

async fn settings(store: &TestStore) -> WorkspaceSettings {
    let pieces = feed(store, None).await.pieces;
    let (_, packed) = pieces.iter().find(|(id, _)| *id == PieceId::SETTINGS).unwrap();
    Piece::decode(packed).unwrap().settings.unwrap()
}

#[tokio::test]
async fn configuration_follows_services_routes_and_plugins() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let service = make(&registry, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    let route =
        make(&registry, EntityKind::Routes, json!({"paths": ["/"], "service": {"id": id(&service)}})).await;
    let plugin = make(&registry, EntityKind::Plugins, json!({"name": "key-auth"})).await;
    assert_eq!(published(&store, ConfigKind::Services).await[&uuid(&service)], json!(service));
    assert_eq!(published(&store, ConfigKind::Routes).await[&uuid(&route)], json!(route));
    assert_eq!(
        published(&store, ConfigKind::Plugins).await[&uuid(&plugin)],
        as_published(EntityKind::Plugins, &plugin)
    );
    let plugin = patch(&registry, EntityKind::Plugins, &id(&plugin), json!({"enabled": false})).await;
    assert_eq!(
        published(&store, ConfigKind::Plugins).await[&uuid(&plugin)],
        as_published(EntityKind::Plugins, &plugin)
    );
    registry.delete(&[step(EntityKind::Routes, &id(&route))]).await.unwrap();
    registry.delete(&[step(EntityKind::Services, "s")]).await.unwrap();
    assert!(published(&store, ConfigKind::Routes).await.is_empty());
    assert!(published(&store, ConfigKind::Services).await.is_empty());
}

#[tokio::test]
async fn tag_keys_and_imported_keys_are_told() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let before = settings(&store).await;
    let tags = [Pepper::new(b"pepper"), Pepper::new(b"before")];
    assert_eq!(
        before.tag_keys,
        tags.map(|pepper| latchkey_published::keys::hex(&pepper.tag_key().to_bytes()))
    );
    let epoch = feed(&store, None).await.epoch;
    open(&store, 2).await;
    assert_eq!(feed(&store, None).await.epoch, epoch, "opening again changes nothing");
    let bob = make(&registry, EntityKind::Consumers, json!({"username": "bob"})).await;
    make(&registry, EntityKind::KeyauthCredentials, json!({"consumer": {"id": id(&bob)}})).await;
    assert!(!settings(&store).await.has_imported_keys);
    make(&registry, EntityKind::KeyauthCredentials, json!({"consumer": {"id": id(&bob)}, "key": "own"}))
        .await;
    assert!(settings(&store).await.has_imported_keys);
}

#[tokio::test]
async fn every_change_of_a_key_is_told() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let bob = make(&registry, EntityKind::Consumers, json!({"username": "bob", "custom_id": "7"})).await;
    let credential = json!({"consumer": {"id": id(&bob)}, "key": "one", "ttl": 5});
    let credential = make(&registry, EntityKind::KeyauthCredentials, credential).await;
    let first = grant(&store, "one").await.unwrap();
    assert_eq!(first.consumer.username.as_deref(), Some("bob"));
    assert_eq!(first.expires_at_ms, Some(START_MS + 5000));
    assert!(first.enabled && first.application_id.is_none());
    let changes = feed(&store, Some(first.epoch - 1)).await.changes;
    assert_eq!(changes.last().unwrap().digests, [digest("one")]);

    patch(&registry, EntityKind::Consumers, "bob", json!({"username": "rob"})).await;
    assert_eq!(grant(&store, "one").await.unwrap().consumer.username.as_deref(), Some("rob"));
    patch(&registry, EntityKind::KeyauthCredentials, &id(&credential), json!({"key": "two"})).await;
    assert_eq!(grant(&store, "one").await, None);
    let second = grant(&store, "two").await.unwrap();
    let changes = feed(&store, Some(second.epoch - 1)).await.changes;
    let mut told = changes.last().unwrap().digests.clone();
    told.sort();
    let mut expected = [digest("one"), digest("two")];
    expected.sort();
    assert_eq!(told, expected);
    registry.delete(&[step(EntityKind::Consumers, "rob")]).await.unwrap();
    assert_eq!(grant(&store, "two").await, None);
    assert!(store.dump().await.keys().all(|key| !key.partition.starts_with("entity")), "all is gone");
}

/// A replica that has not been written to cannot show an older grant of a key that was made.
#[tokio::test]
async fn changes_say_which_keys_they_made() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let bob = make(&registry, EntityKind::Consumers, json!({"username": "bob"})).await;
    let last = async || {
        let change = feed(&store, None).await.changes.pop().unwrap();
        let (replaced, made) = change.replaced_and_made();
        (replaced.to_vec(), made.to_vec())
    };
    let own = |key: &str| json!({"consumer": {"id": id(&bob)}, "key": key});
    let mut ends = own("one");
    ends["ttl"] = json!(1);
    let made = make(&registry, EntityKind::KeyauthCredentials, ends).await;
    assert_eq!(last().await, (vec![], vec![digest("one")]));
    patch(&registry, EntityKind::KeyauthCredentials, &id(&made), json!({"tags": ["a"]})).await;
    assert_eq!(last().await, (vec![digest("one")], vec![]));
    // It has ended, and its grant is still there when the key is given again.
    registry.clock().advance(1_000);
    let again = make(&registry, EntityKind::KeyauthCredentials, own("one")).await;
    assert_eq!(last().await, (vec![digest("one")], vec![]));
    patch(&registry, EntityKind::KeyauthCredentials, &id(&again), json!({"key": "two"})).await;
    assert_eq!(last().await, (vec![digest("one")], vec![digest("two")]));
    registry.delete(&[step(EntityKind::KeyauthCredentials, &id(&again))]).await.unwrap();
    assert_eq!(last().await, (vec![digest("two")], vec![]));
    make(&registry, EntityKind::KeyauthCredentials, own("two")).await;
    assert_eq!(last().await, (vec![], vec![digest("two")]), "nothing was there any more");
}

#[tokio::test]
async fn grants_of_an_application_follow_contracts_and_developer() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[2]).await;
    let service = registry.read(&[step(EntityKind::Services, "s")]).await.unwrap();
    let contracts = registry.list(EntityKind::ApplicationInstances, &[], Default::default()).await.unwrap();
    let contract = id(&contracts.data[0]);
    let allowed = |grant: &Grant| (grant.enabled, grant.service_ids.clone());
    let check = async |enabled, services: &[Uuid]| {
        let grants = store.grants().await;
        assert_eq!(grants.len(), 2);
        for grant in grants.values() {
            assert_eq!(allowed(grant), (enabled, services.to_vec()));
        }
    };
    let on = [uuid(&service)];
    check(true, &on).await;
    for (kind, key, change, enabled, services) in [
        (EntityKind::ApplicationInstances, contract.as_str(), json!({"suspended": true}), true, &[][..]),
        (EntityKind::ApplicationInstances, &contract, json!({"suspended": false}), true, &on),
        (EntityKind::ApplicationInstances, &contract, json!({"status": 3}), true, &[]),
        (EntityKind::Developers, "a@b", json!({"status": 3}), false, &[]),
        (EntityKind::ApplicationInstances, &contract, json!({"status": 0}), false, &on),
        (EntityKind::Developers, "a@b", json!({"status": 0}), true, &on),
        (EntityKind::Developers, "a@b", json!({"status": 2}), false, &on),
        (EntityKind::Developers, "a@b", json!({"status": 0}), true, &on),
    ] {
        patch(&registry, kind, key, change).await;
        check(enabled, services).await;
    }
    let application = registry.list(EntityKind::Applications, &[], Default::default()).await.unwrap();
    patch(&registry, EntityKind::Applications, &id(&application.data[0]), json!({"custom_id": "c9"})).await;
    let grants = store.grants().await;
    assert!(grants.values().all(|grant| grant.consumer.custom_id.as_deref() == Some("c9")));
    registry.delete(&[step(EntityKind::ApplicationInstances, &contract)]).await.unwrap();
    check(true, &[]).await;
}

#[tokio::test]
async fn anonymous_consumers_are_published_while_they_are_named() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let names = async || {
        let consumers = published(&store, ConfigKind::Consumers).await;
        consumers
            .values()
            .map(|consumer| consumer["username"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let by_name = json!({"name": "key-auth", "config": {"anonymous": "anna"}});
    let by_name = make(&registry, EntityKind::Plugins, by_name).await;
    assert!(names().await.is_empty());
    let anna = make(&registry, EntityKind::Consumers, json!({"username": "anna"})).await;
    assert_eq!(names().await, ["anna"]);
    let service = make(&registry, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    let by_id = json!({"name": "key-auth", "service": {"id": id(&service)},
        "config": {"anonymous": id(&anna).to_uppercase()}});
    make(&registry, EntityKind::Plugins, by_id).await;
    patch(&registry, EntityKind::Plugins, &id(&by_name), json!({"config": {"anonymous": null}})).await;
    assert_eq!(names().await, ["anna"], "still named by its id");
    patch(&registry, EntityKind::Consumers, "anna", json!({"username": "anne"})).await;
    assert_eq!(names().await, ["anne"]);
    registry.delete(&[step(EntityKind::Services, "s")]).await.unwrap();
    assert!(names().await.is_empty(), "the plugin went with its service");
    patch(&registry, EntityKind::Plugins, &id(&by_name), json!({"config": {"anonymous": "anne"}})).await;
    assert_eq!(names().await, ["anne"]);
    patch(&registry, EntityKind::Consumers, "anne", json!({"username": "other"})).await;
    assert!(names().await.is_empty(), "no longer of the name that is named");
    patch(&registry, EntityKind::Consumers, "other", json!({"username": "anne"})).await;
    registry.delete(&[step(EntityKind::Consumers, "anne")]).await.unwrap();
    assert!(names().await.is_empty());
    assert!(!store.dump().await.keys().any(|key| key.partition == "anonymous/"));
}
