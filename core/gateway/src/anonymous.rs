//! Whom a plugin takes for whoever shows no credential.

use std::sync::Arc;

use uuid::Uuid;

use latchkey_published::grant::{Consumer, Identity};

#[derive(Debug)]
pub(crate) enum Anonymous {
    /// Not set: refusals stand.
    No,
    /// Refusals become requests of this consumer.
    As(Arc<Identity>),
    /// Set, but there is no such consumer.
    NoSuch(String),
}

impl Anonymous {
    /// A value that looks like a UUID is an id first, then a username; else a username.
    pub(crate) fn find(value: Option<String>, consumers: &[(Uuid, Consumer)]) -> Self {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Anonymous::No };
        let id = Uuid::try_parse(&value).ok();
        let by_id = consumers.iter().find(|(consumer_id, _)| Some(*consumer_id) == id);
        let by_name = || consumers.iter().find(|(_, consumer)| consumer.username.as_ref() == Some(&value));
        match by_id.or_else(by_name) {
            Some((_, consumer)) => Anonymous::As(Arc::new(Identity::new(consumer, None))),
            None => Anonymous::NoSuch(value),
        }
    }
}
