//! Asking for access, again and again, and what is open.

use super::*;
use crate::registry::{Error, PageRequest};
use crate::schema::Input;

/// A service of this name that takes applications, and an approved developer with one.
struct World<'s> {
    registry: TestRegistry<'s>,
    developer: String,
    application: String,
}

impl<'s> World<'s> {
    async fn over(store: &'s TestStore) -> Self {
        let registry = open(store, 1).await;
        let developer = make(&registry, EntityKind::Developers, json!({"email": "a@b", "status": 0})).await;
        let developer = id(&developer);
        let application = application_of(&registry, &developer).await;
        World { registry, developer, application }
    }

    async fn service(&self, name: &str, auto_approve: bool) -> String {
        let service = make(&self.registry, EntityKind::Services, json!({"name": name, "host": "a"})).await;
        self.open(&id(&service), name, auto_approve).await;
        id(&service)
    }

    /// Opens a service for applications.
    async fn open(&self, service: &str, name: &str, auto_approve: bool) {
        let plugin = json!({"name": "application-registration", "service": {"id": service},
            "config": {"display_name": name.to_uppercase(), "auto_approve": auto_approve}});
        make(&self.registry, EntityKind::Plugins, plugin).await;
    }

    async fn ask(&self, application: &str, input: Value) -> Result<Object, Error> {
        let path =
            [step(EntityKind::Developers, &self.developer), step(EntityKind::Applications, application)];
        self.registry.ask_access(&path, Input::Object(&object(input))).await
    }

    async fn decide(&self, contract: &Object, changes: Value) -> Object {
        patch(&self.registry, EntityKind::ApplicationInstances, &id(contract), changes).await
    }

    async fn delete(&self, contract: &Object) {
        let path = [step(EntityKind::ApplicationInstances, contract["id"].as_str().unwrap())];
        self.registry.delete(&path).await.unwrap();
    }
}

async fn application_of(registry: &TestRegistry<'_>, developer: &str) -> String {
    let application =
        json!({"name": "app", "redirect_uri": "https://e.test", "developer": {"id": developer}});
    id(&make(registry, EntityKind::Applications, application).await)
}

/// What a contract shows of what was said about it.
fn told(contract: &Object) -> Value {
    json!([contract["status"], contract["note"], contract["reason"]])
}

#[tokio::test]
async fn a_rejected_pair_may_be_asked_for_again() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let service = world.service("s", false).await;
    let asked = json!({"service": {"id": service}, "note": "please"});
    let first = world.ask(&world.application, asked.clone()).await.unwrap();
    assert_eq!(told(&first), json!([1, "please", null]));
    // By name, as anywhere.
    let again = json!({"service": {"name": "s"}, "note": "pretty please"});
    let refused = Error::NotUnique(Object::from_iter([(
        "composite_id".to_owned(),
        format!("{}_{service}", world.application).into(),
    )]));
    assert_eq!(world.ask(&world.application, again.clone()).await, Err(refused.clone()));
    let rejected = world.decide(&first, json!({"status": 2, "reason": "who are you?"})).await;
    assert_eq!(told(&rejected), json!([2, "please", "who are you?"]));
    let second = world.ask(&world.application, again.clone()).await.unwrap();
    assert_eq!((id(&second), told(&second)), (id(&first), json!([1, "pretty please", null])));
    let approved = world.decide(&first, json!({"status": 0})).await;
    assert_eq!(told(&approved), json!([0, "pretty please", null]));
    assert_eq!(world.ask(&world.application, again.clone()).await, Err(refused.clone()));
    let amended = world.decide(&first, json!({"reason": "welcome"})).await;
    assert_eq!(told(&amended), json!([0, "pretty please", "welcome"]));
    let revoked = world.decide(&first, json!({"status": 3})).await;
    assert_eq!(told(&revoked), json!([3, "pretty please", null]), "a reason is of one decision");
    assert_eq!(world.ask(&world.application, again).await, Err(refused));
    testing::audit(&store.records()).await;
}

#[tokio::test]
async fn whoever_was_refused_waits_though_others_do_not() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let service = world.service("s", true).await;
    let other = world.service("o", true).await;
    let asked = json!({"service": {"id": service}});
    let contract = world.ask(&world.application, asked.clone()).await.unwrap();
    assert_eq!(contract["status"], 0);
    world.decide(&contract, json!({"status": 3})).await;
    world.delete(&contract).await;
    // Not once alone.
    for _ in 0..2 {
        let waits = world.ask(&world.application, asked.clone()).await.unwrap();
        assert_eq!(waits["status"], 1);
        world.delete(&waits).await;
    }
    let second = application_of(&world.registry, &world.developer).await;
    let waits = world.ask(&second, asked.clone()).await.unwrap();
    assert_eq!(waits["status"], 1, "another application of the same developer");
    let elsewhere = world.ask(&world.application, json!({"service": {"id": other}})).await.unwrap();
    assert_eq!(elsewhere["status"], 0, "another service");
    // Approved, it is as any other.
    world.decide(&waits, json!({"status": 0})).await;
    world.delete(&waits).await;
    assert_eq!(world.ask(&second, asked.clone()).await.unwrap()["status"], 0);
    let first = world.ask(&world.application, asked.clone()).await.unwrap();
    assert_eq!(first["status"], 1, "the application itself was not approved");
    // An administrator is not held by it.
    world.delete(&first).await;
    let made = json!({"application": {"id": world.application}, "service": {"id": service}});
    assert_eq!(make(&world.registry, EntityKind::ApplicationInstances, made).await["status"], 0);
    // And it goes with those it is of.
    world.registry.delete(&[step(EntityKind::Developers, &world.developer)]).await.unwrap();
    assert!(store.records().keys().all(|key| key.partition != "refusals"));
    testing::audit(&store.records()).await;
}

/// Of a contract that was refused before there was a memory of it, deleting it makes one.
#[tokio::test]
async fn what_was_refused_long_ago_is_not_forgotten() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let service = world.service("s", true).await;
    let asked = json!({"service": {"id": service}});
    let contract = world.ask(&world.application, asked.clone()).await.unwrap();
    world.decide(&contract, json!({"status": 3})).await;
    let mut records = store.records();
    records.retain(|key, _| key.partition != "refusals");
    store.replace(&records).await;
    world.delete(&contract).await;
    assert_eq!(world.ask(&world.application, asked).await.unwrap()["status"], 1);
}

/// As the first program with a memory of refusals stored it (`core/published/golden`), of an application and
/// of its developer.
#[tokio::test]
async fn refusals_are_stored_in_the_form_that_programs_read() {
    let golden = include_str!("../../../../published/golden/1/refusals.json");
    let store = TestStore::default();
    let world = World::over(&store).await;
    let mut contracts = Vec::new();
    for number in [1, 2, 3] {
        let (id, name) = (Uuid::from_u128(number), format!("s{number}"));
        let service = json!({"id": id, "name": name, "host": "a"});
        make(&world.registry, EntityKind::Services, service).await;
        world.open(&id.to_string(), &name, true).await;
        contracts.push(world.ask(&world.application, json!({"service": {"id": id}})).await.unwrap());
    }
    let before = store.records();
    for contract in &contracts[..2] {
        world.decide(contract, json!({"status": 3})).await;
    }
    let owners = [&world.application, &world.developer];
    let stored = store.records();
    for owner in owners {
        let record = &stored[&RecordKey::new("refusals", owner)];
        assert_eq!(std::str::from_utf8(record).unwrap(), golden, "programs of before read it");
    }
    for owner in owners {
        let mut records = before.clone();
        records.insert(RecordKey::new("refusals", owner), golden.as_bytes().to_vec());
        store.replace(&records).await;
        for (contract, (number, status)) in contracts.iter().zip([(1, 1), (2, 1), (3, 0)]) {
            world.delete(contract).await;
            let asked = json!({"service": {"id": Uuid::from_u128(number)}});
            assert_eq!(world.ask(&world.application, asked).await.unwrap()["status"], status, "{number}");
        }
    }
}

#[tokio::test]
async fn a_service_that_is_not_open_is_as_none() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let closed = id(&make(&world.registry, EntityKind::Services, json!({"name": "c", "host": "a"})).await);
    let refused = Error::field("service", "is not open for registration");
    for service in [json!({"id": closed}), json!({"id": Uuid::from_u128(1)}), json!({"name": "none"})] {
        let asked = world.ask(&world.application, json!({"service": service})).await;
        assert_eq!(asked, Err(refused.clone()), "{service}");
    }
    for (input, field, sentence) in [
        (json!({}), "service", json!("required field missing")),
        (json!({"service": {"id": "x"}}), "service", json!({"id": "expected a valid UUID"})),
        (json!({"service": {"id": closed}, "status": 0}), "status", json!("unknown field")),
        (
            json!({"service": {"id": closed}, "note": "é".repeat(501)}),
            "note",
            json!("length must be at most 500"),
        ),
    ] {
        assert_eq!(world.ask(&world.application, input).await, Err(Error::field(field, sentence)));
    }
    let service = world.service("s", false).await;
    let longest = "é".repeat(500);
    let asked = json!({"service": {"id": service}, "note": longest});
    assert_eq!(world.ask(&world.application, asked).await.unwrap()["note"], longest);
    let another = world.ask(&Uuid::from_u128(1).to_string(), json!({"service": {"id": service}})).await;
    assert_eq!(another, Err(Error::NotFound));
}

/// The reply to each commit is lost once.
#[tokio::test]
async fn a_lost_reply_asks_once() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let service = world.service("s", false).await;
    let asked = json!({"service": {"id": service}, "note": "please"});
    let lose_next = || {
        let next = store.commits.load(Ordering::Relaxed) + 1;
        store.reply_lost_at.store(next, Ordering::Relaxed);
    };
    lose_next();
    let first = world.ask(&world.application, asked.clone()).await.unwrap();
    assert_eq!(first["status"], 1);
    world.decide(&first, json!({"status": 2})).await;
    lose_next();
    let again = world.ask(&world.application, asked).await.unwrap();
    assert_eq!((id(&again), told(&again)), (id(&first), json!([1, "please", null])));
}

#[tokio::test]
async fn open_services_are_listed_in_pages() {
    let store = TestStore::default();
    let world = World::over(&store).await;
    let mut services = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        services.push(world.service(name, name == "a").await);
    }
    make(&world.registry, EntityKind::Services, json!({"name": "closed", "host": "a"})).await;
    let plugins = world.registry.list(EntityKind::Plugins, &[], PageRequest::default()).await.unwrap().data;
    let of_c = plugins.iter().find(|plugin| plugin["service"]["id"] == services[2]).unwrap();
    patch(&world.registry, EntityKind::Plugins, &id(of_c), json!({"enabled": false})).await;
    let mut expected: Vec<&String> = services.iter().filter(|service| **service != services[2]).collect();
    expected.sort();
    let mut found = Vec::new();
    let mut offset = None;
    for pages in 1.. {
        let page = PageRequest::parse(Some("3"), offset.as_deref(), None).unwrap();
        let open = world.registry.open_services(&page).await.unwrap();
        assert_eq!(open.total, 4);
        found.extend(open.data);
        offset = open.offset;
        if offset.is_none() {
            assert_eq!(pages, 2);
            break;
        }
    }
    assert_eq!(found.iter().map(id).collect::<Vec<_>>(), expected.into_iter().cloned().collect::<Vec<_>>());
    let of_a = found.iter().find(|service| service["id"] == services[0]).unwrap();
    let config =
        json!({"display_name": "A", "description": null, "auto_approve": true, "show_issuer": false});
    assert_eq!(*of_a, object(json!({"id": services[0], "name": "a", "app_registration_config": config})));
}
