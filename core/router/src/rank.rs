use std::cmp::{Ordering, Reverse};

use uuid::Uuid;

use super::RouteSpec;

/// What of two routes that match decides, the first that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// More kinds of condition.
    Conditions,
    /// Hosts without a wildcard alone.
    PlainHosts,
    /// More header fields.
    Headers,
    /// A regular expression, and the other has none.
    Regex,
    /// A regular expression of higher priority.
    Priority,
    /// A longer path, or one at all.
    PathLength,
    /// It is older; of the same age, it has the lower id.
    Age,
}

/// Where an entry stands among all: the least matches first.
///
/// An entry is a route with one of its paths, or without path when it names none.
/// Fields in order of weight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Kinds of condition used.
    kinds: Reverse<usize>,
    /// Whether every host is without wildcard, and there is one.
    plain_hosts: Reverse<bool>,
    headers: Reverse<usize>,
    path: PathRank,
    /// Older first.
    created_at: i64,
    /// Settles what Kong leaves open: two routes alike in all of the above.
    id: Uuid,
    /// Among the regexes of one route, the order they are written in.
    path_index: usize,
}

/// A regex before a plain path before none; regexes by priority, plain paths by length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathRank {
    Regex { priority: i64 },
    Plain { bytes: usize },
    None,
}

impl Rank {
    pub(super) fn new(route: &RouteSpec, path: PathRank, path_index: usize) -> Self {
        let headers = route.headers().count();
        let kinds = [
            !route.methods().is_empty(),
            !route.hosts().is_empty(),
            headers > 0,
            !route.paths().is_empty(),
            !route.snis().is_empty(),
        ];
        let plain_hosts = !route.hosts().is_empty() && !route.hosts().iter().any(|host| host.contains('*'));
        Rank {
            kinds: Reverse(kinds.into_iter().filter(|used| *used).count()),
            plain_hosts: Reverse(plain_hosts),
            headers: Reverse(headers),
            path,
            created_at: route.created_at,
            id: route.id,
            path_index,
        }
    }

    /// What this one, which is the lesser, goes before `other` by.
    pub(super) fn goes_first_by(&self, other: &Rank) -> Precedence {
        let is_regex = |rank: &Rank| matches!(rank.path, PathRank::Regex { .. });
        if self.kinds != other.kinds {
            Precedence::Conditions
        } else if self.plain_hosts != other.plain_hosts {
            Precedence::PlainHosts
        } else if self.headers != other.headers {
            Precedence::Headers
        } else if self.path == other.path {
            Precedence::Age
        } else if is_regex(self) != is_regex(other) {
            Precedence::Regex
        } else if is_regex(self) {
            Precedence::Priority
        } else {
            Precedence::PathLength
        }
    }

    /// Whether the route has a condition at all.
    pub(super) fn has_condition(&self) -> bool {
        self.kinds.0 > 0
    }
}

impl PathRank {
    fn key(&self) -> (u8, Reverse<i64>, Reverse<usize>) {
        match self {
            PathRank::Regex { priority } => (0, Reverse(*priority), Reverse(0)),
            PathRank::Plain { bytes } => (1, Reverse(0), Reverse(*bytes)),
            PathRank::None => (2, Reverse(0), Reverse(0)),
        }
    }
}

impl Ord for PathRank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for PathRank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
