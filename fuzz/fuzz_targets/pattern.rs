//! Any pattern is taken or refused, and matches, as crate `regex` has it.

#![no_main]

use arbitrary::Arbitrary;
use latchkey_router::regex::{Refusal, Regex};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    pattern: String,
    haystacks: Vec<Vec<u8>>,
}

/// Patterns larger than this are left alone.
const ORACLE_BYTES_MAX: usize = 1 << 20;

fuzz_target!(|input: Input| {
    let Input { pattern, haystacks } = &input;
    if may_turn_unicode_on(pattern) {
        return;
    }
    let (path, header) = match (Regex::new(pattern, false), Regex::new(pattern, true)) {
        (Ok(path), Ok(header)) => (path, header),
        (Err(Refusal::TooBig), _) | (_, Err(Refusal::TooBig)) => return,
        (Err(Refusal::Syntax { reason, offset }), Err(_)) => {
            let (their_reason, their_offset) = their_refusal(pattern).expect(reason);
            assert_eq!(reason, their_reason);
            // Of what is nested too deep, the outermost is named, not the innermost.
            assert!(offset == their_offset || reason.starts_with("exceed the maximum"));
            return;
        }
        other => panic!("{other:?}"),
    };
    if !path.ends_in_comment()
        && let Some(theirs) = their_regex(&format!(r"\A(?:{pattern})"), false)
    {
        for haystack in haystacks {
            let end = path.match_end(haystack);
            assert_eq!(end, theirs.find(haystack).map(|found| found.end()));
            assert!(end.is_none() || haystack.starts_with(path.prefix()));
        }
    }
    if let Some(theirs) = their_regex(pattern, true) {
        for haystack in haystacks {
            assert_eq!(header.is_match(haystack), theirs.is_match(haystack));
        }
    }
});

/// Whether `(?u)` may be in it, which is refused here.
fn may_turn_unicode_on(pattern: &str) -> bool {
    let flags = pattern.split('?').skip(1).filter_map(|rest| rest.split([':', ')']).next());
    flags.into_iter().any(|flags| flags.contains('u'))
}

fn their_refusal(pattern: &str) -> Option<(String, usize)> {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    match parsed.err()? {
        regex_syntax::Error::Parse(error) => Some((error.kind().to_string(), error.span().start.offset)),
        regex_syntax::Error::Translate(error) => Some((error.kind().to_string(), error.span().start.offset)),
        other => panic!("{other}"),
    }
}

/// Nothing when it is too big, or too deep with a group around it; a syntax that is refused must not be taken.
fn their_regex(pattern: &str, ignore_case: bool) -> Option<regex::bytes::Regex> {
    let mut builder = regex::bytes::RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(ignore_case).size_limit(ORACLE_BYTES_MAX);
    match builder.build() {
        Ok(regex) => Some(regex),
        Err(regex::Error::CompiledTooBig(_)) => None,
        Err(error) => {
            let text = error.to_string();
            // Which characters beyond ASCII are letters is not known here.
            let is_known =
                text.contains("exceed the maximum") || text.contains("invalid capture group character");
            assert!(is_known, "{text}");
            None
        }
    }
}
