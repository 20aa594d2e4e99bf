//! The upstream of these cases: it answers with what it got, and sets the cookies that it is asked to.

use std::collections::BTreeMap;

use serde_json::json;

use crate::upstream::{Recorded, Upstream, answer};

/// Answers 200 with `method`, `target`, `headers` (name in lower case → values) and `body`; each query
/// argument `set-cookie` becomes a field.
pub(super) fn start() -> Upstream {
    Upstream::answering(|request| {
        let body = json!({
            "method": request.method,
            "target": request.target,
            "headers": fields(request),
            "body": String::from_utf8_lossy(&request.body),
        });
        let arguments = request.query().unwrap_or_default().split('&');
        let cookies = arguments.filter_map(|pair| pair.strip_prefix("set-cookie="));
        let cookies: Vec<String> = cookies.map(decoded).collect();
        let mut fields = vec![("Content-Type", "application/json")];
        fields.extend(cookies.iter().map(|cookie| ("Set-Cookie", cookie.as_str())));
        answer(200, &fields, body.to_string().as_bytes())
    })
}

fn fields(request: &Recorded) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &request.headers.0 {
        let value = String::from_utf8_lossy(value).into_owned();
        fields.entry(name.to_ascii_lowercase()).or_default().push(value);
    }
    fields
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
