//! Origins: scheme, host and port, as browsers say them (RFC 6454 §6.2).

use crate::Scheme;
use crate::authority::Authority;

/// An origin in the one spelling in which browsers send it: in lower case, without the port that its
/// scheme has anyway. No character of it means anything in HTML, a shell or a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    scheme: Scheme,
    host: String,
    port: u16,
}

/// What is no origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoOrigin(String);

impl std::fmt::Display for NoOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} is no origin: one is https://portal.example.com, maybe with a port, and no path",
            self.0
        )
    }
}

impl std::error::Error for NoOrigin {}

impl Origin {
    /// Reads `https://host` or `http://host`, maybe with a port, maybe with one slash at the end.
    pub fn parse(text: &str) -> Result<Self, NoOrigin> {
        let refused = || NoOrigin(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (scheme, rest) = [Scheme::Https, Scheme::Http]
            .into_iter()
            .find_map(|scheme| Some((scheme, lower.strip_prefix(scheme.as_str())?.strip_prefix("://")?)))
            .ok_or_else(refused)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let authority = Authority::parse(rest.as_bytes()).map_err(|_| refused())?;
        let host = std::str::from_utf8(authority.host()).ok().filter(|host| !host.is_empty());
        let host = host.ok_or_else(refused)?;
        let port = authority.port().unwrap_or(scheme.default_port());
        let written_port = if port == scheme.default_port() { String::new() } else { format!(":{port}") };
        let text = format!("{}://{host}{written_port}", scheme.as_str());
        Ok(Origin { text, scheme, host: host.to_owned(), port })
    }

    /// `https://portal.example.com`
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// A name or an address, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port that it names, or its scheme has.
    pub fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_kept() {
        for (text, expected) in [
            ("https://Portal.Example.com", "https://portal.example.com"),
            ("HTTPS://a.test:443/", "https://a.test"),
            ("http://a.test:80", "http://a.test"),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("https://a.test:80", "https://a.test:80"),
            ("http://[::1]:8081", "http://[::1]:8081"),
            ("https://a.test:", "https://a.test"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn its_parts_are_told() {
        for (text, scheme, host, port) in [
            ("https://A.test", Scheme::Https, "a.test", 443),
            ("http://a.test", Scheme::Http, "a.test", 80),
            ("http://[::1]:8081", Scheme::Http, "[::1]", 8081),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!((origin.scheme(), origin.host(), origin.port()), (scheme, host, port), "{text}");
        }
    }

    #[test]
    fn what_is_more_or_less_is_refused() {
        for text in [
            "",
            "a.test",
            "//a.test",
            "https://",
            "https:///",
            "ftp://a.test",
            "https://a.test/x",
            "https://u@a.test",
            "https://a.test:x",
            "https://a.test:99999",
            "null",
            "*",
            "https://a.test<b>",
            "https://a.test\"",
            "https://a.test//",
            "https://a.test?x",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
