//! The list of consumers, and a new one.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use crate::http::pages::answered::answered;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{ConsumerFields, ConsumerNew, ConsumerRow, Consumers, paths};
use latchkey_store::Store;

answered! {
    /// A consumer, as the Admin API shows it.
    pub(super) struct Consumer {
        pub(super) id: String,
        pub(super) username: Option<String>,
        pub(super) custom_id: Option<String>,
        pub(super) created_at: u64,
        pub(super) enabled: bool,
    }
}

impl Consumer {
    /// What people call it.
    pub(super) fn name(&self) -> &str {
        self.username.as_deref().or(self.custom_id.as_deref()).unwrap_or(&self.id)
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn consumers(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let q = page.search();
        let listed: Listed<Consumer> = self.list(&["consumers"], &[("q", q)]).await?;
        let lists = listed.data.iter().map(|one| vec!["consumers", one.id.as_str(), "key-auth"]);
        let counts = self.counts(&lists.collect::<Vec<_>>(), "size=100").await?;
        let rows: Vec<ConsumerRow<'_>> = listed
            .data
            .iter()
            .zip(counts)
            .map(|(consumer, keys)| ConsumerRow {
                id: &consumer.id,
                name: consumer.name(),
                custom_id: consumer.custom_id.as_deref(),
                keys,
                is_enabled: consumer.enabled,
            })
            .collect();
        let listing = Listing::of(page, paths::CONSUMERS, listed.offset.as_deref(), &[]);
        let path = page.path();
        let frame = page.manager_frame(&path);
        let paging = listing.paging(listed.found(!q.is_empty(), None));
        Ok(shown(&Consumers { frame: &frame, consumers: &rows, paging }))
    }

    pub(super) async fn consumer_new(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let mut faults = Faults::default();
        if page.is_post() {
            let id = form.nonce();
            let sent = object([
                ("id", json!(id)),
                ("username", form.value("username")),
                ("custom_id", form.value("custom_id")),
            ]);
            let path = id.map_or(paths::CONSUMERS.to_owned(), |id| paths::consumer(&id.to_string()));
            match self.post(&["consumers"], sent).await {
                Ok(_) => return Ok(page.done(Said::Created, &path)),
                Err(refusal) if refusal.is_made_already() => return Ok(page.done(Said::AlreadyDone, &path)),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let (path, others, nonce) = (page.path(), faults.of_others(&["username", "custom_id"]), self.nonce());
        let frame = page.manager_frame(&path);
        let fields = ConsumerFields {
            username: faults.typed(form, "username"),
            custom_id: faults.typed(form, "custom_id"),
            fault: others.as_deref(),
        };
        Ok(self.form(&faults, &ConsumerNew { frame: &frame, fields, nonce: &nonce }))
    }
}
