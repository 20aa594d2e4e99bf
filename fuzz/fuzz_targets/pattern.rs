//! Any pattern is compiled or refused, and every match of it begins as is said of it: what a path does not
//! begin with is never compared with the pattern.

#![no_main]

use arbitrary::Arbitrary;
use latchkey_router::regex::{Place, Regex};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    pattern: String,
    haystacks: Vec<Vec<u8>>,
}

fuzz_target!(|input: Input| {
    let Input { pattern, haystacks } = &input;
    let Ok(regex) = Regex::new(pattern, Place::Start) else { return };
    for haystack in haystacks {
        assert!(regex.match_end(haystack).is_none() || haystack.starts_with(regex.prefix()));
    }
});
