//! Lists, a page at a time, in order of ids.

use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{DELETING, EntityTransaction, id_of, reference};
use super::error::Error;
use super::lookup::Step;
use super::pages::{List, decode_offset, encode_offset, parse_size};
use super::present::is_visible;
use super::records;
use super::stored_credential::expires_at_ms;
use super::tags::TagFilter;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits;
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// How long credentials that have ended are told of, in milliseconds.
const ENDED_TOLD_MS: u64 = 30 * 86_400_000;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most entities it may have.
    pub size: usize,
    pub(super) after: Option<Uuid>,
    /// What the entities must have.
    pub tags: Option<TagFilter>,
}

impl Default for PageRequest {
    fn default() -> Self {
        PageRequest { size: limits::PAGE_SIZE_DEFAULT, after: None, tags: None }
    }
}

impl PageRequest {
    /// The first page of so many entities.
    pub fn first(size: usize) -> Self {
        PageRequest { size, ..PageRequest::default() }
    }

    /// Whether it is the first.
    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// The page that `size`, `offset` and `tags` of a query ask for.
    pub fn parse(size: Option<&str>, offset: Option<&str>, tags: Option<&str>) -> Result<Self, Error> {
        let tags = tags.map(TagFilter::parse).transpose()?;
        let size = parse_size(size)?;
        let after = offset.map(decode_offset::<(Uuid,)>).transpose()?.map(|(id,)| id);
        Ok(PageRequest { size, after, tags })
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A page of the entities of a kind under `scope`.
    pub async fn list(&self, kind: EntityKind, scope: &[Step<'_>], page: PageRequest) -> Result<List, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let parent = self.parent(&mut transaction, scope).await?;
        let now_ms = transaction.now_ms;
        // One more than asked for tells whether there is a next page.
        let mut data = match (&page.tags, parent) {
            (Some(tags), None) => self.read_tagged(kind, tags, &page, now_ms).await?,
            _ => self.read_list(kind, parent, &page, now_ms).await?,
        };
        let more = data.len() > page.size;
        data.truncate(page.size);
        let last = data.last().filter(|_| more).map(id_of).transpose()?;
        let data = data.iter().map(|object| self.present(kind, object, &Object::new(), now_ms)).collect();
        Ok(List { data, offset: last.map(|last| encode_offset([last])) })
    }

    /// The credentials of a kind under `scope` that have ended of late, which nothing else answers with: for
    /// whose they are to see what became of them.
    pub(crate) async fn list_ended(
        &self,
        kind: EntityKind,
        scope: &[Step<'_>],
    ) -> Result<Vec<Object>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let parent = self.parent(&mut transaction, scope).await?;
        let now_ms = transaction.now_ms;
        let (partition, prefix) = records::of_list(kind, parent);
        let records = self.store.scan(&partition, &prefix, None, limits::PAGE_SIZE_MAX).await?;
        let mut ended = Vec::new();
        for (_, record) in &records.records {
            let object: Object = decode(&record.value)?;
            let end_ms = expires_at_ms(&object).filter(|end_ms| *end_ms <= now_ms);
            let is_told = end_ms.is_some_and(|end_ms| now_ms - end_ms < ENDED_TOLD_MS);
            if is_told && !object.contains_key(DELETING) {
                ended.push(self.present(kind, &object, &Object::new(), now_ms));
            }
        }
        Ok(ended)
    }

    /// The first entities of a page and one more, those with the tags asked for alone.
    async fn read_list(
        &self,
        kind: EntityKind,
        parent: Option<(EntityKind, Uuid)>,
        page: &PageRequest,
        now_ms: u64,
    ) -> Result<Vec<Object>, Error> {
        let (partition, prefix) = records::of_list(kind, parent);
        let mut after = page.after.map(|id| format!("{prefix}{id}"));
        let mut data = Vec::new();
        while data.len() <= page.size {
            let records = self.store.scan(&partition, &prefix, after.as_deref(), page.size + 1).await?;
            after = records.records.last().map(|(sort, _)| sort.clone());
            for (_, record) in &records.records {
                let object: Object = decode(&record.value)?;
                if is_visible(&object, now_ms) && page.tags.as_ref().is_none_or(|tags| tags.matches(&object))
                {
                    data.push(object);
                }
            }
            if !records.more || after.is_none() {
                break;
            }
        }
        Ok(data)
    }

    /// The same, by the index of tags.
    async fn read_tagged(
        &self,
        kind: EntityKind,
        tags: &TagFilter,
        page: &PageRequest,
        now_ms: u64,
    ) -> Result<Vec<Object>, Error> {
        let mut selection = self.select_tagged(kind, tags, page.after);
        let mut data = Vec::new();
        while data.len() <= page.size {
            let wanted = page.size + 1 - data.len();
            let ids = selection.next(wanted).await?;
            let found = self.load_all(kind, &ids, now_ms).await?;
            data.extend(found.into_iter().filter(|object| tags.matches(object)));
            if ids.len() < wanted {
                break;
            }
        }
        Ok(data)
    }

    /// How many entities of a kind there are under `scope`, with these tags: of a counter, where one counts
    /// them. Read and counted are the credentials of one application, which are few; and whatever it is
    /// until the job is done that counts what there was before.
    pub async fn count(
        &self,
        kind: EntityKind,
        scope: &[Step<'_>],
        tags: Option<&TagFilter>,
    ) -> Result<usize, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let parent = self.parent(&mut transaction, scope).await?;
        if tags.is_none()
            && let Some(counted) = self.counted(kind, parent).await?
        {
            return Ok(counted);
        }
        let (partition, prefix) = records::of_list(kind, parent);
        let mut after: Option<String> = None;
        let mut count = 0;
        loop {
            let page = self.store.scan(&partition, &prefix, after.as_deref(), limits::PAGE_SIZE_MAX).await?;
            for (_, record) in &page.records {
                let object: Object = decode(&record.value)?;
                let counts = tags.is_none_or(|tags| tags.matches(&object));
                count += usize::from(counts && is_visible(&object, transaction.now_ms));
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
}
