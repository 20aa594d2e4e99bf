//! Networks of addresses, as settings name them.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that begin alike: `10.0.0.0/8`, `fd00::/8`, or one address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Whether an address is in it. An IPv4 address and its IPv6 forms are not the same.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            _ => false,
        }
    }

    /// The same, but that IPv4 addresses written as IPv6 ones (`::ffff:0:0/96`, RFC 4291 §2.5.5.2)
    /// are IPv4 addresses, as in [`IpAddr::to_canonical`].
    #[must_use]
    pub fn to_canonical(self) -> Self {
        match (self.address.to_canonical(), self.prefix_bits.checked_sub(96)) {
            (address @ IpAddr::V4(_), Some(prefix_bits)) if self.address.is_ipv6() => {
                Network { address, prefix_bits }
            }
            _ => self,
        }
    }
}

/// Whom attempts from an address are counted for: of IPv6 the first address of its network of 64 bits, since
/// whoever has one of its addresses has them all.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_network = || format!("{text} is no address and no network such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| no_network())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => bits,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(no_network)?
            }
            Some(_) => return Err(no_network()),
        };
        Ok(Network { address, prefix_bits })
    }
}

/// Reads a list with commas; spaces and empty entries count for nothing. The error names the entry.
pub fn parse_networks(list: &str) -> Result<Vec<Network>, String> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(network: &str, address: &str, expected: bool) {
        let network: Network = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), expected, "{network:?} {address}");
    }

    #[test]
    fn a_network_holds_what_begins_as_it_does() {
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        // Bits past the prefix count for nothing.
        check("10.1.2.3/8", "10.9.9.9", true);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.6", false);
        check("192.0.2.6/31", "192.0.2.7", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "::", false);
        check("::/0", "ffff::", true);
        check("fd00::/8", "fdff::1", true);
        check("fd00::/8", "fe00::1", false);
        check("::1", "::1", true);
        check("10.0.0.0/8", "::ffff:10.0.0.1", false);
    }

    #[test]
    fn addresses_of_ipv4_in_ipv6_are_those_of_ipv4() {
        let canonical = |network: &str| network.parse::<Network>().unwrap().to_canonical();
        let parse = |network: &str| network.parse::<Network>().unwrap();
        assert_eq!(canonical("::ffff:10.0.0.0/104"), parse("10.0.0.0/8"));
        assert_eq!(canonical("::ffff:192.0.2.7"), parse("192.0.2.7"));
        assert_eq!(canonical("::ffff:0:0/96"), parse("0.0.0.0/0"));
        for other in ["::ffff:10.0.0.0/95", "::/0", "::1", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.7"] {
            assert_eq!(canonical(other), parse(other));
        }
    }

    #[test]
    fn lists_are_lenient_about_spaces_alone() {
        assert_eq!(parse_networks("").unwrap(), []);
        assert_eq!(parse_networks(" 10.0.0.0/8 ,, ::1,").unwrap().len(), 2);
        for entry in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "x",
            "010.0.0.1",
        ] {
            let error = parse_networks(&format!("127.0.0.1, {entry}")).unwrap_err();
            assert!(error.starts_with(entry), "{error}");
        }
    }

    #[test]
    fn a_network_of_64_bits_is_one_household() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(household(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap());
        }
    }
}
