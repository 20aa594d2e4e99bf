//! Every bound on attempts, by virtual time.

use std::net::IpAddr;

use super::*;
use crate::passwords::{Hashed, Password};
use crate::ports::Clock;
use crate::ports::testing::ManualClock;
use latchkey_store::Store;
use latchkey_store::memory::MemoryStore;

const START_MS: u64 = 1_700_000_000_000;
const DAY_S: u64 = 86_400;

#[derive(Clone, Copy)]
struct TestClock<'a>(&'a ManualClock);

impl Clock for TestClock<'_> {
    fn unix_ms(&self) -> u64 {
        self.0.unix_ms()
    }
}

struct Guesser<'a> {
    room: Room<MemoryStore, TestClock<'a>>,
    clock: &'a ManualClock,
}

fn account(number: u8) -> KeyDigest {
    KeyDigest::from_bytes([number; 32])
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn log_in(of: u8, from: &str) -> PasswordNeed {
    let work = Work::LogIn { password: Password::new("x"), stored: None };
    PasswordNeed { account: account(of), address: address(from), known_browser: None, work, state: Some(7) }
}

impl<'a> Guesser<'a> {
    fn new(clock: &'a ManualClock) -> Self {
        Guesser { room: Room::new(MemoryStore::default(), TestClock(clock)), clock }
    }

    /// `Ok`: the attempt was taken, with what came of it; `Err`: for how many seconds it is held.
    async fn ask(&self, need: &PasswordNeed, hashed: Hashed) -> Result<PasswordOutcome, u32> {
        let admitted = match self.room.admit(need).await.unwrap() {
            Ok(admitted) => admitted,
            Err(PasswordAnswer { state, outcome: PasswordOutcome::Held { retry_after_s } }) => {
                assert_eq!(state, need.state);
                return Err(retry_after_s);
            }
            Err(other) => panic!("{other:?}"),
        };
        let answer = self.room.finish(need, admitted, hashed).await.unwrap();
        assert_eq!(answer.state, need.state);
        Ok(answer.outcome)
    }

    /// A wrong password; whether it was taken.
    async fn guess(&self, need: &PasswordNeed) -> Result<(), u32> {
        self.ask(need, Hashed::Wrong).await.map(|outcome| assert!(matches!(outcome, PasswordOutcome::Wrong)))
    }

    /// The right one; failures before.
    async fn right(&self, need: &PasswordNeed) -> Result<u32, u32> {
        match self.ask(need, Hashed::Right { renewed: None }).await? {
            PasswordOutcome::Right { failures_before, .. } => Ok(failures_before),
            other => panic!("{other:?}"),
        }
    }

    fn wait_s(&self, seconds: u64) {
        self.clock.advance(seconds * 1000);
    }
}

#[tokio::test]
async fn five_failures_are_free_and_the_next_ones_hold_up_longer_and_longer() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let need = log_in(1, "192.0.2.1");
    for _ in 0..5 {
        assert_eq!(guesser.guess(&need).await, Ok(()));
    }
    for hold_s in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        assert_eq!(guesser.guess(&need).await, Ok(()));
        // Not counted, and so the hold is not prolonged.
        for _ in 0..3 {
            assert_eq!(guesser.guess(&need).await, Err(hold_s));
        }
        guesser.clock.advance(u64::from(hold_s) * 1000 - 1);
        assert_eq!(guesser.right(&need).await, Err(1), "the right password waits as well");
        guesser.clock.advance(1);
    }
    assert_eq!(guesser.right(&need).await, Ok(17));
    // A success clears it, and not that of the account, which has seen 17.
    for _ in 0..3 {
        assert_eq!(guesser.guess(&need).await, Ok(()));
    }
    assert_eq!(guesser.right(&need).await, Ok(3));
    assert_eq!(guesser.guess(&need).await, Ok(()));
    assert_eq!(guesser.guess(&need).await, Err(1));
}

#[tokio::test]
async fn a_day_without_a_failure_is_a_new_beginning() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let need = log_in(1, "192.0.2.1");
    for _ in 0..6 {
        assert_eq!(guesser.guess(&need).await, Ok(()));
    }
    guesser.wait_s(DAY_S);
    for _ in 0..6 {
        assert_eq!(guesser.guess(&need).await, Ok(()));
    }
    assert_eq!(guesser.guess(&need).await, Err(1));
}

#[tokio::test]
async fn an_account_is_held_wherever_it_is_guessed_from() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let from = |number: u32| log_in(1, &format!("192.0.2.{number}"));
    for number in 0..20 {
        assert_eq!(guesser.guess(&from(number)).await, Ok(()));
    }
    for hold_s in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(guesser.guess(&from(100 + hold_s)).await, Ok(()));
        assert_eq!(guesser.guess(&from(99)).await, Err(hold_s));
        assert_eq!(guesser.guess(&log_in(2, "192.0.2.99")).await, Ok(()), "another account is not");
        guesser.wait_s(u64::from(hold_s));
    }
}

#[tokio::test]
async fn a_hundred_failures_a_day_leave_the_known_browser_alone() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    for number in 0..100 {
        assert_eq!(guesser.guess(&log_in(1, &format!("192.0.2.{number}"))).await, Ok(()));
        guesser.wait_s(61);
    }
    let stranger = log_in(1, "198.51.100.1");
    let hold_s = guesser.right(&stranger).await.unwrap_err();
    assert!(hold_s > 79_000 && u64::from(hold_s) <= DAY_S + DAY_S / 60, "{hold_s}");
    // The owner's browser gets in, from an address that is shut out, too.
    let known = PasswordNeed { known_browser: Some(account(9)), ..log_in(1, "192.0.2.1") };
    assert_eq!(guesser.right(&known).await, Ok(100));
    assert!(guesser.right(&stranger).await.is_err(), "which opens it to nobody else");
    guesser.wait_s(u64::from(hold_s));
    assert_eq!(guesser.guess(&stranger).await, Ok(()));
}

#[tokio::test]
async fn a_known_browser_is_held_for_its_own_guesses() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let known = PasswordNeed { known_browser: Some(account(9)), ..log_in(1, "192.0.2.1") };
    for _ in 0..6 {
        assert_eq!(guesser.guess(&known).await, Ok(()));
    }
    assert_eq!(guesser.guess(&known).await, Err(1));
    let unknown = log_in(1, "192.0.2.1");
    assert_eq!(guesser.right(&unknown).await, Ok(6), "and holds up nobody else");
}

#[tokio::test]
async fn an_address_that_guesses_at_many_accounts_is_shut_out() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    for number in 0..30 {
        let from = format!("2001:db8:0:1::{number:x}");
        assert_eq!(guesser.guess(&log_in(number, &from)).await, Ok(()));
        guesser.wait_s(1);
    }
    assert_eq!(guesser.right(&log_in(200, "2001:db8:0:1:ffff::1")).await, Err(599), "the same network");
    assert_eq!(guesser.guess(&log_in(200, "2001:db8:0:2::1")).await, Ok(()), "another");
    guesser.wait_s(599);
    for _ in 0..5 {
        assert_eq!(guesser.guess(&log_in(201, "2001:db8:0:1::1")).await, Ok(()));
    }
}

/// One that gets in again and again never fills the bound of its address.
#[tokio::test]
async fn a_success_is_no_failure() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let need = log_in(1, "192.0.2.1");
    for _ in 0..300 {
        assert_eq!(guesser.right(&need).await, Ok(0));
    }
    assert_eq!(guesser.room.reports().await.unwrap(), []);
    guesser.wait_s(60);
    assert_eq!(guesser.room.reports().await.unwrap(), []);
}

/// All of them are counted before the first is hashed.
#[tokio::test]
async fn a_hundred_at_once_count_as_a_hundred() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let need = log_in(1, "192.0.2.1");
    let mut admitted = Vec::new();
    for _ in 0..100 {
        admitted.extend(guesser.room.admit(&need).await.unwrap());
    }
    assert_eq!(admitted.len(), 6);
    // One of them was right: the others stay counted for the account, not for the pair.
    let first = admitted.remove(0);
    let answer = guesser.room.finish(&need, first, Hashed::Right { renewed: None }).await.unwrap();
    assert!(matches!(answer.outcome, PasswordOutcome::Right { failures_before: 5, .. }), "{answer:?}");
    for rest in admitted {
        drop(guesser.room.finish(&need, rest, Hashed::Wrong).await.unwrap());
    }
    assert_eq!(guesser.guess(&need).await, Ok(()));
}

#[tokio::test]
async fn a_wrong_old_password_is_a_failed_log_in() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let (old, new) = (Password::new("x"), Password::new("y"));
    let work = Work::Change { old, stored: None, new };
    let change = PasswordNeed { work, ..log_in(1, "192.0.2.1") };
    for _ in 0..6 {
        assert_eq!(guesser.guess(&change).await, Ok(()));
    }
    assert_eq!(guesser.guess(&log_in(1, "192.0.2.1")).await, Err(1));
    guesser.wait_s(1);
    let made = PhcString::new("made".to_owned());
    let outcome = guesser.ask(&change, Hashed::Made(made.clone())).await;
    assert!(matches!(outcome, Ok(PasswordOutcome::Made(phc)) if phc == made));
    assert_eq!(guesser.guess(&change).await, Ok(()), "the right old one clears the pair");
}

#[tokio::test]
async fn sign_ups_of_an_address_are_bounded() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    let sign_up = |from: &str| {
        let work = Work::SignUp { password: Password::new("x"), per_hour: 5 };
        PasswordNeed { work, ..log_in(1, from) }
    };
    let made = || Hashed::Made(PhcString::new("made".to_owned()));
    for _ in 0..5 {
        assert!(guesser.ask(&sign_up("192.0.2.1"), made()).await.is_ok());
    }
    assert_eq!(guesser.ask(&sign_up("192.0.2.1"), made()).await.unwrap_err(), 3600);
    assert!(guesser.ask(&sign_up("192.0.2.2"), made()).await.is_ok());
    assert_eq!(guesser.guess(&log_in(1, "192.0.2.1")).await, Ok(()), "log-ins are counted apart");
    guesser.wait_s(3600);
    assert!(guesser.ask(&sign_up("192.0.2.1"), made()).await.is_ok());
    // By a token that is good, nobody is held.
    let set = PasswordNeed { work: Work::Set { password: Password::new("x") }, ..log_in(1, "192.0.2.1") };
    for _ in 0..50 {
        assert!(guesser.ask(&set, made()).await.is_ok());
    }
}

#[tokio::test]
async fn failures_are_told_by_the_minute_and_once() {
    let clock = ManualClock::at(START_MS / 60_000 * 60_000);
    let guesser = Guesser::new(&clock);
    for _ in 0..8 {
        let _ = guesser.guess(&log_in(1, "192.0.2.1")).await;
    }
    let _ = guesser.guess(&log_in(1, "2001:db8:1:2:3:4:5:6")).await;
    let nobody = PasswordNeed { address: None, ..log_in(3, "192.0.2.1") };
    let _ = guesser.guess(&nobody).await;
    assert_eq!(guesser.room.reports().await.unwrap(), [], "the minute is not over");
    guesser.wait_s(60);
    let minute_ms = START_MS / 60_000 * 60_000;
    let report = |address: Option<IpAddr>, failed, held| FailureReport { address, minute_ms, failed, held };
    let mut reports = guesser.room.reports().await.unwrap();
    reports.sort_by_key(|report| report.address);
    assert_eq!(
        reports,
        [report(None, 1, 0), report(address("192.0.2.1"), 6, 2), report(address("2001:db8:1:2::"), 1, 0)]
    );
    assert_eq!(guesser.room.reports().await.unwrap(), []);
}

/// What no longer counts goes, and nothing else.
#[tokio::test]
async fn what_no_longer_counts_is_removed() {
    let clock = ManualClock::at(START_MS);
    let guesser = Guesser::new(&clock);
    for number in 0..60 {
        assert_eq!(guesser.guess(&log_in(number, &format!("192.0.2.{number}"))).await, Ok(()));
    }
    let drop_all = async || while guesser.room.drop_old().await.unwrap() {};
    drop_all().await;
    let of = async |prefix: &str| {
        let page = guesser.room.store().scan("log-in", "", None, 1000).await.unwrap();
        page.records.iter().filter(|(sort, _)| sort.starts_with(prefix)).count()
    };
    assert_eq!((of("pair/").await, of("account/").await, of("address/").await), (60, 60, 60));
    guesser.wait_s(3600);
    drop_all().await;
    assert_eq!((of("pair/").await, of("account/").await, of("address/").await), (60, 60, 0));
    guesser.wait_s(DAY_S);
    drop_all().await;
    assert_eq!((of("pair/").await, of("account/").await, of("sums/").await), (0, 60, 60));
    guesser.wait_s(30 * DAY_S);
    drop_all().await;
    assert_eq!((of("account/").await, of("sums/").await), (0, 60));
}
