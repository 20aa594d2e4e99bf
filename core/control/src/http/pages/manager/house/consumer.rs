//! One consumer: its keys, what it is called, and what takes its access away.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::consumers::Consumer;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::Said;
use latchkey_pages::manager::{self as views, ConsumerFields, Taking, Thing, paths};
use latchkey_pages::parts::Time;
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn one_consumer(&self) -> Result<Consumer, Refusal> {
        self.get(&["consumers", self.page.part("consumer")], "").await
    }

    pub(super) async fn consumer(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let consumer = self.one_consumer().await?;
        let mut faults = Faults::default();
        if page.is_post() {
            // What is emptied is taken away.
            let sent =
                Object::from_iter(["username", "custom_id"].map(|name| (name.to_owned(), form.value(name))));
            match self.patch(&["consumers", &consumer.id], sent).await {
                Ok(_) => return Ok(page.done(Said::Saved, &paths::consumer(&consumer.id))),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let keys = self.keys(&consumer.id).await?;
        let now_s = self.now_s();
        let keys: Vec<views::ConsumerKey<'_>> = keys.iter().map(|key| key.view(now_s)).collect();
        let (path, others) = (page.path(), faults.of_others(&["username", "custom_id"]));
        let frame = page.manager_frame(&path);
        let fields = ConsumerFields {
            username: self.typed(&faults, "username", consumer.username.as_deref()),
            custom_id: self.typed(&faults, "custom_id", consumer.custom_id.as_deref()),
            fault: others.as_deref(),
        };
        let view = views::Consumer {
            frame: &frame,
            consumer: Thing { id: &consumer.id, name: consumer.name() },
            created: Time(consumer.created_at),
            is_enabled: consumer.enabled,
            keys: &keys,
            fields,
        };
        Ok(self.form(&faults, &view))
    }

    pub(super) async fn consumer_set_enabled(&self, is_enabled: bool) -> Result<Response<Bytes>, Refusal> {
        let consumer = self.one_consumer().await?;
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::SuspendConsumer(&consumer.id), consumer.name()));
        }
        let sent = object([("enabled", json!(is_enabled))]);
        self.patch(&["consumers", &consumer.id], sent).await?;
        let said = if is_enabled { Said::Resumed } else { Said::Suspended };
        Ok(self.page.done(said, &paths::consumer(&consumer.id)))
    }

    pub(super) async fn consumer_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let consumer = match self.one_consumer().await {
            // Sent twice, or from a page of before.
            Err(refusal) if refusal.is_not_found() && self.page.is_post() => {
                return Ok(self.page.done(Said::AlreadyDone, paths::CONSUMERS));
            }
            consumer => consumer?,
        };
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::DeleteConsumer(&consumer.id), consumer.name()));
        }
        self.delete(&["consumers", &consumer.id]).await?;
        Ok(self.page.done(Said::Deleted, paths::CONSUMERS))
    }
}
