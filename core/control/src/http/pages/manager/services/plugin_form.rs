//! The form of a plugin of a service, and what becomes of requests that wait.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::calling;
use super::plugins::PluginAt;
use super::settings;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::manager::people::deciding::{Became, Decided};
use crate::http::pages::manager::people::read::Contract;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::calls::Key;
use latchkey_pages::manager::{Plugin, PluginForm, Preview, Warning, paths};
use latchkey_pages::parts::{Field, State};
use latchkey_published::limits::DECIDED_MAX;
use latchkey_published::plugins::KeyAuthSettings;
use latchkey_store::Store;

/// What the settings of key-auth come to.
struct Example {
    /// `None`: a request without a key is let through.
    refusal: Option<String>,
    call: String,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn plugin_form(&self) -> Result<Response<Bytes>, Refusal> {
        let at = self.plugin_at().await?;
        let mut faults = Faults::default();
        if self.page.is_post() {
            match self.save_plugin(&at).await {
                Ok(saved) => return Ok(saved),
                Err(refusal) if refusal.is_made_already() => {
                    let list = paths::service_plugins(&at.service.id);
                    return Ok(self.page.done(Said::AlreadyDone, &list));
                }
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        self.show_plugin(&at, &faults).await
    }

    async fn save_plugin(&self, at: &PluginAt) -> Result<Response<Bytes>, Refusal> {
        let (service, form) = (at.service.id.as_str(), &self.page.form);
        let (list, nonce) = (paths::service_plugins(service), form.nonce());
        let config = settings::sent(at.which, form);
        let is_enabled = ("enabled", form.is_ticked("enabled").into());
        let said = match &at.stored {
            Some(stored) if nonce.is_some_and(|nonce| nonce.to_string() == stored.id) => {
                return Ok(self.page.done(Said::AlreadyDone, &list));
            }
            Some(stored) => {
                let sent = object([is_enabled, ("config", config.into())]);
                self.patch(&["services", service, "plugins", &stored.id], sent).await?;
                Said::Saved
            }
            None => {
                let name = ("name", at.which.name().into());
                let sent = object([("id", json!(nonce)), name, is_enabled, ("config", config.into())]);
                self.post(&["services", service, "plugins"], sent).await?;
                Said::Created
            }
        };
        let approves = at.which == Plugin::ApplicationRegistration
            && form.is_ticked("auto_approve")
            && form.text("waiting") == "approve";
        if approves && !self.approve_waiting(service).await? {
            return Ok(self.page.done(Said::SomeFailed, &paths::service_contracts(service)));
        }
        Ok(self.page.done(said, &list))
    }

    /// Whether none waits any more.
    async fn approve_waiting(&self, service: &str) -> Result<bool, Refusal> {
        let waiting = self.waiting_at(service).await?;
        let ids: Vec<&str> = waiting.iter().take(DECIDED_MAX).map(|contract| contract.id.as_str()).collect();
        let decided = self.decide(&ids, State::Active, json!(null)).await?;
        let is_left = |one: &Decided| one.is_left() && one.became != Became::Gone;
        Ok(waiting.len() <= DECIDED_MAX && !decided.iter().any(is_left))
    }

    /// Requests for access to a service that wait.
    async fn waiting_at(&self, service: &str) -> Result<Vec<Contract>, Refusal> {
        let of = [("status", "1"), ("service", service)];
        self.all(&["application_instances"], &of, usize::MAX).await
    }

    async fn show_plugin(&self, at: &PluginAt, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let typed = page.is_post().then_some(&page.form);
        let stored = at.stored.as_ref();
        let settings = settings::shown(at.which, typed, stored.map(|plugin| &plugin.config), faults);
        let fields: Vec<Field<'_>> =
            settings.iter().map(|setting| setting.field(at.which, page.look.language)).collect();
        let (mut waiting, mut warnings, mut example) = (0, Vec::new(), None);
        match (at.which, stored) {
            (_, None) | (Plugin::OAuth2, _) => {}
            (Plugin::ApplicationRegistration, Some(_)) => {
                waiting = self.waiting_at(&at.service.id).await?.len() as u64;
            }
            (Plugin::KeyAuth, Some(plugin)) => {
                if let Some(settings) = calling::key_auth(&plugin.config) {
                    warnings = warnings_of(&settings);
                    example = self.example(at, &plugin.config, &settings).await?;
                }
            }
        }
        let (path, nonce) = (page.path(), self.nonce());
        let (frame, fault) = (page.manager_frame(&path), settings::other_faults(at.which, faults));
        let is_enabled = match typed {
            Some(form) => form.is_ticked("enabled"),
            None => stored.is_none_or(|plugin| plugin.enabled),
        };
        let view = PluginForm {
            frame: &frame,
            plugin: at.which,
            service: at.service.thing(),
            is_there: stored.is_some(),
            is_enabled,
            fields: &fields,
            fault: fault.as_deref(),
            warnings: &warnings,
            preview: example
                .as_ref()
                .map(|example| Preview { refusal: example.refusal.as_deref(), call: &example.call }),
            waiting,
            nonce: &nonce,
        };
        Ok(self.form(faults, &view))
    }

    /// `None` where no call can be shown.
    async fn example(
        &self,
        at: &PluginAt,
        config: &crate::schema::Object,
        settings: &KeyAuthSettings,
    ) -> Result<Option<Example>, Refusal> {
        let routes = self.whole_list(&["services", &at.service.id, "routes"]).await?;
        let gateway = self.control.settings.gateway_origin.as_ref();
        let call = calling::curl(gateway, &routes, config, Key::Variable);
        let refusal = settings.anonymous.is_none().then(|| refusal(settings));
        Ok(call.map(|call| Example { refusal, call }))
    }
}

fn warnings_of(settings: &KeyAuthSettings) -> Vec<Warning> {
    let found = [
        (settings.key_in_query, Warning::KeyInQuery),
        (settings.key_in_body, Warning::KeyInBody),
        (settings.run_on_preflight, Warning::Preflight),
        (settings.anonymous.is_some(), Warning::Anonymous),
    ];
    found.into_iter().filter_map(|(is_so, warning)| is_so.then_some(warning)).collect()
}

/// What the gateway answers to a request without a key.
fn refusal(settings: &KeyAuthSettings) -> String {
    let realm = settings.realm.as_deref().filter(|realm| !realm.is_empty());
    let realm = realm.map(|realm| format!(" realm=\"{realm}\"")).unwrap_or_default();
    let body = Value::from_iter([("message", "No API key found in request")]);
    format!(
        "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Key{realm}\nContent-Type: application/json\n\n{body}"
    )
}
