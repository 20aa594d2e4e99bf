//! Forms and query strings, against the `percent-encoding` crate.

#![no_main]

use std::borrow::Cow;

use latchkey_fuzz::{NAMES, kept};
use latchkey_gateway::places::{Found, Names, form};
use libfuzzer_sys::fuzz_target;

type Pair = (Vec<u8>, Option<Vec<u8>>);

fuzz_target!(|input: &[u8]| {
    let pairs = decoded_pairs(input);
    let mut scanned = form::scan(input, &Names::new(&NAMES));
    for (place, name) in NAMES.iter().enumerate() {
        let of_name: Vec<_> = pairs.iter().filter(|(it, _)| it == name.as_bytes()).collect();
        let expected = match of_name.as_slice() {
            [] => Found::Nothing,
            [(_, None)] => Found::Flag,
            [(_, Some(value))] => Found::One(Cow::Borrowed(value)),
            _ => Found::Many,
        };
        assert_eq!(scanned.take(place), expected);
    }

    let kept = kept(input, &scanned.into_cuts().into_vec());
    let (cut, expected): (Vec<Pair>, Vec<Pair>) =
        pairs.into_iter().partition(|(it, _)| NAMES.iter().any(|name| it == name.as_bytes()));
    assert_eq!(decoded_pairs(&kept), expected);
    assert_eq!(ampersands(&kept), ampersands(input).saturating_sub(cut.len()));
});

fn decoded_pairs(input: &[u8]) -> Vec<Pair> {
    input.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(decoded_pair).collect()
}

/// A byte order mark before a name is no part of it.
fn decoded_pair(piece: &[u8]) -> Pair {
    let piece = piece.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(piece);
    let mut halves = piece.splitn(2, |byte| *byte == b'=').map(|half| {
        let spaced: Vec<u8> = half.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).collect::<Vec<u8>>()
    });
    (halves.next().unwrap_or_default(), halves.next())
}

fn ampersands(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'&').count()
}
