//! Takes the key out of a request that goes on: out of the header, the query and the body.

use std::ops::Range;
use std::sync::Arc;

use http::header::HeaderName;

use crate::field_name;

/// Header fields that carry a key; empty when keys are not hidden.
#[derive(Clone, Debug, Default)]
pub struct StripNames(pub Option<Arc<[HeaderName]>>);

impl StripNames {
    /// The names, lower case.
    pub fn as_slice(&self) -> &[HeaderName] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether a field carries a key, in whatever spelling.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.as_slice().iter().any(|hidden| field_name::is_same(hidden.as_str(), name.as_str()))
    }
}

/// Appends `input` without the `cuts` (ascending, disjoint).
pub fn append_without(input: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let mut from = 0;
    for cut in cuts {
        out.extend_from_slice(input.get(from..cut.start).unwrap_or_default());
        from = from.max(cut.end);
    }
    out.extend_from_slice(input.get(from..).unwrap_or_default());
}
