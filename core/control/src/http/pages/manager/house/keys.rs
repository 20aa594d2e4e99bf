//! Keys of consumers: a new one, its rotation, and what takes it away.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::consumers::Consumer;
use crate::http::pages::answered::answered;
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::ends::{expires_at, grace_seconds};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::Listed;
use crate::http::portal::Once;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{
    ConsumerKey, HeldKey, KeyFields, KeyNew, KeyShown, KeyShownAlready, RotateKey, Taking, Thing, paths,
};
use latchkey_pages::parts::{Ends, Time};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

answered! {
    /// A credential, as the Admin API shows it.
    pub(super) struct Credential {
        pub(super) id: String,
        name: Option<String>,
        key_start: Option<String>,
        created_at: u64,
        expires_at: Option<u64>,
        enabled: bool,
        previous_key_ends_at: Option<u64>,
    }

    /// What the one answer that shows a key has besides.
    struct WithKey {
        key: String,
        previous_key_ends_at: Option<u64>,
    }
}

impl Credential {
    fn start(&self) -> &str {
        self.key_start.as_deref().unwrap_or_default()
    }

    /// What people call it.
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(self.start())
    }

    pub(super) fn view(&self, now_s: u64) -> ConsumerKey<'_> {
        ConsumerKey {
            key: HeldKey {
                id: &self.id,
                name: self.called(),
                start: self.start(),
                created: Time(self.created_at),
                expires: self.expires_at.map(Time),
                is_expired: self.expires_at.is_some_and(|end| end <= now_s),
                is_enabled: self.enabled,
            },
            old_until: self.previous_key_ends_at.map(Time),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn keys(&self, consumer: &str) -> Result<Vec<Credential>, Refusal> {
        let listed: Listed<Credential> = self.get(&["consumers", consumer, "key-auth"], "size=1000").await?;
        Ok(listed.data)
    }

    async fn consumer_and_key(&self) -> Result<(Consumer, Credential), Refusal> {
        let consumer = self.one_consumer().await?;
        let path = ["consumers", &consumer.id, "key-auth", self.page.part("key")];
        let key = self.get(&path, "").await?;
        Ok((consumer, key))
    }

    pub(super) async fn consumer_key_new(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let consumer = self.one_consumer().await?;
        let mut faults = Faults::default();
        if page.is_post() {
            match self.make_key(&consumer).await? {
                Ok(response) => return Ok(response),
                Err(found) => faults = found,
            }
        }
        let (path, nonce) = (page.path(), self.nonce());
        let frame = page.manager_frame(&path);
        let ends = Ends { ends: faults.typed_as(form, "ends", "expires_at"), own: faults.typed(form, "own") };
        let fields = KeyFields { name: faults.typed(form, "name"), ends };
        let consumer = Thing { id: &consumer.id, name: consumer.name() };
        Ok(self.form(&faults, &KeyNew { frame: &frame, consumer, fields, nonce: &nonce }))
    }

    /// Makes a key and shows it, this once.
    async fn make_key(&self, consumer: &Consumer) -> Result<Result<Response<Bytes>, Faults>, Refusal> {
        let form = &self.page.form;
        let ends = match expires_at(form, self.now_s(), self.page.look.language) {
            Ok(ends) => ends,
            Err(faults) => return Ok(Err(faults)),
        };
        let id = form.nonce();
        let sent = object([("id", json!(id)), ("name", form.value("name")), ("expires_at", ends)]);
        match self.post(&["consumers", &consumer.id, "key-auth"], sent).await {
            Ok(made) => self.show_key(consumer, &made).map(Ok),
            Err(refusal) if refusal.is_made_already() => {
                let id = id.map(|id| id.to_string()).unwrap_or_default();
                Ok(Ok(self.key_was_shown(&consumer.id, &id)))
            }
            Err(refusal) => Faults::of(refusal).map(Err),
        }
    }

    fn show_key(&self, consumer: &Consumer, made: &Response<Bytes>) -> Result<Response<Bytes>, Refusal> {
        let made: WithKey = read(made)?;
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        let view = KeyShown {
            frame: &frame,
            consumer: Thing { id: &consumer.id, name: consumer.name() },
            key: &made.key,
            curl: None,
            old_until: made.previous_key_ends_at.map(Time),
        };
        Ok(html(StatusCode::OK, view.html()))
    }

    fn key_was_shown(&self, consumer: &str, credential: &str) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        html(StatusCode::CONFLICT, KeyShownAlready { frame: &frame, consumer, credential }.html())
    }

    /// The form carries how the key of then begins: sent twice, it rotates that key once.
    pub(super) async fn consumer_key_rotate(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let (consumer, key) = self.consumer_and_key().await?;
        let mut faults = Faults::default();
        if page.is_post() {
            match grace_seconds(form, self.now_s(), page.look.language) {
                Err(found) => faults = found,
                Ok(grace) => {
                    let sent = object([("grace_seconds", grace)]);
                    let path = ["consumers", &consumer.id, "key-auth", &key.id, "rotate"];
                    let once = Once { key_start: Some(form.text("nonce")), ..Once::default() };
                    match self.post_once(&path, sent, once).await {
                        Ok(rotated) => return self.show_key(&consumer, &rotated),
                        Err(refusal) if refusal.is_changed_meanwhile() => {
                            return Ok(self.key_was_shown(&consumer.id, &key.id));
                        }
                        Err(refusal) => faults = Faults::of(refusal)?,
                    }
                }
            }
        }
        let path = page.path();
        let frame = page.manager_frame(&path);
        let others = faults.of_others(&["ends", "own"]);
        let view = RotateKey {
            frame: &frame,
            consumer: Thing { id: &consumer.id, name: consumer.name() },
            key: Thing { id: &key.id, name: key.called() },
            ends: Ends { ends: faults.typed(form, "ends"), own: faults.typed(form, "own") },
            old_until: key.previous_key_ends_at.map(Time),
            fault: others.as_deref(),
            nonce: if page.is_post() { form.text("nonce") } else { key.start() },
        };
        Ok(self.form(&faults, &view))
    }

    pub(super) async fn consumer_key_end_old(&self) -> Result<Response<Bytes>, Refusal> {
        let (consumer, key) = self.consumer_and_key().await?;
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::EndOldKey(&consumer.id, &key.id), key.called()));
        }
        let ended = self.delete(&["consumers", &consumer.id, "key-auth", &key.id, "rotate"]).await;
        Ok(self.page.done(ended_or_done(ended, Said::Ended)?, &paths::consumer(&consumer.id)))
    }

    pub(super) async fn consumer_key_set_enabled(
        &self,
        is_enabled: bool,
    ) -> Result<Response<Bytes>, Refusal> {
        let (consumer, key) = self.consumer_and_key().await?;
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::SuspendKey(&consumer.id, &key.id), key.called()));
        }
        let sent = object([("enabled", json!(is_enabled))]);
        self.patch(&["consumers", &consumer.id, "key-auth", &key.id], sent).await?;
        let said = if is_enabled { Said::Resumed } else { Said::Suspended };
        Ok(self.page.done(said, &paths::consumer(&consumer.id)))
    }

    pub(super) async fn consumer_key_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let (consumer, key) = match self.consumer_and_key().await {
            // Sent twice, or from a page of before.
            Err(refusal) if refusal.is_not_found() && self.page.is_post() => {
                let path = paths::consumer(self.page.part("consumer"));
                return Ok(self.page.done(Said::AlreadyDone, &path));
            }
            found => found?,
        };
        if !self.page.is_post() {
            return Ok(self.ask_alone(Taking::DeleteKey(&consumer.id, &key.id), key.called()));
        }
        self.delete(&["consumers", &consumer.id, "key-auth", &key.id]).await?;
        Ok(self.page.done(Said::Deleted, &paths::consumer(&consumer.id)))
    }
}

/// What is gone already was done before.
fn ended_or_done(ended: Result<Response<Bytes>, Refusal>, said: Said) -> Result<Said, Refusal> {
    match ended {
        Ok(_) => Ok(said),
        Err(refusal) if refusal.is_not_found() => Ok(Said::AlreadyDone),
        Err(refusal) => Err(refusal),
    }
}
