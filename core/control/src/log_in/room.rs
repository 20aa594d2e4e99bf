//! Counts attempts, and says who has to wait.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::counters::{Account, Address, Bound, Pair, Sums, minute_of};
use super::{PasswordAnswer, PasswordNeed, PasswordOutcome, Work};
use crate::passwords::Hashed;
use crate::ports::Clock;
use latchkey_published::limits;
use latchkey_request::network::household;
use latchkey_store::{Batch, Check, Commit, RecordKey, Store, StoreError, Version, Write};

/// Partition of what is counted.
pub(crate) const PARTITION: &str = "log-in";
/// What the sort keys of sums begin with.
const SUMS: &str = "sums/";
/// Records looked at by one part of [`Room::reports`] and [`Room::drop_old`].
const AT_ONCE: usize = 40;

/// Counts attempts over a store of its own: memory in the local program, the object's SQLite on the Worker,
/// items of the table on Lambda.
///
/// An attempt is counted as failed, in one commit, before anything is hashed, and given back if it was not:
/// as many as come at the same time count as many.
#[derive(Debug)]
pub struct Room<S, C> {
    store: S,
    clock: C,
    /// Where [`Room::drop_old`] goes on.
    dropped_to: Mutex<Option<String>>,
}

/// Work that may be done; an attempt is counted as failed until it is known not to be.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    /// When it was counted as a failed log-in, in milliseconds since the Unix epoch; `None`: it was not.
    failed_at_ms: Option<u64>,
}

/// Failed log-ins of one address in one minute, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureReport {
    /// Of IPv6 the network (/64).
    pub address: Option<IpAddr>,
    /// The minute, in milliseconds since the Unix epoch.
    pub minute_ms: u64,
    /// Wrong passwords.
    pub failed: u32,
    /// Attempts that were held.
    pub held: u32,
}

/// What is stored of a counter.
#[derive(Serialize, Deserialize)]
struct Stored<T> {
    /// When it counts no more, in milliseconds since the Unix epoch.
    until_ms: u64,
    counter: T,
}

/// A counter as it was read, and what becomes of it.
struct Loaded<T> {
    key: RecordKey,
    version: Option<Version>,
    counter: T,
}

impl<T: Serialize> Loaded<T> {
    fn add_to(&self, batch: &mut Batch, until_ms: u64) {
        let stored = Stored { until_ms, counter: &self.counter };
        let bytes = serde_json::to_vec(&stored).expect("counters are numbers");
        batch.checks.push(self.check());
        batch.writes.push(Write::Put(self.key.clone(), bytes));
    }

    fn add_removal_to(&self, batch: &mut Batch) {
        batch.checks.push(self.check());
        batch.writes.push(Write::Delete(self.key.clone()));
    }

    fn check(&self) -> Check {
        match self.version {
            Some(version) => Check::VersionIs(self.key.clone(), version),
            None => Check::Absent(self.key.clone()),
        }
    }
}

/// Everything that a log-in is counted by.
struct Counters {
    pair: Loaded<Pair>,
    account: Loaded<Account>,
    /// `None`: of a known browser, or nobody says.
    address: Option<Loaded<Address>>,
    sums: Loaded<Sums>,
    is_known: bool,
}

impl Counters {
    fn held_until_ms(&self, now_ms: u64) -> Option<u64> {
        let pair = self.pair.counter.held_until_ms();
        // A known browser counts apart, so that nobody keeps an owner out.
        let account = if self.is_known { 0 } else { self.account.counter.held_until_ms(now_ms) };
        let address = self.address.as_ref().map_or(0, |address| address.counter.held_until_ms());
        Some(pair.max(account).max(address)).filter(|until_ms| *until_ms > now_ms)
    }

    fn fail(&mut self, now_ms: u64) {
        self.pair.counter.fail(now_ms);
        self.account.counter.fail(now_ms, self.is_known);
        if let Some(address) = &mut self.address {
            address.counter.count(Bound::GUESSES, now_ms);
        }
        self.sums.counter.failed += 1;
    }

    /// The attempt of `at_ms` did not fail. Answers the failures of the account before.
    fn succeed(&mut self, at_ms: u64) -> u32 {
        if let Some(address) = &mut self.address {
            address.counter.give_back(Bound::GUESSES, at_ms);
        }
        self.sums.counter.failed = self.sums.counter.failed.saturating_sub(1);
        self.account.counter.succeed(at_ms, self.is_known)
    }

    fn write(&self, is_pair_kept: bool, at_ms: u64) -> Batch {
        let mut batch = Batch::default();
        match is_pair_kept {
            true => self.pair.add_to(&mut batch, self.pair.counter.until_ms()),
            false => self.pair.add_removal_to(&mut batch),
        }
        self.account.add_to(&mut batch, self.account.counter.until_ms());
        if let Some(address) = &self.address {
            address.add_to(&mut batch, address.counter.until_ms(Bound::GUESSES));
        }
        // Sums that were reported meanwhile are told.
        if is_pair_kept || self.sums.version.is_some() {
            self.sums.add_to(&mut batch, at_ms);
        }
        batch
    }
}

impl<S: Store, C: Clock> Room<S, C> {
    /// Nothing counted but what the store has.
    pub fn new(store: S, clock: C) -> Self {
        Room { store, clock, dropped_to: Mutex::new(None) }
    }

    #[cfg(test)]
    pub(super) fn store(&self) -> &S {
        &self.store
    }

    /// Counts an attempt. `Ok(Err(_))`: it is held, and nothing is to be hashed.
    pub async fn admit(&self, need: &PasswordNeed) -> Result<Result<Admitted, PasswordAnswer>, StoreError> {
        match &need.work {
            // The token is good, and so it is nobody who guesses.
            Work::Set { .. } => Ok(Ok(Admitted { failed_at_ms: None })),
            Work::SignUp { per_hour, .. } => self.admit_sign_up(need, *per_hour).await,
            Work::LogIn { .. } | Work::Change { .. } => self.admit_log_in(need).await,
        }
    }

    /// Counts what came of it.
    pub async fn finish(
        &self,
        need: &PasswordNeed,
        admitted: Admitted,
        hashed: Hashed,
    ) -> Result<PasswordAnswer, StoreError> {
        let is_right = !matches!(hashed, Hashed::Wrong);
        let failures_before = match admitted.failed_at_ms.filter(|_| is_right) {
            Some(at_ms) => self.give_back(need, at_ms).await?,
            None => 0,
        };
        let outcome = match hashed {
            Hashed::Wrong => PasswordOutcome::Wrong,
            Hashed::Right { renewed } => PasswordOutcome::Right { renewed, failures_before },
            Hashed::Made(phc) => PasswordOutcome::Made(phc),
        };
        Ok(PasswordAnswer { state: need.state, outcome })
    }

    /// Sums that are due for the audit (`Registry::note_failed_log_ins`), taken away.
    pub async fn reports(&self) -> Result<Vec<FailureReport>, StoreError> {
        let this_minute = sums_sort(minute_of(self.clock.unix_ms()), "");
        let mut reports = Vec::new();
        let page = self.store.scan(PARTITION, SUMS, None, AT_ONCE).await?;
        let mut batch = Batch::default();
        for (sort, record) in page.records.into_iter().filter(|(sort, _)| *sort < this_minute) {
            reports.extend(report(&sort, &record.value));
            let key = RecordKey::new(PARTITION, sort);
            batch.checks.push(Check::VersionIs(key.clone(), record.version));
            batch.writes.push(Write::Delete(key));
        }
        // Somebody else has just told or changed one of them: the next time.
        if !batch.writes.is_empty() && self.store.commit(batch).await? == Commit::Conflict {
            return Ok(Vec::new());
        }
        Ok(reports)
    }

    /// Removes counters that no longer count, as many as one part of that work may. Whether there are more.
    pub async fn drop_old(&self) -> Result<bool, StoreError> {
        let after = self.dropped_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now_ms = self.clock.unix_ms();
        let page = self.store.scan(PARTITION, "", after.as_deref(), AT_ONCE).await?;
        let last = page.records.last().map(|(sort, _)| sort.clone()).filter(|_| page.more);
        let mut batch = Batch::default();
        for (sort, record) in page.records.into_iter().filter(|(sort, _)| !sort.starts_with(SUMS)) {
            let stored: Option<Stored<serde::de::IgnoredAny>> = serde_json::from_slice(&record.value).ok();
            if stored.is_none_or(|stored| stored.until_ms <= now_ms) {
                let key = RecordKey::new(PARTITION, sort);
                batch.checks.push(Check::VersionIs(key.clone(), record.version));
                batch.writes.push(Write::Delete(key));
            }
        }
        if !batch.writes.is_empty() {
            // One that counts again meanwhile: the next time round.
            self.store.commit(batch).await?;
        }
        *self.dropped_to.lock().unwrap_or_else(PoisonError::into_inner) = last;
        Ok(page.more)
    }

    async fn admit_log_in(
        &self,
        need: &PasswordNeed,
    ) -> Result<Result<Admitted, PasswordAnswer>, StoreError> {
        for _ in 0..=limits::CONFLICTS_MAX {
            let now_ms = self.clock.unix_ms();
            let mut counters = self.counters(need, now_ms).await?;
            if let Some(until_ms) = counters.held_until_ms(now_ms) {
                counters.sums.counter.held += 1;
                let mut batch = Batch::default();
                counters.sums.add_to(&mut batch, now_ms);
                // A sum for the audit is not worth a second try.
                drop(self.store.commit(batch).await);
                return Ok(Err(held(need, until_ms - now_ms)));
            }
            counters.fail(now_ms);
            if self.store.commit(counters.write(true, now_ms)).await? == Commit::Committed {
                return Ok(Ok(Admitted { failed_at_ms: Some(now_ms) }));
            }
        }
        Ok(Err(PasswordAnswer { state: need.state, outcome: PasswordOutcome::Busy }))
    }

    async fn give_back(&self, need: &PasswordNeed, at_ms: u64) -> Result<u32, StoreError> {
        for _ in 0..=limits::CONFLICTS_MAX {
            let mut counters = self.counters(need, at_ms).await?;
            let failures_before = counters.succeed(at_ms);
            if self.store.commit(counters.write(false, at_ms)).await? == Commit::Committed {
                return Ok(failures_before);
            }
        }
        Err(StoreError::Unavailable("too many count attempts at the same account".to_owned()))
    }

    async fn admit_sign_up(
        &self,
        need: &PasswordNeed,
        per_hour: u32,
    ) -> Result<Result<Admitted, PasswordAnswer>, StoreError> {
        let Some(address) = need.address else { return Ok(Ok(Admitted { failed_at_ms: None })) };
        let (bound, key) = (Bound::sign_ups(per_hour), format!("sign-up/{}", household(address)));
        for _ in 0..=limits::CONFLICTS_MAX {
            let now_ms = self.clock.unix_ms();
            let mut counter: Loaded<Address> = self.load(&key).await?;
            let until_ms = counter.counter.held_until_ms();
            if until_ms > now_ms {
                return Ok(Err(held(need, until_ms - now_ms)));
            }
            counter.counter.count(bound, now_ms);
            let mut batch = Batch::default();
            counter.add_to(&mut batch, counter.counter.until_ms(bound));
            if self.store.commit(batch).await? == Commit::Committed {
                return Ok(Ok(Admitted { failed_at_ms: None }));
            }
        }
        Ok(Err(PasswordAnswer { state: need.state, outcome: PasswordOutcome::Busy }))
    }

    /// Reads all that a log-in is counted by, at the same time. `now_ms`: of the sums' minute.
    async fn counters(&self, need: &PasswordNeed, now_ms: u64) -> Result<Counters, StoreError> {
        let account = need.account.to_hex();
        let address = need.address.map(household);
        let from = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let is_known = need.known_browser.is_some();
        let place = need.known_browser.map_or_else(|| from.clone(), |browser| browser.to_hex());
        let (pair, sums) = (format!("pair/{account}/{place}"), sums_sort(minute_of(now_ms), &from));
        let (account, address_key) = (format!("account/{account}"), format!("address/{from}"));
        let of_address = async {
            match address.filter(|_| !is_known) {
                Some(_) => self.load(&address_key).await.map(Some),
                None => Ok(None),
            }
        };
        let (pair, account, address, sums) = futures_util::future::try_join4(
            self.load(&pair),
            self.load(&account),
            of_address,
            self.load(&sums),
        )
        .await?;
        Ok(Counters { pair, account, address, sums, is_known })
    }

    /// A counter; one that cannot be read begins anew.
    async fn load<T: Default + DeserializeOwned>(&self, sort: &str) -> Result<Loaded<T>, StoreError> {
        let key = RecordKey::new(PARTITION, sort);
        let found = self.store.get(&key).await?;
        let version = found.as_ref().map(|record| record.version);
        let stored: Option<Stored<T>> = found.and_then(|record| serde_json::from_slice(&record.value).ok());
        let counter = stored.map(|stored| stored.counter).unwrap_or_default();
        Ok(Loaded { key, version, counter })
    }
}

fn held(need: &PasswordNeed, for_ms: u64) -> PasswordAnswer {
    let retry_after_s = u32::try_from(for_ms.div_ceil(1000)).unwrap_or(u32::MAX).max(1);
    PasswordAnswer { state: need.state, outcome: PasswordOutcome::Held { retry_after_s } }
}

fn sums_sort(minute_ms: u64, from: &str) -> String {
    format!("{SUMS}{minute_ms:016x}/{from}")
}

/// The sums of a record; `None`: they are none, or nought.
fn report(sort: &str, record: &[u8]) -> Option<FailureReport> {
    let (minute, from) = sort.strip_prefix(SUMS)?.split_once('/')?;
    let minute_ms = u64::from_str_radix(minute, 16).ok()?;
    let Stored { counter: Sums { failed, held }, .. } = serde_json::from_slice(record).ok()?;
    let report = FailureReport { address: from.parse().ok(), minute_ms, failed, held };
    (failed > 0 || held > 0).then_some(report)
}
