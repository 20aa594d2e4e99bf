//! The own account: what is shown of it, what else is known of the developer, and its end.

use super::super::attempts::transact_once;
use super::super::entity_transaction::{EntityTransaction, id_of};
use super::super::error::{AccountFault, Error};
use super::super::jobs::Job;
use super::super::{Registry, Step};
use super::Known;
use super::checks::check_meta;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A developer as callers see them.
    pub(super) fn shown(&self, known: &Known, now_ms: u64) -> Object {
        self.present(EntityKind::Developers, &known.developer, &Object::new(), now_ms)
    }

    /// Takes other metadata in the place of the caller's.
    pub(crate) async fn change_meta(&self, session: &KeyDigest, meta: &str) -> Result<Object, Error> {
        let minted = self.minted();
        let change =
            async |transaction: &mut EntityTransaction<'_, S>| -> Result<(Object, Option<Job>), Error> {
                let found = self.good_session(transaction, session).await?;
                let (known, _) = found.ok_or(Error::Account(AccountFault::NoSession))?;
                let settings = self.settings_in(transaction).await?;
                check_meta(Some(meta), &settings.meta_fields).map_err(|fault| Error::field("meta", fault))?;
                let mut new = known.developer.clone();
                new.insert("meta".to_owned(), meta.into());
                let job = self.save_developer(transaction, &known, new.clone(), &minted).await?;
                let changed = Known { id: id_of(&new)?, developer: new, account: known.account };
                Ok((self.shown(&changed, transaction.now_ms), job))
            };
        let (developer, job) = transact_once!(self, |transaction| change(&mut transaction));
        self.finish_job(job).await?;
        Ok(developer)
    }

    /// Deletes the caller, with all applications.
    pub(crate) async fn delete_account(&self, session: &KeyDigest) -> Result<(), Error> {
        let delete = async |transaction: &mut EntityTransaction<'_, S>| {
            let known = self.recent_session(transaction, session).await?;
            let id = known.id.to_string();
            self.delete_in(transaction, &[Step { kind: EntityKind::Developers, key: &id }], false).await
        };
        let job = transact_once!(self, |transaction| delete(&mut transaction));
        self.finish_job(job).await
    }
}
