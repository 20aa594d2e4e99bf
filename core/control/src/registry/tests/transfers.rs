//! Applications that go to another developer.

use super::*;
use crate::registry::Error;
use latchkey_published::limits;

/// Two approved developers, and an application of the first with a key and an approved contract.
async fn world(store: &TestStore) -> (TestRegistry<'_>, [String; 2], String) {
    let registry = open(store, 1).await;
    with_applications(&registry, &[2]).await;
    let second = make(&registry, EntityKind::Developers, json!({"email": "c@d", "status": 0})).await;
    let first = registry.find_by(EntityKind::Developers, "email", "a@b").await.unwrap().unwrap();
    let applications = registry.list(EntityKind::Applications, &[], crate::registry::PageRequest::default());
    let application = id(&applications.await.unwrap().data[0]);
    (registry, [id(&first), id(&second)], application)
}

fn path<'a>(developer: &'a str, application: &'a str) -> [Step<'a>; 2] {
    [step(EntityKind::Developers, developer), step(EntityKind::Applications, application)]
}

fn uuid(text: &str) -> Uuid {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_application_that_is_accepted_keeps_its_keys_and_contracts() {
    let store = TestStore::default();
    let (registry, [first, second], application) = world(&store).await;
    let before = grant(&store, "key-0-1").await.unwrap();
    let accept = |developer: &str| registry.accept_application(uuid(&application), uuid(developer));
    assert_eq!(accept(&second).await, Err(Error::NotFound), "not offered");
    registry.offer_application(&path(&first, &application), "c@d").await.unwrap();
    assert_eq!(accept(&first).await, Err(Error::NotFound), "not offered to its own developer");
    let next = store.commits.load(Ordering::Relaxed) + 1;
    store.reply_lost_at.store(next, Ordering::Relaxed);
    let accepted = accept(&second).await.unwrap();
    assert_eq!((&accepted["developer"]["id"], accepted.contains_key("_offer")), (&json!(second), false));
    let after = grant(&store, "key-0-1").await.unwrap();
    assert_eq!(Grant { epoch: 0, ..after }, Grant { epoch: 0, ..before });
    assert_eq!(registry.read(&path(&first, &application)).await, Err(Error::NotFound));
    assert!(registry.read(&path(&second, &application)).await.is_ok());
    assert_eq!(accept(&second).await, Err(Error::NotFound), "once");
    testing::audit(&store.records()).await;
    testing::assert_trail(&store.records());
}

#[tokio::test]
async fn an_offer_is_to_one_and_ends() {
    let store = TestStore::default();
    let (registry, [first, second], application) = world(&store).await;
    let accept = || registry.accept_application(uuid(&application), uuid(&second));
    let offer = |email| {
        let own = path(&first, &application).to_vec();
        let registry = &registry;
        async move { registry.offer_application(&own, email).await.unwrap() }
    };
    offer("c@d").await;
    offer("nobody@d").await;
    assert_eq!(accept().await, Err(Error::NotFound), "the last offer counts, also if it is to nobody");
    offer("c@d").await;
    patch(&registry, EntityKind::Applications, &application, json!({"name": "other"})).await;
    registry.clock().advance(limits::TRANSFER_OFFER_MS);
    assert_eq!(accept().await, Err(Error::NotFound), "too late");
    offer("c@d").await;
    let third = make(&registry, EntityKind::Developers, json!({"email": "e@f", "status": 0})).await;
    let moved = json!({"developer": {"id": id(&third)}});
    patch(&registry, EntityKind::Applications, &application, moved).await;
    assert_eq!(accept().await, Err(Error::NotFound), "it is another's by now");
    let refused = registry.offer_application(&path(&first, &application), "c@d").await;
    assert_eq!(refused, Err(Error::NotFound), "not one's own");
    testing::audit(&store.records()).await;
}

/// As the first program with offers stored them (`core/published/golden`): to somebody, and to nobody.
#[tokio::test]
async fn offers_are_stored_in_the_form_that_programs_read() {
    let golden = include_str!("../../../../published/golden/1/entity-applications-offered.jsonl");
    let golden: Vec<Object> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let [from, to] = ["from", "to"].map(|side| golden[0]["_offer"][side].clone());
    for (id, email) in [(&from, "a@b"), (&to, "c@d")] {
        make(&registry, EntityKind::Developers, json!({"id": id, "email": email, "status": 0})).await;
    }
    let application = json!({"id": golden[0]["id"], "name": "shop", "redirect_uri": "https://shop.example/",
        "developer": {"id": from}});
    let application = id(&make(&registry, EntityKind::Applications, application).await);
    let key = RecordKey::new("entity/applications", &application);
    let stored = || -> Object { serde_json::from_slice(&store.records()[&key]).unwrap() };
    let own = path(from.as_str().unwrap(), &application);
    for (email, golden) in ["c@d", "nobody@d"].into_iter().zip(&golden) {
        registry.offer_application(&own, email).await.unwrap();
        let consumer = stored()["consumer"].clone();
        assert_eq!(
            stored(),
            Object::from_iter(golden.clone().into_iter().chain([("consumer".to_owned(), consumer)]))
        );
    }
    let accept = || registry.accept_application(uuid(&application), uuid(to.as_str().unwrap()));
    for (golden, is_taken) in golden.iter().zip([true, false]).rev() {
        let mut application = stored();
        application.insert("_offer".to_owned(), golden["_offer"].clone());
        let mut records = store.records();
        records.insert(key.clone(), serde_json::to_vec(&application).unwrap());
        store.replace(&records).await;
        assert_eq!(accept().await.is_ok(), is_taken, "{golden:?}");
    }
}

/// An administrator asks nobody.
#[tokio::test]
async fn an_administrator_moves_an_application() {
    let store = TestStore::default();
    let (registry, [first, second], application) = world(&store).await;
    patch(&registry, EntityKind::Developers, &second, json!({"status": 3})).await;
    let moved = json!({"developer": {"id": second}});
    patch(&registry, EntityKind::Applications, &application, moved).await;
    assert!(!grant(&store, "key-0-1").await.unwrap().enabled, "its developer is revoked");
    let back = json!({"developer": {"id": first}});
    patch(&registry, EntityKind::Applications, &application, back).await;
    assert!(grant(&store, "key-0-1").await.unwrap().enabled);
    testing::audit(&store.records()).await;
}
