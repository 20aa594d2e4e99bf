//! What events are made of: names, queries, bodies, times.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Header names in lower case, repeated ones joined by `,` in the order sent.
pub fn joined<'a>(pairs: impl Iterator<Item = (String, &'a str)>) -> Map<String, Value> {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        match map.get_mut(&name) {
            Some(Value::String(there)) => *there = format!("{there},{value}"),
            _ => drop(map.insert(name, json!(value))),
        }
    }
    map
}

/// The last value of each name.
pub fn last<'a>(pairs: impl Iterator<Item = (String, &'a str)>) -> Map<String, Value> {
    pairs.map(|(name, value)| (name, json!(value))).collect()
}

/// All values of each name, in the order sent.
pub fn listed<'a>(pairs: impl Iterator<Item = (String, &'a str)>) -> Map<String, Value> {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        match map.get_mut(&name) {
            Some(Value::Array(there)) => there.push(json!(value)),
            _ => drop(map.insert(name, json!([value]))),
        }
    }
    map
}

/// `null` where the platform gives none rather than an empty object.
pub fn or_null(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// The pairs of a query as they are written; a name without `=` has the empty value.
pub fn pairs_as_sent(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The same, decoded.
pub fn pairs_decoded(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| decode(&text.replace('+', " "));
    pairs_as_sent(query).into_iter().map(|(name, value)| (decode(&name), decode(&value))).collect()
}

/// Percent-decoded; what is not UTF-8 then becomes U+FFFD, and a `%` without two digits stays.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.filter(|_| bytes[at] == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Header bytes as text: what is not UTF-8 is read as Latin-1.
pub fn text_of(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Members `body` and `isBase64Encoded`; no `body` where there is none.
pub fn body(bytes: &[u8], as_text: bool) -> (Option<Value>, bool) {
    if bytes.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if as_text => (Some(json!(text)), false),
        _ => (Some(json!(STANDARD.encode(bytes))), true),
    }
}

/// Whether a load balancer passes a body of this type as text
/// (docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html).
pub fn is_text_for_alb(media_type: Option<&str>, encoded: bool) -> bool {
    let media_type = essence(media_type);
    let listed = ["application/json", "application/javascript", "application/xml"];
    !encoded && (media_type.starts_with("text/") || listed.contains(&media_type.as_str()))
}

/// Whether an HTTP API or a Function URL passes a body of this type as text. AWS documents only
/// that binary types are encoded; observed are the load balancer's types and structured suffixes,
/// forms being encoded.
pub fn is_text_for_http_api(media_type: Option<&str>, encoded: bool) -> bool {
    let name = essence(media_type);
    is_text_for_alb(media_type, encoded) || (!encoded && (name.ends_with("+json") || name.ends_with("+xml")))
}

fn essence(media_type: Option<&str>) -> String {
    media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Milliseconds since 1970, and the same as `12/Mar/2020:19:03:58 +0000`.
pub fn now() -> (u64, String) {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let unix_ms = u64::try_from(unix_ms).unwrap_or(u64::MAX);
    (unix_ms, common_log_time(unix_ms / 1000))
}

fn common_log_time(unix_s: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second_of_day) = (unix_s / 86_400, unix_s % 86_400);
    // Civil date from days since 1970-01-01, years counted from March.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = year_of_era + era * 400 + u64::from(month < 2);
    let name = MONTHS[usize::try_from(month).unwrap_or(0)];
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{day:02}/{name}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_in_the_documented_event() {
        // "time": "12/Mar/2020:19:03:58 +0000" of AWS's example, and leap days.
        assert_eq!(common_log_time(1_584_039_838), "12/Mar/2020:19:03:58 +0000");
        assert_eq!(common_log_time(1_582_934_400), "29/Feb/2020:00:00:00 +0000");
        assert_eq!(common_log_time(0), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(common_log_time(1_798_761_599), "31/Dec/2026:23:59:59 +0000");
    }

    #[test]
    fn bodies_are_encoded_by_type() {
        for (media_type, encoded, alb, http_api) in [
            (Some("application/json; charset=utf-8"), false, true, true),
            (Some("text/plain"), false, true, true),
            (Some("text/plain"), true, false, false),
            (Some("application/vnd.api+json"), false, false, true),
            (Some("application/x-www-form-urlencoded"), false, false, false),
            (Some("multipart/form-data; boundary=x"), false, false, false),
            (None, false, false, false),
        ] {
            assert_eq!(is_text_for_alb(media_type, encoded), alb, "{media_type:?}");
            assert_eq!(is_text_for_http_api(media_type, encoded), http_api, "{media_type:?}");
        }
        assert_eq!(body(b"", true), (None, false));
        assert_eq!(body(b"a", true), (Some(json!("a")), false));
        assert_eq!(body(b"a", false), (Some(json!("YQ==")), true));
        assert_eq!(body(b"\xff", true), (Some(json!("/w==")), true));
    }

    #[test]
    fn queries_are_taken_apart() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let query = "a=1&a=%202&&flag&e=&x=1+2";
        assert_eq!(
            pairs_as_sent(query),
            [pair("a", "1"), pair("a", "%202"), pair("flag", ""), pair("e", ""), pair("x", "1+2")]
        );
        assert_eq!(
            pairs_decoded(query),
            [pair("a", "1"), pair("a", " 2"), pair("flag", ""), pair("e", ""), pair("x", "1 2")]
        );
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
