//! The routes that share a path, and which of them a request fits first.

use std::collections::HashMap;

use super::byte_hash::{ByteMap, hash_ignoring_case};
use super::entry::{Entry, HeaderCondition, Route};
use super::prefix_tree::Position;
use latchkey_request::Headers;

/// Lists up to this long are not worth an index.
const SCANNED_MAX: usize = 8;

/// Entries with the same host and path prefix, ready to be tried in matching order.
///
/// When they are many, those with a header condition are found by that header's value.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Tried for every request; ascending.
    scanned: Box<[Position]>,
    by_header: Box<[HeaderIndex]>,
}

/// Entries by the value of one header; each list ascending.
#[derive(Debug)]
struct HeaderIndex {
    name: String,
    /// By the value's hash without case. Another value with the same hash costs a comparison, no more.
    positions: ByteMap<u64, Vec<Position>>,
}

impl Candidates {
    /// `positions`: ascending.
    pub(super) fn new(positions: Vec<Position>, entries: &[Entry], routes: &[Route]) -> Self {
        if positions.len() <= SCANNED_MAX {
            return Candidates { scanned: positions.into(), by_header: Box::default() };
        }
        let headers = |position: Position| {
            let route = &routes[entries[position as usize].route as usize];
            route.headers.iter().filter(|condition| condition.patterns.is_empty())
        };
        let mut shared_by: HashMap<(&str, u64), usize> = HashMap::new();
        for condition in positions.iter().flat_map(|position| headers(*position)) {
            for hash in hashes(condition) {
                *shared_by.entry((&condition.name, hash)).or_default() += 1;
            }
        }
        let most_shared = |condition: &&HeaderCondition| {
            hashes(condition).map(|hash| shared_by[&(&*condition.name, hash)]).max()
        };

        let mut scanned = Vec::new();
        let mut by_header: Vec<HeaderIndex> = Vec::new();
        for &position in &positions {
            let Some(condition) = headers(position).min_by_key(most_shared) else {
                scanned.push(position);
                continue;
            };
            let index =
                by_header.iter().position(|index| index.name == condition.name).unwrap_or_else(|| {
                    by_header
                        .push(HeaderIndex { name: condition.name.clone(), positions: ByteMap::default() });
                    by_header.len() - 1
                });
            for hash in hashes(condition) {
                let same_value = by_header[index].positions.entry(hash).or_default();
                if same_value.last() != Some(&position) {
                    same_value.push(position);
                }
            }
        }
        Candidates { scanned: scanned.into(), by_header: by_header.into() }
    }

    /// The least position before `before` that `matches`, or else `before`.
    /// `matches` is asked only about entries that might.
    pub(super) fn first_match<H: Headers>(
        &self,
        headers: &H,
        before: Position,
        mut matches: impl FnMut(Position) -> bool,
    ) -> Position {
        let mut best = first(&self.scanned, before, &mut matches);
        for index in &self.by_header {
            for value in headers.values(&index.name) {
                if let Some(positions) = index.positions.get(&hash_ignoring_case(value)) {
                    best = first(positions, best, &mut matches);
                }
            }
        }
        best
    }
}

fn hashes(condition: &HeaderCondition) -> impl Iterator<Item = u64> {
    condition.values.iter().map(|value| hash_ignoring_case(value.as_bytes()))
}

fn first(positions: &[Position], before: Position, mut matches: impl FnMut(Position) -> bool) -> Position {
    let earlier = positions.iter().copied().take_while(|position| *position < before);
    earlier.into_iter().find(|position| matches(*position)).unwrap_or(before)
}
