//! Wrong admin tokens, counted for each address: so that guessing is seen in the log, and answered
//! 429 past a number a second.
//!
//! Only wrong tokens come here. A right one is let in before anything is counted, whoever else
//! guesses from the same address.

use std::fmt;
use std::net::IpAddr;

use latchkey_published::limits::GUESSERS_MAX;
use latchkey_request::network::household;

const SECOND_MS: u64 = 1_000;

/// Where wrong tokens come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guesser {
    /// An IPv4 address, or the first address of an IPv6 network of 64 bits: whoever has one of its
    /// addresses has them all.
    At(IpAddr),
    /// All that no room was left for, and those that the platform gave no address of.
    Others,
}

impl Guesser {
    /// Whom a request from an address is counted for.
    pub fn of(address: Option<IpAddr>) -> Self {
        address.map_or(Guesser::Others, |address| Guesser::At(household(address)))
    }
}

impl fmt::Display for Guesser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guesser::At(IpAddr::V4(address)) => address.fmt(f),
            Guesser::At(IpAddr::V6(network)) => write!(f, "{network}/64"),
            Guesser::Others => f.write_str("other addresses"),
        }
    }
}

/// What is to be logged of one guesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who.
    pub guesser: Guesser,
    /// Wrong tokens since the last report of this one.
    pub wrong: u32,
    /// How many of them were answered 429.
    pub refused: u32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { guesser, wrong, refused } = self;
        write!(f, "wrong admin tokens from {guesser}: {wrong}, of which {refused} were answered 429")
    }
}

/// Counts of the last second.
#[derive(Debug)]
pub(super) struct Guesses {
    per_second: u32,
    counts: Vec<Count>,
    others: Count,
}

#[derive(Debug)]
struct Count {
    guesser: Guesser,
    /// When the second began that `guesses` counts.
    since_ms: u64,
    guesses: u32,
    reported_ms: Option<u64>,
    wrong: u32,
    refused: u32,
}

impl Count {
    fn new(guesser: Guesser, now_ms: u64) -> Self {
        Count { guesser, since_ms: now_ms, guesses: 0, reported_ms: None, wrong: 0, refused: 0 }
    }

    fn is_over(&self, now_ms: u64) -> bool {
        has_passed(self.since_ms, now_ms)
    }

    /// At most one a second, so that the log grows no faster than time passes.
    fn report(&mut self, now_ms: u64) -> Option<Report> {
        let is_due = self.wrong > 0 && self.reported_ms.is_none_or(|last| has_passed(last, now_ms));
        is_due.then(|| {
            self.reported_ms = Some(now_ms);
            let (wrong, refused) = (std::mem::take(&mut self.wrong), std::mem::take(&mut self.refused));
            Report { guesser: self.guesser, wrong, refused }
        })
    }
}

/// Whether a second has passed; a clock that was set back ends it too.
fn has_passed(since_ms: u64, now_ms: u64) -> bool {
    now_ms.wrapping_sub(since_ms) >= SECOND_MS
}

impl Guesses {
    /// `per_second`: how many of one guesser are answered 401; 0: all.
    pub(super) fn new(per_second: u32) -> Self {
        Guesses { per_second, counts: Vec::new(), others: Count::new(Guesser::Others, 0) }
    }

    /// Counts a wrong token; whether it is one too many of its guesser. The second begins with the
    /// first of them.
    pub(super) fn count(&mut self, address: Option<IpAddr>, now_ms: u64) -> bool {
        let per_second = self.per_second;
        let count = self.place(Guesser::of(address), now_ms);
        if count.is_over(now_ms) {
            (count.since_ms, count.guesses) = (now_ms, 0);
        }
        count.guesses = count.guesses.saturating_add(1);
        let is_too_many = per_second != 0 && count.guesses > per_second;
        count.wrong = count.wrong.saturating_add(1);
        count.refused = count.refused.saturating_add(u32::from(is_too_many));
        is_too_many
    }

    /// What is due for the log.
    pub(super) fn reports(&mut self, now_ms: u64) -> Vec<Report> {
        let counts = self.counts.iter_mut().chain([&mut self.others]);
        counts.filter_map(|count| count.report(now_ms)).collect()
    }

    /// Whoever guesses from more addresses than there is room for is one guesser with the rest.
    fn place(&mut self, guesser: Guesser, now_ms: u64) -> &mut Count {
        let known = self.counts.iter().position(|count| count.guesser == guesser);
        let spent = || self.counts.iter().position(|count| count.wrong == 0 && count.is_over(now_ms));
        match known {
            Some(at) => &mut self.counts[at],
            None if guesser == Guesser::Others => &mut self.others,
            None if self.counts.len() < GUESSERS_MAX => {
                self.counts.push(Count::new(guesser, now_ms));
                let last = self.counts.len() - 1;
                &mut self.counts[last]
            }
            None => match spent() {
                Some(at) => {
                    self.counts[at] = Count::new(guesser, now_ms);
                    &mut self.counts[at]
                }
                None => &mut self.others,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// One guess a row: when, from where, whether it is one too many.
    fn check(per_second: u32, rows: &[(u64, &str, bool)]) {
        let mut guesses = Guesses::new(per_second);
        for (now_ms, address, is_too_many) in rows {
            assert_eq!(guesses.count(ip(address), *now_ms), *is_too_many, "{now_ms} {address}: {rows:?}");
        }
    }

    #[test]
    fn past_the_bound_of_a_second_it_is_too_many() {
        let mut guesses = Guesses::new(10);
        let late: Vec<bool> = (0..30).map(|ms| guesses.count(ip("192.0.2.7"), ms)).collect();
        assert_eq!(late.iter().filter(|is_too_many| !**is_too_many).count(), 10);
        assert!(late[10..].iter().all(|is_too_many| *is_too_many));
        // Another address has a bound of its own, and the first one gets the next second.
        assert!(!guesses.count(ip("192.0.2.8"), 30));
        assert!(guesses.count(ip("192.0.2.7"), 999));
        assert!(!guesses.count(ip("192.0.2.7"), 1_000));
    }

    #[test]
    fn the_second_begins_with_the_first_guess() {
        let from = "192.0.2.7";
        check(2, &[(5_500, from, false), (5_900, from, false), (6_400, from, true), (6_500, from, false)]);
        // Guesses that are refused do not draw it out.
        check(1, &[(0, from, false), (600, from, true), (999, from, true), (1_000, from, false)]);
        // Nor does a clock that is set back.
        check(1, &[(9_000, from, false), (9_001, from, true), (3_000, from, false)]);
        check(0, &[(0, from, false), (0, from, false), (0, from, false)]);
    }

    #[test]
    fn an_ipv6_network_is_one_guesser() {
        check(
            1,
            &[
                (0, "2001:db8:1:2::1", false),
                (1, "2001:db8:1:2:ffff::9", true),
                (2, "2001:db8:1:3::1", false),
            ],
        );
        check(1, &[(0, "192.0.2.7", false), (1, "::ffff:192.0.2.7", true), (2, "::ffff:192.0.2.8", false)]);
        let named = |text| Guesser::of(ip(text)).to_string();
        assert_eq!(named("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(named("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn a_guesser_is_reported_at_once_and_then_once_a_second() {
        let mut guesses = Guesses::new(2);
        guesses.count(ip("192.0.2.7"), 100);
        let first = Report { guesser: Guesser::of(ip("192.0.2.7")), wrong: 1, refused: 0 };
        assert_eq!(guesses.reports(100), [first]);
        for ms in 101..200 {
            guesses.count(ip("192.0.2.7"), ms);
            assert_eq!(guesses.reports(ms), []);
        }
        guesses.count(ip("192.0.2.8"), 200);
        let other = Report { guesser: Guesser::of(ip("192.0.2.8")), wrong: 1, refused: 0 };
        assert_eq!(guesses.reports(200), [other]);
        let rest = Report { wrong: 99, refused: 98, ..first };
        assert_eq!(guesses.reports(1_100), [rest]);
        assert_eq!(rest.to_string(), "wrong admin tokens from 192.0.2.7: 99, of which 98 were answered 429");
        assert_eq!(guesses.reports(9_000), []);
    }

    #[test]
    fn memory_has_a_bound_and_the_bound_a_sum() {
        let mut guesses = Guesses::new(1);
        let address = |number: usize| Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()));
        for number in 0..GUESSERS_MAX {
            assert!(!guesses.count(address(number), 0));
        }
        // The one after has the first guess of all the rest, and there is no second.
        assert!(!guesses.count(address(GUESSERS_MAX), 0));
        assert!(guesses.count(address(GUESSERS_MAX + 1), 0));
        assert!(guesses.count(None, 0));
        assert_eq!(guesses.counts.len(), GUESSERS_MAX);
        let reports = guesses.reports(0);
        let others = Report { guesser: Guesser::Others, wrong: 3, refused: 2 };
        assert_eq!((reports.len(), reports.last()), (GUESSERS_MAX + 1, Some(&others)));
        // Who has been silent for a second makes room.
        assert!(!guesses.count(address(GUESSERS_MAX + 1), 1_000));
        assert!(guesses.count(address(GUESSERS_MAX + 1), 1_001));
        assert_eq!(guesses.counts.len(), GUESSERS_MAX);
    }
}
