//! Who the client is: the peer of a connection, or whom a trusted peer names.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::header::HeaderName;

use crate::authority::Authority;
use crate::network::{Network, parse_networks};
use crate::{Headers, Scheme};

/// Peers whose word about the client is taken (Kong's `trusted_ips`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedIps(Vec<Network>);

impl TrustedIps {
    /// Whether an address is among them; an IPv4 address in either of its forms.
    pub fn contains(&self, ip: IpAddr) -> bool {
        // Nobody is trusted on most gateways.
        !self.0.is_empty() && {
            let ip = ip.to_canonical();
            self.0.iter().any(|network| network.contains(ip))
        }
    }
}

/// A list of networks with commas; the error names the entry.
impl FromStr for TrustedIps {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        Ok(TrustedIps(parse_networks(list)?.into_iter().map(Network::to_canonical).collect()))
    }
}

/// What a connection says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Address of the peer.
    pub peer_ip: IpAddr,
    /// Scheme that the peer speaks.
    pub scheme: Scheme,
    /// Port of ours that the peer reached.
    pub port: u16,
}

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client<'a> {
    /// Its address.
    pub ip: IpAddr,
    /// Scheme that it uses.
    pub scheme: Scheme,
    /// Port that it reached.
    pub port: u16,
    /// What stands between us.
    pub forwarded: Option<Forwarded<'a>>,
}

/// A request that a trusted peer passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded<'a> {
    /// Address of the peer.
    pub peer_ip: IpAddr,
    /// Whom the client asked, where the peer says so.
    pub authority: Option<Authority<'a>>,
}

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Finds the client: what a trusted peer says in `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`,
/// as far as it can be read, and otherwise what the connection says.
///
/// Of several values of the last three the last one counts: the peer's own, whatever came before.
pub fn client<'a, H: Headers>(connection: Connection, headers: &'a H, trusted: &TrustedIps) -> Client<'a> {
    let Connection { peer_ip, scheme, port } = connection;
    if !trusted.contains(peer_ip) {
        return Client { ip: peer_ip, scheme, port, forwarded: None };
    }
    let authority = last(headers, &HOST).and_then(|host| Authority::parse(host).ok());
    Client {
        ip: last_untrusted(headers, trusted).unwrap_or(peer_ip),
        scheme: last(headers, &PROTO).and_then(scheme_named).unwrap_or(scheme),
        port: last(headers, &PORT).and_then(port_named).unwrap_or(port),
        forwarded: Some(Forwarded { peer_ip, authority: authority.filter(|host| !host.is_empty()) }),
    }
}

/// The last address of `X-Forwarded-For` that is not trusted, every one behind it being; the first
/// if all are. What cannot be read nobody vouches for: the client is then who stands behind it.
fn last_untrusted<H: Headers>(headers: &H, trusted: &TrustedIps) -> Option<IpAddr> {
    let mut client = None;
    for entry in entries(headers, &FOR) {
        client = match (address(entry), client) {
            (None, _) => None,
            (Some(ip), Some(before)) if trusted.contains(ip) => Some(before),
            (Some(ip), _) => Some(ip),
        };
    }
    client
}

fn last<'a, H: Headers>(headers: &'a H, name: &HeaderName) -> Option<&'a [u8]> {
    entries(headers, name).last()
}

/// The members of a list, of all lines of the field; empty ones are none (RFC 9110 §5.6.1).
fn entries<'a, H: Headers>(headers: &'a H, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.values_of(name);
    lines
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
}

/// An address, maybe in brackets, maybe with a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let ip = match bare {
        Some(bare) => bare.parse().ok().map(IpAddr::V6),
        None => text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok(),
    };
    ip.map(|ip| ip.to_canonical())
}

/// The scheme that a server names; some name what a WebSocket's handshake comes by.
pub fn scheme_named(name: &[u8]) -> Option<Scheme> {
    let is = |names: [&str; 2]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    match (is(["https", "wss"]), is(["http", "ws"])) {
        (true, _) => Some(Scheme::Https),
        (_, true) => Some(Scheme::Http),
        _ => None,
    }
}

fn port_named(digits: &[u8]) -> Option<u16> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    const TRUSTED: &str = "127.0.0.1, 10.0.0.0/8, 2001:db8::/32, ::ffff:192.0.2.0/120";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn found<'a>(peer: &str, headers: &'a HeaderMap) -> Client<'a> {
        let connection = Connection { peer_ip: ip(peer), scheme: Scheme::Http, port: 8080 };
        client(connection, headers, &TRUSTED.parse().unwrap())
    }

    #[track_caller]
    fn check_ip(peer: &str, lines: &[&str], expected: &str) {
        let fields: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        assert_eq!(found(peer, &headers(&fields)).ip, ip(expected), "{peer} {lines:?}");
    }

    #[test]
    fn others_are_not_believed() {
        let headers = headers(&[
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-port", "443"),
        ]);
        for peer in ["198.51.100.7", "127.0.0.2", "11.0.0.1", "2001:db9::1", "192.0.3.1"] {
            let expected = Client { ip: ip(peer), scheme: Scheme::Http, port: 8080, forwarded: None };
            assert_eq!(found(peer, &headers), expected);
            let connection = Connection { peer_ip: ip(peer), scheme: Scheme::Http, port: 8080 };
            assert_eq!(client(connection, &headers, &TrustedIps::default()), expected);
        }
        for peer in
            ["127.0.0.1", "::ffff:127.0.0.1", "10.255.0.1", "2001:db8::9", "192.0.2.255", "::ffff:192.0.2.1"]
        {
            let found = found(peer, &headers);
            let forwarded =
                Forwarded { peer_ip: ip(peer), authority: Authority::parse(b"evil.example").ok() };
            let expected = Client {
                ip: ip("198.51.100.1"),
                scheme: Scheme::Https,
                port: 443,
                forwarded: Some(forwarded),
            };
            assert_eq!(found, expected, "{peer}");
        }
    }

    #[test]
    fn the_last_that_is_not_trusted_is_the_client() {
        check_ip("127.0.0.1", &[], "127.0.0.1");
        check_ip("127.0.0.1", &[""], "127.0.0.1");
        check_ip("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check_ip("127.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1");
        check_ip("127.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.1,192.0.2.2"], "198.51.100.1");
        check_ip("127.0.0.1", &["203.0.113.9", "198.51.100.1", "10.0.0.1"], "198.51.100.1");
        check_ip("127.0.0.1", &["10.0.0.3, 10.0.0.2, 10.0.0.1"], "10.0.0.3");
        check_ip("127.0.0.1", &["2001:DB8::5", "198.51.100.1,, 2001:db8::1,"], "198.51.100.1");
        check_ip("127.0.0.1", &["2001:db9::1"], "2001:db9::1");
        check_ip("127.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1");
        check_ip("127.0.0.1", &["198.51.100.1, ::ffff:10.0.0.1"], "198.51.100.1");
    }

    #[test]
    fn entries_may_have_ports() {
        check_ip("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1");
        check_ip("127.0.0.1", &["198.51.100.1, 10.0.0.1:80"], "198.51.100.1");
        check_ip("127.0.0.1", &["[2001:db9::1]:4711"], "2001:db9::1");
        check_ip("127.0.0.1", &["[2001:db9::1]"], "2001:db9::1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        for entry in [
            "unknown",
            "_hidden",
            "198.51.100",
            "010.0.0.1",
            "10.0.0.1/8",
            "\"10.0.0.1\"",
            "[10.0.0.1]",
            "for=10.0.0.1",
            "10.0.0.1:99999",
            "10.0.0.1 10.0.0.2",
            "a.test",
        ] {
            check_ip("127.0.0.1", &[entry], "127.0.0.1");
            check_ip("127.0.0.1", &["198.51.100.1", entry], "127.0.0.1");
            check_ip("127.0.0.1", &[&format!("198.51.100.1, {entry}, 10.0.0.2, 10.0.0.1")], "10.0.0.2");
            check_ip("127.0.0.1", &[&format!("{entry}, 198.51.100.1")], "198.51.100.1");
        }
    }

    #[test]
    fn scheme_host_and_port_are_the_peers_own_word() {
        let check = |fields: &[(&'static str, &str)], scheme, host: Option<&str>, port| {
            let headers = headers(fields);
            let found = found("10.0.0.1", &headers);
            let authority = found.forwarded.unwrap().authority.map(|authority| authority.text());
            assert_eq!(
                (found.scheme, authority, found.port),
                (scheme, host.map(str::as_bytes), port),
                "{fields:?}"
            );
        };
        check(&[], Scheme::Http, None, 8080);
        for (proto, scheme) in [
            ("https", Scheme::Https),
            ("HTTPS", Scheme::Https),
            ("wss", Scheme::Https),
            ("ws", Scheme::Http),
            ("http", Scheme::Http),
            ("http, https", Scheme::Https),
            ("https, http", Scheme::Http),
            ("https,", Scheme::Https),
            ("ftp", Scheme::Http),
            ("https http", Scheme::Http),
            ("", Scheme::Http),
        ] {
            check(&[("x-forwarded-proto", proto)], scheme, None, 8080);
        }
        for (sent, host) in [
            ("shop.example", Some("shop.example")),
            ("Shop.example:8443", Some("Shop.example:8443")),
            ("evil.example, shop.example", Some("shop.example")),
            ("user@shop.example", None),
            ("shop.example/", None),
            ("", None),
        ] {
            check(&[("x-forwarded-host", sent)], Scheme::Http, host, 8080);
        }
        for (sent, port) in [("443", 443), ("80, 8443", 8443), ("+443", 8080), ("65536", 8080), ("x", 8080)] {
            check(&[("x-forwarded-port", sent)], Scheme::Http, None, port);
        }
    }

    #[test]
    fn lists_say_what_is_wrong() {
        assert_eq!("".parse(), Ok(TrustedIps::default()));
        let error = "10.0.0.0/8, 10.0.0.0/33".parse::<TrustedIps>().unwrap_err();
        assert!(error.starts_with("10.0.0.0/33 "), "{error}");
    }
}
