//! Hosts and addresses as Kong tells them apart (`kong/tools/ip.lua`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a text is taken for, which says nothing of whether it is well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostType {
    Ipv4,
    Ipv6,
    Name,
}

/// Why a text is no host, maybe with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostFault {
    /// The host is not well formed.
    Host,
    /// The port is above 65535.
    Port,
}

impl HostType {
    /// Of a text that may end in a port.
    pub(super) fn of(text: &str) -> Self {
        let colons = text.bytes().filter(|byte| *byte == b':').count();
        let of_digits = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'));
        match colons {
            2.. => HostType::Ipv6,
            // Digits alone are a label (RFC 1123 §2.1), which Kong refuses.
            _ if of_digits && text.contains('.') => HostType::Ipv4,
            _ => HostType::Name,
        }
    }
}

/// Whether a text is a host, maybe with a port; answers whether it has one.
pub(super) fn has_port(text: &str) -> Result<bool, HostFault> {
    let kind = HostType::of(text);
    let (host, port) = match kind {
        HostType::Ipv6 => split_bracketed(text)?,
        HostType::Ipv4 | HostType::Name => match text.rsplit_once(':') {
            Some((host, port)) if is_digits(port) => (host, Some(port)),
            Some(_) => return Err(HostFault::Host),
            None => (text, None),
        },
    };
    let is_host = match kind {
        HostType::Ipv6 => host.parse::<Ipv6Addr>().is_ok(),
        HostType::Ipv4 => is_ipv4(host),
        HostType::Name => !host.contains('*') && latchkey_router::is_host_name(host),
    };
    match port.map(str::parse::<u16>) {
        // Kong looks at the port of a name first, at that of an address last.
        Some(Err(_)) if is_host || kind == HostType::Name => Err(HostFault::Port),
        _ if !is_host => Err(HostFault::Host),
        port => Ok(port.is_some()),
    }
}

fn split_bracketed(text: &str) -> Result<(&str, Option<&str>), HostFault> {
    let Some((address, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Ok((text, None));
    };
    match rest.strip_prefix(':') {
        Some(port) if is_digits(port) => Ok((address, Some(port))),
        None if rest.is_empty() => Ok((address, None)),
        _ => Err(HostFault::Host),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Four numbers of one to three digits, zeros in front included.
fn is_ipv4(text: &str) -> bool {
    let is_byte = |part: &str| part.len() <= 3 && is_digits(part) && part.parse::<u8>().is_ok();
    text.split('.').count() == 4 && text.split('.').all(is_byte)
}

/// An address, or a range of addresses in CIDR notation, whose host bits may be set.
pub(super) fn is_address_or_range(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let bits_most = match address.parse() {
        Ok(IpAddr::V4(_)) => Ipv4Addr::BITS,
        Ok(IpAddr::V6(_)) => Ipv6Addr::BITS,
        Err(_) => return false,
    };
    // As a number is written: no sign, no zero in front.
    let is_count = |bits: &str| bits.parse().is_ok_and(|n: u32| n <= bits_most && n.to_string() == bits);
    bits.is_none_or(is_count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_what_is_none() {
        for (text, expected) in [
            ("hello.COM", Ok(false)),
            ("1991.io", Ok(false)),
            ("example_api.com", Ok(false)),
            ("example.test.", Ok(false)),
            ("-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n", Ok(false)),
            ("example.com:80", Ok(true)),
            ("example.com:65536", Err(HostFault::Port)),
            ("ex;ample.com:65536", Err(HostFault::Port)),
            ("example.com:", Err(HostFault::Host)),
            ("example.com:x", Err(HostFault::Host)),
            ("/example", Err(HostFault::Host)),
            (".example", Err(HostFault::Host)),
            ("example-.org", Err(HostFault::Host)),
            ("example.org-", Err(HostFault::Host)),
            ("hello..example.com", Err(HostFault::Host)),
            ("example..", Err(HostFault::Host)),
            (".", Err(HostFault::Host)),
            ("*example.com", Err(HostFault::Host)),
            ("bücher.example", Err(HostFault::Host)),
            ("127.0.0.1", Ok(false)),
            ("127.0.0.001", Ok(false)),
            ("127.0.0.1:80", Ok(true)),
            ("127.0.0.1:99999", Err(HostFault::Port)),
            ("127.0.0.256", Err(HostFault::Host)),
            ("1.2.3", Err(HostFault::Host)),
            ("::1", Ok(false)),
            ("[::1]", Ok(false)),
            ("[::1]:80", Ok(true)),
            ("[::1]:99999", Err(HostFault::Port)),
            ("[::1]x", Err(HostFault::Host)),
            ("::g", Err(HostFault::Host)),
            (":", Err(HostFault::Host)),
            ("", Err(HostFault::Host)),
        ] {
            assert_eq!(has_port(text), expected, "{text}");
        }
        assert_eq!(has_port(&"a".repeat(64)), Ok(false), "as long a label as one likes");
        assert_eq!(has_port(&"a".repeat(256)), Err(HostFault::Host));
    }

    #[test]
    fn ranges_are_told_from_what_is_none() {
        for good in ["127.0.0.1", "::1", "0.0.0.0/0", "::/0", "10.1.2.3/8", "0.0.0.0/32", "::/128"] {
            assert!(is_address_or_range(good), "{good}");
        }
        for bad in [
            "127.",
            ":::1",
            "-1",
            "localhost",
            "f",
            "1/0",
            "2130706433/2",
            "-1/0",
            "0.0.0.0/a",
            "::/a",
            "0.0.0.0/-1",
            "::/-1",
            "0.0.0.0/33",
            "::/129",
            "0.0.0.0/",
            "0.0.0.0/08",
            "0.0.0.0/+8",
            "",
        ] {
            assert!(!is_address_or_range(bad), "{bad}");
        }
    }
}
