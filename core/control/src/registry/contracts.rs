//! Contracts between an application and a service, and the states they go through.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, reference};
use super::error::Error;
use super::grants::APPROVED;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_store::Store;

const REQUESTED: i64 = 1;
const REJECTED: i64 = 2;
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
        let plugins = transaction.children(EntityKind::Services, service_id, EntityKind::Plugins).await?;
        let registration = plugins.iter().find(|plugin| {
            plugin.get("name").and_then(Value::as_str) == Some("application-registration")
                && plugin.get("enabled") == Some(&Value::Bool(true))
        });
        let Some(registration) = registration else {
            let sentence = "does not take applications: it has no enabled plugin 'application-registration'";
            return Err(Error::field("service", sentence));
        };
        let auto_approve = registration.get("config").and_then(|config| config.get("auto_approve"));
        Ok(if auto_approve == Some(&Value::Bool(true)) { APPROVED } else { REQUESTED })
    }
}

fn status(contract: &Object) -> Option<i64> {
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
