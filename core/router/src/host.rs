//! Host names: of a request, and of a route with wildcard and port.

use std::net::Ipv6Addr;

use latchkey_request::authority::{Authority, HOST_BYTES_MAX};

/// One entry of a route's `hosts`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostPattern {
    pub(super) name: HostName,
    pub(super) port: Option<u16>,
}

/// What a host condition compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HostName {
    /// The whole name.
    Exact(String),
    /// `*.a.test`: ends in `.a.test`.
    EndsIn(String),
    /// `a.*`: starts with `a.`.
    StartsWith(String),
}

impl HostPattern {
    /// Reads an entry of `hosts`; the error is the sentence Kong answers with.
    pub(super) fn parse(host: &str) -> Result<Self, String> {
        if host.is_empty() {
            return Err("length must be at least 1".to_owned());
        }
        let wildcards = host.matches('*').count();
        if wildcards > 1 {
            return Err("invalid wildcard: must have at most one wildcard".to_owned());
        }
        if wildcards == 1 && !host.starts_with("*.") && !host.ends_with(".*") {
            return Err("invalid wildcard: must be placed at leftmost or rightmost label".to_owned());
        }
        if host.parse::<Ipv6Addr>().is_ok() {
            // As requests name it.
            let name = HostName::Exact(format!("[{}]", host.to_ascii_lowercase()));
            return Ok(HostPattern { name, port: None });
        }
        let (name, port) = split_written_port(host)?;
        if !is_host_name(name) {
            return Err(format!("invalid hostname: {host}"));
        }
        let name = name.to_ascii_lowercase();
        let name = match (name.strip_prefix('*'), name.strip_suffix('*')) {
            (Some(suffix), _) => HostName::EndsIn(suffix.to_owned()),
            (_, Some(prefix)) => HostName::StartsWith(prefix.to_owned()),
            _ => HostName::Exact(name),
        };
        Ok(HostPattern { name, port })
    }
}

fn split_written_port(host: &str) -> Result<(&str, Option<u16>), String> {
    let name_end = host.find(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = host[name_end..].find(':') else { return Ok((host, None)) };
    let (name, port) = (&host[..name_end + colon], &host[name_end + colon + 1..]);
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("invalid hostname: {host}"));
    }
    let port = port.parse().map_err(|_| "invalid port number".to_owned())?;
    Ok((name, Some(port)))
}

/// Whether every label is well formed; one label may be `*`, and a dot may stand behind the last.
/// An IPv6 address stands in brackets.
pub fn is_host_name(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        label == "*" || (!label.is_empty() && !label.ends_with('-') && label.bytes().all(in_label))
    };
    let labels = name.strip_suffix('.').unwrap_or(name);
    name.len() <= HOST_BYTES_MAX && labels.split('.').all(is_label)
}

/// Room for the lower-case form of a request's host, on the stack.
pub(super) type HostBuffer = [u8; HOST_BYTES_MAX];

/// The host of a request.
#[derive(Debug)]
pub(super) struct RequestHost<'b> {
    /// In lower case.
    pub(super) name: &'b [u8],
    /// Port of the `Host` field, or the scheme's.
    pub(super) port: u16,
}

impl<'b> RequestHost<'b> {
    /// `None` when nobody was named.
    pub(super) fn new(
        authority: Authority<'_>,
        scheme_https: bool,
        buffer: &'b mut HostBuffer,
    ) -> Option<Self> {
        let name = authority.host();
        let lowered = buffer.get_mut(..name.len()).filter(|name| !name.is_empty())?;
        lowered.copy_from_slice(name);
        lowered.make_ascii_lowercase();
        let default_port = if scheme_https { 443 } else { 80 };
        Some(RequestHost { name: lowered, port: authority.port().unwrap_or(default_port) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_host_is_split_and_lowered() {
        for (sent, https, name, port) in [
            ("a.test", false, "a.test", 80),
            ("A.Test", true, "a.test", 443),
            ("a.test:8000", true, "a.test", 8000),
            ("a.test:0080", false, "a.test", 80),
            ("a.test:", true, "a.test", 443),
            ("[::1]:81", false, "[::1]", 81),
            ("[::A]", false, "[::a]", 80),
        ] {
            let mut buffer = [0; HOST_BYTES_MAX];
            let authority = Authority::parse(sent.as_bytes()).unwrap();
            let host = RequestHost::new(authority, https, &mut buffer).unwrap();
            assert_eq!((str::from_utf8(host.name).unwrap(), host.port), (name, port), "{sent}");
        }
        assert!(RequestHost::new(Authority::default(), false, &mut [0; HOST_BYTES_MAX]).is_none());
    }
}
