//! The first steps: a service, a route, and a key that it can be called with.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::calling;
use super::details::faults_of;
use super::read::{Plugin, Service};
use crate::http::pages::answered::answered;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::listing::Listed;
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::Said;
use latchkey_pages::calls::Key;
use latchkey_pages::manager::{KeyShown, KeyShownAlready, Plugin as PluginName, Thing, paths};
use latchkey_store::Store;

/// What the consumer is called that the first key is made for.
const FIRST_CONSUMER: &str = "first-consumer";

/// How far the first steps have come.
pub(in crate::http::pages::manager) struct FirstSteps {
    pub(in crate::http::pages::manager) service: Option<Service>,
    pub(in crate::http::pages::manager) has_route: bool,
}

answered! {
    struct Made {
        id: String,
    }

    /// A key, as the one answer has it that shows it.
    struct MadeKey {
        key: String,
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Where there is at most one service, and it is not done; a plugin of another kind says that whoever made
    /// it knows the way.
    pub(in crate::http::pages::manager) async fn first_steps(&self) -> Result<Option<FirstSteps>, Refusal> {
        let mut services = self.two_services().await?;
        if services.len() > 1 {
            return Ok(None);
        }
        let Some(service) = services.pop() else {
            return Ok(Some(FirstSteps { service: None, has_route: false }));
        };
        let routes: Listed<Made> = self.get(&["services", &service.id, "routes"], "size=1").await?;
        let has_route = !routes.data.is_empty();
        let plugins: Listed<Made> = self.get(&["services", &service.id, "plugins"], "size=1").await?;
        let is_done = has_route && !plugins.data.is_empty();
        Ok((!is_done).then_some(FirstSteps { service: Some(service), has_route }))
    }

    /// Two of the services at most, which tells whether there is one alone.
    async fn two_services(&self) -> Result<Vec<Service>, Refusal> {
        let listed: Listed<Service> = self.get(&["services"], "size=2").await?;
        Ok(listed.data)
    }

    pub(super) async fn first_service(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let (name, url) = (form.value("name"), form.text("url").into());
        let sent = object([("id", json!(form.nonce())), ("name", name), ("url", url)]);
        self.first_step(&["services"], sent).await
    }

    pub(super) async fn first_route(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let Ok([service]) = <[Service; 1]>::try_from(self.two_services().await?) else {
            return Ok(self.came_late());
        };
        let sent = object([("id", json!(form.nonce())), ("paths", json!([form.text("path")]))]);
        self.first_step(&["services", &service.id, "routes"], sent).await
    }

    async fn first_step(&self, path: &[&str], sent: Object) -> Result<Response<Bytes>, Refusal> {
        match self.post(path, sent).await {
            Ok(_) => Ok(self.page.done(Said::Created, paths::START)),
            Err(refusal) if refusal.is_made_already() => Ok(self.came_late()),
            Err(refusal) => self.show_start(&faults_of(refusal)?).await,
        }
    }

    fn came_late(&self) -> Response<Bytes> {
        self.page.done(Said::AlreadyDone, paths::START)
    }

    /// The one answer that shows the key. What is there already of an attempt that broke off is used.
    pub(super) async fn first_key(&self) -> Result<Response<Bytes>, Refusal> {
        let nonce = self.nonce();
        let Ok([service]) = <[Service; 1]>::try_from(self.two_services().await?) else {
            return Ok(self.came_late());
        };
        let plugin = self.first_key_auth(&service.id).await?;
        let consumer = self.first_consumer().await?;
        let sent = object([("id", nonce.as_str().into()), ("name", "First key".into())]);
        let made = self.post(&["consumers", &consumer.id, "key-auth"], sent).await;
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        let made: MadeKey = match made {
            Ok(made) => read(&made)?,
            Err(refusal) if refusal.is_made_already() => {
                let (consumer, credential) = (consumer.id.as_str(), nonce.as_str());
                return Ok(shown(&KeyShownAlready { frame: &frame, consumer, credential }));
            }
            Err(refusal) => return Err(refusal),
        };
        let routes = self.whole_list(&["services", &service.id, "routes"]).await?;
        let gateway = self.control.settings.gateway_origin.as_ref();
        let curl = calling::curl(gateway, &routes, &plugin.config, Key::Shown(&made.key));
        Ok(shown(&KeyShown {
            frame: &frame,
            consumer: Thing { id: &consumer.id, name: FIRST_CONSUMER },
            key: &made.key,
            curl: curl.as_deref(),
            old_until: None,
        }))
    }

    async fn first_key_auth(&self, service: &str) -> Result<Plugin, Refusal> {
        let name = PluginName::KeyAuth;
        let plugins = self.plugins_of(service).await?;
        if let Some(plugin) = plugins.into_iter().find(|plugin| plugin.which() == Some(name)) {
            return Ok(plugin);
        }
        read(&self.post(&["services", service, "plugins"], object([("name", name.name().into())])).await?)
    }

    async fn first_consumer(&self) -> Result<Made, Refusal> {
        if let Some(consumer) = self.find(&["consumers", FIRST_CONSUMER]).await? {
            return Ok(consumer);
        }
        read(&self.post(&["consumers"], object([("username", FIRST_CONSUMER.into())])).await?)
    }
}
