//! What the tests of the places share.

use std::ops::Range;

use super::Found;

/// `=value`, or the name of the variant.
pub(super) fn show(found: &Found<'_>) -> String {
    match found {
        Found::One(value) => format!("={}", String::from_utf8_lossy(value)),
        other => format!("{other:?}"),
    }
}

/// Cuts must be ascending, disjoint, joined where they touch, and inside the input.
pub(super) fn assert_cuts_fit(input: &[u8], cuts: &[Range<usize>]) {
    assert!(cuts.iter().all(|cut| cut.start < cut.end && cut.end <= input.len()), "{cuts:?}");
    assert!(cuts.windows(2).all(|pair| pair[0].end < pair[1].start), "{cuts:?}");
}
