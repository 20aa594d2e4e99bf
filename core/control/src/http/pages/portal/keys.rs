//! Keys of an application: one, its name, and its end.

use bytes::Bytes;
use futures_util::future::try_join;
use http::Response;
use serde_json::{Value, json};

use super::entities::{Application, Credential};
use super::shown;
use crate::http::page_names::KeyPage;
use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::answered::Answered as _;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::{Error, Step};
use crate::schema::EntityKind;
use latchkey_pages::Said;
use latchkey_pages::parts::Typed;
use latchkey_pages::portal::{self as views, EndKey, EndingKey, paths};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_key_page(&self, page: KeyPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            KeyPage::New => self.portal_key_new().await,
            KeyPage::Show => self.portal_key(&Faults::default()).await,
            KeyPage::Rename => self.portal_key_rename().await,
            KeyPage::Rotate => self.portal_key_rotate().await,
            KeyPage::EndOld => self.portal_key_end_old().await,
            KeyPage::Delete => self.portal_key_delete().await,
            KeyPage::Replace => self.portal_key_replace().await,
        }
    }

    /// Ids of the application and of the credential that a page is about.
    pub(super) fn application_and_key(&self) -> (&str, &str) {
        (self.page.part("application"), self.page.part("key"))
    }

    /// The key that a page is about, and whose it is.
    pub(super) async fn own_key(&self) -> Result<(Application, Credential), Refusal> {
        let (application, key) = self.application_and_key();
        try_join(self.own_application(), self.get(&["applications", application, "credentials", key], ""))
            .await
    }

    /// The same; also one that has ended of late, which is shown and not changed.
    pub(super) async fn own_key_or_ended(&self) -> Result<(Application, Credential), Refusal> {
        match self.own_key().await {
            Err(refusal) if refusal.is_not_found() => {
                let (application, key) = self.application_and_key();
                let ended = self.ended_keys(application).await?;
                let key = ended.into_iter().find(|ended| ended.id == key).ok_or(Refusal::UnknownPath)?;
                Ok((self.own_application().await?, key))
            }
            found => found,
        }
    }

    /// The keys of an own application that have ended of late; none where it is not one's own.
    pub(super) async fn ended_keys(&self, application: &str) -> Result<Vec<Credential>, Refusal> {
        let Some(developer) = &self.page.developer else { return Ok(Vec::new()) };
        let developer = developer.developer.to_string();
        let scope = [
            Step { kind: EntityKind::Developers, key: &developer },
            Step { kind: EntityKind::Applications, key: application },
        ];
        let ended = match self.control.registry.list_ended(EntityKind::Oauth2Credentials, &scope).await {
            Err(Error::NotFound) => return Ok(Vec::new()),
            ended => ended.map_err(|error| Refusal::Registry { endpoint: "keys that ended", error })?,
        };
        Ok(ended.into_iter().filter_map(|object| Credential::of(Value::Object(object))).collect())
    }

    /// The page, with what is wrong with the name that was typed.
    async fn portal_key(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.own_key_or_ended().await?;
        let path = paths::key(&application.id, &key.id);
        let frame = self.page.portal_frame(&path);
        let others = faults.of_others(&["name"]);
        let name = match self.page.is_post() {
            true => faults.typed(&self.page.form, "name"),
            false => Typed { value: key.name.as_deref().unwrap_or_default(), fault: None },
        };
        let view = views::KeyPage {
            frame: &frame,
            application: application.thing(),
            key: key.key(self.now_s()),
            name: Typed { fault: name.fault.or(others.as_deref()), ..name },
        };
        Ok(self.form(faults, &view))
    }

    async fn portal_key_rename(&self) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.application_and_key();
        let sent = object([("name", json!(self.page.form.text("name")))]);
        match self.patch(&["applications", application, "credentials", key], sent).await {
            Ok(_) => Ok(self.page.done(Said::Saved, &paths::key(application, key))),
            Err(refusal) => self.portal_key(&Faults::of(refusal)?).await,
        }
    }

    async fn portal_key_end_old(&self) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.application_and_key();
        if !self.page.is_post() {
            return self.portal_confirm_key_end(EndingKey::Old).await;
        }
        let to = paths::key(application, key);
        match self.delete(&["applications", application, "credentials", key, "rotate"]).await {
            Ok(_) => Ok(self.page.done(Said::Ended, &to)),
            Err(refusal) if refusal.is_not_found() => Ok(self.page.done(Said::AlreadyDone, &to)),
            Err(refusal) => Err(refusal),
        }
    }

    async fn portal_key_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.application_and_key();
        if !self.page.is_post() {
            return self.portal_confirm_key_end(EndingKey::Whole).await;
        }
        let path = ["applications", application, "credentials", key];
        self.portal_deleted(&path, &paths::application(application)).await
    }

    async fn portal_confirm_key_end(&self, ending: EndingKey) -> Result<Response<Bytes>, Refusal> {
        let (application, key) = self.own_key().await?;
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&EndKey {
            frame: &frame,
            application: application.thing(),
            key: key.thing(),
            ending,
            within_seconds: WITHIN_SECONDS,
        }))
    }
}
