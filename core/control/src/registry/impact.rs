//! What would stop if something were deleted, suspended or revoked.

use uuid::Uuid;

use super::Registry;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::grants::{ENABLED, gives_access, is_enabled};
use super::lookup::Step;
use super::overview::Tally;
use super::present::is_visible;
use super::records;
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::limits::SEARCH_READ_MAX;
use latchkey_store::Store;
use latchkey_store::feed::decode;

/// Records read at once.
const READ_AT_ONCE: usize = 500;
/// Applications whose credentials are counted.
const COUNTED_MAX: usize = 100;

/// What would stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Applications that could call something and could not any more.
    pub applications: Tally,
    /// Credentials that are good for something and would be no more.
    pub credentials: Tally,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// What would stop without the entity that a step names. A route or a plugin counts as its service:
    /// whoever may call that is counted, though another route may lead there.
    pub async fn impact(&self, step: Step<'_>) -> Result<Impact, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let found = self.lookup(&mut transaction, step).await?.ok_or(Error::NotFound)?;
        let id = id_of(&found)?;
        match step.kind {
            EntityKind::Services => self.without_service(Some(id)).await,
            EntityKind::Routes | EntityKind::Plugins => {
                self.without_service(reference(&found, "service")).await
            }
            EntityKind::Consumers => {
                let parent = (EntityKind::Consumers, id);
                let mut credentials = Tally::default();
                for kind in [EntityKind::KeyauthCredentials, EntityKind::Oauth2Credentials] {
                    let (found, or_more) = self.below(parent, kind, |_| Some(())).await?;
                    credentials.count += found.len();
                    credentials.or_more |= or_more;
                }
                Ok(Impact { credentials, ..Impact::default() })
            }
            EntityKind::Developers => {
                let parent = (EntityKind::Developers, id);
                let of = |application: &Object| id_of(application).ok();
                let (applications, or_more) = self.below(parent, EntityKind::Applications, of).await?;
                self.without_applications(&applications, or_more).await
            }
            EntityKind::Applications => self.without_applications(&[id], false).await,
            EntityKind::ApplicationInstances => {
                let application = reference(&found, "application").filter(|_| gives_access(&found));
                self.without_applications(application.as_slice(), false).await
            }
            kind @ (EntityKind::KeyauthCredentials | EntityKind::Oauth2Credentials) => {
                let stops = self.is_last_of_application(kind, id, &found).await?;
                let tally = |count| Tally { count, or_more: false };
                Ok(Impact { applications: tally(stops.into()), credentials: tally(1) })
            }
        }
    }

    /// Whether an application could call something with this credential, and has no other to do so.
    async fn is_last_of_application(
        &self,
        kind: EntityKind,
        id: Uuid,
        credential: &Object,
    ) -> Result<bool, Error> {
        let application = reference(credential, "application");
        let Some(application) = application.filter(|_| is_enabled(kind, credential, ENABLED)) else {
            return Ok(false);
        };
        let parent = (EntityKind::Applications, application);
        let is_other = |other: &Object| id_of(other).is_ok_and(|other| other != id);
        let good = |other: &Object| (is_other(other) && is_enabled(kind, other, ENABLED)).then_some(());
        let (others, _) = self.below(parent, kind, good).await?;
        let with_access = |contract: &Object| gives_access(contract).then_some(());
        let (contracts, _) = self.below(parent, EntityKind::ApplicationInstances, with_access).await?;
        Ok(others.is_empty() && !contracts.is_empty())
    }

    async fn without_service(&self, service: Option<Uuid>) -> Result<Impact, Error> {
        let Some(service) = service else { return Ok(Impact::default()) };
        let with_access =
            |contract: &Object| reference(contract, "application").filter(|_| gives_access(contract));
        let parent = (EntityKind::Services, service);
        let (applications, or_more) =
            self.below(parent, EntityKind::ApplicationInstances, with_access).await?;
        self.without_applications(&applications, or_more).await
    }

    async fn without_applications(&self, applications: &[Uuid], or_more: bool) -> Result<Impact, Error> {
        let mut count = 0;
        for application in applications.iter().take(COUNTED_MAX) {
            let parent = (EntityKind::Applications, *application);
            count += self.below(parent, EntityKind::Oauth2Credentials, |_| Some(())).await?.0.len();
        }
        let credentials = Tally { count, or_more: or_more || applications.len() > COUNTED_MAX };
        Ok(Impact { applications: Tally { count: applications.len(), or_more }, credentials })
    }

    /// What is asked of the entities below another, and whether there may be more.
    async fn below<T>(
        &self,
        parent: (EntityKind, Uuid),
        kind: EntityKind,
        asked: impl Fn(&Object) -> Option<T>,
    ) -> Result<(Vec<T>, bool), Error> {
        let (partition, prefix) = records::of_list(kind, Some(parent));
        let (now_ms, mut found, mut read, mut after) = (self.clock.unix_ms(), Vec::new(), 0, None::<String>);
        loop {
            let page = self.store.scan(&partition, &prefix, after.as_deref(), READ_AT_ONCE).await?;
            for (_, record) in &page.records {
                let object: Object = decode(&record.value)?;
                found.extend(asked(&object).filter(|_| is_visible(&object, now_ms)));
            }
            read += page.records.len();
            after = page.records.last().map(|(sort, _)| sort.clone());
            if !page.more || after.is_none() {
                return Ok((found, false));
            }
            if read >= SEARCH_READ_MAX {
                return Ok((found, true));
            }
        }
    }
}
