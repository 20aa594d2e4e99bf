//! The compiled form of a route: `compile` builds it, `find` and `candidates` read it.

use std::sync::Arc;

use super::host::HostPattern;
use super::regex::Regex;
use super::spec::RouteSpec;

/// A route with its conditions ready to be compared.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) spec: RouteSpec,
    pub(super) headers: Box<[HeaderCondition]>,
    /// In lower case, without last dot.
    pub(super) snis: Box<[String]>,
    pub(super) hosts: Box<[HostPattern]>,
}

/// One header condition: any of the values.
#[derive(Debug)]
pub(super) struct HeaderCondition {
    /// In lower case.
    pub(super) name: String,
    pub(super) values: Box<[String]>,
    pub(super) patterns: Box<[Arc<Regex>]>,
}

/// A route with one of its paths.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) route: u32,
    pub(super) path: EntryPath,
    /// Whether host and path are its only conditions.
    pub(super) unconditional: bool,
}

#[derive(Debug)]
pub(super) enum EntryPath {
    None,
    Plain { bytes: u32 },
    Regex(Arc<Regex>),
}
