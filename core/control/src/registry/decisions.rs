//! Decisions about many contracts at once: as many to a commit as fit, each by the rules of any other change,
//! with its lines in the audit and its mails.
//!
//! Each is decided on its own: one that has gone, or is in another state by now, stays as it is and holds up no
//! other. What was read of all of them is checked at the commit, and after a conflict all are decided anew.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::attempts::Attempts;
use super::contracts::{REJECTED, REQUESTED, status};
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::APPROVED;
use super::imports::is_fault;
use super::{Minted, Registry, Step, records};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Input, Object, parse_uuid};
use latchkey_published::limits::{BATCH_RECORDS_MAX, DECIDED_AT_ONCE};
use latchkey_store::Store;

const KIND: EntityKind = EntityKind::ApplicationInstances;

/// Records of a batch that are kept free: a size is not known to the last record before the commit.
const KEPT_FREE: usize = BATCH_RECORDS_MAX - super::jobs::ROOM;

/// What is decided about contracts.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The state that they come to.
    to: i64,
    /// The one that they must be in.
    from: i64,
    /// As a change of one would be sent.
    sent: Object,
}

impl Decision {
    /// That they come to the state of this number, with what is said of it to developers. Those are approved and
    /// rejected that wait, and those revoked that are approved.
    pub fn new(to: i64, reason: Value) -> Self {
        let from = if matches!(to, APPROVED | REJECTED) { REQUESTED } else { APPROVED };
        let sent = Object::from_iter([("status".to_owned(), json!(to)), ("reason".to_owned(), reason)]);
        Decision { to, from, sent }
    }
}

/// What became of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// What was decided.
    Done,
    /// It was so before.
    Already,
    /// It stays in the state that it is in, of this number.
    Left(i64),
    /// There is none.
    Gone,
    /// It was not come to, since the store failed before: it can be decided again.
    NotReached,
}

impl Decided {
    /// All names.
    pub const NAMES: [&str; 5] = ["done", "already", "left", "gone", "not_reached"];

    /// Its name, as it is answered.
    pub fn name(self) -> &'static str {
        match self {
            Decided::Done => "done",
            Decided::Already => "already",
            Decided::Left(_) => "left",
            Decided::Gone => "gone",
            Decided::NotReached => "not_reached",
        }
    }
}

/// What one commit is about.
struct Plan<'a> {
    ids: &'a [&'a str],
    decision: &'a Decision,
    minted: Minted,
    /// For each contract, what its mails are called by.
    mails: Vec<Uuid>,
    /// Those that cannot be changed, by their places.
    faulty: BTreeSet<usize>,
    /// So many are tried, at most.
    most: usize,
}

/// How a batch has come out.
enum Batch {
    /// It can be committed: what becomes of the first contracts.
    Ready(Vec<Decided>),
    /// The contract at this place cannot be changed.
    Faulty(usize),
    /// Only so many contracts fit.
    TooLarge(usize),
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Decides about contracts, by their ids. Answers what became of each, in their order.
    pub async fn decide_contracts(&self, ids: &[&str], decision: &Decision) -> Result<Vec<Decided>, Error> {
        let mut decided = Vec::with_capacity(ids.len());
        while decided.len() < ids.len() {
            match self.decide_next(&ids[decided.len()..], decision).await {
                Ok(some) => decided.extend(some),
                // What is done already is to be told.
                Err(error) if error.is_retryable() && !decided.is_empty() => {
                    decided.resize(ids.len(), Decided::NotReached);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(decided)
    }

    /// Decides about the first of some contracts, in one commit.
    async fn decide_next(&self, ids: &[&str], decision: &Decision) -> Result<Vec<Decided>, Error> {
        let most = ids.len().min(DECIDED_AT_ONCE);
        let mails = (0..most).map(|_| self.random_id()).collect();
        let (minted, faulty) = (self.minted(), BTreeSet::new());
        let mut plan = Plan { ids, decision, minted, mails, faulty, most };
        let mut attempts = Attempts::new(self.stamp());
        let mut earlier = None;
        loop {
            let mut transaction = self.attempt(&attempts);
            if let Some(decided) = earlier.take()
                && transaction.was_applied().await?
            {
                return Ok(decided);
            }
            match self.decide_batch(&mut transaction, &plan).await? {
                Batch::Faulty(at) => drop(plan.faulty.insert(at)),
                Batch::TooLarge(most) => plan.most = most,
                Batch::Ready(decided) => {
                    if attempts.commit(transaction).await? {
                        return Ok(decided);
                    }
                    // What was impossible may be possible now.
                    plan.faulty.clear();
                    earlier = Some(decided);
                }
            }
        }
    }

    async fn decide_batch(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        plan: &Plan<'_>,
    ) -> Result<Batch, Error> {
        let room = self.store.batch_records_max() - KEPT_FREE;
        self.read_ahead_of_decisions(transaction, &plan.ids[..plan.most], room).await?;
        let (mut decided, mut last) = (Vec::new(), 0);
        for (at, id) in plan.ids.iter().enumerate().take(plan.most) {
            let before = transaction.size();
            if at > 0 && before + last > room {
                break;
            }
            let one = match self.decide_one(transaction, plan, at, id).await {
                Ok(one) => one,
                Err(error) if is_fault(&error) => return Ok(Batch::Faulty(at)),
                Err(error) => return Err(error),
            };
            let size = transaction.size();
            if at > 0 && size > room {
                return Ok(Batch::TooLarge(at));
            }
            last = size - before;
            decided.push(one);
        }
        Ok(Batch::Ready(decided))
    }

    async fn decide_one(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        plan: &Plan<'_>,
        at: usize,
        id: &str,
    ) -> Result<Decided, Error> {
        let Some(parsed) = parse_uuid(id) else { return Ok(Decided::Gone) };
        let Some(contract) = transaction.load(KIND, parsed).await? else { return Ok(Decided::Gone) };
        let (state, decision) = (status(&contract).unwrap_or_default(), plan.decision);
        if state == decision.to {
            return Ok(Decided::Already);
        }
        if state != decision.from || plan.faulty.contains(&at) {
            return Ok(Decided::Left(state));
        }
        let minted = Minted { mails: plan.mails[at], ..plan.minted.clone() };
        let path = [Step { kind: KIND, key: id }];
        let sent = Input::Object(&decision.sent);
        self.update_in(transaction, &path, sent, &minted, false, &mut None).await?;
        Ok(Decided::Done)
    }

    /// Reads at the same time what deciding about as many as are likely to fit reads first.
    async fn read_ahead_of_decisions(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        ids: &[&str],
        room: usize,
    ) -> Result<(), Error> {
        let likely = ids.iter().take(room / RECORDS_EACH).filter_map(|id| parse_uuid(id));
        let contracts: Vec<_> = likely.map(|id| records::entity(KIND, id)).collect();
        transaction.read_ahead(contracts.clone()).await?;
        let mut of_applications = BTreeSet::new();
        for key in &contracts {
            let Some(contract) = transaction.peek_json::<Object>(key)? else { continue };
            if let Some(id) = reference(&contract, "application") {
                let kind = EntityKind::Applications;
                of_applications.extend([
                    records::entity(kind, id),
                    records::guard(kind, id),
                    records::refusals(id),
                ]);
            }
        }
        transaction.read_ahead(of_applications.into_iter().collect()).await
    }
}

/// Records that a decision takes at least: the contract and its copies, what is read and told of its application,
/// a grant, a mail.
const RECORDS_EACH: usize = 9;
