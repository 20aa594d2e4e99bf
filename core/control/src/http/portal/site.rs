//! Where the portal is: it answers to the configured origin alone, and on the local program to loopback names.

use latchkey_request::Scheme;
use latchkey_request::authority::Authority;

use crate::http::ControlSettings;

/// The names of the machine itself.
const LOOPBACK: [&[u8]; 3] = [b"127.0.0.1", b"localhost", b"[::1]"];

/// The origin that a request was sent to, as the installation knows it: never as the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Site {
    /// As browsers say it.
    pub(in crate::http) origin: String,
    pub(in crate::http) is_https: bool,
}

impl Site {
    /// The one of a request's authority; `None`: the portal is not there (421).
    pub(in crate::http) fn of(authority: Authority<'_>, settings: &ControlSettings) -> Option<Self> {
        let host = authority.host().to_ascii_lowercase();
        if let Some(origin) = &settings.control_origin {
            let port = authority.port().unwrap_or(origin.scheme().default_port());
            if host == origin.host().as_bytes() && port == origin.port() {
                let is_https = origin.scheme() == Scheme::Https;
                return Some(Site { origin: origin.as_str().to_owned(), is_https });
            }
        }
        let port = settings.loopback_port?;
        let http = Scheme::Http.default_port();
        if !LOOPBACK.contains(&host.as_slice()) || authority.port().unwrap_or(http) != port {
            return None;
        }
        let host = String::from_utf8(host).ok()?;
        let written_port = if port == http { String::new() } else { format!(":{port}") };
        Some(Site { origin: format!("http://{host}{written_port}"), is_https: false })
    }
}

#[cfg(test)]
mod tests {
    use latchkey_request::origin::Origin;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_is_where_it_is_said_to_be() {
        const PORTAL: &str = "https://portal.example.com";
        for (origin, loopback_port, host, expected) in [
            (Some(PORTAL), None, "portal.example.com", Some(PORTAL)),
            (Some(PORTAL), None, "Portal.Example.com:443", Some(PORTAL)),
            (Some(PORTAL), None, "portal.example.com:8081", None),
            (Some(PORTAL), None, "evil.example", None),
            (Some(PORTAL), None, "portal.example.com.", None),
            (Some(PORTAL), None, "127.0.0.1", None),
            (Some(PORTAL), Some(8081), "127.0.0.1:8081", Some("http://127.0.0.1:8081")),
            (None, Some(8081), "LOCALHOST:8081", Some("http://localhost:8081")),
            (None, Some(8081), "[::1]:8081", Some("http://[::1]:8081")),
            (None, Some(8081), "127.0.0.1:8080", None),
            (None, Some(8081), "127.0.0.1", None),
            (None, Some(8081), "127.0.0.2:8081", None),
            (None, Some(8081), "localhost.evil.example:8081", None),
            (None, Some(80), "localhost", Some("http://localhost")),
            (Some("http://127.0.0.1:9"), None, "127.0.0.1:9", Some("http://127.0.0.1:9")),
            (None, None, "portal.example.com", None),
            (None, None, "", None),
        ] {
            let settings = ControlSettings {
                control_origin: origin.map(|origin| Origin::parse(origin).unwrap()),
                loopback_port,
                ..ControlSettings::new(None, "test", Uuid::nil())
            };
            let site = Site::of(Authority::parse(host.as_bytes()).unwrap(), &settings);
            let is_https = expected.is_some_and(|expected| expected.starts_with("https:"));
            let expected = expected.map(|origin| Site { origin: origin.to_owned(), is_https });
            assert_eq!(site, expected, "{host}");
        }
    }
}
