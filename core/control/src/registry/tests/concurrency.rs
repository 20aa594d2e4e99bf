//! Changes that come between each other.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::registry::Error;

/// Runs `other` just before the first commit that comes after it is armed.
pub(super) struct Interrupted<'s, F> {
    store: &'s TestStore,
    armed: AtomicBool,
    other: F,
}

impl<F: AsyncFn()> Store for Interrupted<'_, F> {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        self.store.get(key).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        if self.armed.swap(false, Ordering::Relaxed) {
            (self.other)().await;
        }
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

pub(super) async fn interrupted<F: AsyncFn()>(
    store: &TestStore,
    other: F,
) -> Registry<Interrupted<'_, F>, ManualClock, SeededRandom> {
    let store = Interrupted { store, armed: false.into(), other };
    let registry =
        Registry::open(store, ManualClock::at(START_MS), SeededRandom::new(50), peppers()).await.unwrap();
    registry.store().armed.store(true, Ordering::Relaxed);
    registry
}

#[tokio::test]
async fn name_taken_in_between_is_refused() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    let second = interrupted(&store, async || {
        make(&first, EntityKind::Consumers, json!({"username": "bob"})).await;
    });
    let refused = second.await.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await;
    assert!(matches!(refused, Err(Error::NotUnique(_))), "{refused:?}");
}

#[tokio::test]
async fn parent_deleted_in_between_is_missed() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 0).await;
    let second = interrupted(&store, async || {
        first.delete(&[step(EntityKind::Consumers, "bob")]).await.unwrap();
    });
    let scope = [step(EntityKind::Consumers, "bob")];
    let refused = second.await.create(EntityKind::KeyauthCredentials, &scope, &Object::new()).await;
    assert_eq!(refused, Err(Error::NotFound));
    assert!(store.grants().await.is_empty());
}

#[tokio::test]
async fn child_added_in_between_goes_along() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 2).await;
    let second = interrupted(&store, async || {
        first
            .create(EntityKind::KeyauthCredentials, &[step(EntityKind::Consumers, "bob")], &Object::new())
            .await
            .unwrap();
    });
    second.await.delete(&[step(EntityKind::Consumers, "bob")]).await.unwrap();
    assert!(store.grants().await.is_empty());
}

#[tokio::test]
async fn route_added_in_between_keeps_its_service() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    let service = make(&first, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    let second = interrupted(&store, async || {
        make(&first, EntityKind::Routes, json!({"paths": ["/"], "service": {"id": id(&service)}})).await;
    });
    let refused = second.await.delete(&[step(EntityKind::Services, "s")]).await;
    assert!(matches!(refused, Err(Error::Referenced { .. })), "{refused:?}");
}

/// Approving a contract while the developer is stopped, and the other way round: whichever comes
/// first, the keys end up disabled.
#[tokio::test]
async fn grants_never_keep_a_state_that_has_gone() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_applications(&first, &[3]).await;
    let contracts = first.list(EntityKind::ApplicationInstances, &[], Default::default()).await.unwrap();
    let contract = id(&contracts.data[0]);
    let second = interrupted(&store, async || {
        patch(&first, EntityKind::Developers, "a@b", json!({"status": 3})).await;
    });
    let path = [step(EntityKind::ApplicationInstances, contract.as_str())];
    second.await.update(&path, &object(json!({"suspended": true}))).await.unwrap();
    for grant in store.grants().await.values() {
        assert!(!grant.enabled && grant.service_ids.is_empty());
    }
    let third = interrupted(&store, async || {
        patch(&first, EntityKind::ApplicationInstances, &contract, json!({"status": 3, "suspended": false}))
            .await;
    });
    third.await.update(&[step(EntityKind::Developers, "a@b")], &object(json!({"status": 0}))).await.unwrap();
    for grant in store.grants().await.values() {
        assert!(grant.enabled && grant.service_ids.is_empty());
    }
}

/// A credential made while a consumer is renamed has the new name.
#[tokio::test]
async fn key_made_during_a_renaming_has_the_new_name() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 1).await;
    let second = interrupted(&store, async || {
        patch(&first, EntityKind::Consumers, "bob", json!({"username": "rob"})).await;
    });
    let bob = first.read(&[step(EntityKind::Consumers, "bob")]).await.unwrap();
    let scope = id(&bob);
    let scope = [step(EntityKind::Consumers, &scope)];
    second.await.create(EntityKind::KeyauthCredentials, &scope, &Object::new()).await.unwrap();
    let grants = store.grants().await;
    assert_eq!(grants.len(), 2);
    assert!(grants.values().all(|grant| grant.consumer.username.as_deref() == Some("rob")));
}

/// Both keys of a credential that is rotated while its consumer is suspended are suspended.
#[tokio::test]
async fn keys_rotated_during_a_suspension_are_suspended() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 1).await;
    let second = interrupted(&store, async || {
        patch(&first, EntityKind::Consumers, "bob", json!({"enabled": false})).await;
    });
    let path = [step(EntityKind::KeyauthCredentials, "key-0")];
    second.await.rotate(&path, &object(json!({"grace_seconds": 60}))).await.unwrap();
    let grants = store.grants().await;
    assert_eq!(grants.len(), 2);
    assert!(grants.values().all(|grant| !grant.enabled));
}

/// Two rotations at once: one is made, and the other finds a key in its grace.
#[tokio::test]
async fn a_credential_is_rotated_by_one_at_a_time() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 1).await;
    let id = id(&first.read(&[step(EntityKind::KeyauthCredentials, "key-0")]).await.unwrap());
    let path = [step(EntityKind::KeyauthCredentials, &id)];
    let grace = object(json!({"grace_seconds": 60}));
    let second = interrupted(&store, async || {
        first.rotate(&path, &grace).await.unwrap();
    });
    let refused = second.await.rotate(&path, &grace).await;
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
    assert_eq!(store.grants().await.len(), 2);
}

/// A key that is brought while it is rotated away is refused for its grace.
#[tokio::test]
async fn a_key_brought_while_it_is_rotated_is_in_its_grace() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_keys(&first, 1).await;
    let made = first.read(&[step(EntityKind::KeyauthCredentials, "key-0")]).await.unwrap();
    let second = interrupted(&store, async || {
        let path = [step(EntityKind::KeyauthCredentials, "key-0")];
        first.rotate(&path, &object(json!({"grace_seconds": 60}))).await.unwrap();
    });
    let id = id(&made);
    let path = [step(EntityKind::Consumers, "bob"), step(EntityKind::KeyauthCredentials, &id)];
    let refused = second.await.replace(&path, &object(json!({"key": "key-0"}))).await;
    assert!(matches!(refused, Err(Error::NotUnique(_))), "{refused:?}");
}

/// An application's keys stay within their bound when two rotations would each keep it.
#[tokio::test]
async fn rotations_at_once_stay_within_what_an_application_may_have() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    with_applications(&first, &[latchkey_published::limits::APPLICATION_KEYS_MAX - 1]).await;
    let kind = EntityKind::Oauth2Credentials;
    let list = client_ids(&first).await;
    let [one, other] = [id(&list[0]), id(&list[1])];
    let grace = object(json!({"grace_seconds": 60}));
    let second = interrupted(&store, async || {
        first.rotate(&[step(kind, &one)], &grace).await.unwrap();
    });
    let refused = second.await.rotate(&[step(kind, &other)], &grace).await;
    assert!(matches!(refused, Err(Error::Schema(_))), "{refused:?}");
}

/// A consumer made while a plugin comes to name it is published.
#[tokio::test]
async fn anonymous_consumer_made_in_between_is_published() {
    let store = TestStore::default();
    let first = open(&store, 1).await;
    let second = interrupted(&store, async || {
        make(&first, EntityKind::Consumers, json!({"username": "anna"})).await;
    });
    let plugin = json!({"name": "key-auth", "config": {"anonymous": "anna"}});
    second.await.create(EntityKind::Plugins, &[], &object(plugin)).await.unwrap();
    let feed = latchkey_store::feed::read_feed(
        &&store,
        latchkey_published::feed::FeedRequest { since: None },
        Some(0),
    )
    .await
    .unwrap();
    let pieces =
        feed.pieces.iter().map(|(_, packed)| latchkey_published::snapshot::Piece::decode(packed).unwrap());
    let consumers = pieces
        .filter(|piece| piece.entities.contains_key(&latchkey_published::snapshot::ConfigKind::Consumers));
    assert_eq!(consumers.count(), 1);
}

#[tokio::test]
async fn endless_conflicts_end() {
    struct Never<'s>(&'s TestStore, AtomicBool);
    impl Store for Never<'_> {
        async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
            self.0.get(key).await
        }
        async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
            if self.1.load(Ordering::Relaxed) { Ok(Commit::Conflict) } else { self.0.commit(batch).await }
        }
        async fn scan(&self, _: &str, _: &str, _: Option<&str>, _: usize) -> Result<Page, StoreError> {
            Ok(Page::default())
        }
        async fn scan_all(&self, _: Option<&RecordKey>, _: usize) -> Result<AllPage, StoreError> {
            Ok(AllPage::default())
        }
    }
    let store = TestStore::default();
    let store = Never(&store, false.into());
    let registry =
        Registry::open(store, ManualClock::at(START_MS), SeededRandom::new(1), peppers()).await.unwrap();
    registry.store().1.store(true, Ordering::Relaxed);
    let refused = registry.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await;
    assert_eq!(refused, Err(Error::Busy));
}
