//! What an administrator looks at first: what waits, and keys that end soon.

use serde::Deserialize;
use uuid::Uuid;

use super::Registry;
use super::client::is_of_application;
use super::contracts::REQUESTED;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::records;
use super::stored_credential::start_member;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits::{KEY_END_NOTICE_MS, SEARCH_READ_MAX};
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// Records read at once.
const READ_AT_ONCE: usize = 500;
/// Keys that are named.
const ENDING_MAX: usize = 20;

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// So many at least.
    pub count: usize,
    /// Whether there may be more: not all records were looked at.
    pub or_more: bool,
}

/// A key that ends within a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingKey {
    /// Of its credential.
    pub id: Uuid,
    /// How it begins, where that is known.
    pub start: Option<String>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub ends_at_ms: u64,
    /// Kind of its owner: a consumer or an application.
    pub owner: EntityKind,
    /// Of its owner.
    pub owner_id: Uuid,
    /// What its owner is called.
    pub owner_name: Option<String>,
}

/// What waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Contracts that wait to be approved.
    pub requests: Tally,
    /// Developers who wait to be approved.
    pub developers: Tally,
    /// Keys that end within a week, the first that end first.
    pub ending: Vec<EndingKey>,
    /// Whether there may be more of them.
    pub or_more_ending: bool,
}

/// What is looked at of a stored entity.
#[derive(Deserialize)]
struct Looked {
    status: Option<i64>,
    _deleting: Option<bool>,
    _expires_at_ms: Option<u64>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// What waits, and keys that end within a week. Looks at so many entities of each kind at most.
    pub async fn overview(&self) -> Result<Overview, Error> {
        let waits = |looked: &Looked| looked.status == Some(REQUESTED);
        let (requests, or_more_requests) = self.look(EntityKind::ApplicationInstances, waits).await?;
        let (developers, or_more_developers) = self.look(EntityKind::Developers, waits).await?;
        let now_ms = self.clock.unix_ms();
        let ends = |looked: &Looked| {
            looked._expires_at_ms.is_some_and(|end| end > now_ms && end - now_ms <= KEY_END_NOTICE_MS)
        };
        let (mut found, mut or_more_ending) = (Vec::new(), false);
        for kind in [EntityKind::KeyauthCredentials, EntityKind::Oauth2Credentials] {
            let (ending, or_more) = self.look(kind, ends).await?;
            or_more_ending |= or_more;
            found.extend(ending.into_iter().map(|(id, looked)| (looked._expires_at_ms, kind, id)));
        }
        found.sort_unstable_by_key(|(end, _, id)| (*end, *id));
        or_more_ending |= found.len() > ENDING_MAX;
        let mut ending = Vec::new();
        for (end, kind, id) in found.into_iter().take(ENDING_MAX) {
            ending.extend(self.ending_key(kind, id, end.unwrap_or_default()).await?);
        }
        let tally = |count: usize, or_more| Tally { count, or_more };
        Ok(Overview {
            requests: tally(requests.len(), or_more_requests),
            developers: tally(developers.len(), or_more_developers),
            ending,
            or_more_ending,
        })
    }

    /// The entities of a kind that are as asked, and whether there may be more.
    async fn look(
        &self,
        kind: EntityKind,
        is_asked: impl Fn(&Looked) -> bool,
    ) -> Result<(Vec<(Uuid, Looked)>, bool), Error> {
        let (mut found, mut read, mut after) = (Vec::new(), 0, None::<String>);
        loop {
            let partition = records::entity_partition(kind);
            let page = self.store.scan(&partition, "", after.as_deref(), READ_AT_ONCE).await?;
            read += page.records.len();
            for (sort, record) in &page.records {
                let looked: Looked = decode(&record.value)?;
                let id =
                    Uuid::try_parse(sort).ok().filter(|_| looked._deleting.is_none() && is_asked(&looked));
                found.extend(id.map(|id| (id, looked)));
            }
            after = page.records.last().map(|(sort, _)| sort.clone());
            if !page.more || after.is_none() {
                return Ok((found, false));
            }
            if read >= SEARCH_READ_MAX {
                return Ok((found, true));
            }
        }
    }

    /// `None`: it is gone meanwhile.
    async fn ending_key(
        &self,
        kind: EntityKind,
        id: Uuid,
        ends_at_ms: u64,
    ) -> Result<Option<EndingKey>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let Some(credential) = transaction.load(kind, id).await? else { return Ok(None) };
        let (owner, field, name) = match is_of_application(&credential) {
            true => (EntityKind::Applications, "application", "name"),
            false => (EntityKind::Consumers, "consumer", "username"),
        };
        let start = start_member(kind);
        let Some(owner_id) = reference(&credential, field) else { return Ok(None) };
        let Some(found) = transaction.load(owner, owner_id).await? else { return Ok(None) };
        let text = |object: &Object, name: &str| object.get(name)?.as_str().map(str::to_owned);
        let shown = self.present(kind, &credential, &Object::new(), transaction.now_ms);
        let id = id_of(&credential)?;
        let (start, owner_name) = (text(&shown, start), text(&found, name));
        Ok(Some(EndingKey { id, start, ends_at_ms, owner, owner_id, owner_name }))
    }
}
