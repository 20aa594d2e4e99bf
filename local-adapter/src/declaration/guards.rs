//! Which routes are open to whoever calls once plugins are left out.

use std::collections::{BTreeSet, HashMap, HashSet};

/// Plugins of Kong that are not here and let nobody in unasked: they tell who calls, or judge whether a
/// caller may.
const GUARDS: [&str; 19] = [
    "ace",
    "acl",
    "basic-auth",
    "header-cert-auth",
    "hmac-auth",
    "ip-restriction",
    "jwt",
    "jwt-signer",
    "key-auth-enc",
    "ldap-auth",
    "ldap-auth-advanced",
    "mtls-auth",
    "oauth2-introspection",
    "oidc",
    "opa",
    "openid-connect",
    "request-termination",
    "saml",
    "vault-auth",
];

/// Whether a plugin of this name guards what it is on.
pub(super) fn is_guard(plugin: &str) -> bool {
    GUARDS.contains(&plugin)
}

/// What a plugin is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum On {
    Everything,
    /// By name or id.
    Service(String),
    /// By name or id.
    Route(String),
}

/// A route and what it is called by.
struct Route {
    label: String,
    /// Name and id.
    called: Vec<String>,
    service: Option<String>,
}

/// What is known of routes, and of the guards that are brought and left out.
#[derive(Default)]
pub(super) struct Guards {
    routes: Vec<Route>,
    /// Name and id of each service, by either.
    services: HashMap<String, Vec<String>>,
    kept: HashSet<On>,
    left_out: HashMap<On, BTreeSet<String>>,
}

impl Guards {
    /// `called`: its name and id, whichever there are.
    pub(super) fn service(&mut self, called: &[String]) {
        self.services.extend(called.iter().map(|name| (name.clone(), called.to_vec())));
    }

    pub(super) fn route(&mut self, label: String, called: Vec<String>, service: Option<String>) {
        self.routes.push(Route { label, called, service });
    }

    pub(super) fn kept(&mut self, on: On) {
        self.kept.insert(on);
    }

    pub(super) fn left_out(&mut self, on: On, plugin: &str) {
        self.left_out.entry(on).or_default().insert(plugin.to_owned());
    }

    /// A sentence for each route that had guards of which none is brought.
    pub(super) fn lost(&self) -> Vec<String> {
        let lost = |route: &Route| {
            let places = self.places(route);
            if places.iter().any(|on| self.kept.contains(on)) {
                return None;
            }
            let left_out = places.iter().filter_map(|on| self.left_out.get(on));
            let names: BTreeSet<&str> = left_out.flatten().map(String::as_str).collect();
            let names = Vec::from_iter(names).join(", ");
            let sentence =
                format!("{} loses its only guard ({names}): whoever calls it comes in", route.label);
            (!names.is_empty()).then_some(sentence)
        };
        self.routes.iter().filter_map(lost).collect()
    }

    /// Wherever a plugin is on that runs for a route.
    fn places(&self, route: &Route) -> Vec<On> {
        let own = route.called.iter().cloned().map(On::Route);
        let services = route.service.iter().flat_map(|service| match self.services.get(service) {
            Some(called) => called.clone(),
            None => vec![service.clone()],
        });
        std::iter::once(On::Everything).chain(own).chain(services.map(On::Service)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn guards() -> Guards {
        let mut guards = Guards::default();
        guards.service(&["orders".to_owned(), "an-id".to_owned()]);
        for name in ["a", "b"] {
            guards.route(format!("route {name}"), vec![name.to_owned()], Some("orders".to_owned()));
        }
        guards.route("route c".to_owned(), vec!["c".to_owned()], None);
        guards
    }

    #[track_caller]
    fn check(kept: &[On], left_out: &[(On, &str)], expected: &[&str]) {
        let mut guards = guards();
        kept.iter().for_each(|on| guards.kept(on.clone()));
        left_out.iter().for_each(|(on, plugin)| guards.left_out(on.clone(), plugin));
        let lost = guards.lost();
        let labels: Vec<&str> = lost.iter().map(|lost| lost.split(" loses").next().unwrap()).collect();
        assert_eq!(labels, expected, "{lost:?}");
    }

    #[test]
    fn a_route_that_loses_its_only_guard_is_named() {
        let [a, service] = [On::Route("a".to_owned()), On::Service("an-id".to_owned())];
        check(&[], &[], &[]);
        check(&[], &[(a.clone(), "jwt")], &["route a"]);
        check(slice::from_ref(&a), &[(a.clone(), "jwt")], &[]);
        check(&[], &[(service.clone(), "jwt")], &["route a", "route b"]);
        check(slice::from_ref(&a), &[(service.clone(), "jwt")], &["route b"]);
        check(slice::from_ref(&service), &[(a.clone(), "jwt")], &[]);
        check(&[], &[(On::Everything, "jwt")], &["route a", "route b", "route c"]);
        check(&[On::Everything], &[(a.clone(), "jwt")], &[]);
    }

    #[test]
    fn guards_that_are_left_out_are_told_once_each() {
        let mut guards = guards();
        for plugin in ["jwt", "acl", "jwt"] {
            guards.left_out(On::Route("c".to_owned()), plugin);
        }
        assert_eq!(guards.lost(), ["route c loses its only guard (acl, jwt): whoever calls it comes in"]);
    }
}
