//! Lists that are searched: a page of what matches, and where to go on.
//!
//! There is no index of texts: a call looks at so many records at most, and answers what it found among them
//! with an offset to go on with, so that a page may be short, or empty, before the last.

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::contracts::REQUESTED;
use super::entity_transaction::{DELETING, EntityTransaction, id_of};
use super::error::Error;
use super::list::PageRequest;
use super::lookup::Step;
use super::pages::{List, encode_offset};
use super::present::{is_credential, is_visible};
use super::records;
use super::tags::TagFilter;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object, parse_uuid};
use latchkey_published::limits::{NAME_BYTES_MAX, SEARCH_READ_MAX};
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// Records read at once.
const READ_AT_ONCE: usize = 500;

/// What the entities of a list must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    kind: EntityKind,
    /// In one of the fields that are searched, in whatever case; lower case here.
    text: Option<String>,
    status: Option<i64>,
    service: Option<Uuid>,
    application: Option<Uuid>,
}

/// The fields in which a kind is searched for a text; none: it is not.
pub(crate) fn searched_fields(kind: EntityKind) -> &'static [&'static str] {
    match kind {
        EntityKind::Services => &["id", "name", "host"],
        EntityKind::Consumers => &["id", "username", "custom_id"],
        EntityKind::Developers => &["id", "email", "custom_id", "meta"],
        EntityKind::Applications => &["id", "name", "custom_id"],
        EntityKind::ApplicationInstances => &["id", "composite_id", "note", "reason"],
        EntityKind::Routes
        | EntityKind::Plugins
        | EntityKind::KeyauthCredentials
        | EntityKind::Oauth2Credentials => &[],
    }
}

/// Whether a kind is also searched by the member of this name: its state, or what it refers to.
pub(crate) fn is_filtered_by(kind: EntityKind, member: &str) -> bool {
    match kind {
        EntityKind::Developers => member == "status",
        EntityKind::ApplicationInstances => ["status", "service", "application"].contains(&member),
        _ => false,
    }
}

impl Search {
    /// What `q`, `status`, `service` and `application` of a query ask for; `None`: nothing.
    pub fn parse<'q>(
        kind: EntityKind,
        value: impl Fn(&'static str) -> Option<&'q str>,
    ) -> Result<Option<Self>, Error> {
        let filter = |member| value(member).filter(|_| is_filtered_by(kind, member));
        let id = |member: &'static str| {
            let read = |text| parse_uuid(text).ok_or_else(|| invalid(member, "must be a valid UUID"));
            filter(member).map(read).transpose()
        };
        let text = value("q").filter(|text| !text.is_empty() && !searched_fields(kind).is_empty());
        if text.is_some_and(|text| text.len() > NAME_BYTES_MAX) {
            return Err(invalid("q", "must not exceed 512 bytes"));
        }
        let status =
            filter("status").map(|text| text.parse().map_err(|_| invalid("status", "must be a number")));
        let (text, status) = (text.map(str::to_lowercase), status.transpose()?);
        let search = Search { kind, text, status, service: id("service")?, application: id("application")? };
        let Search { text, status, service, application, .. } = &search;
        let is_any = text.is_some() || status.is_some() || service.is_some() || application.is_some();
        Ok(is_any.then_some(search))
    }

    /// Of all of a kind.
    pub fn all(kind: EntityKind) -> Self {
        Search { kind, text: None, status: None, service: None, application: None }
    }

    fn matches(&self, object: &Object) -> bool {
        let refers = |field: &str, id: Option<Uuid>| {
            id.is_none_or(|id| super::entity_transaction::reference(object, field) == Some(id))
        };
        let status = object.get("status").and_then(Value::as_i64);
        self.status.is_none_or(|wanted| status == Some(wanted))
            && refers("service", self.service)
            && refers("application", self.application)
            && self.text.as_deref().is_none_or(|text| self.has(object, text))
    }

    fn has(&self, object: &Object, text: &str) -> bool {
        let values = searched_fields(self.kind).iter().filter_map(|field| object.get(*field)?.as_str());
        values.into_iter().any(|value| value.to_lowercase().contains(text))
    }

    /// Whether a stored entity is listed for certain: one of a list of all that is not being deleted and has no
    /// end. It is not read for that, which costs most.
    fn finds_unread(&self, stored: &[u8], tags: Option<&TagFilter>) -> bool {
        let is_of_all = tags.is_none() && *self == Search::all(self.kind) && !is_credential(self.kind);
        is_of_all && !has_text(stored, DELETING)
    }

    /// Whether a stored entity is listed.
    fn finds(&self, object: &Object, tags: Option<&TagFilter>, now_ms: u64) -> bool {
        is_visible(object, now_ms) && tags.is_none_or(|tags| tags.matches(object)) && self.matches(object)
    }

    /// Whether a stored entity may match: without reading it, which costs most.
    fn may_match(&self, stored: &[u8]) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@ ".contains(&byte);
        let Some(text) = self.text.as_deref().filter(|text| text.bytes().all(plain)) else { return true };
        // A letter beyond ASCII may have an ASCII one for its lower case.
        !stored.is_ascii() || has_text(stored, text)
    }

    /// Whether contracts that wait have all that matches.
    fn is_of_waiting(&self) -> bool {
        self.kind == EntityKind::ApplicationInstances && self.status == Some(REQUESTED)
    }

    /// The list to look through: the shortest that is known to hold all that matches.
    fn parent(&self) -> Option<(EntityKind, Uuid)> {
        let application = self.application.map(|id| (EntityKind::Applications, id));
        application.or_else(|| self.service.map(|id| (EntityKind::Services, id)))
    }
}

/// Whether bytes have a text in them, in whatever case.
fn has_text(bytes: &[u8], text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return true };
    let first = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
    let begins = |part: &[u8]| part.first().is_some_and(|byte| first.contains(byte));
    bytes.windows(text.len()).any(|part| begins(part) && part.eq_ignore_ascii_case(text.as_bytes()))
}

fn invalid(option: &'static str, sentence: &'static str) -> Error {
    Error::InvalidOption { option, sentence }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// A page of the entities of a kind under `scope` that match.
    pub async fn search(
        &self,
        scope: &[Step<'_>],
        page: &PageRequest,
        search: &Search,
    ) -> Result<List, Error> {
        let kind = search.kind;
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let now_ms = transaction.now_ms;
        let (partition, prefix) = self.place_of(&mut transaction, scope, search).await?;
        let mut after = page.after.map(|id| format!("{prefix}{id}"));
        let (mut data, mut read, mut last) = (Vec::new(), 0, None);
        loop {
            let found = self.store.scan(&partition, &prefix, after.as_deref(), READ_AT_ONCE).await?;
            for (sort, record) in &found.records {
                if data.len() == page.size || read == SEARCH_READ_MAX {
                    return Ok(List { data, offset: last.map(|last: Uuid| encode_offset([last])) });
                }
                read += 1;
                last = Uuid::try_parse(&sort[prefix.len()..]).ok();
                if !search.may_match(&record.value) {
                    continue;
                }
                let object: Object = decode(&record.value)?;
                if search.finds(&object, page.tags.as_ref(), now_ms) {
                    last = Some(id_of(&object)?);
                    data.push(self.present(kind, &object, &Object::new(), now_ms));
                }
            }
            after = found.records.last().map(|(sort, _)| sort.clone());
            if !found.more || after.is_none() {
                return Ok(List { data, offset: None });
            }
        }
    }

    /// How many entities of a kind under `scope` match; `None`: more than [`SEARCH_READ_MAX`] would have to be
    /// read.
    pub async fn count_found(
        &self,
        scope: &[Step<'_>],
        tags: Option<&TagFilter>,
        search: &Search,
    ) -> Result<Option<usize>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let (partition, prefix) = self.place_of(&mut transaction, scope, search).await?;
        let (mut after, mut count, mut read) = (None::<String>, 0, 0);
        while read < SEARCH_READ_MAX {
            let found = self.store.scan(&partition, &prefix, after.as_deref(), READ_AT_ONCE).await?;
            read += found.records.len();
            for (_, record) in found.records.iter().filter(|(_, record)| search.may_match(&record.value)) {
                count += usize::from(match search.finds_unread(&record.value, tags) {
                    true => true,
                    false => search.finds(&decode(&record.value)?, tags, transaction.now_ms),
                });
            }
            after = found.records.last().map(|(sort, _)| sort.clone());
            if !found.more || after.is_none() {
                return Ok(Some(count));
            }
        }
        Ok(None)
    }

    /// The list to look through: its partition, and what its sort keys begin with.
    async fn place_of(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        scope: &[Step<'_>],
        search: &Search,
    ) -> Result<(String, String), Error> {
        let parent = self.parent(transaction, scope).await?.or_else(|| search.parent());
        Ok(match parent {
            None if search.is_of_waiting() => (records::WAITING.to_owned(), String::new()),
            parent => records::of_list(search.kind, parent),
        })
    }
}
