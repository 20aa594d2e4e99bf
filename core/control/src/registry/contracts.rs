//! Contracts between an application and a service, and the states they go through.
//!
//! Of a contract that was rejected or revoked more is left than the contract: [`super::refusals`].

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::APPROVED;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::plugins::ApplicationRegistrationSettings as Registration;
use latchkey_store::Store;

pub(super) const REQUESTED: i64 = 1;
pub(super) const REJECTED: i64 = 2;
const REVOKED: i64 = 3;

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn prepare_contract(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        change: &EntityChange<'_>,
        contract: &mut Object,
    ) -> Result<Object, Error> {
        let (application, service) = (reference(contract, "application"), reference(contract, "service"));
        let (Some(application_id), Some(service_id)) = (application, service) else {
            return Ok(Object::new());
        };
        contract.insert("composite_id".to_owned(), format!("{application_id}_{service_id}").into());
        match change.old {
            Some(old) => {
                for field in ["application", "service"] {
                    if old.get(field) != contract.get(field) {
                        return Err(Error::field(field, "cannot be changed: make another contract"));
                    }
                }
                check_transition(status(old), status(contract))?;
                if status(old) != status(contract) {
                    if !change.input.contains_key("reason") {
                        contract.insert("reason".to_owned(), Value::Null);
                    }
                    self.note_decision(transaction, contract).await?;
                }
            }
            None => {
                let first = self.first_status(transaction, service_id).await?;
                if status(contract).is_some_and(|given| given != first) {
                    let sentence = format!("a new contract has {first}; change it afterwards");
                    return Err(Error::field("status", sentence));
                }
                contract.insert("status".to_owned(), first.into());
            }
        }
        Ok(Object::new())
    }

    /// Remembers that the application was refused the service, or that it no longer is.
    async fn note_decision(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        contract: &Object,
    ) -> Result<(), Error> {
        match status(contract) {
            Some(REJECTED | REVOKED) => self.remember_refusal(transaction, contract).await,
            Some(APPROVED) => self.forget_refusal(transaction, contract).await,
            _ => Ok(()),
        }
    }

    /// What a new contract with a service begins as.
    async fn first_status(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        service_id: Uuid,
    ) -> Result<i64, Error> {
        if transaction.load(EntityKind::Services, service_id).await?.is_none() {
            return Err(Error::NoSuchReference {
                field: "service",
                kind: "services",
                id: service_id.to_string(),
            });
        }
        let Some(registration) = self.registration(transaction, service_id).await? else {
            let sentence = "does not take applications: it has no enabled plugin 'application-registration'";
            return Err(Error::field("service", sentence));
        };
        let auto_approve = registration.get("config").and_then(|config| config.get("auto_approve"));
        Ok(if auto_approve == Some(&Value::Bool(true)) { APPROVED } else { REQUESTED })
    }

    /// The plugin that opens a service for registration.
    pub(super) async fn registration(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        service_id: Uuid,
    ) -> Result<Option<Object>, Error> {
        let plugins = transaction.children(EntityKind::Services, service_id, EntityKind::Plugins).await?;
        Ok(plugins.into_iter().find(opens_registration))
    }
}

/// Whether a plugin opens its service for registration.
pub(super) fn opens_registration(plugin: &Object) -> bool {
    let is_registration = plugin.get("name").and_then(Value::as_str) == Some(Registration::PLUGIN);
    is_registration && plugin.get("enabled") == Some(&Value::Bool(true))
}

/// Whether an administrator has said no.
pub(super) fn is_refused(contract: &Object) -> bool {
    matches!(status(contract), Some(REJECTED | REVOKED))
}

pub(super) fn status(contract: &Object) -> Option<i64> {
    contract.get("status").and_then(Value::as_i64)
}

fn check_transition(from: Option<i64>, to: Option<i64>) -> Result<(), Error> {
    let (Some(from), Some(to)) = (from, to) else {
        return Err(Error::field("status", "required field missing"));
    };
    let allowed: &[i64] = match from {
        REQUESTED => &[APPROVED, REJECTED],
        APPROVED => &[REVOKED],
        REJECTED | REVOKED => &[APPROVED],
        _ => &[],
    };
    if from == to || allowed.contains(&to) {
        return Ok(());
    }
    let choices: Vec<String> = allowed.iter().map(|status| format!("{status} ({})", word(*status))).collect();
    let choices = choices.join(" or ");
    Err(Error::field(
        "status",
        format!("cannot go from {from} ({}) to {to} ({}); it can go to {choices}", word(from), word(to)),
    ))
}

fn word(status: i64) -> &'static str {
    match status {
        APPROVED => "approved",
        REQUESTED => "requested",
        REJECTED => "rejected",
        REVOKED => "revoked",
        _ => "unknown",
    }
}
