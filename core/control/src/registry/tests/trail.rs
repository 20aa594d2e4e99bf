//! The audit: every change has its line, once, whatever happens meanwhile; old ones go.

use std::net::IpAddr;

use super::*;
use crate::audit::{Actor, AuditRecord, Line, Stamp, Who};
use crate::registry::testing::{Call, assert_trail, trail};
use crate::registry::{AuditFilter, Error, RecordPage};
use latchkey_published::limits;
use latchkey_store::Write;

fn actor() -> Actor {
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    Actor { who: Who::admin_token(), address: Some(address), request_id: Some("r-1".to_owned()) }
}

fn lines(records: &[AuditRecord]) -> Vec<&Line> {
    records.iter().flat_map(|record| &record.changes).collect()
}

/// The records of the audit, byte by byte.
fn audit_of(store: &TestStore) -> Records {
    let records = store.records().into_iter();
    records.filter(|(key, _)| key.partition == crate::audit::PARTITION).collect()
}

/// When all is deleted in the end, the audit tells of everything there was.
#[tokio::test]
async fn all_that_was_made_and_deleted_is_told() {
    for seed in 200..206 {
        let store = TestStore::default();
        let registry = open(&store, seed).await;
        let random = SeededRandom::new(seed);
        for _ in 0..150 {
            match random.next() % 4 {
                0 => store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed),
                1 => store.die_in(1 + (random.next() % 2) as i64, random.next().is_multiple_of(2)),
                _ => {}
            }
            let _ = Call::any(&random).run(&registry).await;
            store.revive();
        }
        registry.resume_jobs().await.unwrap();
        assert_trail(&store.records());
        // Routes before their services.
        for kind in EntityKind::ALL.into_iter().rev() {
            for entity in registry.list(kind, &[], Default::default()).await.unwrap().data {
                registry.delete(&[step(kind, &id(&entity))]).await.unwrap();
            }
        }
        let records = store.records();
        assert!(!records.keys().any(|key| key.partition.starts_with("entity/")));
        assert_trail(&records);
        let told = trail(&records);
        let count = |did: &str| lines(&told).iter().filter(|line| line.did == did).count();
        assert!(count("created") > 10 && count("created") == count("deleted"), "seed {seed}");
    }
}

type Act =
    for<'a> fn(&'a TestRegistry<'a>) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// The first attempt of each change was made, but its reply is lost: the second writes the record that
/// there is, with the lines that it has.
#[tokio::test]
async fn a_lost_reply_is_told_once() {
    const ACTS: [(&str, Act); 8] = [
        ("create", |r| {
            Box::pin(async {
                r.create(EntityKind::Services, &[], &object(json!({"host": "a"}))).await.map(drop)
            })
        }),
        ("create an application", |r| {
            Box::pin(async {
                let developer = r.read(&[step(EntityKind::Developers, "a@b")]).await?;
                let application = json!({"name": "x", "redirect_uri": "https://e.test", "developer": {"id": id(&developer)}});
                r.create(EntityKind::Applications, &[], &object(application)).await.map(drop)
            })
        }),
        ("update", |r| {
            Box::pin(async {
                r.update(&[step(EntityKind::Services, "s")], &object(json!({"host": "b", "retries": 1})))
                    .await
                    .map(drop)
            })
        }),
        ("rename", |r| {
            Box::pin(async {
                r.update(&[step(EntityKind::Consumers, "bob")], &object(json!({"username": "rob"})))
                    .await
                    .map(drop)
            })
        }),
        ("replace", |r| {
            Box::pin(async {
                r.replace(&[step(EntityKind::Services, "s")], &object(json!({"host": "c"}))).await.map(drop)
            })
        }),
        ("delete", |r| Box::pin(async { r.delete(&[step(EntityKind::Consumers, "bob")]).await })),
        ("make a token", |r| {
            Box::pin(async { r.make_named_token(&object(json!({"name": "ci"})), None).await.map(drop) })
        }),
        ("set the admin token", |r| {
            Box::pin(async { r.set_admin_token_digest(Some(KeyDigest::from_bytes([1; 32]))).await })
        }),
    ];
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_applications(&registry, &[1]).await;
    with_keys(&registry, 2).await;
    for (name, act) in ACTS {
        let (calm, lossy) = (store.copy().await, store.copy().await);
        act(&open(&calm, 5).await).await.unwrap();
        let registry = open(&lossy, 5).await;
        lossy.reply_lost_at.store(lossy.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        act(&registry).await.unwrap();
        let told = audit_of(&calm);
        assert!(told.len() > audit_of(&store).len(), "{name} is not told");
        assert_eq!(audit_of(&lossy), told, "{name}");
    }
}

/// Whoever goes on, and whenever: the parts of a change are those of who began it.
#[tokio::test]
async fn a_job_is_told_as_the_change_of_who_began_it() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    with_keys(&registry, 60).await;
    let before = trail(&store.records()).len();
    store.die_in(2, false);
    let acting = registry.acting_as(actor());
    assert!(acting.delete(&[step(EntityKind::Consumers, "bob")]).await.is_err());
    store.revive();
    let next = open(&store, 2).await;
    // A start takes a while.
    next.clock().advance(1);
    next.resume_jobs().await.unwrap();
    let told = trail(&store.records());
    // The newest first.
    let (parts, first) = told[..told.len() - before].split_at(told.len() - before - 1);
    assert!(parts.len() > 1);
    assert!(parts.iter().all(|record| record.job && record.actor == actor()), "{parts:?}");
    assert_eq!((first[0].job, &first[0].actor), (false, &actor()));
    assert_eq!(first[0].changes.iter().map(|line| line.did.as_str()).next_back(), Some("deleting"));
    assert_eq!(lines(parts).last().map(|line| line.did.as_str()), Some("deleted"));
    assert_trail(&store.records());
}

#[tokio::test]
async fn the_program_and_the_gateway_sign_what_they_do() {
    let store = TestStore::default();
    let old_peppers = Peppers { current: Pepper::new(b"before"), previous: None };
    let before = Registry::open(&store, ManualClock::at(START_MS), SeededRandom::new(1), old_peppers.clone());
    let before = before.await.unwrap();
    let bob = before.create(EntityKind::Consumers, &[], &object(json!({"username": "bob"}))).await.unwrap();
    let key = json!({"consumer": {"id": id(&bob)}, "key": "k"});
    let key = before.create(EntityKind::KeyauthCredentials, &[], &object(key)).await.unwrap();
    let registry = open(&store, 2).await;
    registry.clock().advance(1);
    let (old, new) = (old_peppers.current.digest(b"k"), digest("k"));
    registry.rehash(moved(old, new)).await.unwrap();
    registry.rehash(moved(old, new)).await.unwrap();
    let told = trail(&store.records());
    let moved = Line {
        entity_id: Some(uuid(&key)),
        ..Line::new("keyauth_credentials", None, crate::audit::Did::Moved)
    };
    assert_eq!((told[0].actor.who.clone(), &told[0].changes), (Who::gateway(), &vec![moved]));
    let tag_keys = told.iter().filter(|record| record.changes[0].entity == "settings");
    let tag_keys: Vec<&AuditRecord> = tag_keys.collect();
    assert_eq!(tag_keys.len(), 2, "of either pepper");
    for record in tag_keys {
        assert_eq!(
            (&record.actor.who, record.changes[0].fields.as_slice()),
            (&Who::program(), &["tag_keys".to_owned()][..])
        );
    }
}

async fn page(
    registry: &TestRegistry<'_>,
    filter: &AuditFilter,
    offset: Option<&str>,
) -> (usize, Option<String>) {
    let page = RecordPage::parse(Some("10"), offset).unwrap();
    let found = registry.audit(filter, &page).await.unwrap();
    (found.data.len(), found.offset)
}

/// What passes no filter is read no further than the bound; the page that follows goes on there.
#[tokio::test]
async fn a_page_reads_no_more_than_the_bound() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    make(&registry, EntityKind::Services, json!({"host": "a"})).await;
    let more = limits::AUDIT_READ_MAX as u32 + 100;
    for number in 0..more {
        let stamp = Stamp { id: Uuid::from_u128(number.into()), at_ms: START_MS + 1, number };
        let changes = vec![Line::new("routes", None, crate::audit::Did::Created)];
        let record =
            AuditRecord { id: stamp.id, at_ms: stamp.at_ms, actor: Actor::program(), job: false, changes };
        let write = Write::Put(stamp.record_key(), serde_json::to_vec(&record).unwrap());
        store.inner.commit(Batch { checks: vec![], writes: vec![write] }).await.unwrap();
    }
    let services = AuditFilter { entity: Some("services".to_owned()), ..AuditFilter::default() };
    let (found, offset) = page(&registry, &services, None).await;
    assert_eq!((found, offset.is_some()), (0, true), "a short page that is not the last");
    assert_eq!(page(&registry, &services, offset.as_deref()).await, (1, None));
    // A time is found, not searched for.
    let older = AuditFilter { until_s: Some(START_MS / 1000), ..services.clone() };
    assert_eq!(page(&registry, &older, None).await.0, 0, "both are in the same second");
    let none = AuditFilter { until_s: Some(START_MS / 1000 - 1), ..services };
    assert_eq!(page(&registry, &none, None).await, (0, None));
}

#[tokio::test]
async fn old_records_go_in_parts_and_new_ones_stay() {
    const DAY_MS: u64 = 86_400_000;
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    for number in 0..700 {
        make(&registry, EntityKind::Consumers, json!({"username": format!("c{number}")})).await;
    }
    registry.clock().advance(DAY_MS);
    make(&registry, EntityKind::Services, json!({"host": "a"})).await;
    let newest = trail(&store.records())[0].clone();
    assert!(!registry.drop_audit_records(DAY_MS + 1).await.unwrap());
    assert_eq!(trail(&store.records()).len(), 702, "with that of the tag keys");
    registry.clock().advance(1);
    assert!(registry.drop_audit_records(DAY_MS).await.unwrap(), "there are more");
    assert!(!registry.drop_audit_records(DAY_MS).await.unwrap());
    assert_eq!(trail(&store.records()), [newest]);
}
