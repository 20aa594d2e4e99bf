//! Which addresses an upstream may have.
//!
//! Whoever may save a service would otherwise reach, through the gateway, what only the machine
//! that it runs on may reach: metadata services, which hand out its credentials, above all. Names
//! say nothing, since their owner has them resolve to anything, at any time: adapters judge the
//! very address that they then connect to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use latchkey_request::network::Network;

/// Services of clouds for the machine that asks, outside of the link-local networks.
const METADATA: [IpAddr; 3] = [
    // Alibaba Cloud: instance metadata.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Azure: the host's agent, "WireServer".
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle Cloud, first generation: instance metadata.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// Networks of private IPv6 addresses that clouds have such services in, by their first 32 bits.
const METADATA_V6: [u32; 4] = [
    // Amazon: fd00:ec2::254 (instance metadata), ::23 (credentials of pods), ::253 (DNS).
    0xfd00_0ec2,
    // Google: fd20:ce::254.
    0xfd20_00ce,
    // Oracle: fd00:c1::a9fe:a9fe.
    0xfd00_00c1,
    // Scaleway: fd00:42::42.
    0xfd00_0042,
];

/// What upstreams may be.
#[derive(Clone, Debug, Default)]
pub struct UpstreamAddresses {
    allowed: Vec<Network>,
    loopback_is_refused: bool,
}

/// Why an upstream may not be at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `0.0.0.0/8`, `::`: some systems take it for themselves.
    Unspecified,
    /// `127.0.0.0/8`, `::1`, on a platform that has services of its own there.
    Loopback,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// A cloud's service for the machine that asks.
    Metadata,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Unspecified => "it names no host",
            Refused::Loopback => "it is the machine's own",
            Refused::LinkLocal => "it is link-local",
            Refused::Metadata => "it is a metadata service's",
            Refused::Multicast => "it is a multicast address",
            Refused::Broadcast => "it is the broadcast address",
        })
    }
}

impl UpstreamAddresses {
    /// All addresses but those that are refused, and of these the ones in `allowed`.
    pub fn new(allowed: Vec<Network>) -> Self {
        UpstreamAddresses { allowed, loopback_is_refused: false }
    }

    /// The same where the machine's own addresses are the platform's.
    #[must_use]
    pub fn without_loopback(self) -> Self {
        UpstreamAddresses { loopback_is_refused: true, ..self }
    }

    /// Whether an upstream may be at an address. An IPv6 address that carries an IPv4 address is
    /// judged as both.
    pub fn judge(&self, address: IpAddr) -> Result<(), Refused> {
        let carried = carried(address);
        let refused = carried
            .iter()
            .flatten()
            .find_map(|carried| self.refused((*carried).into()))
            .or_else(|| self.refused(address));
        let Some(refused) = refused else { return Ok(()) };
        let forms = carried.into_iter().flatten().map(IpAddr::V4).chain([address]);
        let is_allowed = forms.into_iter().any(|form| self.allowed.iter().any(|net| net.contains(form)));
        if is_allowed { Ok(()) } else { Err(refused) }
    }

    /// The same of a host where what names resolve to cannot be seen: names pass.
    pub fn judge_literal(&self, host: &str) -> Result<(), Refused> {
        literal(host).map_or(Ok(()), |address| self.judge(address))
    }

    fn refused(&self, address: IpAddr) -> Option<Refused> {
        let of_kind = match address {
            IpAddr::V4(address) if address.octets()[0] == 0 => Refused::Unspecified,
            IpAddr::V4(address) if address.is_link_local() => Refused::LinkLocal,
            IpAddr::V4(Ipv4Addr::BROADCAST) => Refused::Broadcast,
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Refused::Unspecified,
            IpAddr::V6(address) if address.is_unicast_link_local() => Refused::LinkLocal,
            IpAddr::V6(address) if METADATA_V6.contains(&((address.to_bits() >> 96) as u32)) => {
                Refused::Metadata
            }
            address if METADATA.contains(&address) => Refused::Metadata,
            address if address.is_multicast() => Refused::Multicast,
            address if address.is_loopback() && self.loopback_is_refused => Refused::Loopback,
            _ => return None,
        };
        Some(of_kind)
    }
}

/// The IPv4 addresses that an address leads to, by any of the ways from one protocol to the other.
fn carried(address: IpAddr) -> [Option<Ipv4Addr>; 4] {
    let IpAddr::V6(address) = address else { return [None; 4] };
    let bits = address.to_bits();
    // The 32 bits that end `left` bits before the end.
    let at = |left: u32| Some(Ipv4Addr::from_bits((bits >> left) as u32));
    let one = |carried| [carried, None, None, None];
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => [None; 4],
        // Compatible (RFC 4291 §2.5.5.1), mapped (§2.5.5.2), translated (RFC 2765 §2.1).
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => one(at(0)),
        // NAT64 (RFC 6052 §2.1).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => one(at(0)),
        [0x64, 0xff9b, 1, ..] => local_nat64(bits),
        // 6to4 (RFC 3056 §2).
        [0x2002, ..] => one(at(80)),
        // Teredo (RFC 4380 §4): the server's, and the client's turned over.
        [0x2001, 0, ..] => [at(64), at(0).map(|client| Ipv4Addr::from_bits(!client.to_bits())), None, None],
        // ISATAP (RFC 5214 §6.1), under any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => one(at(0)),
        _ => [None; 4],
    }
}

/// NAT64 with the prefix for local use, `64:ff9b:1::/48` (RFC 8215): the network's administrator
/// chooses how long it is in the end, and so where the IPv4 address is (RFC 6052 §2.2). What would
/// be in `0.0.0.0/8` is no address but the zeros of another place.
fn local_nat64(bits: u128) -> [Option<Ipv4Addr>; 4] {
    // Bits 64 to 71 are left out of an address that reaches over them.
    let around = (((bits >> 64) & 0xffff) << 16) | ((bits >> 40) & 0xffff);
    let across_56 = (((bits >> 64) & 0xff) << 24) | ((bits >> 32) & 0xff_ffff);
    [around, across_56, bits >> 24, bits].map(|bits| {
        let carried = Ipv4Addr::from_bits(bits as u32);
        (carried.octets()[0] != 0).then_some(carried)
    })
}

/// The address that a host is by itself, in any of the spellings that parsers of URLs take for one
/// (<https://url.spec.whatwg.org/#concept-ipv4-parser>): decimal, octal and hexadecimal, of one to
/// four parts, the last of which fills what is left. `None`: a name.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    // A zone says through which of the machine's interfaces to go, and nothing of where.
    let without_zone = bare.split_once('%').map_or(bare, |(address, _)| address);
    if let Ok(address) = without_zone.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let left_bits = 32u32.checked_sub(8 * u32::try_from(first.len()).ok()?)?;
    if left_bits == 0 || first.iter().any(|part| *part > 255) || *last >> left_bits != 0 {
        return None;
    }
    let first = first.iter().zip([24, 16, 8]).map(|(part, place)| part << place).sum::<u64>();
    u32::try_from(first | last).ok().map(|bits| Ipv4Addr::from_bits(bits).into())
}

/// A number as `inet_aton` reads it; `0x` alone is zero.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [] => return None,
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use latchkey_request::network::parse_networks;

    fn judge(address: &str) -> Result<(), Refused> {
        UpstreamAddresses::default().judge(address.parse().unwrap())
    }

    #[test]
    fn what_only_the_machine_may_reach_is_refused() {
        for (address, refused) in [
            ("169.254.169.254", Refused::LinkLocal),
            ("169.254.170.2", Refused::LinkLocal),
            ("169.254.0.0", Refused::LinkLocal),
            ("169.254.255.255", Refused::LinkLocal),
            ("fe80::1", Refused::LinkLocal),
            ("febf:ffff::a9fe:a9fe", Refused::LinkLocal),
            ("fd00:ec2::254", Refused::Metadata),
            ("fd00:ec2::23", Refused::Metadata),
            ("fd20:ce::254", Refused::Metadata),
            ("fd00:c1::a9fe:a9fe", Refused::Metadata),
            ("fd00:42::42", Refused::Metadata),
            ("100.100.100.200", Refused::Metadata),
            ("168.63.129.16", Refused::Metadata),
            ("192.0.0.192", Refused::Metadata),
            ("0.0.0.0", Refused::Unspecified),
            ("0.1.2.3", Refused::Unspecified),
            ("::", Refused::Unspecified),
            ("224.0.0.1", Refused::Multicast),
            ("239.255.255.255", Refused::Multicast),
            ("ff02::1", Refused::Multicast),
            ("255.255.255.255", Refused::Broadcast),
        ] {
            assert_eq!(judge(address), Err(refused), "{address}");
        }
    }

    #[test]
    fn upstreams_may_be_anywhere_else() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "::1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.169.254",
            "100.64.0.1",
            "100.100.100.199",
            "169.253.255.255",
            "169.255.0.0",
            "192.0.2.1",
            "198.18.0.1",
            "93.184.215.14",
            "168.63.129.17",
            "fd00::254",
            "fd00:ec3::254",
            "fc00::1",
            "fec0::1",
            "2001:db8::a9fe:a9fe",
            "2001:4860:4860::8888",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::192.0.2.1",
            "2002:c000:201::1",
            "::ffff:192.0.2.1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(judge(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_address_is_refused_in_every_form_that_carries_it() {
        for (address, refused) in [
            ("::ffff:169.254.169.254", Refused::LinkLocal),
            ("::ffff:0.0.0.0", Refused::Unspecified),
            ("::ffff:0:169.254.169.254", Refused::LinkLocal),
            ("::169.254.169.254", Refused::LinkLocal),
            ("64:ff9b::169.254.169.254", Refused::LinkLocal),
            ("64:ff9b::100.100.100.200", Refused::Metadata),
            ("64:ff9b:1::a9fe:a9fe", Refused::LinkLocal),
            ("64:ff9b:1:1:2:3:a9fe:a9fe", Refused::LinkLocal),
            ("64:ff9b:1:a9fe:a9:fe00::", Refused::LinkLocal),
            ("64:ff9b:1:a9:fe:a9fe::", Refused::LinkLocal),
            ("64:ff9b:1:0:a9:fea9:fe00:0", Refused::LinkLocal),
            ("2002:a9fe:a9fe::1", Refused::LinkLocal),
            ("2001:0:a9fe:a9fe::1", Refused::LinkLocal),
            ("2001:0:c000:201::5601:5601", Refused::LinkLocal),
            ("2001:db8::5efe:a9fe:a9fe", Refused::LinkLocal),
            ("2001:db8::200:5efe:a9fe:a9fe", Refused::LinkLocal),
        ] {
            assert_eq!(judge(address), Err(refused), "{address}");
        }
    }

    #[test]
    fn loopback_is_refused_where_it_is_the_platforms() {
        let platform = UpstreamAddresses::default().without_loopback();
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"]
        {
            assert_eq!(platform.judge(address.parse().unwrap()), Err(Refused::Loopback), "{address}");
        }
        assert_eq!(platform.judge("10.0.0.1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn what_is_allowed_passes_in_each_of_its_forms() {
        let allowed = parse_networks("169.254.170.0/24, fe80::1, 127.0.0.1").unwrap();
        let addresses = UpstreamAddresses::new(allowed).without_loopback();
        for address in ["169.254.170.2", "::ffff:169.254.170.2", "fe80::1", "127.0.0.1", "::ffff:127.0.0.1"] {
            assert_eq!(addresses.judge(address.parse().unwrap()), Ok(()), "{address}");
        }
        for address in ["169.254.169.254", "fe80::2", "127.0.0.2", "::1", "100.100.100.200"] {
            assert!(addresses.judge(address.parse().unwrap()).is_err(), "{address}");
        }
    }

    #[test]
    fn a_literal_is_known_in_every_spelling() {
        for spelling in [
            "169.254.169.254",
            "169.254.169.254.",
            "2852039166",
            "0xa9fea9fe",
            "0XA9FEA9FE",
            "025177524776",
            "169.254.43518",
            "169.16689662",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "0251.254.0xa9fe",
            "0000251.254.169.254",
            "[::ffff:169.254.169.254]",
            "::ffff:a9fe:a9fe",
        ] {
            assert!(literal(spelling).is_some(), "{spelling}");
            let judged = UpstreamAddresses::default().judge_literal(spelling);
            assert_eq!(judged, Err(Refused::LinkLocal), "{spelling}");
        }
        let is =
            |spelling: &str, address: &str| assert_eq!(literal(spelling), address.parse().ok(), "{spelling}");
        is("0", "0.0.0.0");
        is("0x", "0.0.0.0");
        is("127.1", "127.0.0.1");
        is("0x7f.1", "127.0.0.1");
        is("[fe80::1%eth0]", "fe80::1");
        is("10.0.0.1", "10.0.0.1");
    }

    #[test]
    fn names_are_no_literals() {
        for name in [
            "",
            ".",
            "a",
            "example.com",
            "localhost",
            "1.2.3.4.5",
            "1..2",
            "256.1.1.1",
            "1.2.3.256",
            "1.16777216",
            "4294967296",
            "08",
            "0xg",
            "169.254.169.254.nip.io",
            "a.1x",
            "+1",
            "0x+1",
            "-1",
            "1.2.3.4..",
            "fe80::zz",
        ] {
            assert_eq!(literal(name), None, "{name}");
            assert_eq!(UpstreamAddresses::default().judge_literal(name), Ok(()), "{name}");
        }
    }

    proptest! {
        /// Whatever is spelled as parsers of URLs read it is judged as the address.
        #[test]
        fn spellings_of_one_address_are_one(address: u32, spelled in prop::array::uniform4(0..3u8), parts in 1..5usize) {
            let spell = |number: u32, spelled: u8| match spelled {
                0 => format!("{number}"),
                1 => format!("0{number:o}"),
                _ => format!("0x{number:x}"),
            };
            let mut texts = Vec::new();
            for (place, how) in (0..parts - 1).zip(spelled) {
                texts.push(spell(address >> (24 - 8 * place) & 255, how));
            }
            let left = 32 - 8 * (parts as u32 - 1);
            texts.push(spell((u64::from(address) & ((1u64 << left) - 1)) as u32, spelled[parts - 1]));
            prop_assert_eq!(literal(&texts.join(".")), Some(Ipv4Addr::from_bits(address).into()));
        }
    }
}
