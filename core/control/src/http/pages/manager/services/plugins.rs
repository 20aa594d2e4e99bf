//! Plugins of a service: which it has, which it may have, and their suspension and end.

use bytes::Bytes;
use futures_util::future::try_join;
use http::Response;

use super::read::{Plugin, Service, named};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::manager::{Plugin as PluginName, PluginCards, PluginRow, ServicePlugins, Taking, paths};
use latchkey_store::Store;

/// The plugin of a page's path.
pub(super) struct PluginAt {
    pub(super) service: Service,
    pub(super) which: PluginName,
    /// `None`: the service has it not.
    pub(super) stored: Option<Plugin>,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn service_plugins(&self) -> Result<Response<Bytes>, Refusal> {
        let (service, plugins) =
            try_join(self.one_service(), self.plugins_of(self.page.part("service"))).await?;
        let row = |which: PluginName| {
            let plugin = plugins.iter().find(|plugin| plugin.which() == Some(which))?;
            Some(PluginRow { plugin: which, is_enabled: plugin.enabled })
        };
        let rows: Vec<PluginRow> = PluginName::ALL.into_iter().filter_map(row).collect();
        let (url, path) = (service.url(), self.page.path());
        let frame = self.page.manager_frame(&path);
        Ok(shown(&ServicePlugins { frame: &frame, service: service.tab(&url), plugins: &rows }))
    }

    pub(super) async fn plugin_cards(&self) -> Result<Response<Bytes>, Refusal> {
        let (service, plugins) =
            try_join(self.one_service(), self.plugins_of(self.page.part("service"))).await?;
        let there: Vec<PluginName> = plugins.iter().filter_map(Plugin::which).collect();
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(shown(&PluginCards { frame: &frame, service: service.thing(), there: &there }))
    }

    /// The plugin in the path of the page.
    pub(super) async fn plugin_at(&self) -> Result<PluginAt, Refusal> {
        let which = named(self.page.part("plugin")).ok_or(Refusal::UnknownPath)?;
        let (service, plugins) =
            try_join(self.one_service(), self.plugins_of(self.page.part("service"))).await?;
        let stored = plugins.into_iter().find(|plugin| plugin.which() == Some(which));
        Ok(PluginAt { service, which, stored })
    }

    pub(super) async fn suspend_plugin(&self) -> Result<Response<Bytes>, Refusal> {
        let at = self.plugin_at().await?;
        if self.page.is_post() {
            return self.set_plugin(&at, false, Said::Suspended).await;
        }
        self.ask_without(&at, Taking::DisablePlugin(&at.service.id, at.which)).await
    }

    pub(super) async fn resume_plugin(&self) -> Result<Response<Bytes>, Refusal> {
        let at = self.plugin_at().await?;
        self.set_plugin(&at, true, Said::Resumed).await
    }

    async fn set_plugin(
        &self,
        at: &PluginAt,
        is_enabled: bool,
        said: Said,
    ) -> Result<Response<Bytes>, Refusal> {
        let stored = at.stored.as_ref().ok_or(Refusal::UnknownPath)?;
        let path = ["services", at.service.id.as_str(), "plugins", stored.id.as_str()];
        self.patch(&path, object([("enabled", is_enabled.into())])).await?;
        Ok(self.page.done(said, &paths::service_plugins(&at.service.id)))
    }

    pub(super) async fn delete_plugin(&self) -> Result<Response<Bytes>, Refusal> {
        let at = self.plugin_at().await?;
        let list = paths::service_plugins(&at.service.id);
        match &at.stored {
            None if self.page.is_post() => Ok(self.page.done(Said::AlreadyDone, &list)),
            Some(stored) if self.page.is_post() => {
                self.delete(&["services", &at.service.id, "plugins", &stored.id]).await?;
                Ok(self.page.done(Said::Deleted, &list))
            }
            _ => self.ask_without(&at, Taking::DeletePlugin(&at.service.id, at.which)).await,
        }
    }

    /// Asks before a plugin that is there goes: with no key asked for, no application stops.
    async fn ask_without(&self, at: &PluginAt, taking: Taking<'_>) -> Result<Response<Bytes>, Refusal> {
        at.stored.as_ref().ok_or(Refusal::UnknownPath)?;
        let name = at.service.shown_name();
        match at.which {
            PluginName::KeyAuth | PluginName::OAuth2 => Ok(self.ask_alone(taking, name)),
            PluginName::ApplicationRegistration => {
                self.ask_before(taking, name, ["services", &at.service.id], &Faults::default()).await
            }
        }
    }
}
