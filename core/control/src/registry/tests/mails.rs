//! The outbox, its bounds, and which mails follow from what.

use super::super::attempts::transact;
use super::super::notices::Waiting;
use super::super::outbox::{Cause, Posted};
use super::*;
use crate::mail::{Language, Letter, Mail, MailOutcome, OutgoingMail};
use crate::ports::Random;
use crate::registry::{DueMails, Error};
use latchkey_published::limits;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

async fn with_mail(store: &TestStore) -> TestRegistry<'_> {
    open(store, 1).await.with_mail(true)
}

fn test_mail(to: Option<&str>) -> Mail {
    let to = to.map(str::to_owned);
    Mail { to, developer: None, language: Language::En, letter: Letter::Test }
}

async fn post(registry: &TestRegistry<'_>, to: Option<&str>, cause: Cause) -> Result<Posted, Error> {
    let (mail, id) = (test_mail(to), registry.random.uuid());
    Ok(transact!(registry, attempts, |transaction| registry.post(&mut transaction, &mail, id, cause)))
}

/// A mail that whoever knows an address causes.
async fn strangers(registry: &TestRegistry<'_>, to: &str) -> Result<Posted, Error> {
    post(registry, Some(to), Cause::Stranger(registry.mailbox(to))).await
}

async fn due(registry: &TestRegistry<'_>) -> DueMails {
    registry.due_mails("portal@example.org", "https://portal.example").await.unwrap()
}

/// To whom and with which subjects mails go out now, all of which are taken.
async fn sent(registry: &TestRegistry<'_>) -> Vec<(String, String)> {
    let mails = due(registry).await.mails;
    for mail in &mails {
        registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
    }
    let told = |mail: OutgoingMail| (mail.to, mail.subject.replace("Developer portal: ", ""));
    let mut told: Vec<_> = mails.into_iter().map(told).collect();
    told.sort();
    told
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        expected.iter().map(|(to, what)| ((*to).to_owned(), (*what).to_owned())).collect();
    pairs.sort();
    pairs
}

async fn set(registry: &TestRegistry<'_>, value: Value) {
    registry.change_settings(&object(value)).await.unwrap();
}

#[tokio::test]
async fn a_mail_is_given_once_a_minute_until_it_is_sent() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    assert_eq!(due(&registry).await, DueMails::default());
    assert_eq!(post(&registry, Some("A@b.org"), Cause::Known).await, Ok(Posted::Written));
    let first = due(&registry).await;
    let [mail] = first.mails.as_slice() else { panic!("{first:?}") };
    assert_eq!((mail.to.as_str(), mail.from.as_str()), ("A@b.org", "portal@example.org"));
    assert_eq!(first.next_ms, Some(START_MS + MINUTE_MS));
    let mut pause_ms = MINUTE_MS;
    let mut mail = mail.clone();
    for _ in 0..12 {
        registry.mail_outcome(&mail.id, MailOutcome::Later).await.unwrap();
        registry.clock.advance(pause_ms - 1);
        assert_eq!(due(&registry).await.mails, []);
        registry.clock.advance(1);
        let again = due(&registry).await.mails;
        let [next] = again.as_slice() else { panic!("{again:?}") };
        assert_eq!((&next.text, next.message_id), (&mail.text, mail.message_id));
        mail = next.clone();
        pause_ms = (pause_ms * 2).min(limits::MAIL_PAUSE_MS_MAX);
    }
    registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
    registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
    registry.clock.advance(DAY_MS);
    assert_eq!(due(&registry).await, DueMails::default());
    for foreign in ["", "x", "0000-1", &mail.id.replace('-', "/")] {
        registry.mail_outcome(foreign, MailOutcome::Refused).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_given_up_and_told() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    post(&registry, Some("a@b.org"), Cause::Known).await.unwrap();
    let refused = due(&registry).await.mails.remove(0);
    registry.mail_outcome(&refused.id, MailOutcome::Refused).await.unwrap();
    post(&registry, Some("c@d.org"), Cause::Known).await.unwrap();
    registry.clock.advance(limits::MAIL_KEPT_MS);
    assert_eq!(due(&registry).await, DueMails::default());
    let told = testing::trail(&store.records()).into_iter().flat_map(|record| record.changes);
    let mut told: Vec<String> = told
        .filter(|line| line.entity == "mails")
        .map(|line| format!("{} {:?}", line.did, line.fields))
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["created [\"test\"]", "created [\"test\"]", "given_up [\"test\"]", "refused [\"test\"]"]
    );
    let records = serde_json::to_string(&testing::trail(&store.records())).unwrap();
    assert!(!records.contains("b.org"), "no address is in the audit");
}

#[tokio::test]
async fn a_mailbox_gets_few_mails_of_strangers() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    for _ in 0..3 {
        assert_eq!(strangers(&registry, "a@b.org").await, Ok(Posted::Written));
    }
    assert_eq!(strangers(&registry, "A@B.org").await, Ok(Posted::Withheld), "in whatever case");
    assert_eq!(strangers(&registry, "c@b.org").await, Ok(Posted::Written));
    assert_eq!(post(&registry, Some("a@b.org"), Cause::Known).await, Ok(Posted::Written));
    // Ten a day: those of an hour are three, three, three, and one.
    let mut taken = 3;
    for _ in 0..6 {
        registry.clock.advance(HOUR_MS);
        for _ in 0..4 {
            taken += usize::from(strangers(&registry, "a@b.org").await == Ok(Posted::Written));
        }
    }
    assert_eq!(taken, 10);
    registry.clock.advance(DAY_MS);
    assert_eq!(strangers(&registry, "a@b.org").await, Ok(Posted::Written));
    set(&registry, json!({"mails_per_mailbox": 5})).await;
    let mut more = 0;
    while strangers(&registry, "a@b.org").await == Ok(Posted::Written) {
        more += 1;
    }
    assert_eq!(more, 4);
}

#[tokio::test]
async fn an_installation_sends_so_many_an_hour() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    set(&registry, json!({"mails_per_hour": 4})).await;
    for number in 0..4 {
        assert_eq!(strangers(&registry, &format!("{number}@b.org")).await, Ok(Posted::Written));
    }
    let refused = strangers(&registry, "0@b.org").await;
    assert!(matches!(refused, Err(Error::TooManyMails { retry_after_s: 3540..=3600 })), "{refused:?}");
    let nobody = post(&registry, None, Cause::Stranger(registry.mailbox("x@b.org"))).await;
    assert_eq!(nobody, refused, "known or not");
    assert_eq!(post(&registry, Some("a@b.org"), Cause::Known).await, Ok(Posted::Written), "no stranger's");
    let reached = testing::trail(&store.records()).into_iter().flat_map(|record| record.changes);
    assert_eq!(reached.filter(|line| line.did == "limit_reached").count(), 1);
    registry.clock.advance(HOUR_MS);
    assert_eq!(strangers(&registry, "0@b.org").await, Ok(Posted::Written));
}

/// As many reads and writes, and as long, whether or not there is an account; nothing goes out.
#[tokio::test]
async fn a_mail_to_nobody_looks_like_one() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    let before = store.records().len();
    post(&registry, None, Cause::Stranger(registry.mailbox("x@b.org"))).await.unwrap();
    let of_nobody = store.records().len() - before;
    strangers(&registry, "y@b.org").await.unwrap();
    // The counter of all was there.
    assert_eq!(store.records().len() - before - of_nobody, of_nobody - 1);
    let mails = due(&registry).await.mails;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["y@b.org"]);
    // And counts for nobody.
    set(&registry, json!({"mails_per_hour": 1})).await;
    registry.clock.advance(HOUR_MS);
    for _ in 0..3 {
        post(&registry, None, Cause::Stranger(registry.mailbox("z@b.org"))).await.unwrap();
    }
    assert_eq!(strangers(&registry, "y@b.org").await, Ok(Posted::Written));
}

#[tokio::test]
async fn where_there_is_no_mail_nothing_is_written() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let before = store.records();
    assert_eq!(strangers(&registry, "a@b.org").await, Ok(Posted::Withheld));
    assert_eq!(store.records(), before);
    let refused = registry.change_settings(&object(json!({"log_in_links": true, "language": "de"}))).await;
    let Err(Error::Schema(violation)) = refused else { panic!("{refused:?}") };
    let named = violation.fields.into_value();
    assert!(
        named["log_in_links"].as_str().unwrap().contains("mail") && named["language"].is_string(),
        "{named}"
    );
}

/// An attempt whose reply is lost is repeated, and is one mail.
#[tokio::test]
async fn a_lost_reply_makes_no_second_mail() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    let next = store.commits.load(Ordering::Relaxed) + 1;
    store.reply_lost_at.store(next, Ordering::Relaxed);
    assert_eq!(strangers(&registry, "a@b.org").await, Ok(Posted::Written));
    store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    let first = due(&registry).await;
    // Taken by the attempt whose reply was lost: it comes again, a minute later.
    assert_eq!(first.mails.len(), 0);
    registry.clock.advance(MINUTE_MS);
    assert_eq!(due(&registry).await.mails.len(), 1);
    for _ in 0..2 {
        assert_eq!(strangers(&registry, "a@b.org").await, Ok(Posted::Written), "one is counted");
    }
    testing::assert_trail(&store.records());
}

#[tokio::test]
async fn developers_are_told_of_what_becomes_of_them() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    make(&registry, EntityKind::Developers, json!({"email": "d@b.org"})).await;
    sent(&registry).await;
    for (status, subject) in [
        (0, "Your account is approved"),
        (3, "Your account was revoked"),
        (0, "Your account is approved"),
        (2, "Your account was rejected"),
        (1, "Your account is waiting for approval"),
    ] {
        patch(&registry, EntityKind::Developers, "d@b.org", json!({"status": status})).await;
        assert_eq!(sent(&registry).await, pairs(&[("d@b.org", subject)]));
        patch(&registry, EntityKind::Developers, "d@b.org", json!({"meta": "{}"})).await;
        assert_eq!(sent(&registry).await, []);
    }
    // Who is gone is not written to.
    patch(&registry, EntityKind::Developers, "d@b.org", json!({"status": 0})).await;
    registry.delete(&[step(EntityKind::Developers, "d@b.org")]).await.unwrap();
    assert_eq!(due(&registry).await, DueMails::default());
}

/// A service that asks for approval, an approved developer with an application; and a contract of it.
pub(super) async fn with_contract(registry: &TestRegistry<'_>) -> (String, Object) {
    let service = make(registry, EntityKind::Services, json!({"name": "s", "host": "a"})).await;
    let plugin = json!({"name": "application-registration", "service": {"id": id(&service)},
        "config": {"display_name": "Orders & more"}});
    make(registry, EntityKind::Plugins, plugin).await;
    let developer = make(registry, EntityKind::Developers, json!({"email": "d@b.org", "status": 0})).await;
    let application = json!({"name": "typed by a stranger", "redirect_uri": "https://e.test", "developer": {"id": id(&developer)}});
    let application = make(registry, EntityKind::Applications, application).await;
    let contract = json!({"application": {"id": id(&application)}, "service": {"id": id(&service)}});
    (id(&application), make(registry, EntityKind::ApplicationInstances, contract).await)
}

#[tokio::test]
async fn both_sides_of_a_contract_are_told() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    set(&registry, json!({"admin_mails": {"to": ["x@b.org", "y@b.org"]}, "language": "en"})).await;
    let (_, contract) = with_contract(&registry).await;
    let mails = due(&registry).await.mails;
    for mail in &mails {
        registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
        if mail.subject.contains("request") {
            assert!(
                mail.text.contains("Orders & more") && mail.html.contains("Orders &#38; more"),
                "{mail:?}"
            );
        }
        assert!(!mail.text.contains("typed by") && !mail.html.contains("typed by"), "{mail:?}");
        assert!(mail.to == "d@b.org" || !mail.text.contains("d@b.org"), "nobody is named unless asked for");
    }
    let to = |subject: &str| mails.iter().filter(|mail| mail.subject.ends_with(subject)).count();
    assert_eq!((to("Your request is waiting for approval"), to("A request is waiting for approval")), (1, 2));
    for (status, subject) in
        [(2, "Your request was rejected"), (0, "Your request is approved"), (3, "Your access was revoked")]
    {
        patch(&registry, EntityKind::ApplicationInstances, &id(&contract), json!({"status": status})).await;
        assert_eq!(sent(&registry).await, pairs(&[("d@b.org", subject)]));
    }
}

async fn tell(registry: &TestRegistry<'_>, waiting: Waiting) -> Result<(), Error> {
    let base = registry.random.uuid();
    transact!(registry, attempts, |transaction| registry.tell_administrators(
        &mut transaction,
        waiting,
        base
    ));
    Ok(())
}

#[tokio::test]
async fn administrators_are_told_once_a_day_if_they_want() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    set(&registry, json!({"admin_mails": {"to": ["x@b.org"], "daily": true, "names": true}})).await;
    with_contract(&registry).await;
    let other = make(&registry, EntityKind::Developers, json!({"email": "e@b.org"})).await;
    let waiting = Waiting::Developer(uuid(&other));
    for _ in 0..2 {
        tell(&registry, waiting).await.unwrap();
    }
    let sent_now = sent(&registry).await;
    assert!(sent_now.iter().all(|(to, _)| to != "x@b.org"), "{sent_now:?}");
    registry.clock.advance(DAY_MS);
    let mails = due(&registry).await.mails;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(mail.to == "x@b.org" && mail.subject.ends_with("Waiting for approval"), "{mail:?}");
    assert!(
        mail.text.contains("developers waiting for approval: 1; requests for access: 1"),
        "{}",
        mail.text
    );
    assert!(mail.text.contains("- d@b.org\n- e@b.org\n"), "{}", mail.text);
    registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
    // Another day, another mail; old days go.
    for _ in 0..10 {
        tell(&registry, waiting).await.unwrap();
        registry.clock.advance(DAY_MS);
        assert_eq!(sent(&registry).await, pairs(&[("x@b.org", "Waiting for approval")]));
    }
    assert!(store.records().keys().filter(|key| key.partition == "digest").count() <= 9);
}

#[tokio::test]
async fn the_end_of_a_key_is_told_a_week_before() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    let (application, _) = with_contract(&registry).await;
    sent(&registry).await;
    let scope = [step(EntityKind::Applications, &application)];
    let now_s = START_MS / 1000;
    let with_end = |days: u64| object(json!({"expires_at": now_s + days * DAY_MS / 1000}));
    let keys = EntityKind::Oauth2Credentials;
    // One ends too soon to be told, one in time, one is moved, one is gone by then.
    registry.create(keys, &scope, &with_end(6)).await.unwrap();
    let told = registry.create(keys, &scope, &with_end(10)).await.unwrap();
    let moved = registry.create(keys, &scope, &with_end(10)).await.unwrap();
    registry.update(&[step(keys, &id(&moved))], &with_end(20)).await.unwrap();
    let gone = registry.create(keys, &scope, &with_end(10)).await.unwrap();
    registry.delete(&[step(keys, &id(&gone))]).await.unwrap();
    registry.update(&[step(keys, &id(&told))], &object(json!({"name": "phone"}))).await.unwrap();
    registry.rotate(&[step(keys, &id(&told))], &Object::new()).await.unwrap();
    assert_eq!(sent(&registry).await, []);
    patch(&registry, EntityKind::Developers, "d@b.org", json!({"email": "new@b.org"})).await;
    sent(&registry).await;
    let mut days = Vec::new();
    for day in 1..=25 {
        registry.clock.advance(DAY_MS);
        let mails = sent(&registry).await;
        days.extend(mails.iter().map(|_| day));
        assert!(mails.iter().all(|(to, what)| to == "new@b.org" && what.contains("expires")), "{mails:?}");
    }
    assert_eq!(days, [3, 13]);
}

/// A mail of a newer program stays, and stops no other.
#[tokio::test]
async fn a_mail_of_a_newer_program_is_left_to_it() {
    let store = TestStore::default();
    let registry = with_mail(&store).await;
    post(&registry, Some("a@b.org"), Cause::Known).await.unwrap();
    let records = store.records();
    let (key, value) = records.iter().find(|(key, _)| key.partition == "outbox").unwrap();
    let newer = String::from_utf8(value.clone()).unwrap().replace("\"test\"", "\"newer\"").into_bytes();
    let write = latchkey_store::Write::Put(key.clone(), newer.clone());
    store.inner.commit(Batch { checks: vec![], writes: vec![write] }).await.unwrap();
    post(&registry, Some("c@d.org"), Cause::Known).await.unwrap();
    assert_eq!(due(&registry).await.mails.len(), 1);
    assert!(store.records().iter().any(|(key, value)| key.partition == "outbox" && *value == newer));
}
