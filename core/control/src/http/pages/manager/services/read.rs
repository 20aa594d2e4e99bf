//! Services and what hangs on them, as the Admin API answers them.

use std::collections::BTreeMap;

use crate::http::pages::answered::{Answered, answered};
use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::manager;
use latchkey_pages::manager::{Plugin as PluginName, Thing};
use latchkey_store::Store;

answered! {
    /// What an entity refers to.
    pub(super) struct Reference {
        pub(super) id: String,
    }

    pub(in crate::http::pages::manager) struct Service {
        pub(in crate::http::pages::manager) id: String,
        pub(super) name: Option<String>,
        protocol: String,
        host: String,
        port: u16,
        path: Option<String>,
        pub(super) enabled: bool,
        pub(super) retries: Option<u64>,
        pub(super) connect_timeout: Option<u64>,
        pub(super) write_timeout: Option<u64>,
        pub(super) read_timeout: Option<u64>,
    }

    pub(super) struct Route {
        pub(super) id: String,
        pub(super) name: Option<String>,
        pub(super) methods: Option<Vec<String>>,
        pub(super) hosts: Option<Vec<String>>,
        pub(super) paths: Option<Vec<String>>,
        pub(super) headers: Option<BTreeMap<String, Vec<String>>>,
        pub(super) strip_path: bool,
        pub(super) preserve_host: bool,
        pub(super) service: Option<Reference>,
    }

    pub(super) struct Plugin {
        pub(super) id: String,
        pub(super) name: String,
        pub(super) enabled: bool,
        pub(super) config: Object,
        pub(super) service: Option<Reference>,
        route: Option<Reference>,
    }
}

impl Service {
    /// Its name, or its id where it has none.
    pub(in crate::http::pages::manager) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    pub(in crate::http::pages::manager) fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: self.shown_name() }
    }

    /// Where requests go, without the port that its scheme has anyway.
    pub(super) fn url(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let port = match (self.protocol.as_str(), self.port) {
            ("http", 80) | ("https", 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        format!("{}://{host}{port}{}", self.protocol, self.path.as_deref().unwrap_or_default())
    }

    /// As every tab shows it.
    pub(super) fn tab<'a>(&'a self, url: &'a str) -> manager::Service<'a> {
        manager::Service { id: &self.id, name: self.shown_name(), url, is_enabled: self.enabled }
    }
}

impl Route {
    /// Its name, or its id where it has none.
    pub(super) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    pub(super) fn methods(&self) -> &[String] {
        self.methods.as_deref().unwrap_or_default()
    }

    pub(super) fn hosts(&self) -> &[String] {
        self.hosts.as_deref().unwrap_or_default()
    }

    pub(super) fn paths(&self) -> &[String] {
        self.paths.as_deref().unwrap_or_default()
    }
}

impl Plugin {
    /// Which it is; `None`: there are no pages for it.
    pub(super) fn which(&self) -> Option<PluginName> {
        named(&self.name)
    }

    /// Whether it holds for every route of its service.
    pub(super) fn is_of_whole_service(&self) -> bool {
        self.service.is_some() && self.route.is_none()
    }
}

/// The plugin of that name.
pub(super) fn named(name: &str) -> Option<PluginName> {
    PluginName::ALL.into_iter().find(|plugin| plugin.name() == name)
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// All of a list, of what the gateway holds in memory too.
    pub(in crate::http::pages::manager) async fn whole_list<T: Answered>(
        &self,
        path: &[&str],
    ) -> Result<Vec<T>, Refusal> {
        self.all(path, &[], usize::MAX).await
    }

    /// The service in the path of the page.
    pub(super) async fn one_service(&self) -> Result<Service, Refusal> {
        self.get(&["services", self.page.part("service")], "").await
    }

    /// Its plugins, but for those of single routes.
    pub(super) async fn plugins_of(&self, service: &str) -> Result<Vec<Plugin>, Refusal> {
        let plugins: Vec<Plugin> = self.whole_list(&["services", service, "plugins"]).await?;
        Ok(plugins.into_iter().filter(Plugin::is_of_whole_service).collect())
    }
}
