//! How an answer differs from what is expected of it.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::Value;

use super::case::{Expect, SameAs, Statuses};
use super::jar::{SetCookie, cookie_differences};
use super::matchers::{differences, text_differences};
use super::variables::Variables;
use crate::raw_http::Response;

/// An answer beside what it is compared with.
pub(super) struct Comparison<'a> {
    pub(super) answer: &'a Response,
    pub(super) variables: &'a Variables,
    /// The answers of the steps that have a name.
    pub(super) named: &'a BTreeMap<String, Response>,
    pub(super) is_https: bool,
}

impl Comparison<'_> {
    pub(super) fn differences(&self, expect: &Expect) -> Vec<String> {
        let answer = self.answer;
        let mut found = Vec::new();
        if let Some(statuses) = &expect.status {
            let is_wanted = match statuses {
                Statuses::One(one) => *one == answer.status,
                Statuses::Any(any) => any.contains(&answer.status),
            };
            found.extend((!is_wanted).then(|| format!("status: wanted {statuses:?}, got {}", answer.status)));
        }
        if let Some(json) = &expect.json {
            let wanted = Value::Object(self.variables.fill_object(json));
            // What no matcher asks for may be there or not, and so may an empty body.
            found.extend(differences("json", &wanted, Some(&answer.json().unwrap_or_default())));
        }
        if let Some(body) = &expect.body {
            let (wanted, got) = (self.variables.text(body), answer.text());
            found.extend((wanted != got).then(|| format!("body: wanted {wanted:?}, got {got:?}")));
        }
        self.texts(expect, &mut found);
        self.fields(expect, &mut found);
        if let Some(same_as) = &expect.same_as {
            self.same(same_as, &mut found);
        }
        if !found.is_empty() {
            found.push(format!("in {} {}", answer.status, answer.text()));
        }
        found
    }

    fn texts(&self, expect: &Expect, found: &mut Vec<String>) {
        let fields = self.answer.headers.0.iter();
        let fields = fields.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)));
        let whole = fields.collect::<String>() + &self.answer.text();
        let missing = self.variables.texts(&expect.has).into_iter().filter(|text| !whole.contains(text));
        found.extend(missing.map(|text| format!("has no {text:?}")));
        let present = self.variables.texts(&expect.lacks).into_iter().filter(|text| whole.contains(text));
        found.extend(present.map(|text| format!("has {text:?}")));
    }

    fn fields(&self, expect: &Expect, found: &mut Vec<String>) {
        let headers = &self.answer.headers;
        for (name, wanted) in &expect.headers {
            let got = Some(headers.values(name).join(", ")).filter(|_| headers.contains(name));
            found.extend(text_differences(name, &self.variables.fill(wanted), got.as_deref()));
        }
        let present = expect.no_header.iter().filter(|name| headers.contains(name));
        found.extend(present.map(|name| format!("has the field {name}")));
        if let Some(cookie) = &expect.cookie {
            let wanted = self.variables.fill_object(cookie);
            found.extend(cookie_differences(self.answer, &wanted, self.is_https));
        }
        let names = self.variables.texts(&expect.no_cookie);
        let set = SetCookie::all(self.answer).into_iter();
        let set = set.filter(|cookie| names.contains(&cookie.name) && !cookie.is_gone());
        found.extend(set.map(|cookie| format!("sets the cookie {}", cookie.name)));
    }

    fn same(&self, same_as: &SameAs, found: &mut Vec<String>) {
        let Some(other) = self.named.get(&same_as.step) else {
            return found.push(format!("no step is called {:?}", same_as.step));
        };
        let masks = self.variables.texts(&same_as.mask);
        let (before, now) = (what_can_be_told(other, &masks), what_can_be_told(self.answer, &masks));
        if before != now {
            found.push(format!("is not as {:?}: {before:?}, now {now:?}", same_as.step));
        }
    }
}

/// Status, names of fields and body, but for what differs anyway.
fn what_can_be_told(answer: &Response, masks: &[String]) -> (u16, BTreeSet<String>, String) {
    const OF_CONNECTION: [&str; 4] = ["date", "connection", "keep-alive", "transfer-encoding"];
    let names = answer.headers.0.iter().map(|(name, _)| name.to_ascii_lowercase());
    let names = names.filter(|name| !OF_CONNECTION.contains(&name.as_str())).collect();
    let mut body = answer.text();
    for mask in masks {
        for text in [mask.clone(), mask.to_lowercase()] {
            body = body.replace(&text, &"*".repeat(text.len()));
        }
    }
    for (pattern, stars) in [
        ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
        ("[0-9a-f]{32}", "<hex>"),
        (r"\b1[0-9]{9}\b", "<time>"),
    ] {
        body = Regex::new(pattern).expect("a pattern").replace_all(&body, stars).into_owned();
    }
    (answer.status, names, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_http::Headers;

    fn answer(date: &str, body: &str) -> Response {
        let mut headers = Headers::default();
        headers.push("Date", date);
        headers.push("Content-Type", "text/plain");
        Response { status: 200, headers, body: body.as_bytes().to_vec(), interim: Vec::new() }
    }

    #[test]
    fn what_differs_anyway_does_not_count() {
        let masks = ["A@b".to_owned(), "cc@dd".to_owned()];
        let told = |date, body| what_can_be_told(&answer(date, body), &masks);
        let first = told("1", "A@b 1700000000 0f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0f");
        assert_eq!(first, told("2", "a@b 1800000001 1f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0f"));
        assert_ne!(first, told("2", "cc@dd 1800000001 1f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0f"), "longer");
    }
}
