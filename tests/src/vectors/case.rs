//! The form of a case. A member that is not named here fails the file that it is in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};
use serde_json::{Map, Value};

use super::template::Template;
use crate::expectation::Expect;
use crate::nullable::given;

/// A body for the Admin API, or what is left of it beside what the set-up takes out.
pub(super) type Body = Map<String, Value>;

#[derive(Debug, Deserialize)]
#[serde(try_from = "Form")]
pub struct Case {
    /// Unique within its file.
    pub id: String,
    /// Name of its file, without the ending.
    file: String,
    /// Whether it is about the scheme that the client came by.
    pub(super) names_scheme: bool,
    /// Whether its requests say by a field that they came by HTTPS, and mean it.
    says_https: bool,
    pub title: String,
    /// Feature without which it does not apply.
    pub optional: Option<String>,
    pub(super) needs: Vec<Need>,
    pub(super) setup: Setup,
    /// Of the key-auth on the default route, or the plugins that are there instead; `None`: there is none.
    pub(super) config: Option<Template<Config>>,
    /// At least one.
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum Need {
    /// The gateway believes the test who the client is.
    #[serde(rename = "trusted-peer")]
    TrustedPeer,
    /// The gateway gets requests unencrypted.
    #[serde(rename = "plain-http")]
    PlainHttp,
}

/// The plugins on the default route.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Config {
    These(Plugins),
    KeyAuth(Value),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plugins {
    pub(super) plugins: Vec<Named>,
}

/// As it is written: one request, or steps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    id: String,
    title: String,
    #[serde(rename = "group")]
    _group: Option<String>,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(rename = "deviation")]
    _deviation: Option<IgnoredAny>,
    optional: Option<String>,
    #[serde(default)]
    needs: Vec<Need>,
    #[serde(default)]
    setup: Setup,
    config: Option<Template<Config>>,
    target: Option<Target>,
    request: Option<Asked>,
    expect: Option<Template<Expect>>,
    steps: Option<Vec<Step>>,
}

impl TryFrom<Form> for Case {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let steps = match (form.steps, form.target, form.request, form.expect) {
            (Some(steps), None, None, None) if !steps.is_empty() => steps,
            (None, Some(target), Some(request), Some(expect)) => vec![Step::only(target, request, expect)],
            _ => return Err(format!("{}: neither steps nor target, request and expect", form.id)),
        };
        let Form { id, title, optional, needs, setup, config, .. } = form;
        Ok(Self {
            id,
            file: String::new(),
            names_scheme: false,
            says_https: false,
            title,
            optional,
            needs,
            setup,
            config,
            steps,
        })
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Target {
    Proxy,
    Admin,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "note")]
    _note: Option<String>,
    pub(super) target: Target,
    pub(super) request: Asked,
    pub(super) expect: Template<Expect>,
    /// Name → what of the answer.
    #[serde(default)]
    pub(super) save: BTreeMap<String, Saved>,
    pub(super) wait_s: Option<f64>,
    pub(super) wait_until_s_after_step_1: Option<f64>,
    pub(super) within_s: Option<f64>,
}

/// What of an answer is saved.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Saved {
    /// What is at this path.
    At(String),
    Part(SavedPart),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedPart {
    pub(super) path: String,
    /// A regular expression, whose first group is saved.
    #[serde(rename = "match")]
    pub(super) pattern: String,
}

impl Step {
    fn only(target: Target, request: Asked, expect: Template<Expect>) -> Self {
        Self {
            _title: None,
            _note: None,
            target,
            request,
            expect,
            save: BTreeMap::new(),
            wait_s: None,
            wait_until_s_after_step_1: None,
            within_s: None,
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.wait_s.is_some() || self.wait_until_s_after_step_1.is_some()
    }
}

/// A request, its placeholders not yet filled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) method: String,
    #[serde(default = "root")]
    pub(super) path: String,
    /// Raw; `None`: no `?`.
    pub(super) query: Option<String>,
    #[serde(default)]
    pub(super) headers: Vec<(String, FieldValue)>,
    pub(super) body: Option<String>,
    pub(super) body_base64: Option<Bytes>,
    /// Whether a call of the Admin API has the token.
    #[serde(default = "yes")]
    pub(super) admin_token: bool,
    /// How often it is sent; the last answer counts.
    #[serde(default = "once")]
    pub(super) times: u32,
}

fn root() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FieldValue {
    Text(String),
    Raw(Base64),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Base64 {
    pub(super) base64: Bytes,
}

/// Written as base64.
#[derive(Clone, Debug)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(&text).map(Bytes).map_err(|error| D::Error::custom(format!("{text}: {error}")))
    }
}

/// What must exist first.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Setup {
    pub(super) consumers: Vec<Template<Body>>,
    pub(super) keyauth_credentials: Vec<Template<Credential>>,
    pub(super) oauth2_credentials: Vec<Template<Credential>>,
    /// More fields of the default one; null: there is none.
    #[serde(deserialize_with = "given")]
    pub(super) service: Option<Option<Template<Body>>>,
    #[serde(deserialize_with = "given")]
    pub(super) route: Option<Option<Template<Body>>>,
    pub(super) services: Vec<Template<Named>>,
    pub(super) routes: Vec<Template<Route>>,
    pub(super) plugins: Vec<Template<Named>>,
    pub(super) service_plugins: Vec<Template<ServicePlugin>>,
    pub(super) route_plugins: Vec<Template<RoutePlugin>>,
    pub(super) developers: Vec<Template<Developer>>,
    pub(super) applications: Vec<Template<Application>>,
    pub(super) contracts: Vec<Template<Contract>>,
}

/// Name of the service and the route that a case gets without asking.
pub(super) const DEFAULT: &str = "default";

fn default_name() -> String {
    DEFAULT.to_owned()
}

#[derive(Debug, Deserialize)]
pub(super) struct Credential {
    pub(super) consumer: String,
    #[serde(flatten)]
    pub(super) body: Body,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) more: Body,
}

#[derive(Debug, Deserialize)]
pub(super) struct Route {
    /// Name of its service; null: none.
    #[serde(default = "default_service")]
    pub(super) service: Option<String>,
    #[serde(flatten)]
    pub(super) named: Named,
}

fn default_service() -> Option<String> {
    Some(DEFAULT.to_owned())
}

#[derive(Debug, Deserialize)]
pub(super) struct ServicePlugin {
    #[serde(default = "default_name")]
    pub(super) service: String,
    #[serde(flatten)]
    pub(super) named: Named,
}

#[derive(Debug, Deserialize)]
pub(super) struct RoutePlugin {
    #[serde(default = "default_name")]
    pub(super) route: String,
    #[serde(flatten)]
    pub(super) named: Named,
}

#[derive(Debug, Deserialize)]
pub(super) struct Developer {
    pub(super) email: String,
    #[serde(flatten)]
    pub(super) more: Body,
}

#[derive(Debug, Deserialize)]
pub(super) struct Application {
    /// E-mail address of its developer.
    pub(super) developer: String,
    /// Bodies of further credentials.
    #[serde(default)]
    pub(super) credentials: Vec<Value>,
    #[serde(flatten)]
    pub(super) named: Named,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
    pub(super) application: String,
    #[serde(default = "default_name")]
    pub(super) service: String,
    /// To which it is brought.
    pub(super) status: Option<u64>,
}

impl Case {
    /// As it is written in a file, which is named without its ending.
    pub(super) fn read(file: &str, written: &Value) -> Result<Self, serde_json::Error> {
        let text = written.to_string();
        let names_scheme = text.contains("{{gateway:scheme}}") || text.contains("\"https\"");
        let says_https = text.contains("accept_http_if_already_terminated");
        Ok(Self { file: file.to_owned(), names_scheme, says_https, ..Self::deserialize(written)? })
    }

    /// File, id and title.
    pub fn name(&self) -> String {
        format!("{}/{}: {}", self.file, self.id, self.title)
    }

    /// Whether it waits for the clock.
    pub fn waits(&self) -> bool {
        self.steps.iter().any(Step::waits)
    }

    /// Whether the gateway is to believe the test who the client is.
    pub fn needs_trust(&self) -> bool {
        self.needs.contains(&Need::TrustedPeer)
    }

    /// Whether it applies as well where a proxy in front of the gateway, which is believed, ends TLS.
    pub(super) fn says_https(&self) -> bool {
        self.says_https
    }

    pub(super) fn needs_plain_http(&self) -> bool {
        self.needs.contains(&Need::PlainHttp)
    }

    pub(super) fn calls_proxy(&self) -> bool {
        self.steps.iter().any(|step| step.target == Target::Proxy)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(case: Value, error: Option<&str>) {
        let read = Case::deserialize(&case).map_err(|error| error.to_string());
        match (read, error) {
            (Ok(_), None) => {}
            (Err(found), Some(error)) if found.contains(error) => {}
            (found, _) => panic!("{case}: {found:?}"),
        }
    }

    #[test]
    fn unknown_members_fail_a_case() {
        let request = json!({"method": "GET"});
        let one = |more: Value| {
            let mut case =
                json!({"id": "1", "title": "", "target": "proxy", "request": request, "expect": {}});
            case.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            case
        };
        check(one(json!({})), None);
        check(one(json!({"surprise": 1})), Some("unknown field `surprise`"));
        check(one(json!({"needs": ["luck"]})), Some("unknown variant `luck`"));
        check(one(json!({"target": "portal"})), Some("unknown variant `portal`"));
        check(one(json!({"request": {"method": "GET", "verb": 1}})), Some("unknown field `verb`"));
        check(one(json!({"request": {}})), Some("missing field `method`"));
        check(one(json!({"setup": {"cats": []}})), Some("unknown field `cats`"));
        check(one(json!({"setup": {"keyauth_credentials": [{"key": "a"}]}})), Some("`consumer`"));
        check(one(json!({"expect": {"taste": 1}})), Some("unknown field `taste`"));
        check(one(json!({"expect": {"upstream": {"mood": 1}}})), Some("unknown field `mood`"));
        check(one(json!({"expect": {"json": {"a": {"$like": 1}}}})), Some("unknown field `$like`"));
        check(one(json!({"steps": []})), Some("neither steps"));
        check(json!({"id": "1", "title": "", "steps": []}), Some("neither steps"));
        check(json!({"id": "1", "title": "", "target": "proxy", "request": request}), Some("neither"));
        let step = json!({"target": "proxy", "request": request, "expect": {}, "sleep": 1});
        check(json!({"id": "1", "title": "", "steps": [step]}), Some("unknown field `sleep`"));
    }

    #[test]
    fn null_is_not_the_same_as_nothing() {
        let setup = |json: Value| Setup::deserialize(json).unwrap().service.map(|service| service.is_some());
        assert_eq!(setup(json!({})), None);
        assert_eq!(setup(json!({"service": null})), Some(false));
        assert_eq!(setup(json!({"service": {"name": "a"}})), Some(true));
        let route = |json: Value| Route::deserialize(json).unwrap().service;
        assert_eq!(route(json!({"name": "r"})).as_deref(), Some(DEFAULT));
        assert_eq!(route(json!({"name": "r", "service": null})), None);
        assert_eq!(route(json!({"name": "r", "service": "s"})).as_deref(), Some("s"));
    }
}
