//! What an administrator changes while it runs.

use super::Registry;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use crate::settings::Settings;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The settings, read and checked in a transaction.
    pub(super) async fn settings_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
    ) -> Result<Settings, Error> {
        let _ = transaction;
        todo!()
    }

    /// The settings.
    pub async fn read_settings(&self) -> Result<Settings, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        self.settings_in(&mut transaction).await
    }

    /// Changes settings: what is not named stays, null is the default.
    pub async fn change_settings(&self, input: &Object) -> Result<Settings, Error> {
        let _ = input;
        todo!()
    }
}
