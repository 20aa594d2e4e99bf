//! Calls by what needs no compiler: curl, JavaScript, Python.

use super::{Call, Key, VARIABLE};
use crate::calls::facts::{AUTHORIZATION, Method, Place};
use crate::calls::quote::{self, Literal, shell};

/// A request that was tried.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// Its method.
    pub method: Method,
    /// Its URL, without a query.
    pub url: &'a str,
    /// Its query as it was typed, without the key.
    pub query: &'a str,
    /// Its header fields, without the key.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its body, without the key. Without a `Content-Type` it was sent as a form, as curl does.
    pub body: &'a str,
    /// Name of the key.
    pub name: &'a str,
    /// Where the key stood.
    pub place: Place,
}

/// The line of curl that does the same as a request that was tried, with `$API_KEY`.
pub fn curl_of_try(tried: &Tried<'_>) -> String {
    curl_line(tried, Key::Variable)
}

pub(super) fn curl(call: &Call<'_>, key: Key<'_>) -> String {
    let tried = Tried {
        method: call.method,
        url: &call.url,
        query: "",
        headers: call.headers,
        body: "",
        name: call.name,
        place: call.place,
    };
    curl_line(&tried, key)
}

fn curl_line(call: &Tried<'_>, key: Key<'_>) -> String {
    let mut url = call.url.to_owned();
    if !call.query.is_empty() {
        url.push('?');
        url.push_str(&quote::whole_query(call.query));
    }
    let mut arguments = vec!["curl --include".to_owned()];
    arguments.extend(method_argument(call).map(str::to_owned));
    let field = |(name, value): &(&str, &str)| format!("--header {}", shell(&format!("{name}: {value}")));
    arguments.extend(call.headers.iter().map(field));
    if !call.body.is_empty() {
        arguments.push(format!("--data-raw {}", shell(call.body)));
    }
    let encoded = quote::query(call.name);
    match call.place {
        Place::Header => arguments.push(format!("--header {}", with_key(&format!("{}: ", call.name), key))),
        Place::Bearer => {
            arguments.push(format!("--header {}", with_key(&format!("{AUTHORIZATION}: Bearer "), key)));
        }
        Place::Body => arguments.push(format!("--data-urlencode {}", with_key(&format!("{encoded}="), key))),
        Place::Query if call.body.is_empty() => {
            arguments.push(format!("--get --data-urlencode {}", with_key(&format!("{encoded}="), key)));
        }
        // `--get` would put the body into the query, too.
        Place::Query => {
            let before = if call.query.is_empty() { '?' } else { '&' };
            arguments.push(with_key(&format!("{url}{before}{encoded}="), key));
            return arguments.join(" \\\n  ");
        }
    }
    arguments.push(shell(&url));
    arguments.join(" \\\n  ")
}

/// What curl must be told of the method. It takes GET, or POST where there is a body, by itself; a HEAD that
/// is only named waits for a body.
fn method_argument(call: &Tried<'_>) -> Option<&'static str> {
    let has_body = call.place == Place::Body || !call.body.is_empty();
    match call.method {
        Method::Get if !has_body => None,
        Method::Post if has_body => None,
        Method::Get => Some("--request GET"),
        Method::Head => Some("--head"),
        Method::Post => Some("--request POST"),
        Method::Put => Some("--request PUT"),
        Method::Patch => Some("--request PATCH"),
        Method::Delete => Some("--request DELETE"),
        Method::Options => Some("--request OPTIONS"),
    }
}

/// A word of a shell that ends with the key.
fn with_key(before: &str, key: Key<'_>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_.:/=?&%+,;@~".contains(c);
    match key {
        Key::Shown(key) => shell(&format!("{before}{key}")),
        Key::Variable if before.chars().all(is_plain) => format!("\"{before}${VARIABLE}\""),
        Key::Variable => format!("{}\"${VARIABLE}\"", shell(before)),
    }
}

fn literal(text: &str) -> String {
    quote::literal(text, Literal::Common)
}

/// A module for Node.js 18 or later; in a browser `process` alone is missing.
pub(super) fn javascript(call: &Call<'_>) -> String {
    let method = call.method.name();
    let url = match call.place {
        Place::Query => {
            let before = literal(&format!("{}?{}=", call.url, quote::query(call.name)));
            format!("{before} + encodeURIComponent(key)")
        }
        Place::Header | Place::Bearer | Place::Body => literal(&call.url),
    };
    let line = |name: &str, value: &str| format!("    {name}: {value},\n");
    let headers = call.header_lines(literal, line, ["key", "\"Bearer \" + key"]);
    let headers = if headers.is_empty() { headers } else { format!("  headers: {{\n{headers}  }},\n") };
    let body = format!("  body: new URLSearchParams([[{}, key]]),\n", literal(call.name));
    let body = call.only_in(Place::Body, body);
    format!(
        r#"// call.mjs
const key = process.env.{VARIABLE};
const response = await fetch({url}, {{
  method: "{method}",
{headers}{body}}});
console.log(response.status);
console.log(await response.text());
"#
    )
}

/// With the standard library alone.
pub(super) fn python(call: &Call<'_>) -> String {
    let method = call.method.name();
    let is_in_field = matches!(call.place, Place::Header | Place::Bearer);
    let import = if is_in_field { "" } else { "import urllib.parse\n" };
    let url = match call.place {
        Place::Query => {
            let before = literal(&format!("{}?{}=", call.url, quote::query(call.name)));
            format!("{before} + urllib.parse.quote(key, safe=\"\")")
        }
        Place::Header | Place::Bearer | Place::Body => literal(&call.url),
    };
    let body = format!("    data=urllib.parse.urlencode({{{}: key}}).encode(),\n", literal(call.name));
    let body = call.only_in(Place::Body, body);
    let line = |name: &str, value: &str| format!("        {name}: {value},\n");
    let headers = call.header_lines(literal, line, ["key", "\"Bearer \" + key"]);
    let headers = if headers.is_empty() { headers } else { format!("    headers={{\n{headers}    }},\n") };
    format!(
        r#"import os
import urllib.error
{import}import urllib.request

key = os.environ["{VARIABLE}"]
request = urllib.request.Request(
    {url},
    method="{method}",
{body}{headers})
try:
    response = urllib.request.urlopen(request)
except urllib.error.HTTPError as refused:
    response = refused
with response:
    print(response.status)
    print(response.read().decode(errors="replace"))
"#
    )
}
