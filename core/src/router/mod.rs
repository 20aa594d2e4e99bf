//! Finds the route of a request, by the rules of Kong's `traditional_compatible` router
//! with path handling `v0`.
//!
//! [`Router::compile`] sorts every route once; [`Router::find`] then looks at the few routes
//! whose host and path can match, in that order, and does not allocate.

mod byte_hash;
mod candidates;
mod check;
mod compile;
mod find;
mod host;
mod normalise;
mod pattern;
mod prefix_tree;
mod rank;
mod spec;
mod upstream_path;

pub use check::{check_header_name, check_header_value, check_host, check_method, check_path, check_sni};
pub use compile::{Rejected, Router};
pub use find::{Match, RouteRequest};
pub use normalise::{NormalPath, normalise_path};
pub use spec::RouteSpec;
pub use upstream_path::upstream_path;

#[cfg(test)]
mod tests;
