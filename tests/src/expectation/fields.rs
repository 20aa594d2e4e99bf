//! Fields in queries and bodies, decoded by media type.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::raw_http::Headers;
use crate::upstream::Recorded;

pub(super) type Pairs = Vec<(String, Value)>;

/// Decoded pairs of a query or form; a name without `=` has the value `null`.
pub(super) fn query_pairs(raw: &str) -> Pairs {
    raw.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.split_once('=') {
            Some((name, value)) => (form_decode(name), Value::String(form_decode(value))),
            None => (form_decode(piece), Value::Null),
        })
        .collect()
}

fn form_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A list of `[name, value]` (or `[name]`), or an object of name → value or values.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum WantedPairs {
    Listed(Vec<Listed>),
    Named(BTreeMap<String, Value>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Listed {
    Pair(String, Value),
    Name([String; 1]),
}

impl WantedPairs {
    fn pairs(&self) -> Pairs {
        match self {
            Self::Listed(pairs) => pairs
                .iter()
                .map(|pair| match pair {
                    Listed::Pair(name, value) => (name.clone(), value.clone()),
                    Listed::Name([name]) => (name.clone(), Value::Null),
                })
                .collect(),
            Self::Named(names) => names
                .iter()
                .flat_map(|(name, values)| match values {
                    Value::Array(values) => values.iter().map(|v| (name.clone(), v.clone())).collect(),
                    value => vec![(name.clone(), value.clone())],
                })
                .collect(),
        }
    }

    /// In this order; a name without a value is as good as one with an empty value.
    pub(super) fn are(&self, got: &Pairs) -> bool {
        let wanted = self.pairs();
        wanted.len() == got.len()
            && wanted.iter().zip(got).all(|((name, value), (got_name, got_value))| {
                let flag = got_value.is_null() && (value == "" || value == &Value::Bool(true));
                name == got_name && (value == got_value || flag)
            })
    }

    /// Order between names is free, order within one name counts.
    pub(super) fn are_by_name(&self, got: &Pairs) -> bool {
        by_name(&self.pairs()) == by_name(got)
    }
}

fn by_name(pairs: &Pairs) -> BTreeMap<&str, Vec<&Value>> {
    let mut names: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (name, value) in pairs {
        names.entry(name).or_default().push(value);
    }
    names
}

/// Field → value; several values of one name as a list.
pub(super) fn decoded_fields(request: &Recorded) -> Result<BTreeMap<String, Value>, String> {
    if media_type(&request.headers) == "application/json" {
        return match serde_json::from_slice(&request.body) {
            Ok(Value::Object(members)) => Ok(members.into_iter().collect()),
            other => {
                Err(format!("no JSON object: {other:?} in {:?}", String::from_utf8_lossy(&request.body)))
            }
        };
    }
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in decoded_pairs(request)? {
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.clone(), value]),
        }
    }
    Ok(fields)
}

pub(super) fn decoded_pairs(request: &Recorded) -> Result<Pairs, String> {
    let text = String::from_utf8_lossy(&request.body);
    match media_type(&request.headers).as_str() {
        "application/x-www-form-urlencoded" => Ok(query_pairs(&text)),
        "multipart/form-data" => multipart_pairs(&request.headers, &text),
        "application/json" => Ok(decoded_fields(request)?.into_iter().collect()),
        other => Err(format!("no fields in a body of type {other:?}")),
    }
}

fn multipart_pairs(headers: &Headers, body: &str) -> Result<Pairs, String> {
    let content_type = headers.first("content-type").unwrap_or_default();
    let boundary = content_type.split("boundary=").nth(1).ok_or("multipart without boundary")?;
    let boundary = boundary.split(';').next().unwrap_or(boundary).trim().trim_matches('"');
    let delimiter = format!("--{boundary}");
    let mut pairs = Pairs::new();
    let mut pieces = body.split(delimiter.as_str()).skip(1);
    loop {
        let piece = pieces.next().ok_or_else(|| format!("multipart without its end: {body:?}"))?;
        if piece.starts_with("--") {
            return Ok(pairs);
        }
        let part = piece.strip_prefix("\r\n").and_then(|p| p.strip_suffix("\r\n"));
        let (head, value) = part
            .and_then(|part| part.split_once("\r\n\r\n"))
            .ok_or_else(|| format!("broken part {piece:?}"))?;
        let name = head.split(" name=\"").nth(1).and_then(|rest| rest.split('"').next());
        let name = name.ok_or_else(|| format!("part without name: {head:?}"))?;
        pairs.push((name.to_owned(), Value::String(value.to_owned())));
    }
}

pub(super) fn media_type(headers: &Headers) -> String {
    let value = headers.first("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
