//! Whom a request is for: the value of `Host`, or the authority of an absolute target.

use std::net::Ipv6Addr;

use http::header;

use crate::Headers;

/// Longest host, in bytes (RFC 3986 §3.2.2); names of DNS end at 253.
pub const HOST_BYTES_MAX: usize = 255;

/// A host and maybe a port (RFC 3986 §3.2.2, §3.2.3): an IPv6 address in brackets, or what could be
/// a name or IPv4 address in DNS; without userinfo. Empty where nobody was named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authority<'a> {
    text: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
}

/// What is no [`Authority`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAuthority;

impl NoAuthority {
    /// The sentence for the client; the status is 400.
    pub const MESSAGE: &str = "Host is not a host name or address with at most a port";
}

impl<'a> Authority<'a> {
    /// Reads it.
    ///
    /// Of what the grammar of a name allows, escapes and `!$&'()*+,;=~` are refused: no name in DNS
    /// has them, and who reads a host next may take them for its end. `_` is common and kept.
    pub fn parse(text: &'a [u8]) -> Result<Self, NoAuthority> {
        let host_end = match text {
            [] => return Ok(Authority::default()),
            [b'[', ..] => position(text, b']').ok_or(NoAuthority)? + 1,
            _ => position(text, b':').unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at(host_end);
        let is_host = match host {
            [b'[', address @ .., b']'] => is_ipv6(address),
            name => is_name(name),
        };
        let port = match rest {
            // An empty port is the same as none (RFC 3986 §6.2.3).
            [] | [b':'] => None,
            [b':', digits @ ..] => Some(port(digits).ok_or(NoAuthority)?),
            _ => return Err(NoAuthority),
        };
        if is_host { Ok(Authority { text, host, port }) } else { Err(NoAuthority) }
    }

    /// That of a request, `named` being what the platform takes for it. Each `Host` must be one as
    /// well, and there is one at most (RFC 9112 §3.2).
    #[inline]
    pub fn of_request<H: Headers>(headers: &H, named: &'a [u8]) -> Result<Self, NoAuthority> {
        let mut fields = headers.values_of(&header::HOST);
        match (fields.next(), fields.next()) {
            (_, Some(_)) => return Err(NoAuthority),
            (Some(field), None) if field != named => Authority::parse(field).map(drop)?,
            _ => {}
        }
        Authority::parse(named)
    }

    /// As sent.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Without the port, as sent; an IPv6 address in its brackets.
    pub fn host(&self) -> &'a [u8] {
        self.host
    }

    /// The port, where there is one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether nobody was named.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|other| *other == byte)
}

/// Labels, with or without the dot of the root behind them.
fn is_name(name: &[u8]) -> bool {
    let mut before = b'.';
    for &byte in name {
        let is_fit = if byte == b'.' { before != b'.' } else { IN_LABEL[usize::from(byte)] };
        if !is_fit {
            return false;
        }
        before = byte;
    }
    (1..=HOST_BYTES_MAX).contains(&name.len())
}

/// Bytes that labels have: letters, digits, `-`, and `_`, which is common.
const IN_LABEL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let character = byte as u8;
        table[byte] = character.is_ascii_alphanumeric() || character == b'-' || character == b'_';
        byte += 1;
    }
    table
};

/// Without a zone, which means something on the client's machine alone (RFC 6874 §4).
fn is_ipv6(address: &[u8]) -> bool {
    str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn port(digits: &[u8]) -> Option<u16> {
    // `parse` alone would take a sign.
    let digits = digits.iter().all(u8::is_ascii_digit).then(|| str::from_utf8(digits).ok())?;
    digits?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: Option<u16>) {
        let expected = Authority { text: text.as_bytes(), host: host.as_bytes(), port };
        assert_eq!(Authority::parse(text.as_bytes()), Ok(expected), "{text}");
    }

    #[test]
    fn hosts_are_kept_as_they_are() {
        check("", "", None);
        for host in [
            "k.test",
            "K.Test",
            "k.test.",
            "localhost",
            "a_b.test",
            "_dmarc.k.test",
            "xn--bcher-kva.example",
            "a-.test",
            "-a.test",
            "7",
            "1.2.3.4",
            "[2001:db8::1]",
            "[::]",
            "[::FFFF:1.2.3.4]",
        ] {
            check(host, host, None);
            check(&format!("{host}:"), host, None);
            check(&format!("{host}:80"), host, Some(80));
            check(&format!("{host}:0080"), host, Some(80));
            check(&format!("{host}:65535"), host, Some(65535));
        }
        check(&"a".repeat(64), &"a".repeat(64), None);
        check(&"a.".repeat(127), &"a.".repeat(127), None);
    }

    const NO_HOSTS: &[&str] = &[
        " ",
        "a b",
        " k.test",
        "k.test ",
        "a\tb",
        "k\0.test",
        "k.test/",
        "k.test/evil",
        "/",
        "k.test?x",
        "k.test#x",
        "k.test\\evil",
        "user@k.test",
        "user:pass@k.test",
        "@k.test",
        "k.test@",
        "k.test:80@x",
        "http://k.test",
        "//k.test",
        ".",
        "..",
        ".k.test",
        "a..b",
        "k.test..",
        "k%2etest",
        "k.test%00",
        "%6b.test",
        "k.test%",
        "k!test",
        "k$test",
        "k&test",
        "k'test",
        "k(test)",
        "k*test",
        "*",
        "*.test",
        "k+test",
        "a,b",
        "k.test, k.test",
        "k;test",
        "k=test",
        "k~test",
        "k|test",
        "k^test",
        "k`test",
        "k\"test",
        "<k>",
        "{k}",
        "é.test",
        "k\u{3002}test",
        "::1",
        "1:2:3",
        "[::1",
        "::1]",
        "[]",
        "[]:80",
        "[k.test]",
        "[1.2.3.4]",
        "[::1]x",
        "[::1]80",
        "[::1]]",
        "[[::1]]",
        "[fe80::1%25eth0]",
        "[fe80::1%1]",
        "[v1.a]",
        "[:::]",
        "[1::2::3]",
        "[::12345]",
        "k[::1]",
        ":",
        ":80",
        "k.test::",
        "k.test:80:80",
        "k.test:65536",
        "k.test:99999",
        "k.test:4294967376",
        "k.test:18446744073709551696",
        "k.test:abc",
        "k.test:80a",
        "k.test:+80",
        "k.test:-1",
        "k.test: 80",
        "k.test:8 0",
        "k.test:0x50",
        "k.test:%380",
        "k.test:http",
        "k.test:٨٠",
    ];

    #[test]
    fn what_is_no_host_is_refused() {
        for text in NO_HOSTS {
            assert_eq!(Authority::parse(text.as_bytes()), Err(NoAuthority), "{text:?}");
        }
        for bytes in [&b"k\xff.test"[..], b"\xff", b"[\xff]", b"k.test:\xff", &[b'a'; 256], &[b'.'; 9000]] {
            assert_eq!(Authority::parse(bytes), Err(NoAuthority));
        }
    }

    proptest! {
        /// The same rule by other means.
        #[test]
        fn it_is_a_host_and_a_port(text in r"\[?[a-zA-Z0-9._:\[\]@/ %-]{0,12}\]?(:[0-9]{0,6})?") {
            let name = regex::Regex::new(r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$").unwrap();
            let whole = regex::Regex::new(r"^(\[[^\]]*\]|[^:]*)(:([0-9]*))?$").unwrap();
            let expected = text.is_empty() || whole.captures(&text).is_some_and(|parts| {
                let host = parts[1].strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                let is_host =
                    host.map_or_else(|| name.is_match(&parts[1]), |host| host.parse::<Ipv6Addr>().is_ok());
                let port = parts.get(3).map_or("", |port| port.as_str());
                is_host && (port.is_empty() || port.parse::<u16>().is_ok())
            });
            prop_assert_eq!(Authority::parse(text.as_bytes()).is_ok(), expected);
        }
    }

    #[test]
    fn every_host_field_counts() {
        let check = |fields: &[&'static str], named: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(header::HOST, HeaderValue::from_static(field));
            }
            let authority = Authority::of_request(&headers, named.as_bytes());
            assert_eq!(authority.is_ok(), expected, "{fields:?} {named}");
        };
        check(&[], "", true);
        check(&[], "k.test", true);
        check(&["k.test"], "k.test", true);
        check(&[""], "", true);
        check(&["b.test"], "k.test", true);
        check(&["k.test/evil"], "k.test", false);
        check(&["k.test"], "user@k.test", false);
        check(&["k.test/evil"], "k.test/evil", false);
        check(&["k.test", "k.test"], "k.test", false);
    }
}
