//! What is held for clients, in bytes: a budget for the process, with a share for every kind of
//! thing and for every peer, so that a flood of one leaves the others served.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// What bytes are held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Heads of requests at the gateway.
    Head,
    /// Bodies of proxied requests, held because they are searched for a key.
    SearchedBody,
    /// Heads of requests at the control door.
    ControlHead,
    /// Bodies of requests at the control door.
    ControlBody,
}

const KINDS: usize = 4;

/// The budget of the process, shared by all threads. Only what is longer than nearly all heads and
/// bodies are asks here, so that the lock is not on the way of ordinary requests.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: [usize; KINDS],
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bytes: [usize; KINDS],
    by_peer: HashMap<IpAddr, [usize; KINDS]>,
}

impl Budget {
    /// A budget of so many bytes: half for searched bodies, a quarter for the gateway's heads, and an
    /// eighth each for heads and bodies at the control door.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        let eighth = bytes_max / 8;
        let of_kinds = [bytes_max / 4, bytes_max / 2, eighth, eighth];
        Arc::new(Budget { bytes_max: of_kinds, held: Mutex::default() })
    }

    /// Nothing held yet for `peer`.
    pub(crate) fn charge(self: &Arc<Self>, kind: Kind, peer: IpAddr) -> Charge {
        Charge { budget: Arc::clone(self), kind, peer: holder(peer), bytes: 0 }
    }

    /// One peer holds half of a kind's share at most.
    fn take(&self, kind: Kind, peer: IpAddr, bytes: usize) -> bool {
        let kind = kind as usize;
        let bytes_max = self.bytes_max[kind];
        let held = &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = held.by_peer.get(&peer).map_or(0, |bytes| bytes[kind]);
        if bytes > bytes_max - held.bytes[kind] || bytes > (bytes_max / 2).saturating_sub(of_peer) {
            return false;
        }
        held.bytes[kind] += bytes;
        held.by_peer.entry(peer).or_default()[kind] += bytes;
        true
    }

    fn give_back(&self, kind: Kind, peer: IpAddr, bytes: usize) {
        let held = &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.bytes[kind as usize] -= bytes;
        if let Some(of_peer) = held.by_peer.get_mut(&peer) {
            of_peer[kind as usize] -= bytes;
            if *of_peer == [0; KINDS] {
                held.by_peer.remove(&peer);
            }
        }
    }
}

/// Who an address stands for: with IPv6 a whole network of 64 bits, which is what one customer of a
/// provider has at least (RFC 6177).
fn holder(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

/// Bytes that are held; given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<Budget>,
    kind: Kind,
    peer: IpAddr,
    bytes: usize,
}

impl Charge {
    /// Asks for so many bytes in all; whether they may be held.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 && !self.budget.take(self.kind, self.peer, more) {
            return false;
        }
        self.bytes += more;
        true
    }

    /// This, if there is anything to give back.
    pub(crate) fn into_some(self) -> Option<Self> {
        (self.bytes > 0).then_some(self)
    }

    /// Gives everything back.
    pub(crate) fn clear(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.kind, self.peer, self.bytes);
            self.bytes = 0;
        }
    }

    /// Binds this to the bytes it was taken for: it is given back with the last copy of them.
    pub(crate) fn bind(self, bytes: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        Bytes::from_owner(Bound { bytes, _charge: self })
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.clear();
    }
}

struct Bound<B> {
    bytes: B,
    _charge: Charge,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Bound<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "192.0.2.1";
    const BOB: &str = "192.0.2.2";
    const EVE: &str = "192.0.2.3";

    fn charge(budget: &Arc<Budget>, kind: Kind, peer: &str, bytes: usize) -> Option<Charge> {
        let mut charge = budget.charge(kind, peer.parse().unwrap());
        charge.grow_to(bytes).then_some(charge)
    }

    #[test]
    fn a_peer_has_half_of_a_kind_and_a_kind_its_share() {
        let budget = Budget::new(800);
        let ann = charge(&budget, Kind::SearchedBody, ANN, 200).unwrap();
        assert!(charge(&budget, Kind::SearchedBody, ANN, 1).is_none());
        let bob = charge(&budget, Kind::SearchedBody, BOB, 200).unwrap();
        assert!(charge(&budget, Kind::SearchedBody, EVE, 1).is_none());
        // Other kinds have their own, of the same peers too.
        let head = charge(&budget, Kind::Head, ANN, 100).unwrap();
        let control = charge(&budget, Kind::ControlBody, EVE, 50).unwrap();
        assert!(charge(&budget, Kind::ControlBody, EVE, 1).is_none());
        assert!(charge(&budget, Kind::ControlHead, EVE, 50).is_some());
        drop(ann);
        assert!(charge(&budget, Kind::SearchedBody, EVE, 200).is_some());
        drop((bob, head, control));
        let held = budget.held.lock().unwrap();
        assert_eq!((held.bytes, held.by_peer.len()), ([0; KINDS], 0));
    }

    #[test]
    fn what_is_asked_for_in_vain_is_not_held() {
        let budget = Budget::new(800);
        let mut charge = budget.charge(Kind::Head, ANN.parse().unwrap());
        assert!(charge.grow_to(60) && !charge.grow_to(101) && charge.grow_to(100) && charge.grow_to(10));
        charge.clear();
        assert!(charge.grow_to(100));
    }

    #[test]
    fn a_charge_lives_as_long_as_its_bytes() {
        let budget = Budget::new(800);
        let bytes = charge(&budget, Kind::SearchedBody, ANN, 200).unwrap().bind(vec![b'x'; 200]);
        let part = bytes.slice(..1);
        drop(bytes);
        assert!(charge(&budget, Kind::SearchedBody, ANN, 1).is_none());
        drop(part);
        assert!(charge(&budget, Kind::SearchedBody, ANN, 1).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        assert_eq!(
            holder("2001:db8:1:2:3:4:5:6".parse().unwrap()),
            "2001:db8:1:2::".parse::<IpAddr>().unwrap()
        );
    }
}
