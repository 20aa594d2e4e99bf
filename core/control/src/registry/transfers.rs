//! An application goes to another developer: offered by the one, accepted by the other. Its keys and
//! contracts stay as they are.
//!
//! The offer is a member of the application that nobody is shown. It is of its developer of then: once the
//! application is another's, it is void.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::attempts::transact;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::grants::APPROVED;
use super::lookup::Step;
use super::outbox::Cause;
use super::{Minted, Registry};
use crate::audit::{Did, Line};
use crate::mail::{Language, Letter, Mail};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;

/// Member of a stored application with the [`Offer`].
const OFFER: &str = "_offer";

/// What is known of an offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Offer {
    from: Uuid,
    /// `None`: nobody has the address that was named, which is not told.
    to: Option<Uuid>,
    /// In milliseconds since the Unix epoch.
    ends_ms: u64,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Offers the application at the end of a path to the developer with an address, in the place of
    /// whoever it was offered to before. As much is done where nobody has the address.
    pub async fn offer_application(&self, path: &[Step<'_>], email: &str) -> Result<(), Error> {
        let minted = self.minted();
        transact!(self, attempts, |transaction| self.offer_in(&mut transaction, path, email, &minted));
        Ok(())
    }

    async fn offer_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        email: &str,
        minted: &Minted,
    ) -> Result<(), Error> {
        let kind = EntityKind::Applications;
        let found = self.resolve(transaction, path).await?.and_then(|mut found| found.pop());
        let application = found.ok_or(Error::NotFound)?;
        let (id, from) = (id_of(&application)?, reference(&application, "developer").ok_or(Error::NotFound)?);
        let found = self.lookup(transaction, Step { kind: EntityKind::Developers, key: email }).await?;
        let developer = found.filter(|developer| {
            let status = EntityKind::Developers.value_of(developer, "status");
            status.as_i64() == Some(APPROVED)
        });
        let to = developer.as_ref().map(id_of).transpose()?;
        let offer = Offer { from, to, ends_ms: transaction.now_ms + limits::TRANSFER_OFFER_MS };
        let mut offered = application.clone();
        offered.insert(OFFER.to_owned(), json!(offer));
        let line =
            Line { fields: vec!["offer".to_owned()], ..Line::new(kind.name(), Some(id), Did::Changed) };
        transaction.save_as(line, kind, Some(&application), &offered).await?;
        let letter = Letter::TransferOffered { application: id };
        let known = match to {
            Some(to) => self.mail_to_developer(transaction, to, letter.clone()).await?,
            None => None,
        };
        let nobody = Mail { to: None, developer: None, language: Language::default(), letter };
        let cause = Cause::Stranger(self.mailbox(email));
        self.post(transaction, &known.unwrap_or(nobody), minted.mails, cause).await?;
        Ok(())
    }

    /// Makes an application, which was offered to this developer, theirs.
    /// [`Error::NotFound`] where it was not, or that is too long ago.
    pub async fn accept_application(
        &self,
        application_id: Uuid,
        developer_id: Uuid,
    ) -> Result<Object, Error> {
        let minted = self.minted();
        Ok(transact!(self, attempts, |transaction| self.accept_in(
            &mut transaction,
            application_id,
            developer_id,
            &minted,
            attempts.may_be_applied()
        )))
    }

    /// What the application is called that is offered to this developer. [`Error::NotFound`] as above.
    pub(crate) async fn offered_application(
        &self,
        application_id: Uuid,
        developer_id: Uuid,
    ) -> Result<String, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let application = transaction.load(EntityKind::Applications, application_id).await?;
        let offered = application.filter(|one| is_offered(one, developer_id, transaction.now_ms));
        let name = offered.as_ref().and_then(|one| one.get("name")).and_then(Value::as_str);
        name.map(str::to_owned).ok_or(Error::NotFound)
    }

    async fn accept_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
        developer_id: Uuid,
        minted: &Minted,
        may_be_applied: bool,
    ) -> Result<Object, Error> {
        let kind = EntityKind::Applications;
        let old = transaction.load(kind, application_id).await?.ok_or(Error::NotFound)?;
        let owner = reference(&old, "developer");
        if may_be_applied && owner == Some(developer_id) {
            return Ok(self.present(kind, &old, &Object::new(), transaction.now_ms));
        }
        if !is_offered(&old, developer_id, transaction.now_ms) {
            return Err(Error::NotFound);
        }
        let mut application = old.clone();
        application.remove(OFFER);
        application.insert("developer".to_owned(), json!({"id": developer_id}));
        application.insert("updated_at".to_owned(), (transaction.now_ms / 1000).into());
        let input = Object::new();
        let change = EntityChange::new(kind, application_id, &input, Some(&old), minted);
        Ok(self.write(transaction, &change, application, Object::new()).await?.answer)
    }
}

/// Whether an application is offered to a developer by whose it is, still.
fn is_offered(application: &Object, developer_id: Uuid, now_ms: u64) -> bool {
    let (offer, owner) = (application.get(OFFER), reference(application, "developer"));
    offer.and_then(|offer| Offer::deserialize(offer).ok()).is_some_and(|offer| {
        offer.to == Some(developer_id) && Some(offer.from) == owner && offer.ends_ms > now_ms
    })
}
