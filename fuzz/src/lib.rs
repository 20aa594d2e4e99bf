//! What the fuzz targets share.

use std::ops::Range;

use latchkey_gateway::places::apply_cuts;

/// The names that are cut out.
pub const NAMES: [&str; 2] = ["apikey", "a"];

/// Applies the cuts, which must be ascending, disjoint, joined where they touch, and inside the input.
pub fn kept(input: &[u8], cuts: &[Range<usize>]) -> Vec<u8> {
    assert!(cuts.iter().all(|cut| cut.start < cut.end && cut.end <= input.len()), "{cuts:?}");
    assert!(cuts.windows(2).all(|pair| pair[0].end < pair[1].start), "{cuts:?}");
    let kept = apply_cuts(input, cuts);
    let cut_len: usize = cuts.iter().map(ExactSizeIterator::len).sum();
    assert_eq!(kept.len() + cut_len, input.len());
    kept
}
