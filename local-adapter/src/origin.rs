//! Origins of our own addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use latchkey_request::origin::Origin;

/// Where this machine reaches a listener: where that listens at all addresses, at loopback.
pub(crate) fn origin_of(address: SocketAddr) -> Option<Origin> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Origin::parse(&format!("http://{}", SocketAddr::new(ip, address.port()))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_stand_for_all_are_reached_at_this_machine() {
        for (address, origin) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:80", "http://192.0.2.7"),
            ("[2001:db8::7]:1", "http://[2001:db8::7]:1"),
        ] {
            assert_eq!(origin_of(address.parse().unwrap()).unwrap().as_str(), origin);
        }
    }
}
