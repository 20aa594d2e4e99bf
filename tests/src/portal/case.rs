//! The form of a case. A member that is not named here fails the file that it is in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::matchers::check_matchers;
use crate::nullable::given;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique within its file.
    pub id: String,
    pub title: String,
    #[serde(rename = "group")]
    _group: Option<String>,
    #[serde(rename = "source")]
    _source: Option<String>,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(rename = "handed")]
    _handed: Option<bool>,
    /// Ours: it changes what all share, such as settings, and gets a server of its own.
    #[serde(default)]
    pub alone: bool,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Step {
    Call(Box<Call>),
    Mail(Box<MailStep>),
}

impl TryFrom<Value> for Step {
    type Error = String;

    fn try_from(written: Value) -> Result<Self, String> {
        let step = match written.get("mail") {
            Some(_) => OnlyMail::deserialize(&written).map(|step| Self::Mail(Box::new(step.mail))),
            None => Call::deserialize(&written).map(|call| Self::Call(Box::new(call))),
        };
        let step = step.map_err(|error| format!("{error}: {written}"))?;
        if let Self::Call(call) = &step {
            check_matchers(&Value::Object(call.expect.json.clone().unwrap_or_default()))?;
            call.expect.headers.values().try_for_each(check_matchers)?;
            let bodies = [call.json.is_some(), call.form.is_some(), call.raw.is_some()];
            if bodies.iter().filter(|given| **given).count() > 1 {
                return Err(format!("two bodies: {written}"));
            }
        }
        Ok(step)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyMail {
    #[serde(rename = "note")]
    _note: Option<String>,
    mail: MailStep,
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum At {
    Portal,
    Admin,
    Gateway,
    Control,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    #[serde(rename = "note")]
    _note: Option<String>,
    /// What other steps call it by.
    pub(super) name: Option<String>,
    #[serde(rename = "as", default = "nobody")]
    pub(super) who: String,
    pub(super) at: Option<At>,
    #[serde(default = "get")]
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, deserialize_with = "given")]
    pub(super) json: Option<Value>,
    pub(super) form: Option<Map<String, Value>>,
    pub(super) raw: Option<String>,
    pub(super) raw_times: Option<usize>,
    pub(super) basic: Option<[String; 2]>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Value>,
    /// The name of the client's address.
    pub(super) from: Option<String>,
    pub(super) times: Option<usize>,
    pub(super) parallel: Option<usize>,
    pub(super) within_s: Option<f64>,
    pub(super) wait_s: Option<f64>,
    #[serde(rename = "unlisted", default)]
    _unlisted: bool,
    #[serde(default)]
    pub(super) expect: Expect,
    /// Variable → JSON pointer.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    /// Variable → name of a cookie.
    #[serde(default)]
    pub(super) save_cookie: BTreeMap<String, String>,
    /// Least and most of each status, of calls in parallel.
    #[serde(default)]
    pub(super) count: BTreeMap<String, [usize; 2]>,
}

fn nobody() -> String {
    "nobody".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

impl Call {
    pub(super) fn place(&self) -> At {
        match (self.at, self.who.as_str()) {
            (Some(at), _) => at,
            (None, "admin") => At::Admin,
            (None, "gateway") => At::Gateway,
            _ => At::Portal,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<Statuses>,
    pub(super) json: Option<Map<String, Value>>,
    pub(super) body: Option<String>,
    pub(super) has: Vec<String>,
    pub(super) lacks: Vec<String>,
    pub(super) headers: BTreeMap<String, Value>,
    pub(super) no_header: Vec<String>,
    pub(super) cookie: Option<Map<String, Value>>,
    pub(super) no_cookie: Vec<String>,
    pub(super) same_as: Option<SameAs>,
    /// As in the step.
    pub(super) count: BTreeMap<String, [usize; 2]>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Statuses {
    One(u16),
    Any(Vec<u16>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SameAs {
    pub(super) step: String,
    #[serde(default)]
    pub(super) mask: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailStep {
    pub(super) to: String,
    /// Whether it must have a link with a token.
    #[serde(default)]
    pub(super) token: bool,
    pub(super) subject: Option<String>,
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) exact: bool,
    #[serde(default)]
    pub(super) headers: Vec<String>,
    pub(super) origin: Option<String>,
    pub(super) path: Option<String>,
    pub(super) html: Option<Value>,
    #[serde(default)]
    pub(super) html_lacks: Vec<String>,
    #[serde(default)]
    pub(super) lacks: Vec<String>,
    pub(super) mode: Option<Value>,
    #[serde(default)]
    pub(super) name_lacks_token: bool,
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) none: bool,
    #[serde(default)]
    pub(super) maybe: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(step: Value, error: Option<&str>) {
        let case = json!({"id": "1", "title": "", "steps": [step]});
        let read = Case::deserialize(&case).map_err(|error| error.to_string());
        match (read, error) {
            (Ok(_), None) => {}
            (Err(found), Some(error)) if found.contains(error) => {}
            (found, _) => panic!("{case}: {found:?}"),
        }
    }

    #[test]
    fn unknown_members_fail_a_case() {
        check(json!({"path": "/x"}), None);
        check(json!({"path": "/x", "surprise": 1}), Some("unknown field `surprise`"));
        check(json!({"path": "/x", "at": "moon"}), Some("unknown variant `moon`"));
        check(json!({"path": "/x", "json": {}, "form": {}}), Some("two bodies"));
        check(json!({"path": "/x", "expect": {"mood": 1}}), Some("unknown field `mood`"));
        check(json!({"path": "/x", "expect": {"json": {"a": [{"$like": 1}]}}}), Some("$like"));
        check(json!({"path": "/x", "expect": {"json": {"a": {"$type": "mood"}}}}), Some("mood"));
        check(json!({"mail": {"to": "a@b"}}), None);
        check(json!({"mail": {"to": "a@b", "taste": 1}}), Some("unknown field `taste`"));
        check(json!({"mail": {}}), Some("missing field `to`"));
    }
}
