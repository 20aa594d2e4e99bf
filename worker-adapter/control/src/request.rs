//! A request at the control door, as the script describes it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use latchkey_control::http::Head;
use latchkey_worker_shared::target::Target;

/// What Cloudflare calls a request; a client's own field does not get past it.
const RAY: &str = "cf-ray";

/// A request without its body.
#[derive(Debug)]
pub struct Described<'a> {
    method: &'a str,
    target: Target<'a>,
    headers: HeaderMap,
    client_ip: Option<IpAddr>,
}

impl<'a> Described<'a> {
    /// `headers`: name and value, a line each. `client_ip`: empty where the platform tells none.
    /// `None`: the URL is none of HTTP.
    pub fn of(method: &'a str, url: &'a str, headers: &str, client_ip: &str) -> Option<Self> {
        let target = Target::of(url)?;
        Some(Described { method, target, headers: header_map(headers), client_ip: client_ip.parse().ok() })
    }

    /// As core wants it.
    pub fn head(&self) -> Head<'_> {
        Head {
            method: self.method,
            host: self.target.authority.as_bytes(),
            path: self.target.path,
            query: self.target.query,
            headers: &self.headers,
            client_ip: self.client_ip,
            request_id: self.headers.get(RAY).and_then(|ray| ray.to_str().ok()),
        }
    }
}

/// Those that cannot stand in a request are left out.
fn header_map(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut lines = text.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_fields() {
        let described =
            Described::of("GET", "https://k.test/admin/services?size=2", "host\nk.test\na b\nc\nx\n1", "::1");
        let described = described.unwrap();
        let head = described.head();
        assert_eq!((head.host, head.path, head.query), (&b"k.test"[..], "/admin/services", Some("size=2")));
        assert_eq!(head.client_ip, Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])));
        let names: Vec<&str> = head.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "x"]);
    }
}
