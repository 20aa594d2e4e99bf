//! Keys of applications, known by how they begin, and what is done with one.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::read::Application;
use crate::http::pages::answered::answered;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::Listed;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{HeldKey, Taking, paths};
use latchkey_pages::parts::Time;
use latchkey_store::Store;

answered! {
    /// A credential of an application, as the Admin API shows it.
    pub(super) struct Credential {
        id: String,
        name: Option<String>,
        client_id_start: Option<String>,
        created_at: u64,
        expires_at: Option<u64>,
        enabled: bool,
    }
}

impl Credential {
    fn start(&self) -> &str {
        self.client_id_start.as_deref().unwrap_or_default()
    }

    /// What people call it.
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(self.start())
    }

    pub(super) fn view(&self, now_s: u64) -> HeldKey<'_> {
        HeldKey {
            id: &self.id,
            name: self.called(),
            start: self.start(),
            created: Time(self.created_at),
            expires: self.expires_at.map(Time),
            is_expired: self.expires_at.is_some_and(|end| end <= now_s),
            is_enabled: self.enabled,
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn application_keys(&self, application: &str) -> Result<Vec<Credential>, Refusal> {
        let path = ["applications", application, "credentials", "oauth2"];
        let listed: Listed<Credential> = self.get(&path, "size=1000").await?;
        Ok(listed.data)
    }

    async fn owner_and_key(&self) -> Result<(Application, Credential), Refusal> {
        let application = self.one_application().await?;
        let path = ["applications", &application.id, "credentials", "oauth2", self.page.part("key")];
        let key = self.get(&path, "").await?;
        Ok((application, key))
    }

    pub(super) async fn application_key_set_enabled(
        &self,
        is_enabled: bool,
    ) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let (application, key) = self.owner_and_key().await?;
        if !page.is_post() {
            let taking = Taking::SuspendApplicationKey(&application.id, &key.id);
            let of = ["oauth2_credentials", key.id.as_str()];
            return self.ask_before(taking, key.called(), of, &Faults::default()).await;
        }
        let path = ["applications", &application.id, "credentials", "oauth2", &key.id];
        self.patch(&path, object([("enabled", json!(is_enabled))])).await?;
        let said = match key.enabled == is_enabled {
            true => Said::AlreadyDone,
            false if is_enabled => Said::Resumed,
            false => Said::Suspended,
        };
        Ok(page.done(said, &paths::application(&application.id)))
    }

    pub(super) async fn application_key_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let (application, key) = match self.owner_and_key().await {
            // Sent twice, or from a page of before.
            Err(refusal) if refusal.is_not_found() && page.is_post() => {
                let path = paths::application(page.part("application"));
                return Ok(page.done(Said::AlreadyDone, &path));
            }
            found => found?,
        };
        if !page.is_post() {
            let taking = Taking::DeleteApplicationKey(&application.id, &key.id);
            let of = ["oauth2_credentials", key.id.as_str()];
            return self.ask_before(taking, key.called(), of, &Faults::default()).await;
        }
        self.delete(&["applications", &application.id, "credentials", "oauth2", &key.id]).await?;
        Ok(page.done(Said::Deleted, &paths::application(&application.id)))
    }
}
