//! What developers do to get access: which services are open to be asked for, and asking.

use serde_json::{Value, json};
use uuid::Uuid;

use super::attempts::transact;
use super::contracts::{REJECTED, REQUESTED, opens_registration, status};
use super::entities::stamp;
use super::entity_change::EntityChange;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::list::PageRequest;
use super::lookup::Step;
use super::pages::encode_offset;
use super::records;
use super::{Minted, Registry};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Input, Mode, Object, portal_calls, validate_record};
use latchkey_published::plugins::ApplicationRegistrationSettings as Registration;
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// Plugins read from their index at once.
const READ_AT_ONCE: usize = 200;

/// A page of the services that are open for registration.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenServices {
    /// Each with `id`, `name` and `app_registration_config`.
    pub data: Vec<Object>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
    /// How many there are on all pages.
    pub total: usize,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A page of the services that are open for registration, in order of their ids.
    ///
    /// They are found by the index that keeps a plugin unlike the others of its service: all of them are
    /// looked at, since a plugin that is not enabled opens nothing.
    pub async fn open_services(&self, page: &PageRequest) -> Result<OpenServices, Error> {
        let now_ms = self.clock.unix_ms();
        let prefix = records::registrations();
        let (mut total, mut registrations, mut after) = (0, Vec::new(), None::<String>);
        loop {
            let partition = prefix.partition.clone();
            let found = self.store.scan(&partition, &prefix.sort, after.as_deref(), READ_AT_ONCE).await?;
            let ids = found.records.iter().map(|(_, record)| decode(&record.value));
            let ids: Vec<Uuid> = ids.collect::<Result<_, _>>()?;
            for plugin in self.load_all(EntityKind::Plugins, &ids, now_ms).await? {
                let Some(service_id) = reference(&plugin, "service") else { continue };
                if !opens_registration(&plugin) {
                    continue;
                }
                total += 1;
                // One more than asked for tells whether there is a next page.
                if page.after.is_none_or(|after| service_id > after) && registrations.len() <= page.size {
                    registrations.push((service_id, plugin));
                }
            }
            after = found.records.last().map(|(sort, _)| sort.clone());
            if !found.more || after.is_none() {
                break;
            }
        }
        let more = registrations.len() > page.size;
        registrations.truncate(page.size);
        let offset = registrations.last().filter(|_| more).map(|(id, _)| encode_offset([*id]));
        let ids: Vec<Uuid> = registrations.iter().map(|(id, _)| *id).collect();
        let services = self.load_all(EntityKind::Services, &ids, now_ms).await?;
        let data = services.iter().filter_map(|service| open_service(service, &registrations)).collect();
        Ok(OpenServices { data, offset, total })
    }

    /// Asks for access of the application at the end of a path to a service, as its developer does.
    /// `input`: [`portal_calls::ASK_ACCESS`]. Answers the contract: a new one, or the one that was rejected.
    pub async fn ask_access(&self, path: &[Step<'_>], input: Input<'_>) -> Result<Object, Error> {
        let (input, minted) = (input.typed_by(portal_calls::ASK_ACCESS).into_owned(), self.minted());
        Ok(transact!(self, attempts, |transaction| self.ask_access_in(
            &mut transaction,
            path,
            &input,
            &minted,
            attempts.may_be_applied()
        )))
    }

    async fn ask_access_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        input: &Object,
        minted: &Minted,
        may_be_applied: bool,
    ) -> Result<Object, Error> {
        let (_, application_id) = self.parent(transaction, path).await?.ok_or(Error::NotFound)?;
        let asked = self.asked_service(transaction, input).await?;
        let Some(service_id) = reference(&asked, "service") else { return Err(not_open()) };
        let composite_id = format!("{application_id}_{service_id}");
        let kind = EntityKind::ApplicationInstances;
        let Some(id) = transaction.find(kind, "composite_id", &composite_id).await? else {
            return self.first_contract(transaction, application_id, &asked, minted).await;
        };
        let Some(old) = transaction.load(kind, id).await? else { return Err(Error::Busy) };
        let contract = asked_again(&old, &asked, transaction.now_ms);
        if may_be_applied && (id == minted.id || old == contract) {
            // Made by an attempt whose reply was lost: only the answer is left to give.
            return Ok(self.present(kind, &old, &Object::new(), transaction.now_ms));
        }
        if status(&old) != Some(REJECTED) {
            return Err(Error::NotUnique(Object::from_iter([(
                "composite_id".to_owned(),
                composite_id.into(),
            )])));
        }
        let change = EntityChange::new(kind, id, input, Some(&old), minted);
        Ok(self.write(transaction, &change, contract, Object::new()).await?.answer)
    }

    /// What is asked for, with the id of a service that is open.
    async fn asked_service(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        input: &Object,
    ) -> Result<Object, Error> {
        let kind = EntityKind::ApplicationInstances;
        let resolved = self.resolve_references(transaction, kind, input.clone()).await;
        let resolved = resolved.map_err(|error| match error {
            Error::Unresolved(_) => not_open(),
            error => error,
        })?;
        let asked =
            validate_record(portal_calls::ASK_ACCESS, Mode::Whole, &resolved).map_err(Error::Schema)?;
        let Some(service_id) = reference(&asked, "service") else { return Err(not_open()) };
        let is_there = transaction.load(EntityKind::Services, service_id).await?.is_some();
        match is_there && self.registration(transaction, service_id).await?.is_some() {
            true => Ok(asked),
            false => Err(not_open()),
        }
    }

    async fn first_contract(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        application_id: Uuid,
        asked: &Object,
        minted: &Minted,
    ) -> Result<Object, Error> {
        let kind = EntityKind::ApplicationInstances;
        let mut input = asked.clone();
        input.insert("application".to_owned(), json!({"id": application_id}));
        let mut contract = self.validate(kind, Mode::Whole, &input)?;
        stamp(kind, &mut contract, minted.id, transaction.now_ms);
        let change = EntityChange::new(kind, minted.id, &input, None, minted);
        let disclosed = self.prepare(transaction, &change, &mut contract).await?;
        if self.was_refused(transaction, &contract).await? {
            contract.insert("status".to_owned(), REQUESTED.into());
        }
        Ok(self.write(transaction, &change, contract, disclosed).await?.answer)
    }
}

/// Whether there is such a service is not told.
fn not_open() -> Error {
    Error::field("service", "is not open for registration")
}

/// A rejected contract that is asked for again.
fn asked_again(old: &Object, asked: &Object, now_ms: u64) -> Object {
    let mut contract = old.clone();
    contract.extend([
        ("status".to_owned(), REQUESTED.into()),
        ("note".to_owned(), asked.get("note").cloned().unwrap_or_default()),
        ("reason".to_owned(), Value::Null),
        ("updated_at".to_owned(), (now_ms / 1000).into()),
    ]);
    contract
}

/// A service as developers see it.
fn open_service(service: &Object, registrations: &[(Uuid, Object)]) -> Option<Object> {
    let id = id_of(service).ok()?;
    let (_, plugin) = registrations.iter().find(|(service_id, _)| *service_id == id)?;
    let config = plugin.get("config").cloned().unwrap_or_default();
    let setting = |name: &str| (name.to_owned(), config.get(name).cloned().unwrap_or_default());
    let shown = [
        Registration::DISPLAY_NAME,
        Registration::DESCRIPTION,
        Registration::AUTO_APPROVE.name,
        Registration::SHOW_ISSUER.name,
    ];
    let config: Object = shown.map(setting).into_iter().collect();
    Some(Object::from_iter([
        ("id".to_owned(), id.to_string().into()),
        ("name".to_owned(), service.get("name").cloned().unwrap_or_default()),
        ("app_registration_config".to_owned(), Value::Object(config)),
    ]))
}
