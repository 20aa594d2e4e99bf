//! Finds the route of a request, by the rules of Kong's `traditional_compatible` router
//! with path handling `v0`.
//!
//! [`Router::compile`] sorts every route once; [`Router::find`] then looks at the few routes
//! whose host and path can match, in that order, and does not allocate.
//!
//! Where it differs from Kong:
//!
//! - Hosts and TLS server names are compared without case. A host condition with a port also holds
//!   when the request names none and the port is the scheme's own.
//! - Bytes that may not stand in a path are compared escaped where Kong compares them decoded.
//!   Plain paths match the same requests either way; a regex sees `%20`, not a space.
//! - A path regex is anchored as a whole: in `~/a|/b` Kong anchors only the first branch.
//! - Header regexes ignore case; Kong lowers the pattern, which turns `\D` into `\d`.
//! - `-` and `_` in header names are different characters.
//! - Routes alike in everything that orders them, age included, go by id.

mod byte_hash;
mod candidates;
mod check;
mod compile;
mod entry;
mod explain;
mod find;
mod host;
mod normalise;
mod own_paths;
mod pattern;
mod prefix_tree;
mod rank;
pub mod regex;
mod spec;
mod upstream_path;

pub use check::{
    bad_escape, check_field_name, check_header_name, check_header_value, check_host, check_method,
    check_path, check_patterns,
};
pub use compile::{Rejected, Router};
pub use explain::{Explanation, Miss, Other, Why};
pub use find::{Match, RouteRequest};
pub use host::is_host_name;
pub use normalise::{NormalPath, normalise_path};
pub use own_paths::{OWN_PREFIX_DEFAULT, OwnPath, OwnPaths, Proxy};
pub use rank::Precedence;
pub use spec::RouteSpec;
pub use upstream_path::upstream_path;

#[cfg(test)]
mod tests;
