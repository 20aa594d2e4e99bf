//! What an administrator changes while it runs.

use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::{Registry, SETTINGS as SETTINGS_NAME, records};
use crate::audit::Line;
use crate::ports::{Clock, Random};
use crate::schema::{FieldFaults, Mode, Object, SETTINGS, Violation, validate_record};
use crate::settings::Settings;
use latchkey_store::{Store, StoreError};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// The settings, read and checked in a transaction.
    pub(super) async fn settings_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
    ) -> Result<Settings, Error> {
        let record: Option<Object> = transaction.read_json(&records::settings()).await?;
        parsed(record.unwrap_or_default())
    }

    /// The settings.
    pub async fn read_settings(&self) -> Result<Settings, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        self.settings_in(&mut transaction).await
    }

    /// Changes settings: what is not named stays, null is the default, members of a record likewise.
    pub async fn change_settings(&self, input: &Object) -> Result<Settings, Error> {
        Ok(transact!(self, attempts, |transaction| self.change_settings_in(&mut transaction, input)))
    }

    async fn change_settings_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        input: &Object,
    ) -> Result<Settings, Error> {
        let mut record: Object = transaction.read_json(&records::settings()).await?.unwrap_or_default();
        let before = parsed(record.clone())?.to_object();
        let whole = Settings::changed(&before, input);
        let (checked, mut faults) = match validate_record(SETTINGS, Mode::Whole, &whole) {
            Ok(checked) => (checked, FieldFaults::default()),
            Err(violation) => (Object::new(), violation.fields),
        };
        Settings::add_contradictions(&whole, self.has_mail, &mut faults);
        if !faults.is_empty() {
            return Err(Error::Schema(Violation { fields: faults }));
        }
        let line = Line::of_change(SETTINGS_NAME, uuid::Uuid::nil(), Some(&before), &checked);
        transaction.note(Line { entity_id: None, ..line });
        // What a newer program has set stays.
        record.extend(checked);
        transaction.put_json(records::settings(), &record);
        parsed(record)
    }
}

fn parsed(record: Object) -> Result<Settings, Error> {
    let unreadable = |error| Error::Store(StoreError::Failed(format!("stored settings: {error}")));
    Settings::of(record).map_err(unreadable)
}
