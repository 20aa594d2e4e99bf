//! What the Portal API shows, as far as pages read it.

use crate::http::pages::answered::answered;
use latchkey_pages::parts::{State, Time};
use latchkey_pages::portal::{Key, ServiceAccess, Thing};

answered! {
    /// What another is referred to by.
    pub(super) struct Id {
        pub(super) id: String,
    }

    pub(super) struct Application {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) redirect_uri: String,
        pub(super) custom_id: Option<String>,
        pub(super) enabled: bool,
        pub(super) consumer: Id,
        pub(super) created_at: u64,
        pub(super) application_instances: Vec<Contract>,
    }
}

impl Application {
    pub(super) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: &self.name }
    }
}

answered! {
    pub(super) struct Contract {
        pub(super) id: String,
        status: Option<u64>,
        suspended: bool,
        pub(super) note: Option<String>,
        reason: Option<String>,
        pub(super) service: Id,
        updated_at: u64,
    }
}

impl Contract {
    /// One that an administrator has suspended counts as little as one that is revoked.
    pub(super) fn state(&self) -> State {
        match self.status {
            Some(0) if self.suspended => State::Revoked,
            Some(0) => State::Active,
            Some(2) => State::Rejected,
            Some(3) => State::Revoked,
            _ => State::Waiting,
        }
    }
}

/// What an application may do with a service, seen from the other side, `with`.
pub(super) fn access<'a>(with: Thing<'a>, contract: Option<&'a Contract>) -> ServiceAccess<'a> {
    ServiceAccess {
        with,
        state: contract.map_or(State::None, Contract::state),
        since: contract.map(|contract| Time(contract.updated_at)),
        reason: contract.and_then(|contract| contract.reason.as_deref()),
    }
}

answered! {
    /// A key, with what is shown of it once where it was just made.
    pub(super) struct Credential {
        pub(super) id: String,
        pub(super) name: Option<String>,
        client_id_start: Option<String>,
        pub(super) client_id: Option<String>,
        pub(super) client_secret: Option<String>,
        created_at: u64,
        pub(super) expires_at: Option<u64>,
        enabled: bool,
        pub(super) previous_key_ends_at: Option<u64>,
    }
}

impl Credential {
    pub(super) fn start(&self) -> &str {
        self.client_id_start.as_deref().unwrap_or_default()
    }

    /// Its name, or its start.
    pub(super) fn called(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(self.start())
    }

    pub(super) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: self.called() }
    }

    pub(super) fn has_ended(&self, now_s: u64) -> bool {
        self.expires_at.is_some_and(|end| end <= now_s)
    }

    pub(super) fn key(&self, now_s: u64) -> Key<'_> {
        Key {
            id: &self.id,
            name: self.called(),
            start: self.start(),
            created: Time(self.created_at),
            expires: self.expires_at.map(Time),
            is_expired: self.has_ended(now_s),
            is_enabled: self.enabled,
            old_until: self.previous_key_ends_at.map(Time),
        }
    }
}

answered! {
    /// A service that is open for registration.
    pub(super) struct OpenService {
        pub(super) id: String,
        name: Option<String>,
        app_registration_config: Registration,
    }

    struct Registration {
        display_name: Option<String>,
        description: Option<String>,
    }
}

impl OpenService {
    /// What it is called for developers.
    pub(super) fn called(&self) -> &str {
        let shown = self.app_registration_config.display_name.as_deref().filter(|name| !name.is_empty());
        shown.or(self.name.as_deref()).unwrap_or(&self.id)
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.app_registration_config.description.as_deref().filter(|text| !text.is_empty())
    }

    pub(super) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: self.called() }
    }
}
