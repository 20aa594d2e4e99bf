//! Declarations: decK's and Kong's declarative form (kong.yaml, or the same as JSON), read.
//!
//! Nothing here knows a file, a terminal or a gateway.

mod emit;
mod environment;
mod flatten;
mod guards;
mod keys;
#[cfg(test)]
mod keys_tests;
mod members;
mod node;
mod parts;
mod strip;
#[cfg(test)]
mod tests;

pub(crate) use emit::yaml;
pub(crate) use flatten::{Declaration, Fault, OURS, PLUGIN_CONFIGS, TAG_KEYS};
pub(crate) use keys::{Refusal, digest_key, digest_keys};
pub(crate) use parts::{body, split};
pub(crate) use strip::{Stripped, strip};

/// Reads a declaration. With `skip_unknown` kinds and plugins that are not here are left out.
/// `variable`: what the environment sets. The error is not empty.
pub(crate) fn read(
    text: &str,
    skip_unknown: bool,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Declaration, Vec<Fault>> {
    let text = environment::put_in(text, variable).map_err(|(line, why)| vec![Fault::new(line, why)])?;
    let root = node::read(&text).map_err(|node::Unreadable { line, why }| vec![Fault::new(line, why)])?;
    flatten::flatten(&root, skip_unknown)
}
