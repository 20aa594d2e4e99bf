//! What pages know of the portal's settings.

use crate::http::pages::desk::Desk;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

/// What is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Characters of a password, at least.
    pub(super) password_min: u64,
    /// Whether mails can be sent.
    pub(super) has_mail: bool,
    /// Whether log-in by a mailed link is open.
    pub(super) has_links: bool,
    /// Whether a sign-up has to verify its address by mail.
    pub(super) verifies: bool,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) fn portal_known(&self) -> Known {
        let (registry, settings) = (&self.control.registry, &self.page.look.settings);
        Known {
            password_min: settings.password_min_length.into(),
            has_mail: registry.has_mail(),
            has_links: registry.has_mail() && settings.log_in_links,
            verifies: registry.verifies(settings),
        }
    }
}
