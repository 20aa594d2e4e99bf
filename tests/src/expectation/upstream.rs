//! What a step expects of the request that reached the upstream.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::fields::{WantedPairs, decoded_fields, decoded_pairs, media_type, query_pairs};
use super::parts::{Texts, check_absent, check_contain, check_fields, check_text};
use crate::nullable::given;
use crate::raw_http::Headers;
use crate::upstream::Recorded;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Upstream {
    method: Option<String>,
    path: Option<String>,
    headers_present: BTreeMap<String, String>,
    /// One of these sets.
    headers_present_any: Option<Vec<BTreeMap<String, String>>>,
    headers_absent: Vec<String>,
    headers_contain: BTreeMap<String, String>,
    /// Null: no `?`.
    #[serde(deserialize_with = "given")]
    query_raw: Option<Option<String>>,
    /// Just as good as `query_raw`.
    query_raw_accept: Vec<Option<String>>,
    query_pairs: Option<WantedPairs>,
    body: Option<String>,
    body_contains: Texts,
    body_lacks: Texts,
    #[serde(deserialize_with = "given")]
    body_json: Option<Value>,
    /// The named fields have these values; `{}`: no field is left.
    body_fields: Option<BTreeMap<String, Value>>,
    body_fields_absent: Vec<String>,
    body_pairs_by_name: Option<WantedPairs>,
    media_type: Option<String>,
    /// Whether there is one `Content-Length`, of as many bytes as came.
    content_length_exact: Option<bool>,
}

impl Upstream {
    /// `None`: it must not be called.
    pub(super) fn check(wanted: Option<&Self>, recorded: &[Recorded], differences: &mut Vec<String>) {
        match (wanted, recorded) {
            (None, []) => {}
            (None, _) => differences.push(format!("upstream: wanted no call, got {recorded:?}")),
            (Some(wanted), [request]) => {
                wanted.check_head(request, differences);
                wanted.check_query(request, differences);
                wanted.check_body(request, differences);
            }
            (Some(_), _) => {
                let count = recorded.len();
                differences.push(format!("upstream: wanted one call, got {count}: {recorded:?}"));
            }
        }
    }

    fn check_head(&self, request: &Recorded, differences: &mut Vec<String>) {
        for (what, wanted, got) in
            [("method", &self.method, request.method.as_str()), ("path", &self.path, request.path())]
        {
            if wanted.as_ref().is_some_and(|wanted| wanted != got) {
                differences.push(format!("upstream {what}: wanted {wanted:?}, got {got:?}"));
            }
        }
        check_fields("upstream", &self.headers_present, &request.headers, differences);
        check_absent("upstream", &self.headers_absent, &request.headers, differences);
        check_contain("upstream", &self.headers_contain, &request.headers, differences);
        self.check_any_set(&request.headers, differences);
        let types = request.headers.values("content-type");
        if self
            .media_type
            .as_ref()
            .is_some_and(|wanted| *wanted != media_type(&request.headers) || types.len() != 1)
        {
            differences.push(format!("upstream media_type: wanted {:?}, got {types:?}", self.media_type));
        }
        let lengths = request.headers.values("content-length");
        let is_exact = lengths == [request.body.len().to_string()];
        if self.content_length_exact.is_some_and(|wanted| wanted != is_exact) {
            let bytes = request.body.len();
            differences.push(format!("upstream content_length_exact: got {lengths:?} for {bytes} bytes"));
        }
    }

    fn check_any_set(&self, headers: &Headers, differences: &mut Vec<String>) {
        let Some(sets) = &self.headers_present_any else { return };
        let mut reasons = Vec::new();
        for set in sets {
            let before = reasons.len();
            check_fields("upstream", set, headers, &mut reasons);
            if reasons.len() == before {
                return;
            }
        }
        differences.push(format!("upstream headers_present_any: no set: {}", reasons.join("; ")));
    }

    fn check_query(&self, request: &Recorded, differences: &mut Vec<String>) {
        let got = request.query();
        let wanted: Vec<_> = self.query_raw.iter().chain(&self.query_raw_accept).collect();
        if !wanted.is_empty() && !wanted.iter().any(|query| query.as_deref() == got) {
            differences.push(format!("upstream query: wanted one of {wanted:?}, got {got:?}"));
        }
        let pairs = query_pairs(got.unwrap_or_default());
        if self.query_pairs.as_ref().is_some_and(|wanted| !wanted.are(&pairs)) {
            differences.push(format!("upstream query_pairs: wanted {:?}, got {pairs:?}", self.query_pairs));
        }
    }

    fn check_body(&self, request: &Recorded, differences: &mut Vec<String>) {
        check_text("upstream body", self.body.as_deref(), &request.body, differences);
        self.body_contains.check_in("upstream body", &request.body, differences);
        self.body_lacks.check_not_in("upstream body", &request.body, differences);
        if let Some(wanted) = &self.body_json {
            let got = serde_json::from_slice::<Value>(&request.body);
            if got.as_ref().ok() != Some(wanted) {
                differences.push(format!("upstream body_json: wanted {wanted}, got {got:?}"));
            }
        }
        if let Some(wanted) = &self.body_pairs_by_name {
            let got = decoded_pairs(request);
            if !got.as_ref().is_ok_and(|got| wanted.are_by_name(got)) {
                differences.push(format!("upstream body_pairs_by_name: wanted {wanted:?}, got {got:?}"));
            }
        }
        if self.body_fields.is_some() || !self.body_fields_absent.is_empty() {
            match decoded_fields(request) {
                Ok(fields) => self.check_decoded(&fields, differences),
                Err(reason) => differences.push(format!("upstream body_fields: {reason}")),
            }
        }
    }

    fn check_decoded(&self, fields: &BTreeMap<String, Value>, differences: &mut Vec<String>) {
        if self.body_fields.as_ref().is_some_and(BTreeMap::is_empty) && !fields.is_empty() {
            differences.push(format!("upstream body_fields: wanted none left, got {fields:?}"));
        }
        for (name, value) in self.body_fields.iter().flatten() {
            if fields.get(name) != Some(value) {
                let got = fields.get(name);
                differences.push(format!("upstream field {name}: wanted {value}, got {got:?}"));
            }
        }
        for name in &self.body_fields_absent {
            if let Some(got) = fields.get(name) {
                differences.push(format!("upstream field {name}: wanted none, got {got}"));
            }
        }
    }
}
