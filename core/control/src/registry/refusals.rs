//! Who was refused a service: whoever was rejected or revoked waits for an administrator when they ask
//! again, also where others are approved at once, and also if the contract was deleted in between.
//! Otherwise a revocation were worth nothing.
//!
//! It is remembered of the application, which may go to another developer, and of the developer, who may
//! make another application. An approval takes it back.

use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Remembers that the sides of a contract were refused each other.
    pub(super) async fn remember_refusal(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<(), Error> {
        let remember = |refused: &mut Vec<Uuid>, service_id| {
            if !refused.contains(&service_id) {
                refused.push(service_id);
                refused.drain(..refused.len().saturating_sub(limits::REFUSALS_MAX));
            }
        };
        self.change_refusals(transaction, contract, remember).await
    }

    /// Forgets it.
    pub(super) async fn forget_refusal(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<(), Error> {
        let forget = |refused: &mut Vec<Uuid>, service_id| refused.retain(|id| *id != service_id);
        self.change_refusals(transaction, contract, forget).await
    }

    /// Changes what is remembered of both sides, where that makes a difference.
    async fn change_refusals(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
        change: impl Fn(&mut Vec<Uuid>, Uuid),
    ) -> Result<(), Error> {
        let Some(service_id) = reference(contract, "service") else { return Ok(()) };
        for owner in self.owners(transaction, contract).await? {
            let before = read(transaction, owner).await?;
            let mut refused = before.clone();
            change(&mut refused, service_id);
            match refused.is_empty() {
                _ if refused == before => {}
                true => transaction.delete(records::refusals(owner)),
                false => transaction.put_json(records::refusals(owner), &refused),
            }
        }
        Ok(())
    }

    /// Whether it is remembered of either of those who ask for a contract.
    pub(super) async fn was_refused(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<bool, Error> {
        let Some(service_id) = reference(contract, "service") else { return Ok(false) };
        for owner in self.owners(transaction, contract).await? {
            if read(transaction, owner).await?.contains(&service_id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The application of a contract, and its developer.
    async fn owners(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<Vec<Uuid>, Error> {
        let Some(application_id) = reference(contract, "application") else { return Ok(Vec::new()) };
        let application = transaction.load(EntityKind::Applications, application_id).await?;
        let Some(application) = application else { return Ok(Vec::new()) };
        Ok([Some(application_id), reference(&application, "developer")].into_iter().flatten().collect())
    }
}

async fn read<S: Store>(transaction: &mut EntityTransaction<'_, S>, owner: Uuid) -> Result<Vec<Uuid>, Error> {
    Ok(transaction.read_json(&records::refusals(owner)).await?.unwrap_or_default())
}
