//! Query strings and `application/x-www-form-urlencoded` bodies.
//!
//! Pairs are split at `&` only; names and values are percent-decoded and `+` is a space;
//! a `%` that starts no escape stands for itself.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{BYTE_ORDER_MARK, Found, Names, Scanned, hex_byte};

/// What `input` holds under `names`, which are compared case-sensitively after decoding, and the ranges
/// to delete so that what is left has none of them and every other byte stays.
/// A run of pairs goes with one `&` for each: the one behind it, but before the run if that ends `input`.
///
/// A byte order mark before a name is no part of it: some servers pass over one at the start, where any
/// pair may come to stand when those before it are deleted.
pub fn scan<'a>(input: &'a [u8], names: &Names) -> Scanned<'a> {
    let mut scanned = Scanned::default();
    let mut run_start = None;
    for pair in pairs(input) {
        if let Some(place) = pair.find(names) {
            scanned.add(place, pair.value.map_or(Found::Flag, |value| Found::One(decode(value))));
            run_start.get_or_insert(pair.start);
        } else if let Some(start) = run_start.take() {
            scanned.cut(start..pair.start);
        }
    }
    if let Some(start) = run_start {
        scanned.cut(start.saturating_sub(1)..input.len());
    }
    scanned
}

/// What stands between two `&`, not decoded; it may be empty.
struct Pair<'a> {
    start: usize,
    name: &'a [u8],
    /// `None` without a `=`.
    value: Option<&'a [u8]>,
}

impl Pair<'_> {
    /// The place of its name.
    fn find(&self, names: &Names) -> Option<usize> {
        find_name(self.name.strip_prefix(BYTE_ORDER_MARK).unwrap_or(self.name), names)
    }
}

/// The place of the name that is `text` when decoded.
pub(crate) fn find_name(text: &[u8], names: &Names) -> Option<usize> {
    match text.first()? {
        b'%' | b'+' => names.find(decoded(text)),
        byte if names.may_begin_with(*byte) => names.find(decoded(text)),
        _ => None,
    }
}

/// The pairs in order. The one behind a trailing `&` is there, and empty.
fn pairs(input: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = input.get(start..)?;
        let end = memchr(b'&', rest);
        next = end.map(|end| start + end + 1);
        let piece = rest.get(..end.unwrap_or(rest.len()))?;
        let (name, value) = match memchr(b'=', piece).and_then(|equals| piece.split_at_checked(equals)) {
            Some((name, value)) => (name, value.get(1..)),
            None => (piece, None),
        };
        Some(Pair { start, name, value })
    })
}

/// A name or value, decoded.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr2(b'%', b'+', text) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(decoded(text).collect()),
    }
}

fn decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'+' => Some(b' '),
            b'%' => match hex_byte(after) {
                Some(escaped) => {
                    rest = after.get(2..).unwrap_or_default();
                    Some(escaped)
                }
                None => Some(b'%'),
            },
            _ => Some(byte),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::apply_cuts;
    use super::super::testing::{assert_cuts_fit, show};
    use super::*;

    fn find<'a>(input: &'a [u8], name: &str) -> Found<'a> {
        scan(input, &Names::new(&[name])).take(0)
    }

    fn left(input: &[u8], names: &[&str]) -> Vec<u8> {
        let cuts = scan(input, &Names::new(names)).into_cuts().into_vec();
        assert_cuts_fit(input, &cuts);
        apply_cuts(input, &cuts)
    }

    /// `found` is `=value`, or the name of the variant; `rest` is what stays after the cut.
    fn check(input: &str, found: &str, rest: &str) {
        assert_eq!(show(&find(input.as_bytes(), "apikey")), found, "found in {input}");
        assert_eq!(String::from_utf8_lossy(&left(input.as_bytes(), &["apikey"])), rest, "left of {input}");
    }

    #[test]
    fn finds_one_value() {
        check("apikey=k", "=k", "");
        check("apikey=k&a=1", "=k", "a=1");
        check("a=1&apikey=k", "=k", "a=1");
        check("c=1&b=2&apikey=k&a=3", "=k", "c=1&b=2&a=3");
        check("apikey=", "=", "");
        check("apikey==k=", "==k=", "");
        check("apikey=k?x/y", "=k?x/y", "");
    }

    #[test]
    fn finds_nothing() {
        for input in ["", "&", "&&", "a=1", "=apikey", "=", "?apikey=k", "a=apikey=k", "a;apikey=k"] {
            check(input, "Nothing", input);
        }
    }

    #[test]
    fn names_are_compared_whole_and_with_case() {
        for input in
            ["APIKEY=k", "apikeys=k", "apike=k", "apikey[]=k", "apikey[1]=k", "+apikey=k", "apikey%20=k"]
        {
            check(input, "Nothing", input);
        }
    }

    #[test]
    fn names_and_values_are_decoded() {
        check("api%6Bey=k", "=k", "");
        check("%61%70%69%6b%65%79=k", "=k", "");
        check("x=%zz&apikey=a+b%2Bc%26", "=a b+c&", "x=%zz");
        check("apikey=%", "=%", "");
        check("apikey=%4", "=%4", "");
        check("apikey=%zz%41", "=%zzA", "");
        check("apikey=%%41", "=%A", "");
        check("%apikey=k", "Nothing", "%apikey=k");
        check("api%256Bey=k", "Nothing", "api%256Bey=k");
        check("apikey%3Dk", "Nothing", "apikey%3Dk");
        check("a%26apikey=k", "Nothing", "a%26apikey=k");
    }

    #[test]
    fn a_name_without_equals_is_a_flag() {
        check("apikey", "Flag", "");
        check("a&apikey&b", "Flag", "a&b");
    }

    #[test]
    fn two_of_any_kind_are_many() {
        check("apikey=k&apikey=k", "Many", "");
        check("apikey&apikey", "Many", "");
        check("apikey&apikey=k", "Many", "");
        check("apikey=k&a=1&api%6bey=k", "Many", "a=1");
    }

    #[test]
    fn each_pair_goes_with_one_ampersand() {
        check("a=1&&apikey=k", "=k", "a=1&");
        check("&apikey=k&", "=k", "&");
        check("&apikey=k", "=k", "");
        check("apikey=k&", "=k", "");
        check("apikey=1&&apikey=2", "Many", "");
        check("a=1&apikey=1&apikey=2", "Many", "a=1");
        check("a=1&apikey=1&apikey=2&b", "Many", "a=1&b");
        check("apikey=1&a=1&apikey=2&b=2&apikey=3", "Many", "a=1&b=2");
    }

    #[test]
    fn every_name_goes() {
        assert_eq!(left(b"key=1&a=2&apikey=3&b", &["apikey", "key"]), b"a=2&b");
        assert_eq!(left(b"key=1&apikey=3", &["apikey", "key"]), b"");
        assert_eq!(left(b"key=1", &[]), b"key=1");
    }

    #[test]
    fn what_needs_no_decoding_is_borrowed() {
        assert!(matches!(find(b"apikey=k", "apikey"), Found::One(Cow::Borrowed(_))));
    }

    #[test]
    fn each_name_has_its_own_value() {
        let mut scanned = scan(b"key=1&a=2&apikey&key=3", &Names::new(&["apikey", "key", "b", "a"]));
        let found = [0, 1, 2, 3].map(|place| show(&scanned.take(place)));
        assert_eq!(found, ["Flag", "Many", "Nothing", "=2"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        check("\u{feff}apikey=k", "=k", "");
        check("\u{feff}apikey=k&a=1", "=k", "a=1");
        check("\u{feff}a=1&apikey=k", "=k", "\u{feff}a=1");
        check("apikey=k&\u{feff}apikey=k", "Many", "");
        check("\u{feff}\u{feff}apikey=k", "Nothing", "\u{feff}\u{feff}apikey=k");
    }

    /// Name and value of every pair, decoded by the `percent-encoding` crate.
    fn decoded_pairs(input: &[u8]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let decode = |text: &[u8]| {
            let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
            percent_encoding::percent_decode(&spaced).collect()
        };
        input
            .split(|b| *b == b'&')
            .filter(|piece| !piece.is_empty())
            .map(|piece| {
                let mut halves = piece.splitn(2, |b| *b == b'=');
                let name = halves.next().unwrap();
                (decode(name.strip_prefix(BYTE_ORDER_MARK).unwrap_or(name)), halves.next().map(decode))
            })
            .collect()
    }

    fn inputs() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"apikey".to_vec()),
            Just(b"api%6Bey".to_vec()),
            Just(b"k".to_vec()),
            Just(b"&".to_vec()),
            Just(b"=".to_vec()),
            Just(b"%".to_vec()),
            Just(b"+".to_vec()),
            Just(b"%2".to_vec()),
            Just(BYTE_ORDER_MARK.to_vec()),
            prop::collection::vec(any::<u8>(), 0..3),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn find_agrees_with_percent_encoding(input in inputs()) {
            let of_name: Vec<_> =
                decoded_pairs(&input).into_iter().filter(|(name, _)| name == b"apikey").collect();
            let expected = match of_name.as_slice() {
                [] => Found::Nothing,
                [(_, None)] => Found::Flag,
                [(_, Some(value))] => Found::One(Cow::Borrowed(value)),
                _ => Found::Many,
            };
            prop_assert_eq!(find(&input, "apikey"), expected);
        }

        #[test]
        fn find_agrees_with_serde_urlencoded(input in inputs()) {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&input).unwrap();
            let pairs = pairs.into_iter().map(|(name, value)| match name.strip_prefix('\u{feff}') {
                // Also where it was escaped.
                Some(rest) => (rest.to_owned(), value),
                None => (name, value),
            });
            let values: Vec<_> = pairs.filter(|(name, _)| name == "apikey").collect();
            match find(&input, "apikey") {
                Found::Nothing => prop_assert!(values.is_empty()),
                Found::Flag => prop_assert_eq!(&values, &[("apikey".to_owned(), String::new())]),
                Found::One(value) => {
                    prop_assert_eq!(values.len(), 1);
                    prop_assert_eq!(values[0].1.as_str(), String::from_utf8_lossy(&value));
                }
                Found::Many => prop_assert!(values.len() > 1),
            }
        }

        #[test]
        fn cut_leaves_the_other_pairs(input in inputs()) {
            let mut expected = decoded_pairs(&input);
            expected.retain(|(name, _)| name != b"apikey" && name != b"k");
            prop_assert_eq!(decoded_pairs(&left(&input, &["apikey", "k"])), expected);
        }

        #[test]
        fn each_cut_pair_takes_one_ampersand(input in inputs()) {
            let rest = left(&input, &["apikey"]);
            let of_name = decoded_pairs(&input).iter().filter(|(name, _)| name == b"apikey").count();
            let ampersands = |text: &[u8]| text.iter().filter(|b| **b == b'&').count();
            prop_assert_eq!(ampersands(&rest), ampersands(&input).saturating_sub(of_name));
        }
    }
}
