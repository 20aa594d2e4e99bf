//! Crate `regex` is the oracle: the same patterns are taken, and they match the same.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;

use super::{BYTES_MAX, Refusal, Regex};

/// How the oracle refuses: with a reason and its place.
type Refused = (String, usize);

fn oracle(pattern: &str, ignore_case: bool, bytes_max: usize) -> Result<regex::bytes::Regex, regex::Error> {
    let mut builder = regex::bytes::RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(ignore_case).size_limit(bytes_max).build()
}

fn parse(pattern: &str) -> Result<(), Refused> {
    let mut builder = regex_syntax::ParserBuilder::new();
    let parsed = builder.unicode(false).utf8(false).build().parse(pattern);
    parsed.map(drop).map_err(|error| match &error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        _ => (error.to_string(), 0),
    })
}

/// Fails when `pattern` is taken, refused or matched otherwise than by the oracle. Answers whether it is taken.
fn compare(pattern: &str, haystacks: &[Vec<u8>]) -> bool {
    let (path, header) = match (Regex::new(pattern, false), Regex::new(pattern, true)) {
        (Ok(path), Ok(header)) => (path, header),
        (Err(Refusal::Syntax { reason, offset }), Err(_)) => {
            assert_eq!(Err((reason.to_owned(), offset)), parse(pattern), "{pattern:?}");
            return false;
        }
        (Err(Refusal::TooBig), Err(Refusal::TooBig)) => {
            // How much a pattern takes is not the same to the byte.
            let theirs = oracle(pattern, false, BYTES_MAX / 4);
            assert!(matches!(theirs, Err(regex::Error::CompiledTooBig(_))), "{pattern:?} is too big");
            return false;
        }
        other => panic!("{pattern:?}: {other:?}"),
    };
    // Put into a group, a comment at the end takes in what closes it.
    let their_path = oracle(&format!(r"\A(?:{pattern})"), false, usize::MAX);
    assert_eq!(their_path.is_err(), path.ends_in_comment(), "{pattern:?}");
    let their_header = oracle(pattern, true, usize::MAX).unwrap();
    for haystack in haystacks {
        let end = path.match_end(haystack);
        if let Ok(theirs) = &their_path {
            assert_eq!(end, theirs.find(haystack).map(|found| found.end()), "{pattern:?} in {haystack:?}");
        }
        assert!(end.is_none() || haystack.starts_with(path.prefix()), "{pattern:?} in {haystack:?}");
        let is_match = their_header.is_match(haystack);
        assert_eq!(header.is_match(haystack), is_match, "{pattern:?} anywhere in {haystack:?}");
    }
    true
}

/// Patterns that mean much in little.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => select(vec!["a", "b", "c", "ab", "/", "A", "é", r"\xff", r"\xC3", "-", " "]).prop_map(str::to_owned),
        4 => select(vec![
            ".", r"\w", r"\W", r"\d", r"\s", r"\S", "[ab]", "[^a]", "[^/]", "[a-c&&b-z]", "[a-z--b]", "[a-c~~b]",
            "[[:alpha:]_]", "[[:^word:]]", r"[\x80-\xff]", "[^\\x00-\\xff]", "[a]", "[^[^a]b]",
        ])
        .prop_map(str::to_owned),
        2 => select(vec![
            "^", "$", r"\A", r"\z", r"\b", r"\B", r"\b{start}", r"\b{end-half}", r"\b{start-half}", r"\<", r"\>", "",
            "(?i)", "(?m)", "(?s-m)", "(?U)", "(?R)", "(?mR)", "(?x)", "(?-u)", "(?-i)", "#a\n",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let repeat = select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{0,2}", "{1,3}?", "{2,}?", "{ 1 , 2 }"]);
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join("|")),
            3 => (inner.clone(), repeat).prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
            1 => (inner.clone(), select(vec!["*", "+", "?"])).prop_map(|(part, repeat)| format!("{part}{repeat}")),
            1 => (select(vec!["(", "(?i:", "(?sm:", "(?U:", "(?x: ", "(?R-s:"]), inner).prop_map(|(open, part)| format!("{open}{part})")),
        ]
    })
}

/// Pieces of syntax.
const TOKENS: &[&str] = &[
    "a",
    "b",
    "z",
    "/",
    "é",
    "(",
    ")",
    "(?:",
    "(?i",
    "(?P<a>",
    "(?<b>",
    "(?<",
    ">",
    "(?=",
    "(?<!",
    "(?",
    "[",
    "[",
    "]",
    "]",
    "[^",
    "[:alpha:]",
    "[[:^digit:]]",
    "[:",
    ":]",
    "&&",
    "--",
    "~~",
    "-",
    "^",
    "$",
    "|",
    "*",
    "+",
    "?",
    "{",
    "}",
    "{2}",
    "{2,",
    "{,3}",
    "{3,2}",
    "{99999999999}",
    ",",
    "1",
    "0",
    " ",
    "#",
    "\n",
    "\\",
    r"\x",
    r"\x4",
    r"\x41",
    r"\x{",
    r"\x{110000}",
    r"\u00e9",
    r"\U0001F600",
    r"\u{41}",
    r"\b",
    r"\b{",
    r"\b{start}",
    r"\b{foo}",
    r"\B",
    r"\A",
    r"\z",
    r"\Z",
    r"\d",
    r"\W",
    r"\p",
    r"\pL",
    r"\p{Greek}",
    r"\P{",
    r"\1",
    r"\8",
    r"\a",
    r"\e",
    r"\/",
    r"\<",
    r"\-",
    r"\é",
    "(?x)",
    "(?-u)",
    "(?i-",
    "(?ii)",
    "(?s--m)",
    ":",
    ".",
    r"\xff",
    "_",
    "i",
    "x",
];

/// Text out of which syntax is made.
fn syntax() -> impl Strategy<Value = String> {
    let token = select(TOKENS);
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

fn haystacks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop_oneof![
        12 => select(b"aabbcABC//-_1 ".to_vec()),
        2 => select(vec![b'\n', b'\r', 0xc3, 0xa9, 0xff, 0x80, 0]),
        1 => any::<u8>(),
    ];
    prop::collection::vec(prop::collection::vec(byte, 0..12), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn matches_as_the_oracle(pattern in pattern(), haystacks in haystacks()) {
        compare(&pattern, &haystacks);
    }

    #[test]
    fn takes_and_refuses_as_the_oracle(pattern in syntax(), haystacks in haystacks()) {
        compare(&pattern, &haystacks);
    }

    #[test]
    fn takes_and_refuses_any_text_as_the_oracle(pattern in r"[\\()\[\]{}?*+|^$&~#a-d0-9x:<>,. \n-]{0,16}", haystacks in haystacks()) {
        compare(&pattern, &haystacks);
    }
}

const CURIOUS_TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "aa",
    "ab",
    "aab",
    "abc",
    "aaab",
    "ba",
    "A",
    "/a/b",
    "/a/42/b/c",
    "a\nb",
    "a\r\nb",
    "\n",
    "\r\n",
    "\r",
    "é",
    " a_1-",
];

const CURIOUS_PATTERNS: &[&str] = &[
    "(?:|a)*",
    "(?:|a)+",
    "(?:a|)*?b",
    "(?:a*)*",
    "(?:a*)+?",
    "(?:a*?)*",
    "(?:a?){0,3}?b",
    "(?:a|ab)(?:c|bcd)?",
    "a??b",
    "(?:ab?)*?c",
    "(?:\\b|a)*",
    "(?:$|a)+",
    "(?:^a)*",
    "^*",
    "$*a",
    "(?:^|b)+a",
    "(?m)^$",
    "(?m)a$\\s^b",
    "(?mR)a$.?",
    "(?R).",
    "(?sR).",
    r"\b{start}a\b{end}",
    r"\b{start-half}\b{end-half}",
    r"\B",
    r"\b{2}",
    r"\b{ 2 }",
    "(?x) a b #c\n | \\ ",
    "(?x)[a #b\n c-#]\n]",
    "(?x)\\b{ start }a",
    "(?x)a {2} ? b",
    "(?i)[^a]",
    "(?i)[[^a]b]",
    "(?i)[a-c&&B]",
    "(?i)[a--B]",
    "(?i)[a-c~~A]",
    "(?i)[[:lower:]]",
    "(?i)[[:^lower:]]",
    "[]a]",
    "[^]a]",
    "[-a]",
    "[a-]",
    "[--a]",
    "[a&&&b]",
    "[&&a]",
    "[a&&]",
    "[[:alpha:]&&[^b]]",
    "[[:foo:]]",
    "[[:alpha]]",
    r"[\]]",
    r"[\d-]",
    r"é+",
    r"(?i)é",
    r"\xc3\xa9",
    r"\u00e9",
    r"(?-u)\xff",
    r"[\xff]",
    "(a)(b)?(?P<x>c)",
    "(ab)*c",
    "(ab)c*",
    "a{0}b",
    "(?:a{0}){3}",
    "(?:a{2}){2}",
    "[^\\x00-\\xff]|b",
    "[^\\x00-\\xff]*a",
    "(?U)a*b*?",
    "(?U:a+)a",
    "a(?i)b|c",
    "(?:a(?i)b)b",
];

#[test]
fn curious_patterns_are_as_the_oracle_has_them() {
    let haystacks: Vec<Vec<u8>> = CURIOUS_TEXTS
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([vec![0xff], vec![0xc3], vec![0xa9, b'a'], vec![0, b'a', 0x80]])
        .collect();
    for pattern in CURIOUS_PATTERNS {
        assert!(compare(pattern, &haystacks), "{pattern:?} is refused");
    }
}

#[test]
fn what_is_known_to_differ() {
    let unicode = Refusal::Syntax { reason: "Unicode not allowed here", offset: 2 };
    assert_eq!(Regex::new("(?u)a", false).unwrap_err(), unicode);
    assert!(parse("(?u)a").is_ok());
    assert!(Regex::new("(?<→>a)", false).is_ok());
    assert!(parse("(?<→>a)").is_err());
}

#[test]
fn nesting_is_bounded_as_the_oracle_has_it() {
    for (open, part, close) in [
        ("(", "a", ")"),
        ("", "a", "*"),
        ("(?:b", "a", ")"),
        ("(|", "a", ")"),
        ("[", "a", "]"),
        ("[b", "a", "]"),
        ("", "a", "{2}?"),
    ] {
        for depth in [1, 60, 80, 83, 84, 100, 124, 125, 126, 127, 249, 250, 251, 252, 10_000] {
            let pattern = format!("{}{part}{}", open.repeat(depth), close.repeat(depth));
            let is_too_deep = |refusal| match refusal {
                Refusal::Syntax { reason, .. } => reason.starts_with("exceed the maximum number of nested"),
                Refusal::TooBig => false,
            };
            let ours = Regex::new(&pattern, false).err().is_some_and(is_too_deep);
            assert_eq!(ours, parse(&pattern).is_err(), "{open}{part}{close} {depth} times");
        }
        let unclosed = format!("{}{part}", "(".repeat(10_000));
        let refusal = Refusal::Syntax { reason: "unclosed group", offset: 9_999 };
        assert_eq!(Regex::new(&unclosed, false).unwrap_err(), refusal);
    }
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
        r"[^\x00-\xff]{4000000000}",
        r"(?:\b|a){4000000000,}",
        &"a".repeat(BYTES_MAX + 1),
        &"a|".repeat(BYTES_MAX / 2),
        &"[ab]".repeat(BYTES_MAX / 4),
    ] {
        assert_eq!(Regex::new(pattern, false).unwrap_err(), Refusal::TooBig);
    }
    for pattern in [
        r"(?:(?:(?:){1000}){1000}){4000000000}",
        r"(?:\b{4000000000}){4000000000}",
        "(?:(?:a{0}){9999}){9999}",
    ] {
        assert!(Regex::new(pattern, false).is_ok(), "{pattern}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

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
        "[ab]*c",
        "a.*b.*c",
        "(?:(?:|a)*|a)*b",
        "(?:a[ab]*)*c",
        "(?s:.*a)*b",
        r"\w*\d",
        r"(?:\w+\s?)+$b",
    ] {
        let regex = Regex::new(pattern, false).unwrap();
        assert_eq!(regex.match_end(many.as_bytes()), None, "{pattern}");
        assert!(!regex.is_match(many.as_bytes()), "{pattern}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// Patterns and haystacks that take as many steps as any we know of.
#[test]
fn steps_stay_below_their_bound() {
    let letters = "a".repeat(3_000);
    let mut most = 0.0_f64;
    for pattern in [
        "(?:a*)*b",
        "(?:a|a)*b",
        "(?:a|aa)+$b",
        "a*a*a*a*b",
        "[^b]*a[^b]*a[^b]*b",
        "(?:a?){30}a{30}b",
        "(?:a+?)+?b",
        "(?s:.*a)*b",
        r"(?:\w+\s?)+$b",
        &format!("{}b", "a".repeat(500)),
        &format!("(?:{}b|{}c|a)*d", "a".repeat(200), "a".repeat(200)),
        &format!("{}b", "(?:a|aa)".repeat(50)),
        &format!("{}b", "a{0,9}".repeat(20)),
        "1111111111111111111111111111112",
    ] {
        for haystack in [letters.as_bytes(), "1".repeat(3_000).as_bytes(), "ab".repeat(1_500).as_bytes()] {
            most = most.max(check_steps(&Regex::new(pattern, true).unwrap(), haystack, pattern));
        }
    }
    assert!(most > 0.2, "the bound is {} times too high", 1.0 / most);
}

/// Answers with the part of the bound that was taken.
fn check_steps(regex: &Regex, haystack: &[u8], pattern: &str) -> f64 {
    let (steps, bound) =
        (super::search::steps(regex, haystack), regex.steps_per_byte() * (haystack.len() + 1));
    assert!(steps <= bound, "{pattern:?}: {steps} steps, bound {bound}, {} bytes", haystack.len());
    steps as f64 / bound as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_search_takes_more_steps_than_its_bound(
        pattern in pattern(),
        parts in prop::collection::vec(select(vec!["a", "ab", "b", "c", "A", "/", " ", "-", "é", "\n"]), 1..4),
        times in 1_usize..60,
    ) {
        let haystack = parts.concat().repeat(times);
        for ignore_case in [false, true] {
            if let Ok(regex) = Regex::new(&pattern, ignore_case) {
                check_steps(&regex, haystack.as_bytes(), &pattern);
            }
        }
    }
}

/// Thousands, and with `LATCHKEY_REGEX_CASES` as many as wanted.
#[expect(clippy::disallowed_methods, reason = "a setting of these tests alone")]
fn cases() -> u32 {
    std::env::var("LATCHKEY_REGEX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4_000)
}
