//! Links that the local program prints at its start: each logs in once, to the manager or, of the demo, to the
//! portal.
//!
//! They are never mailed and never stored: a digest is held in memory, and with the process it is gone. Where
//! nobody has made one, as on the other platforms, there is no such link and no such page.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::Control;
use crate::ports::{Clock, Random};
use latchkey_published::keys::{KeyDigest, PlainKey};
use latchkey_store::Store;

/// How long such a link is good, in milliseconds: a day.
const START_LINK_MS: u64 = 86_400_000;

/// Where a link logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartLink {
    /// To the manager, with what the installation's token may.
    Manager,
    /// To the portal, as the developer with this id.
    Portal(Uuid),
}

/// The links of this process.
#[derive(Debug, Default)]
pub(super) struct StartLinks(Mutex<Vec<Made>>);

#[derive(Debug)]
struct Made {
    digest: KeyDigest,
    to: StartLink,
    ends_ms: u64,
    is_spent: bool,
}

impl StartLinks {
    fn with<T>(&self, look: impl FnOnce(&mut Vec<Made>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Makes the token of a link, to be printed once. For a program whose terminal is its administrator's.
    pub fn make_start_link(&self, to: StartLink) -> PlainKey {
        let (token, digest) = self.registry.new_start_link();
        let ends_ms = self.registry.clock().unix_ms() + START_LINK_MS;
        self.start_links.with(|links| links.push(Made { digest, to, ends_ms, is_spent: false }));
        token
    }

    /// Whether a link to the manager was ever made here.
    pub(super) fn has_manager_link(&self) -> bool {
        self.start_links.with(|links| links.iter().any(|made| made.to == StartLink::Manager))
    }

    /// Where a token logs in, while it is good. Nothing changes by that.
    pub(super) fn start_link(&self, token: &str) -> Option<StartLink> {
        self.with_link(token, |made| made.to)
    }

    /// The same, once.
    pub(super) fn take_start_link(&self, token: &str) -> Option<StartLink> {
        self.with_link(token, |made| {
            made.is_spent = true;
            made.to
        })
    }

    /// Gives back what was taken in vain.
    pub(super) fn give_back_start_link(&self, token: &str) {
        let Some(digest) = self.registry.account_tags().recognise_start_link(token.as_bytes()) else {
            return;
        };
        self.start_links.with(|links| {
            links
                .iter_mut()
                .filter(|made| made.digest.matches(&digest))
                .for_each(|made| made.is_spent = false);
        });
    }

    fn with_link<T>(&self, token: &str, found: impl FnOnce(&mut Made) -> T) -> Option<T> {
        let digest = self.registry.account_tags().recognise_start_link(token.as_bytes())?;
        let now_ms = self.registry.clock().unix_ms();
        let is_good =
            |made: &&mut Made| !made.is_spent && now_ms < made.ends_ms && made.digest.matches(&digest);
        self.start_links.with(|links| links.iter_mut().find(is_good).map(found))
    }
}
