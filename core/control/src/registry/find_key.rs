//! Whose a key is that was found somewhere: where it is good, since when, and why not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::Registry;
use super::client::is_key;
use super::entity_transaction::{EntityTransaction, id_of, reference};
use super::error::Error;
use super::given_key::GivenKey;
use super::grants::{APPLICATIONS_ENABLED, APPROVED, ENABLED, is_enabled};
use super::held_key::{FoundHolder, Which};
use super::present::is_expired;
use super::stored_credential::{HeldKey, PreviousKey, expires_at_ms};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, FIND_KEY, Mode, Object, validate_record};
use latchkey_published::plugins::{ApplicationRegistrationSettings, KeyAuthSettings};
use latchkey_store::Store;

/// Plugins read at once.
const READ_AT_ONCE: usize = 200;

/// Whose a key is, and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundKey {
    /// Kind of its credential.
    pub kind: EntityKind,
    /// The credential, as it is listed.
    pub credential: Object,
    /// Whether it is the key before the last rotation.
    pub is_previous: bool,
    /// Whether it was brought as its SHA-256.
    pub was_brought: bool,
    /// Since when it is the credential's, in seconds since the Unix epoch.
    pub since: u64,
    /// When it ends or has ended, in the same; `None`: never.
    pub ends_at: Option<u64>,
    /// Whose it is; `None`: being deleted.
    pub owner: Option<Owner>,
    /// Why it is not good; empty: it is.
    pub faults: Vec<KeyFault>,
    /// Where it is good, or would be but for the faults.
    pub places: Places,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq)]
pub enum Owner {
    /// A consumer's.
    Consumer(Object),
    /// An application's, with its developer.
    Application(Object, Object),
}

/// Why a key is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Its end has come.
    CredentialEnded,
    /// It is the one before a rotation, and its grace is over.
    GraceEnded,
    /// `enabled` of the credential is false.
    CredentialSuspended,
    /// The same of the consumer.
    ConsumerSuspended,
    /// The same of the application.
    ApplicationSuspended,
    /// `applications_enabled` of the developer is false.
    DeveloperSuspended,
    /// The developer is not approved.
    DeveloperNotApproved,
    /// Whose it is is being deleted.
    OwnerDeleted,
    /// No route asks for keys that it may pass on.
    Nowhere,
    /// It is a client id, by which tokens are got, and no key.
    NoKey,
}

impl KeyFault {
    /// All of them, by name.
    pub const NAMES: [&'static str; 10] = [
        "credential_ended",
        "grace_ended",
        "credential_suspended",
        "consumer_suspended",
        "application_suspended",
        "developer_suspended",
        "developer_not_approved",
        "owner_deleted",
        "nowhere",
        "no_key",
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        KeyFault::NAMES[self as usize]
    }
}

/// Where a key is good.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    /// A plugin for all routes asks for keys.
    pub everywhere: bool,
    /// The services whose plugin asks for keys, or those that an application has a contract with.
    pub services: Vec<Object>,
    /// The routes whose own plugin asks for keys.
    pub routes: Vec<Object>,
}

/// What plugins ask for.
#[derive(Default)]
struct Asked {
    everywhere: bool,
    services: BTreeSet<Uuid>,
    routes: BTreeSet<Uuid>,
    /// Services that take applications, and whether plain consumers pass there too.
    registrations: BTreeMap<Uuid, bool>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Whose a key is. `input`: [`FIND_KEY`]. [`Error::UnknownKey`] where it is nobody's.
    pub async fn find_key(&self, input: &Object) -> Result<FoundKey, Error> {
        let asked = validate_record(FIND_KEY, Mode::Whole, input).map_err(Error::Schema)?;
        let text = asked.get("key").and_then(Value::as_str).unwrap_or_default();
        let key = match GivenKey::parse(text) {
            Ok(GivenKey::Unknown(_)) => Err("stands for the key of a credential: give the key itself"),
            given => given,
        };
        let key = key.map_err(|sentence| Error::field("key", sentence))?;
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        if self.is_forged(&mut transaction, text).await? {
            return Err(Error::UnknownKey { is_forged: true });
        }
        let found = self.find_holder(&mut transaction, &key).await?;
        let found = found.ok_or(Error::UnknownKey { is_forged: false })?;
        self.describe_key(&mut transaction, found).await
    }

    async fn describe_key(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        found: FoundHolder,
    ) -> Result<FoundKey, Error> {
        let FoundHolder { holder, credential, which } = found;
        let (kind, now_ms) = (holder.kind(), transaction.now_ms);
        let previous = PreviousKey::of(&credential).filter(|_| which == Which::Previous);
        let seconds = |field: &str| credential.get(field).and_then(Value::as_u64);
        let own_since = seconds("rotated_at").or_else(|| seconds("created_at")).unwrap_or_default();
        let end_ms = match &previous {
            Some(previous) => Some(previous.end_ms(&credential)),
            None => expires_at_ms(&credential),
        };
        let held = previous.as_ref().map(|previous| previous.held.clone()).or(HeldKey::of(&credential));
        let owner = self.owner_of(transaction, &credential).await?;
        let places = self.places_of(transaction, owner.as_ref()).await?;
        let mut faults = faults_of(&credential, owner.as_ref(), now_ms);
        if which == Which::Previous && PreviousKey::live(&credential, now_ms).is_none() {
            faults.push(KeyFault::GraceEnded);
        }
        if places == Places::default() {
            faults.push(KeyFault::Nowhere);
        }
        if kind == EntityKind::Oauth2Credentials && !is_key(&credential) {
            faults.push(KeyFault::NoKey);
        }
        Ok(FoundKey {
            kind,
            credential: self.present(kind, &credential, &Object::new(), now_ms),
            is_previous: which == Which::Previous,
            was_brought: held.is_some_and(|held| held.was_brought()),
            since: previous.map_or(own_since, |previous| previous.since),
            ends_at: end_ms.map(|end_ms| end_ms / 1000),
            owner,
            faults,
            places,
        })
    }

    async fn owner_of(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        credential: &Object,
    ) -> Result<Option<Owner>, Error> {
        if let Some(id) = reference(credential, "application") {
            let Some(application) = transaction.load(EntityKind::Applications, id).await? else {
                return Ok(None);
            };
            let developer = match reference(&application, "developer") {
                Some(id) => transaction.load(EntityKind::Developers, id).await?,
                None => None,
            };
            return Ok(developer.map(|developer| Owner::Application(application, developer)));
        }
        match reference(credential, "consumer") {
            Some(id) => Ok(transaction.load(EntityKind::Consumers, id).await?.map(Owner::Consumer)),
            None => Ok(None),
        }
    }

    async fn places_of(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        owner: Option<&Owner>,
    ) -> Result<Places, Error> {
        let Some(owner) = owner else { return Ok(Places::default()) };
        let asked = self.asked_for(transaction).await?;
        let now_ms = transaction.now_ms;
        let ids: Vec<Uuid> = asked.routes.iter().copied().collect();
        let mut routes = self.load_all(EntityKind::Routes, &ids, now_ms).await?;
        let takes_plain = |service: Option<Uuid>| {
            service.is_none_or(|service| asked.registrations.get(&service).is_none_or(|plain| *plain))
        };
        let (everywhere, services) = match owner {
            Owner::Consumer(_) => {
                routes.retain(|route| takes_plain(reference(route, "service")));
                let services = asked.services.iter().copied();
                (asked.everywhere, services.filter(|service| takes_plain(Some(*service))).collect())
            }
            Owner::Application(application, _) => {
                let mut services = self.approved_services(transaction, id_of(application)?).await?;
                let asks = |service: &Uuid| {
                    let of_route = |route: &Object| reference(route, "service") == Some(*service);
                    asked.everywhere || asked.services.contains(service) || routes.iter().any(of_route)
                };
                services.retain(|service| asked.registrations.contains_key(service) && asks(service));
                routes.clear();
                (false, services)
            }
        };
        let services: Vec<Uuid> = services;
        let mut services = self.load_all(EntityKind::Services, &services, now_ms).await?;
        services.retain(|service| is_enabled(EntityKind::Services, service, ENABLED));
        Ok(Places { everywhere, services, routes })
    }

    /// What the plugins of the workspace ask for.
    async fn asked_for(&self, transaction: &mut EntityTransaction<'_, S>) -> Result<Asked, Error> {
        let kind = EntityKind::Plugins;
        let (mut asked, mut after) = (Asked::default(), None);
        loop {
            let page = transaction.entities_page(kind, after, READ_AT_ONCE).await?;
            for plugin in page.objects.iter().filter(|plugin| is_enabled(kind, plugin, ENABLED)) {
                asked.add(plugin);
            }
            after = page.objects.last().map(id_of).transpose()?;
            if !page.more || after.is_none() {
                return Ok(asked);
            }
        }
    }
}

impl Asked {
    fn add(&mut self, plugin: &Object) {
        let (route, service) = (reference(plugin, "route"), reference(plugin, "service"));
        match (plugin.get("name").and_then(Value::as_str), route, service) {
            (Some(KeyAuthSettings::PLUGIN), Some(route), _) => drop(self.routes.insert(route)),
            (Some(KeyAuthSettings::PLUGIN), None, Some(service)) => drop(self.services.insert(service)),
            (Some(KeyAuthSettings::PLUGIN), None, None) => self.everywhere = true,
            (Some(ApplicationRegistrationSettings::PLUGIN), _, Some(service)) => {
                let name = ApplicationRegistrationSettings::ENABLE_PROXY_WITH_CONSUMER_CREDENTIAL.name;
                let passes = plugin.get("config").and_then(|config| config.get(name)?.as_bool());
                self.registrations.insert(service, passes.unwrap_or_default());
            }
            _ => {}
        }
    }
}

fn faults_of(credential: &Object, owner: Option<&Owner>, now_ms: u64) -> Vec<KeyFault> {
    let mut faults = Vec::new();
    let mut add = |is_so: bool, fault| faults.extend(is_so.then_some(fault));
    add(is_expired(credential, now_ms), KeyFault::CredentialEnded);
    let is_suspended = |kind, object, field| !is_enabled(kind, object, field);
    add(is_suspended(EntityKind::KeyauthCredentials, credential, ENABLED), KeyFault::CredentialSuspended);
    match owner {
        None => add(true, KeyFault::OwnerDeleted),
        Some(Owner::Consumer(consumer)) => {
            add(is_suspended(EntityKind::Consumers, consumer, ENABLED), KeyFault::ConsumerSuspended);
        }
        Some(Owner::Application(application, developer)) => {
            add(is_suspended(EntityKind::Applications, application, ENABLED), KeyFault::ApplicationSuspended);
            let kind = EntityKind::Developers;
            add(is_suspended(kind, developer, APPLICATIONS_ENABLED), KeyFault::DeveloperSuspended);
            let status = kind.value_of(developer, "status").as_i64();
            add(status != Some(APPROVED), KeyFault::DeveloperNotApproved);
        }
    }
    faults
}
