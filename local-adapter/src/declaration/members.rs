//! Members of a declaration that Kong 3.9 has not, as Kong Enterprise, newer Kongs and Konnect dump them.
//!
//! Where they change nothing they are left out and named; where they do they are refused.

use serde_json::Value;

/// What members are looked at in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// The whole.
    Declaration,
    /// `_info`
    Info,
    Service,
    Route,
    Consumer,
    Credential,
    /// An OAuth2 client of a consumer.
    Client,
    Plugin,
    /// `config` of key-auth.
    KeyAuth,
    /// `config` of oauth2.
    OAuth2,
    /// `config` of application-registration.
    Registration,
}

impl Holder {
    /// Whether it is an entity.
    fn is_entity(self) -> bool {
        use Holder::{Client, Consumer, Credential, Plugin, Route, Service};
        matches!(self, Service | Route | Consumer | Credential | Client | Plugin)
    }

    /// As messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Holder::Declaration => "the declaration",
            Holder::Info => "_info",
            Holder::Service => "service",
            Holder::Route => "route",
            Holder::Consumer => "consumer",
            Holder::Credential => "key",
            Holder::Client => "oauth2 credential",
            Holder::Plugin => "plugin",
            Holder::KeyAuth => "config of key-auth",
            Holder::OAuth2 => "config of oauth2",
            Holder::Registration => "config of application-registration",
        }
    }
}

/// A member that only other Kongs have.
#[derive(Debug)]
pub(crate) struct Foreign {
    holder: In,
    pub(crate) name: &'static str,
    /// Whether a value changes nothing.
    is_idle: fn(&Value) -> bool,
    /// Why another value is refused; of one that is never refused, why it changes nothing.
    pub(crate) why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    One(Holder),
    AnyEntity,
}

/// What becomes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Judged by the tables of entities.
    Ours,
    /// Left out; why.
    Idle(&'static str),
    /// Refused; why.
    Refused(&'static str),
}

/// What becomes of a member of `holder` with this name and value.
pub(crate) fn judge(holder: Holder, name: &str, value: &Value) -> Verdict {
    let is_it = |foreign: &&Foreign| {
        let is_here = match foreign.holder {
            In::One(one) => one == holder,
            In::AnyEntity => holder.is_entity(),
        };
        is_here && foreign.name == name
    };
    match FOREIGN.iter().find(is_it) {
        None => Verdict::Ours,
        Some(foreign) if (foreign.is_idle)(value) => Verdict::Idle(foreign.why),
        Some(foreign) => Verdict::Refused(foreign.why),
    }
}

/// Protocols of plugins that Kong Enterprise lists beside `http` and `https`. Where those stand, these
/// change nothing: a WebSocket begins as a request over HTTP here.
pub(crate) const WEBSOCKET: [&str; 2] = ["ws", "wss"];
/// Why they are left out, or refused where they stand alone.
pub(crate) const WEBSOCKET_WHY: &str = "WebSocket passes wherever HTTP does";

/// Whether a list of a plugin's protocols is the same without [`WEBSOCKET`].
pub(crate) fn is_same_without_websocket(protocols: &[&str]) -> bool {
    protocols.iter().any(|protocol| matches!(*protocol, "http" | "https"))
}

/// Null, or nothing but nulls and empty things.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.iter().all(is_nothing),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_always_idle(_: &Value) -> bool {
    true
}

fn is_zero(value: &Value) -> bool {
    is_nothing(value) || value.as_f64() == Some(0.0)
}

fn is_default_workspace(value: &Value) -> bool {
    is_nothing(value) || value == "default"
}

/// Keys of the control plane itself, which are all that there are.
fn are_own_realms(value: &Value) -> bool {
    let is_own = |realm: &Value| {
        let others = realm
            .as_object()
            .is_some_and(|realm| realm.iter().all(|(name, value)| name == "scope" || is_nothing(value)));
        others && realm["scope"] == "cp"
    };
    is_nothing(value) || value.as_array().is_some_and(|realms| realms.iter().all(is_own))
}

/// People and programs that a directory of Kong knows, and not in use.
fn are_no_principals(value: &Value) -> bool {
    is_nothing(value) || value["enabled"] == false
}

fn is_first(value: &Value) -> bool {
    is_nothing(value) || value == "first"
}

const fn in_one(
    holder: Holder,
    name: &'static str,
    is_idle: fn(&Value) -> bool,
    why: &'static str,
) -> Foreign {
    Foreign { holder: In::One(holder), name, is_idle, why }
}

const fn in_any(name: &'static str, is_idle: fn(&Value) -> bool, why: &'static str) -> Foreign {
    Foreign { holder: In::AnyEntity, name, is_idle, why }
}

#[rustfmt::skip]
static FOREIGN: &[Foreign] = &[
    in_one(Holder::Declaration, "_workspace", is_default_workspace, "one installation is one workspace"),
    in_one(Holder::Declaration, "_konnect", is_always_idle, "it says where decK sends to in Konnect"),
    in_one(Holder::Info, "consumer_group_policy_overrides", is_always_idle, "there are no consumer groups"),
    in_one(Holder::Info, "skip_hash_for_basic_auth", is_always_idle, "there are no basic-auth credentials"),
    in_one(Holder::Info, "include_plugin_definitions", is_always_idle, "there are no plugins of one's own"),
    in_any("ws_id", is_always_idle, "one installation is one workspace"),
    in_one(Holder::Service, "tls_sans", is_nothing, "the names in an upstream's certificate are checked against its host alone"),
    in_one(Holder::Route, "expression", is_nothing, "routes match by methods, hosts, paths and headers"),
    in_one(Holder::Route, "priority", is_zero, "routes by expression alone have one"),
    in_one(Holder::Consumer, "type", is_zero, "consumers are of one type"),
    in_one(Holder::Consumer, "username_lower", is_always_idle, "Kong makes it of the username"),
    in_one(Holder::Plugin, "condition", is_nothing, "a plugin runs for every request of its routes"),
    in_one(Holder::Plugin, "ordering", is_nothing, "plugins run in one order"),
    in_one(Holder::Plugin, "partials", is_nothing, "settings are not shared between plugins"),
    in_one(Holder::Plugin, "run_on", is_first, "there is no service mesh"),
    in_one(Holder::Plugin, "consumer_group", is_nothing, "there are no consumer groups"),
    in_one(Holder::KeyAuth, "identity_realms", are_own_realms, "keys are those of this installation"),
    in_one(Holder::KeyAuth, "principals", are_no_principals, "keys are those of consumers and applications"),
    in_one(Holder::Registration, "issuer", is_nothing, "there is no OpenID Connect"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(holder: Holder, name: &str, idle: &[Value], with_effect: &[Value]) {
        for value in idle {
            assert!(matches!(judge(holder, name, value), Verdict::Idle(_)), "{name}: {value}");
        }
        for value in with_effect {
            assert!(matches!(judge(holder, name, value), Verdict::Refused(_)), "{name}: {value}");
        }
    }

    #[test]
    fn members_are_left_out_where_they_change_nothing() {
        let cp = json!({"scope": "cp", "id": null, "region": null});
        let realm = json!({"scope": "realm", "id": "x", "region": "eu"});
        check(
            Holder::KeyAuth,
            "identity_realms",
            &[json!(null), json!([]), json!([cp]), json!([{"scope": "cp"}])],
            &[json!([realm]), json!([cp, realm]), json!([{"scope": "cp", "region": "eu"}]), json!("cp")],
        );
        check(
            Holder::Plugin,
            "condition",
            &[json!(null), json!("")],
            &[json!("http.path == \"/\""), json!(true)],
        );
        check(
            Holder::Plugin,
            "ordering",
            &[json!(null), json!({}), json!({"before": {"access": []}})],
            &[json!({"before": {"access": ["acl"]}})],
        );
        check(Holder::Plugin, "partials", &[json!(null), json!([])], &[json!([{"name": "redis"}])]);
        check(Holder::Service, "tls_sans", &[json!({"dnsnames": null})], &[json!({"dnsnames": ["a.test"]})]);
        check(Holder::Declaration, "_workspace", &[json!("default"), json!("")], &[json!("team")]);
        check(Holder::Route, "priority", &[json!(0)], &[json!(100)]);
        check(Holder::Consumer, "ws_id", &[json!("0b1a5f0e-6b0f-4c07-9a35-2d1a0f5a7c11")], &[]);
    }

    #[test]
    fn members_of_others_are_judged_elsewhere() {
        for (holder, name) in [
            (Holder::Service, "condition"),
            (Holder::Info, "ws_id"),
            (Holder::Plugin, "config"),
            (Holder::KeyAuth, "realm"),
        ] {
            assert_eq!(judge(holder, name, &json!("x")), Verdict::Ours);
        }
    }

    #[test]
    fn websocket_stands_beside_http_or_means_something() {
        assert!(
            is_same_without_websocket(&["grpc", "http", "ws"])
                && is_same_without_websocket(&["https", "wss"])
        );
        assert!(!is_same_without_websocket(&["ws", "wss"]) && !is_same_without_websocket(&["grpc", "ws"]));
    }
}
