//! Where the navigation leads, and which of it is the page.

use super::{Frame, Front, Waiting};
use crate::manager::paths as of_manager;
use crate::portal::paths as of_portal;

/// A link of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
    /// How many wait there.
    pub(crate) count: Option<Waiting>,
    /// HTML's `aria-current`: `page` for the page itself, `true` for one below it.
    pub(crate) current: Option<&'static str>,
}

/// A link, and paths elsewhere that belong to it too.
type Entry = (&'static str, &'static str, &'static [&'static str]);

impl Frame<'_> {
    /// The pages that the caller may go to.
    pub(crate) fn navigation(&self) -> Vec<Item> {
        let entries = match (self.front, self.caller) {
            (Front::Portal, caller) => self.of_portal(caller.is_some()),
            (Front::Manager, Some(_)) => self.of_manager(),
            (Front::Manager, None) => Vec::new(),
        };
        entries.into_iter().map(|entry| self.item(entry)).collect()
    }

    fn of_portal(&self, is_logged_in: bool) -> Vec<Entry> {
        let words = self.words();
        let mut entries: Vec<Entry> = vec![(of_portal::SERVICES, words.services, &["/portal/services"])];
        if is_logged_in {
            entries.push((of_portal::APPLICATIONS, words.my_apps, &[]));
            entries.push((of_portal::ACCOUNT, words.account, &[]));
        } else {
            entries.push((of_portal::LOG_IN, words.log_in, &[]));
            entries.push((of_portal::SIGN_UP, words.sign_up, &[]));
        }
        entries
    }

    fn of_manager(&self) -> Vec<Entry> {
        let words = self.words();
        vec![
            (of_manager::REQUESTS, words.requests, &[]),
            (of_manager::SERVICES, words.services, &[]),
            (of_manager::ROUTES, words.routes, &[of_manager::MATCH]),
            (of_manager::DEVELOPERS, words.developers, &[]),
            (of_manager::APPLICATIONS, words.applications, &[]),
            (of_manager::CONTRACTS, words.contracts, &[]),
            (of_manager::CONSUMERS, words.consumers, &[of_manager::FIND_KEY]),
            (of_manager::AUDIT, words.audit, &[]),
            (of_manager::SETTINGS, words.settings, &[of_manager::TOKENS]),
        ]
    }

    fn item(&self, (href, text, others): Entry) -> Item {
        let is_queue = href == of_manager::REQUESTS;
        let count = self.waiting.filter(|waiting| is_queue && waiting.count > 0);
        Item { href, text, count, current: self.current(href, others) }
    }

    fn current(&self, href: &str, others: &[&str]) -> Option<&'static str> {
        let path = self.path.split('?').next().unwrap_or_default();
        if path == href {
            return Some("page");
        }
        let is_below = |root: &&str| {
            path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut roots = others.iter().copied().chain([href]);
        roots.any(|root| is_below(&root)).then_some("true")
    }
}
