//! Accounts under concurrent use and lost replies: every mailed token works once at most, and not after it was
//! voided; what is stored of sessions and tokens is named by an account.

use super::*;
use crate::accounts::{SealedPassword, TokenUse};
use crate::mail::MailOutcome;
use crate::passwords::PhcString;
use crate::registry::accounts::{LogIn, SignUp};
use crate::registry::{AccountFault, Error};

const EMAILS: [&str; 3] = ["a@example.org", "b@example.org", "c@example.org"];

async fn with_mail(store: &TestStore, seed: u64) -> TestRegistry<'_> {
    open(store, seed).await.with_mail(true)
}

fn phc() -> PhcString {
    PhcString::new("stand-in".to_owned())
}

async fn sign_up<S: Store>(
    registry: &Registry<S, ManualClock, SeededRandom>,
    email: &str,
) -> Result<(), Error> {
    let phc = phc();
    registry.sign_up(&SignUp { email, meta: None, phc: &phc, language: None }).await
}

/// What a token is shown to.
async fn spend<S: Store>(
    registry: &Registry<S, ManualClock, SeededRandom>,
    of: TokenUse,
    token: &str,
) -> Result<(), Error> {
    match of {
        TokenUse::Verify => registry.verify_account(token).await.map(drop),
        TokenUse::Reset => registry.reset_password(token, &phc()).await,
        TokenUse::ConfirmAddress => registry.confirm_address(token).await.map(drop),
        TokenUse::RevertAddress => registry.revert_address(token).await.map(drop),
        TokenUse::LogIn => {
            let new = registry.new_session(None);
            match registry.spend_link(token, None, &new, None).await? {
                crate::registry::SpentLink::LoggedIn(_) => Ok(()),
                crate::registry::SpentLink::Code(_) => Err(Error::Account(AccountFault::WrongToken)),
            }
        }
    }
}

/// Whom a token was mailed to, its use, and the token.
async fn mailed(registry: &TestRegistry<'_>) -> Vec<(String, TokenUse, String)> {
    let mut found = Vec::new();
    loop {
        let due = registry.due_mails("portal@example.com", "https://portal.example.com").await.unwrap();
        if due.mails.is_empty() {
            return found;
        }
        for mail in due.mails {
            registry.mail_outcome(&mail.id, MailOutcome::Sent).await.unwrap();
            let Some((path, rest)) = mail.text.split_once("?token=") else { continue };
            let of = match path.rsplit('/').next().unwrap() {
                "verify" => TokenUse::Verify,
                "reset" => TokenUse::Reset,
                "confirm-email" => TokenUse::ConfirmAddress,
                "revert-email" => TokenUse::RevertAddress,
                _ => TokenUse::LogIn,
            };
            found.push((mail.to, of, rest.split_whitespace().next().unwrap().to_owned()));
        }
    }
}

async fn session(registry: &TestRegistry<'_>, email: &str) -> Option<KeyDigest> {
    let need = registry.log_in_need(email, crate::passwords::Password::new("x"), None, None).await.unwrap();
    let new = registry.new_session(None);
    let state = need.state;
    let log_in = LogIn {
        address: email,
        state,
        renewed: None,
        failures_before: 0,
        new: &new,
        before: None,
        known_browser: None,
    };
    let opened = registry.log_in(&log_in).await;
    opened.ok().and_then(|_| registry.account_tags().recognise_session(reveal(&new.cookie).as_bytes()))
}

#[expect(clippy::disallowed_methods, reason = "a browser keeps it")]
fn reveal(cookie: &latchkey_published::keys::PlainKey) -> &str {
    cookie.reveal()
}

/// A developer with a token of each use that there is one mail for.
async fn with_token(registry: &TestRegistry<'_>, of: TokenUse) -> String {
    sign_up(registry, EMAILS[0]).await.unwrap();
    let verify = mailed(registry).await.pop().unwrap().2;
    if of == TokenUse::Verify {
        return verify;
    }
    registry.verify_account(&verify).await.unwrap();
    match of {
        TokenUse::Reset => registry.forgot_password(EMAILS[0]).await.unwrap(),
        _ => {
            let session = session(registry, EMAILS[0]).await.unwrap();
            registry.ask_for_address(&session, EMAILS[1]).await.unwrap();
        }
    }
    let found = mailed(registry).await.into_iter().find(|(_, found, _)| *found == of);
    found.unwrap().2
}

/// A provider was down meanwhile: of several links for the same the one that works is sent, and notices are.
#[tokio::test]
async fn a_link_that_works_no_more_is_not_sent() {
    let store = TestStore::default();
    let registry = with_mail(&store, 1).await;
    sign_up(&registry, EMAILS[0]).await.unwrap();
    sign_up(&registry, EMAILS[0]).await.unwrap();
    let verify = mailed(&registry).await;
    assert_eq!(verify.len(), 1, "{verify:?}");
    registry.verify_account(&verify[0].2).await.unwrap();
    let session = session(&registry, EMAILS[0]).await.unwrap();
    registry.ask_for_address(&session, EMAILS[1]).await.unwrap();
    registry.ask_for_address(&session, EMAILS[2]).await.unwrap();
    let mut uses: Vec<_> = mailed(&registry).await.into_iter().map(|(to, of, _)| (to, of)).collect();
    uses.sort();
    let (old, new) = (EMAILS[0].to_owned(), EMAILS[2].to_owned());
    let notice = (old, TokenUse::RevertAddress);
    assert_eq!(uses, [notice.clone(), notice, (new, TokenUse::ConfirmAddress)]);
    let told = testing::trail(&store.records()).into_iter().flat_map(|record| record.changes);
    let given_up = told.filter(|line| line.entity == "mails" && line.did == "given_up");
    let mut letters: Vec<_> = given_up.flat_map(|line| line.fields).collect();
    letters.sort();
    assert_eq!(letters, ["confirm_address", "verify"], "the audit tells what became of them");
    testing::audit_accounts(&store.records());
}

const USES: [TokenUse; 4] =
    [TokenUse::Verify, TokenUse::Reset, TokenUse::ConfirmAddress, TokenUse::RevertAddress];

#[tokio::test]
async fn of_two_who_spend_a_token_at_once_one_does() {
    for of in USES {
        let store = TestStore::default();
        let first = with_mail(&store, 1).await;
        let token = with_token(&first, of).await;
        let second = with_mail(&store, 2).await;
        let (one, two) = tokio::join!(spend(&first, of, &token), spend(&second, of, &token));
        let wrong = Err(Error::Account(AccountFault::WrongToken));
        assert!(
            (one == Ok(()) && two == wrong) || (one == wrong && two == Ok(())),
            "{of:?}: {one:?} {two:?}"
        );
        testing::audit_accounts(&store.records());
    }
}

/// Whoever spent it is told so, although the reply to the commit was lost; and it is spent.
#[tokio::test]
async fn a_token_is_spent_although_the_reply_is_lost() {
    for of in USES {
        let store = TestStore::default();
        let registry = with_mail(&store, 1).await;
        let token = with_token(&registry, of).await;
        store.reply_lost_at.store(store.commits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        assert_eq!(spend(&registry, of, &token).await, Ok(()), "{of:?}");
        assert_eq!(spend(&registry, of, &token).await, Err(Error::Account(AccountFault::WrongToken)));
        testing::audit_accounts(&store.records());
        testing::audit(&store.records()).await;
    }
}

/// What the history knows of tokens that may still be good: by whom they were mailed to, and their use.
#[derive(Default)]
struct Model {
    good: BTreeMap<String, (Uuid, TokenUse)>,
    spent: BTreeSet<String>,
}

impl Model {
    /// A token that is made voids the one before of its use.
    fn made(&mut self, developer: Uuid, of: TokenUse, token: String) {
        self.good.retain(|_, known| *known != (developer, of));
        self.good.insert(token, (developer, of));
    }

    fn void(&mut self, developer: Uuid) {
        self.good.retain(|_, (known, _)| *known != developer);
    }
}

fn developer_at(records: &Records, email: &str) -> Option<Uuid> {
    let developers = records.iter().filter(|(key, _)| key.partition == "entity/developers");
    let mut developers = developers
        .map(|(_, value)| serde_json::from_slice::<Object>(value).unwrap())
        .filter(|developer| developer["email"] == email);
    developers.next().map(|developer| developer["id"].as_str().unwrap().parse().unwrap())
}

/// One call of a history, and what the model makes of it.
async fn step_of_history(
    registry: &TestRegistry<'_>,
    store: &TestStore,
    model: &mut Model,
    shown: &[(TokenUse, String)],
    random: &SeededRandom,
) {
    let pick = |count: usize| (random.next() % count as u64) as usize;
    let email = EMAILS[pick(EMAILS.len())];
    let before = testing::accounts(&store.records());
    match pick(9) {
        0 | 1 => drop(sign_up(registry, email).await),
        2 => drop(registry.resend_verification(email).await),
        3 => drop(registry.forgot_password(email).await),
        4 => {
            if let Some(session) = session(registry, email).await {
                drop(registry.ask_for_address(&session, EMAILS[pick(EMAILS.len())]).await);
            }
        }
        5 => {
            let status = json!({"status": pick(4)});
            drop(registry.update(&[step(EntityKind::Developers, email)], &object(status)).await);
        }
        6 if pick(3) == 0 => drop(registry.delete(&[step(EntityKind::Developers, email)]).await),
        _ if shown.is_empty() => {}
        _ => {
            let (of, token) = &shown[pick(shown.len())];
            let of = if pick(5) == 0 { USES[pick(4)] } else { *of };
            if spend(registry, of, token).await.is_ok() {
                assert!(model.spent.insert(token.clone()), "{of:?} was spent twice");
                let known = model.good.remove(token);
                assert_eq!(known.map(|(_, known)| known), Some(of), "{of:?} was void");
            }
        }
    }
    // What has a state of its own has voided all tokens but the one that outlives a change of the address.
    let after = testing::accounts(&store.records());
    for (developer, account) in &before {
        let is_same = after.get(developer).is_some_and(|after| after.state == account.state);
        let outlives =
            after.get(developer).and_then(|after| after.tokens.get(&TokenUse::RevertAddress).copied());
        if !is_same {
            let kept: Vec<String> = model
                .good
                .iter()
                .filter(|(token, _)| {
                    registry.account_tags().recognise_mail_token(token.as_bytes()) == outlives
                })
                .map(|(token, _)| token.clone())
                .collect();
            let kept: Vec<_> = kept.into_iter().filter_map(|token| model.good.remove_entry(&token)).collect();
            model.void(*developer);
            model.good.extend(kept);
        }
    }
}

#[tokio::test]
async fn random_histories_spend_no_token_twice_and_no_void_one() {
    let mut spent = 0;
    for seed in 0..60 {
        let store = TestStore::default();
        let registry = with_mail(&store, seed).await;
        let settings =
            json!({"mails_per_mailbox": 1000, "mails_per_hour": 100_000, "auto_approve_developers": true});
        registry.change_settings(&object(settings)).await.unwrap();
        let random = SeededRandom::new(seed + 1000);
        let (mut model, mut shown) = (Model::default(), Vec::new());
        for _ in 0..40 {
            if random.next().is_multiple_of(3) {
                let next = store.commits.load(Ordering::Relaxed) + 1 + (random.next() % 2) as i64;
                store.reply_lost_at.store(next, Ordering::Relaxed);
            }
            step_of_history(&registry, &store, &mut model, &shown, &random).await;
            for (to, of, token) in mailed(&registry).await {
                // One to a new address is its developer's who asked for it.
                let digest = registry.account_tags().recognise_mail_token(token.as_bytes()).unwrap();
                let owner = testing::accounts(&store.records())
                    .into_iter()
                    .find(|(_, account)| account.tokens.get(&of) == Some(&digest))
                    .map(|(developer, _)| developer);
                if let Some(owner) = owner.or_else(|| developer_at(&store.records(), &to)) {
                    model.made(owner, of, token.clone());
                }
                shown.push((of, token));
            }
            registry.clock().advance(1000);
            testing::audit_accounts(&store.records());
        }
        testing::audit(&store.records()).await;
        spent += model.spent.len();
    }
    assert!(spent > 100, "only {spent} tokens were spent");
}

#[tokio::test]
async fn a_password_is_sealed_anew_without_a_log_in() {
    let store = TestStore::default();
    let old = Peppers { current: Pepper::new(b"before"), previous: None };
    let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(1));
    let before = Registry::open(&store, clock, random, old).await.unwrap();
    for email in EMAILS {
        sign_up(&before, email).await.unwrap();
    }
    let sealed = || {
        testing::accounts(&store.records())
            .into_values()
            .map(|account| account.password.unwrap())
            .collect::<Vec<_>>()
    };
    let first: Vec<SealedPassword> = sealed();
    let now = open(&store, 2).await;
    while now.reseal(1).await.unwrap() == crate::registry::Resealing::GoesOn {}
    let renewed = sealed();
    assert!(renewed.iter().all(|password| password.pepper_id == now.peppers().current.id()), "{renewed:?}");
    assert!(first.iter().zip(&renewed).all(|(first, renewed)| first != renewed));
    let alone = Peppers { current: Pepper::new(b"pepper"), previous: None };
    let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(3));
    let alone = Registry::open(&store, clock, random, alone).await.unwrap();
    let need = alone.log_in_need(EMAILS[0], crate::passwords::Password::new("x"), None, None).await.unwrap();
    let crate::log_in::Work::LogIn { stored, .. } = need.work else { panic!("no log-in") };
    assert!(stored == Some(phc()));
}

/// Addresses that were stored as they were typed are found in whatever case.
#[tokio::test]
async fn addresses_of_before_are_found_in_any_case() {
    let store = TestStore::default();
    let registry = open(&store, 1).await;
    let made = make(&registry, EntityKind::Developers, json!({"email": "Dee@Example.org"})).await;
    let mut records = store.records();
    let folded = records.remove(&RecordKey::new("unique/developers/email", "=dee@example.org")).unwrap();
    records.insert(RecordKey::new("unique/developers/email", "=Dee@Example.org"), folded);
    records.remove(&RecordKey::new("setting", "addresses_folded"));
    store.replace(&records).await;
    let registry = open(&store, 2).await;
    registry.resume_jobs().await.unwrap();
    for email in ["Dee@Example.org", "dee@example.org", "DEE@EXAMPLE.ORG"] {
        let found = registry.read(&[step(EntityKind::Developers, email)]).await.unwrap();
        assert_eq!(found["id"], made["id"]);
    }
    let again =
        registry.create(EntityKind::Developers, &[], &object(json!({"email": "dee@example.org"}))).await;
    assert!(matches!(again, Err(Error::NotUnique(_))), "{again:?}");
    assert!(!store.records().contains_key(&RecordKey::new("unique/developers/email", "=Dee@Example.org")));
}

/// Whoever has no account costs as much to look for and to write to as others.
#[tokio::test]
async fn nobody_takes_as_many_reads_and_writes_as_somebody() {
    let store = TestStore::default();
    let registry = with_mail(&store, 1).await;
    let verify = with_token(&registry, TokenUse::Verify).await;
    registry.verify_account(&verify).await.unwrap();
    mailed(&registry).await;
    // Once each, so that what is made once is there.
    for email in ["x@example.org", EMAILS[0]] {
        registry.forgot_password(email).await.unwrap();
        mailed(&registry).await;
    }
    let counted = async |email: &str| {
        store.operations.store(0, Ordering::Relaxed);
        registry.forgot_password(email).await.unwrap();
        let forgot = store.operations.load(Ordering::Relaxed);
        let _ = registry.log_in_need(email, crate::passwords::Password::new("x"), None, None).await.unwrap();
        (forgot, store.operations.load(Ordering::Relaxed) - forgot)
    };
    assert_eq!(counted("y@example.org").await, counted(EMAILS[0]).await);
    // Whoever calls next waits for what is written of the mail.
    let posted = async |email: &str| {
        mailed(&registry).await;
        registry.clock.advance(3_600_000);
        registry.forgot_password(email).await.unwrap();
        store.commits.store(0, Ordering::Relaxed);
        mailed(&registry).await;
        store.commits.load(Ordering::Relaxed)
    };
    assert_eq!((posted("y@example.org").await, posted(EMAILS[0]).await), (2, 2));
}
