//! Cookies: what an answer sets, and what a caller keeps.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::matchers::text_differences;
use crate::raw_http::Response;

/// A `Set-Cookie` field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: String,
    /// By their names in lower case; one without a value has an empty one.
    attributes: BTreeMap<String, String>,
}

impl SetCookie {
    pub(super) fn all(answer: &Response) -> Vec<Self> {
        answer.headers.values("set-cookie").iter().map(|field| Self::parse(field)).collect()
    }

    fn parse(field: &str) -> Self {
        let mut parts = field.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap_or_default().split_once('=').unwrap_or_default();
        let attributes = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self { name: name.to_owned(), value: value.to_owned(), attributes: attributes.collect() }
    }

    /// Whether it takes the cookie away.
    pub(super) fn is_gone(&self) -> bool {
        let attribute = |name: &str| self.attributes.get(name).map(String::as_str);
        let is_over = attribute("max-age").and_then(|age| age.parse().ok()).is_some_and(|age: i64| age <= 0);
        is_over || attribute("expires").is_some_and(|end| end.contains("1970"))
    }

    /// What of it is not as wanted.
    fn differences(&self, wanted: &Map<String, Value>, is_https: bool) -> Vec<String> {
        wanted.iter().flat_map(|(name, wanted)| self.difference(name, wanted, is_https)).collect()
    }

    fn difference(&self, name: &str, wanted: &Value, is_https: bool) -> Vec<String> {
        let found = match name {
            "name" => return Vec::new(),
            "value" => Some(self.value.as_str()),
            "prefix" if !is_https => return Vec::new(),
            "prefix" => {
                let prefix = wanted.as_str().unwrap_or_default();
                return unless(self.name.starts_with(prefix), &format!("{} has no {prefix}", self.name));
            }
            "gone" => {
                let is_as_wanted = self.is_gone() == (*wanted == true);
                return unless(is_as_wanted, &format!("gone: wanted {wanted}: {self:?}"));
            }
            name => self.attributes.get(&name.to_ascii_lowercase()).map(String::as_str),
        };
        let is_there = match wanted {
            Value::Bool(there) => *there,
            Value::String(text) if text == "https" => is_https,
            wanted => return text_differences(&format!("cookie.{name}"), wanted, found),
        };
        unless(found.is_some() == is_there, &format!("cookie.{name}: wanted {wanted}: {self:?}"))
    }
}

fn unless(holds: bool, difference: &str) -> Vec<String> {
    if holds { Vec::new() } else { vec![difference.to_owned()] }
}

/// How an answer differs from one that sets a cookie like this.
pub(super) fn cookie_differences(
    answer: &Response,
    wanted: &Map<String, Value>,
    is_https: bool,
) -> Vec<String> {
    let name = wanted.get("name").and_then(Value::as_str).unwrap_or_default();
    match SetCookie::all(answer).into_iter().find(|cookie| cookie.name == name) {
        Some(cookie) => cookie.differences(wanted, is_https),
        None => vec![format!("sets no cookie {name}: {:?}", answer.headers.values("set-cookie"))],
    }
}

/// What a caller keeps and sends.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar(BTreeMap<String, String>);

impl Jar {
    pub(super) fn keep(&mut self, answer: &Response) {
        for cookie in SetCookie::all(answer) {
            match cookie.is_gone() {
                true => self.0.remove(&cookie.name),
                false => self.0.insert(cookie.name, cookie.value),
            };
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The field `Cookie`; `None`: there are none.
    pub(super) fn field(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::raw_http::Headers;

    fn answer(cookies: &[&str]) -> Response {
        let mut headers = Headers::default();
        cookies.iter().for_each(|cookie| headers.push("Set-Cookie", cookie));
        Response { status: 204, headers, body: Vec::new(), interim: Vec::new() }
    }

    #[test]
    fn cookies_are_kept_until_they_are_taken_away() {
        let mut jar = Jar::default();
        jar.keep(&answer(&["a=1; Path=/; HttpOnly", "b=2"]));
        assert_eq!(jar.field().as_deref(), Some("a=1; b=2"));
        jar.keep(&answer(&["a=; Max-Age=0", "b=3"]));
        assert_eq!((jar.value("a"), jar.field().as_deref()), (None, Some("b=3")));
    }

    #[test]
    fn attributes_are_compared() {
        let set = answer(&["a=1; Path=/; HttpOnly; SameSite=Lax"]);
        let differences = |wanted: Value| cookie_differences(&set, wanted.as_object().unwrap(), false);
        let good = json!({"name": "a", "HttpOnly": true, "Secure": "https", "Path": "/", "SameSite": "Lax",
            "Domain": false, "prefix": "__Host-", "value": {"$re": "^1$"}});
        assert_eq!(differences(good), Vec::<String>::new());
        for wrong in [
            json!({"name": "b"}),
            json!({"name": "a", "HttpOnly": false}),
            json!({"name": "a", "Secure": true}),
            json!({"name": "a", "SameSite": "Strict"}),
            json!({"name": "a", "gone": true}),
        ] {
            assert_eq!(differences(wrong.clone()).len(), 1, "{wrong}");
        }
        let secure = json!({"name": "a", "Secure": "https", "prefix": "__Host-"});
        assert_eq!(cookie_differences(&set, secure.as_object().unwrap(), true).len(), 2);
    }
}
