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
        let Some(service_id) = reference(contract, "service") else { return Ok(()) };
        for owner in self.owners(transaction, contract).await? {
            let mut refused = read(transaction, owner).await?;
            if refused.contains(&service_id) {
                continue;
            }
            refused.push(service_id);
            let too_many = refused.len().saturating_sub(limits::REFUSALS_MAX);
            transaction.put_json(records::refusals(owner), &refused[too_many..].to_vec());
        }
        Ok(())
    }

    /// Forgets it.
    pub(super) async fn forget_refusal(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<(), Error> {
        let Some(service_id) = reference(contract, "service") else { return Ok(()) };
        for owner in self.owners(transaction, contract).await? {
            let mut refused = read(transaction, owner).await?;
            let before = refused.len();
            refused.retain(|id| *id != service_id);
            match refused.len() {
                after if after == before => {}
                0 => transaction.delete(records::refusals(owner)),
                _ => transaction.put_json(records::refusals(owner), &refused),
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
