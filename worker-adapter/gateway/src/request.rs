//! A request as the shim describes it: one text, a line for each thing.

use std::borrow::Cow;

use latchkey_gateway::config::HeaderNames;
use latchkey_gateway::joined_headers::{JoinedHeaders, JoinedValues, Reading};
use latchkey_gateway::request::{Headers, Now, RequestHead, Scheme};
use latchkey_published::try_token::TRY_TOKEN_FIELD;
use latchkey_request::authority::Authority;
use latchkey_worker_shared::target::Target;

/// Header fields that core looks at whatever the configuration.
const ALWAYS: [&str; 23] = [
    "accept",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "max-forwards",
    "referer",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-proto",
    "x-forwarded-uri",
    TRY_TOKEN_FIELD,
    "x-original-host",
    "x-original-method",
    "x-original-proto",
    "x-original-uri",
];
/// How the platform joins the values of repeated fields.
const JOINED: JoinedHeaders = JoinedHeaders::by(", ");
/// UTF-8 of U+FFFD, which the platform puts in place of bytes that are not UTF-8.
const REPLACEMENT: &str = "\u{fffd}";

/// The fields whose values the shim sends, in this order.
#[derive(Debug)]
pub struct Names(Vec<Name>);

#[derive(Debug)]
struct Name {
    text: String,
    reading: Reading,
}

impl Default for Names {
    fn default() -> Self {
        Names::new(&HeaderNames::default())
    }
}

impl Names {
    /// The fields that a configuration makes matter, and those that always do.
    pub fn new(configured: &HeaderNames) -> Self {
        let configured_names = configured.keys.iter().chain(&configured.routing).map(String::as_str);
        let mut names: Vec<Name> = Vec::new();
        for text in configured_names.chain(ALWAYS) {
            if !names.iter().any(|name| name.text == text) {
                names.push(Name { text: text.to_owned(), reading: Reading::of(configured, text) });
            }
        }
        Names(names)
    }

    /// One name a line.
    pub fn to_text(&self) -> String {
        self.0.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Values of the fields in [`Names`].
#[derive(Debug)]
pub struct Fields<'a> {
    names: &'a Names,
    values: Vec<Option<Cow<'a, [u8]>>>,
}

impl Headers for Fields<'_> {
    type Values<'a>
        = std::iter::Flatten<std::option::IntoIter<JoinedValues<'a>>>
    where
        Self: 'a;

    fn values<'a>(&'a self, name: &str) -> Self::Values<'a> {
        let at = self.names.0.iter().position(|known| known.text.eq_ignore_ascii_case(name));
        let joined = at.and_then(|at| {
            let value = self.values.get(at)?.as_deref()?;
            Some(JOINED.values(value, self.names.0[at].reading))
        });
        joined.into_iter().flatten()
    }
}

/// A request, parsed.
#[derive(Debug)]
pub struct Described<'a> {
    /// Time of the call.
    pub now: Now,
    started: Now,
    /// `None` when the request is asked about for the first time.
    pub request_id: Option<u128>,
    method: &'a str,
    scheme: Scheme,
    authority: &'a str,
    /// Path as sent.
    pub path: &'a str,
    query: Option<&'a str>,
    client_ip: Option<std::net::IpAddr>,
    fields: Fields<'a>,
}

impl<'a> Described<'a> {
    /// Reads what the shim's `describe` wrote. `None`: not written by it.
    pub fn parse(text: &'a str, names: &'a Names) -> Option<Self> {
        let mut lines = text.split('\n');
        let now = time(lines.next()?)?;
        let started = time(lines.next()?)?;
        let request_id = u128::from_str_radix(lines.next()?, 16).ok();
        let method = lines.next()?;
        let url = lines.next()?;
        let client_ip = lines.next()?;
        // Parsing what is not there takes as long.
        let client_ip = (!client_ip.is_empty()).then(|| client_ip.parse().ok()).flatten();
        let may_be_replaced = !text.is_ascii();
        let mut values = Vec::with_capacity(names.0.len());
        values.extend(lines.map(|line| field_value(line, may_be_replaced)));
        let Target { is_https, authority, path, query } = Target::of(url)?;
        let scheme = if is_https { Scheme::Https } else { Scheme::Http };
        let fields = Fields { names, values };
        Some(Described {
            now,
            started,
            request_id,
            method,
            scheme,
            authority,
            path,
            query,
            client_ip,
            fields,
        })
    }

    /// As core wants it.
    pub fn head(&self, request_id: u128) -> RequestHead<'_, Fields<'a>> {
        RequestHead {
            method: self.method,
            scheme: self.scheme,
            host: self.authority.as_bytes(),
            path: self.path.as_bytes(),
            query: self.query.map(str::as_bytes),
            headers: &self.fields,
            client_ip: self.client_ip,
            server_port: self.server_port(),
            forwarded: None,
            started: self.started,
            request_id,
        }
    }

    fn server_port(&self) -> u16 {
        let authority = Authority::parse(self.authority.as_bytes()).ok();
        authority.and_then(|authority| authority.port()).unwrap_or(self.scheme.default_port())
    }

    /// The fields.
    pub fn fields(&self) -> &Fields<'a> {
        &self.fields
    }
}

/// The platform has one clock; it stands still while nothing is awaited.
fn time(text: &str) -> Option<Now> {
    let ms = text.parse().ok()?;
    Some(Now { unix_ms: ms, monotonic_ms: ms })
}

/// Empty: no such field; otherwise `=` and the value, in which bytes may have been replaced.
fn field_value(line: &str, may_be_replaced: bool) -> Option<Cow<'_, [u8]>> {
    let value = line.strip_prefix('=')?;
    Some(match may_be_replaced && value.contains(REPLACEMENT) {
        // Once more what it was: not UTF-8.
        true => Cow::Owned(value.split(REPLACEMENT).map(str::as_bytes).collect::<Vec<_>>().join(&0xff)),
        false => Cow::Borrowed(value.as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let set = |name: &str| std::iter::once(name.to_owned()).collect();
        Names::new(&HeaderNames { keys: set("apikey"), routing: set("x-v") })
    }

    fn check_values(apikey: &str, expected: &[&[u8]]) {
        let names = names();
        let text = format!("5\n4\n\nGET\nhttp://a/\n\n{apikey}\n=a, b");
        let described = Described::parse(&text, &names).unwrap();
        assert_eq!(described.fields().values("ApiKey").collect::<Vec<_>>(), expected);
        assert_eq!(described.fields().values("x-v").collect::<Vec<_>>(), [&b"a"[..], b"b", b"a, b"]);
        assert_eq!(described.fields().values("accept").count(), 0);
    }

    #[test]
    fn repeated_fields_are_told_apart() {
        check_values("", &[]);
        check_values("=", &[b""]);
        check_values("=k1", &[b"k1"]);
        check_values("=k1, k1", &[b"k1", b"k1"]);
        check_values("=k,1", &[b"k,1"]);
        check_values("=k\u{fffd}1", &[b"k\xff1"]);
    }

    #[test]
    fn url_is_taken_as_it_is() {
        let names = names();
        let check = |url: &str, expected: (&str, &str, Option<&str>, u16)| {
            let text = format!("5\n4\nff\nGET\n{url}\n10.0.0.1");
            let described = Described::parse(&text, &names).unwrap();
            let head = described.head(1);
            let text = |bytes| std::str::from_utf8(bytes).unwrap();
            let found = (text(head.host), text(head.path), head.query.map(text), head.server_port);
            assert_eq!(found, expected, "{url}");
            assert_eq!(described.request_id, Some(255));
        };
        check("http://a/b/../c%2f?", ("a", "/b/../c%2f", Some(""), 80));
        check("https://a", ("a", "/", None, 443));
        check("http://A:99/?a?b", ("A:99", "/", Some("a?b"), 99));
        check("http://[::1]:8080?x", ("[::1]:8080", "/", Some("x"), 8080));
    }

    #[test]
    fn url_and_host_are_for_an_authority() {
        let names = names();
        let check = |url: &str, host: &str, expected: bool| {
            let fields = names
                .0
                .iter()
                .map(|name| if name.text == "host" { format!("={host}") } else { String::new() });
            let text = format!("5\n4\nff\nGET\n{url}\n\n{}", fields.collect::<Vec<_>>().join("\n"));
            let described = Described::parse(&text, &names).unwrap();
            let head = described.head(1);
            let authority = Authority::of_request(head.headers, head.host);
            assert_eq!(authority.is_ok(), expected, "{url} {host}");
        };
        check("http://a_b.test:80/x", "a_b.test:80", true);
        check("http://[::1]/x", "[::1]", true);
        check("http://a.test/x", "A.test:80", true);
        check("http://k.test/evil/x", "k.test/evil", false);
        check("http://k.test?/x", "k.test?", false);
        check("http://k.test#/x", "k.test#", false);
        check("http://user@k.test/x", "user@k.test", false);
        check("http://k.test/x", "user@k.test", false);
        check("http://k.test/x", "k.test, k.test", false);
        check("http://user@k.test/x", "k.test", false);
    }
}
