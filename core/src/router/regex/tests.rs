//! Crate `regex` is the oracle: the same patterns are taken, and they match the same.

use proptest::prelude::*;
use proptest::sample::select;

use super::{BYTES_MAX, Refusal, Regex};

/// As the oracle has them: a regex anchored at the start, and one found anywhere without case.
struct Oracle {
    path: Result<regex::bytes::Regex, Refused>,
    header: Result<regex::bytes::Regex, Refused>,
}

#[derive(Debug)]
enum Refused {
    Syntax(String, usize),
    Other,
}

impl Oracle {
    fn new(pattern: &str) -> Self {
        let build = |anchored: &str, ignore_case| {
            parse(pattern, ignore_case)?;
            let mut builder = regex::bytes::RegexBuilder::new(anchored);
            builder.unicode(false).case_insensitive(ignore_case).build().map_err(|_| Refused::Other)
        };
        Oracle { path: build(&format!(r"\A(?:{pattern})"), false), header: build(pattern, true) }
    }
}

fn parse(pattern: &str, ignore_case: bool) -> Result<(), Refused> {
    let mut builder = regex_syntax::ParserBuilder::new();
    let mut parser = builder.unicode(false).utf8(false).case_insensitive(ignore_case).build();
    parser.parse(pattern).map(drop).map_err(|error| match &error {
        regex_syntax::Error::Parse(error) => {
            Refused::Syntax(error.kind().to_string(), error.span().start.offset)
        }
        regex_syntax::Error::Translate(error) => {
            Refused::Syntax(error.kind().to_string(), error.span().start.offset)
        }
        _ => Refused::Other,
    })
}

/// Fails when `pattern` is taken, refused or matched otherwise than by the oracle. Answers whether it is taken.
fn compare(pattern: &str, haystacks: &[Vec<u8>]) -> bool {
    let oracle = Oracle::new(pattern);
    let path = Regex::new(pattern, false);
    let header = Regex::new(pattern, true);
    let (path, header) = match (path, header) {
        (Ok(path), Ok(header)) => (path, header),
        (Err(Refusal::Syntax { reason, offset }), Err(_)) => {
            let Err(Refused::Syntax(theirs, at)) = parse(pattern, false) else {
                panic!("{pattern:?} is refused: {reason} at {offset}");
            };
            assert_eq!((reason, offset), (theirs.as_str(), at), "{pattern:?}");
            return false;
        }
        (Err(Refusal::TooBig), Err(Refusal::TooBig)) => panic!("{pattern:?} is too big"),
        other => panic!("{pattern:?}: {other:?}"),
    };
    if path.ends_in_comment() {
        assert!(matches!(oracle.path, Err(Refused::Other)), "{pattern:?}");
    }
    let their_path = (!path.ends_in_comment()).then(|| oracle.path.unwrap());
    let their_header = oracle.header.unwrap();
    for haystack in haystacks {
        if let Some(theirs) = &their_path {
            let end = theirs.find(haystack).map(|found| found.end());
            assert_eq!(path.match_end(haystack), end, "{pattern:?} in {haystack:?}");
            assert!(end.is_none() || haystack.starts_with(path.prefix()), "{pattern:?} in {haystack:?}");
        }
        assert_eq!(
            header.is_match(haystack),
            their_header.is_match(haystack),
            "{pattern:?} anywhere in {haystack:?}"
        );
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

/// Text out of which syntax is made.
fn syntax() -> impl Strategy<Value = String> {
    let token = select(vec![
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
    ]);
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

/// Thousands, and with `LATCHKEY_REGEX_CASES` as many as wanted.
fn cases() -> u32 {
    std::env::var("LATCHKEY_REGEX_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4_000)
}
