use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn refused(pattern: &str) -> Refusal {
    let path = Regex::new(pattern, Place::Start).unwrap_err();
    assert_eq!(Regex::new(pattern, Place::Anywhere).unwrap_err(), path, "{pattern}");
    path
}

fn syntax(reason: &str, offset: usize) -> Refusal {
    Refusal::Syntax { reason: reason.to_owned(), offset }
}

#[test]
fn a_path_matches_at_its_start_and_a_field_anywhere() {
    for (pattern, haystack, end, is_anywhere) in [
        ("a|b", "xb", None, true),
        ("a|b", "b", Some(1), true),
        ("b$", "ab", None, true),
        ("^b", "ab", None, false),
        (r"\Bb", "ab", None, true),
        ("a|ab", "ab", Some(1), true),
        ("a+?", "aaa", Some(1), true),
        ("a", "A", None, true),
        ("(?-i)a", "A", None, false),
        ("", "", Some(0), true),
        ("(?m)^b", "a\nb", None, true),
        ("é", "É", None, false),
        ("[^/]+", "é/", Some(2), true),
        (r"\w", "é", None, false),
        (r"\xc3", "é", Some(1), true),
    ] {
        let path = Regex::new(pattern, Place::Start).unwrap();
        let field = Regex::new(pattern, Place::Anywhere).unwrap();
        assert_eq!(path.match_end(haystack.as_bytes()), end, "{pattern} in {haystack}");
        assert_eq!(field.is_match(haystack.as_bytes()), is_anywhere, "{pattern} in {haystack}");
    }
}

#[test]
fn what_takes_unicode_is_refused_whatever_tables_there_are() {
    for (pattern, offset) in [
        ("(?u)a", 2),
        ("b(?i-su)a(?u:é)", 11),
        ("(?:(?iu)a)", 5),
        (r"a\pL", 1),
        (r"\p{Greek}", 0),
        ("[é]", 1),
        ("[a-é]", 3),
    ] {
        assert_eq!(refused(pattern), syntax("Unicode not allowed here", offset), "{pattern}");
    }
    assert!(Regex::new(r"(?-u)\xff(?i-u:a)", Place::Start).is_ok());
}

#[test]
fn nesting_is_bounded_alike_for_both_places() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    for place in [Place::Start, Place::Anywhere] {
        assert!(Regex::new(&nested(250), place).is_ok(), "{place:?}");
    }
    for depth in [251, 8_000] {
        let Refusal::Syntax { reason, .. } = refused(&nested(depth)) else { panic!("{depth}") };
        assert!(reason.starts_with("exceed the maximum number of nested"), "{reason}");
    }
}

#[test]
fn what_closes_the_group_around_a_path_may_not_be_in_a_comment() {
    for pattern in ["(?x)a #", "(?x)a # b"] {
        assert_eq!(Regex::new(pattern, Place::Start).unwrap_err(), Refusal::NotInGroup, "{pattern}");
        assert!(Regex::new(pattern, Place::Anywhere).is_ok(), "{pattern}");
    }
    assert!(Regex::new("(?x)a # b\n", Place::Start).is_ok());
    assert_eq!(refused("a)|(?:b"), syntax("unopened group", 1));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a timing")]
fn a_pattern_that_takes_too_much_is_refused_at_once() {
    let started = Instant::now();
    for pattern in [
        r"(\w{1000}){1000}",
        r"(?:(?:(?:a{1000}){1000}){1000}){4000000000}",
        r"(?:\w?){4000000000}",
        r"(?:a|b{0,4000000000})",
        r"(?:\b|a){4000000000,}",
        &"a".repeat(PATTERN_BYTES_MAX),
        &"a{0}".repeat(PATTERN_BYTES_MAX),
        &"[ab]".repeat(PATTERN_BYTES_MAX / 4),
    ] {
        assert_eq!(refused(pattern), Refusal::TooBig);
    }
    for pattern in [r"(?:(?:(?:){1000}){1000}){4000000000}", r"(?:\b{4000000000}){4000000000}"] {
        assert!(Regex::new(pattern, Place::Start).is_ok(), "{pattern}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn steps_are_states_of_the_automaton() {
    for (pattern, steps) in [
        ("", 1),
        ("abc", 3),
        ("é", 2),
        ("[a-z]", 1),
        (r"\w", 2),
        ("a{5}", 5),
        ("a{2,5}", 8),
        ("a{3,}", 4),
        ("a*", 2),
        ("a?", 2),
        ("(?:ab){3}", 6),
        ("(ab)", 2 + GROUP_STEPS),
        ("ab|cd", 6),
        ("(?:a{10}){10}", 100),
        (r"^\b", 2),
        (r"(?:\b{4000000000}){4000000000}", 1),
    ] {
        assert_eq!(Regex::new(pattern, Place::Start).unwrap().steps_per_byte(), steps, "{pattern}");
    }
}

/// The bound on memory refuses nothing that the bound on time takes, whatever its steps are made of.
#[test]
fn what_takes_few_enough_steps_is_not_too_big() {
    let most = latchkey_published::limits::PATTERN_STEPS_PER_BYTE_MAX;
    let odd: String = (0..64).map(|byte| format!(r"\x{:02x}", 2 * byte + 1)).collect();
    for part in ["a", "[ab]", r"\w", r"\b", "(a)", "a?", "(?:|a)", "(?:ab|c)", "a{3}", &format!("[{odd}]")] {
        let one = Regex::new(part, Place::Start).unwrap().steps_per_byte();
        let pattern = part.repeat(most / one);
        let regex = Regex::new(&pattern, Place::Anywhere).unwrap();
        assert!((most / 2..=2 * most).contains(&regex.steps_per_byte()), "{part}");
    }
}

/// Patterns that an engine which tries one way after another never ends with.
#[test]
#[expect(clippy::disallowed_methods, reason = "a timing")]
fn time_grows_with_the_haystack_alone() {
    let many = "a".repeat(100_000);
    let started = Instant::now();
    for pattern in [
        "(?:a*)*b",
        "(?:a|a)*b",
        "(?:a|aa)+$b",
        "a*a*a*a*b",
        "[^b]*a[^b]*a[^b]*b",
        "(?:a?){30}a{30}b",
        "(?:a+?)+?b",
        "(?:(?:|a)*|a)*b",
        "(?s:.*a)*b",
        r"(?:\w+\s?)+$b",
    ] {
        let path = Regex::new(pattern, Place::Start).unwrap();
        assert_eq!(path.match_end(many.as_bytes()), None, "{pattern}");
        let field = Regex::new(pattern, Place::Anywhere).unwrap();
        assert!(!field.is_match(many.as_bytes()), "{pattern}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// Pieces of patterns that mean much in little.
const PIECES: &[&str] = &[
    "a", "b", "ab", "/", "é", r"\xff", ".", "[ab]", "(?:", "(", ")", ")", "|", "*", "+", "?", "{2}", "{0}",
    "{1,}", "^", "$", r"\b", "(?i)", "(?x) ", "(?U)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Else the prefix tree would pass over a pattern that matches.
    #[test]
    fn every_match_begins_with_the_prefix(
        pieces in prop::collection::vec(select(PIECES), 0..9),
        haystacks in prop::collection::vec(r"(?:a|b|ab|A|B|/|é){0,6}", 1..9),
    ) {
        let pattern = pieces.concat();
        if let Ok(regex) = Regex::new(&pattern, Place::Start) {
            for haystack in haystacks.iter().map(String::as_bytes) {
                let is_match = regex.match_end(haystack).is_some();
                prop_assert!(!is_match || haystack.starts_with(regex.prefix()), "{pattern} in {haystack:?}");
            }
        }
    }
}
