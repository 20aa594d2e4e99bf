//! Lists, a page at a time, in order of ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::lookup::Step;
use super::present::is_expired;
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::{Store, StoreError};

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most entities it may have.
    pub size: usize,
    after: Option<Uuid>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The entities.
    pub data: Vec<Object>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
    /// Id of the entity that the list belongs to, in the path of the next page.
    pub parent_id: Option<Uuid>,
}

impl Default for PageRequest {
    fn default() -> Self {
        PageRequest { size: limits::PAGE_SIZE_DEFAULT, after: None }
    }
}

impl PageRequest {
    /// The page that `size` and `offset` of a query ask for.
    pub fn parse(size: Option<&str>, offset: Option<&str>) -> Result<Self, Error> {
        let size = match size {
            None => limits::PAGE_SIZE_DEFAULT,
            Some(text) => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                let number = number.ok_or_else(|| Error::InvalidSize("size must be a number".to_owned()))?;
                let most = limits::PAGE_SIZE_MAX;
                if number.fract() != 0.0 || !(1.0..=most as f64).contains(&number) {
                    return Err(Error::InvalidSize(format!("size must be an integer between 1 and {most}")));
                }
                number as usize
            }
        };
        Ok(PageRequest { size, after: offset.map(decode_offset).transpose()? })
    }
}

fn encode_offset(last: Uuid) -> String {
    STANDARD.encode(format!("[\"{last}\"]"))
}

fn decode_offset(offset: &str) -> Result<Uuid, Error> {
    let bytes = STANDARD.decode(offset).ok();
    let id = bytes.and_then(|bytes| serde_json::from_slice::<(Uuid,)>(&bytes).ok());
    id.map(|(id,)| id).ok_or_else(|| Error::InvalidOffset(offset.to_owned()))
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A page of the entities of a kind under `scope`.
    pub async fn list(&self, kind: EntityKind, scope: &[Step<'_>], page: PageRequest) -> Result<List, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let parent = self.parent(&mut transaction, scope).await?;
        let (partition, prefix) = self.list_records(kind, parent);
        let mut after = page.after.map(|id| format!("{prefix}{id}"));
        let mut data = Vec::new();
        // One more than asked for tells whether there is a next page.
        while data.len() <= page.size {
            let records = self.store.scan(&partition, &prefix, after.as_deref(), page.size + 1).await?;
            after = records.records.last().map(|(sort, _)| sort.clone());
            for (_, record) in &records.records {
                let object = parse(&record.value)?;
                if is_visible(&object, transaction.now_ms) {
                    data.push(object);
                }
            }
            if !records.more || after.is_none() {
                break;
            }
        }
        let more = data.len() > page.size;
        data.truncate(page.size);
        let last = data.last().filter(|_| more).map(id_of).transpose()?;
        let data = data
            .iter()
            .map(|object| self.present(kind, object, &Object::new(), transaction.now_ms))
            .collect();
        Ok(List { data, offset: last.map(encode_offset), parent_id: parent.map(|(_, id)| id) })
    }

    /// How many entities of a kind there are under `scope`.
    pub async fn count(&self, kind: EntityKind, scope: &[Step<'_>]) -> Result<usize, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let parent = self.parent(&mut transaction, scope).await?;
        let (partition, prefix) = self.list_records(kind, parent);
        let mut after: Option<String> = None;
        let mut count = 0;
        loop {
            let page = self.store.scan(&partition, &prefix, after.as_deref(), limits::PAGE_SIZE_MAX).await?;
            for (_, record) in &page.records {
                count += usize::from(is_visible(&parse(&record.value)?, transaction.now_ms));
            }
            after = page.records.last().map(|(sort, _)| sort.clone());
            if !page.more || after.is_none() {
                return Ok(count);
            }
        }
    }

    /// The entity with a unique value, if any.
    pub async fn find_by(&self, kind: EntityKind, field: &str, value: &str) -> Result<Option<Object>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let Some(id) = transaction.find(kind, field, value).await? else { return Ok(None) };
        let found = transaction.load(kind, id).await?;
        Ok(found.map(|object| self.present(kind, &object, &Object::new(), transaction.now_ms)))
    }

    /// A page of the applications that have a contract with a service.
    pub async fn list_applications_of_service(
        &self,
        service: &[Step<'_>],
        page: PageRequest,
    ) -> Result<List, Error> {
        let mut contracts = self.list(EntityKind::ApplicationInstances, service, page).await?;
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let mut applications = Vec::new();
        for contract in &contracts.data {
            let Some(id) = reference(contract, "application") else { continue };
            let kind = EntityKind::Applications;
            let application = transaction.load(kind, id).await?;
            applications.extend(
                application.map(|object| self.present(kind, &object, &Object::new(), transaction.now_ms)),
            );
        }
        contracts.data = applications;
        Ok(contracts)
    }

    fn list_records(&self, kind: EntityKind, parent: Option<(EntityKind, Uuid)>) -> (String, String) {
        match parent {
            Some((parent, id)) => (records::child_partition(parent, id), records::child_prefix(kind)),
            None => (records::entity_partition(kind), String::new()),
        }
    }
}

fn is_visible(object: &Object, now_ms: u64) -> bool {
    !object.contains_key(DELETING) && !is_expired(object, now_ms)
}

fn parse(bytes: &[u8]) -> Result<Object, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::Store(StoreError::Failed(format!("unreadable record: {error}"))))
}
