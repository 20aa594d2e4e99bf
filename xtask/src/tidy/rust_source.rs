//! Rust's tokens without what is there for tests, and the strings among them.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};

pub(super) fn parse(path: &str, text: &str) -> Result<TokenStream> {
    text.parse().map_err(|error| anyhow!("{path} is no Rust: {error}"))
}

/// The tokens of one level, without documentation and without items under `#[cfg(test)]`. Groups are
/// as they were: whoever goes into them calls this again.
pub(super) fn live(tokens: TokenStream) -> Vec<TokenTree> {
    let mut live = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let attribute = match (&token, rest.peek()) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(group))) if hash.as_char() == '#' => {
                Attribute::of(group)
            }
            _ => Attribute::Other,
        };
        match attribute {
            Attribute::Other => live.push(token),
            Attribute::Doc => drop(rest.next()),
            Attribute::ForTests => {
                rest.next();
                skip_item(&mut rest);
            }
        }
    }
    live
}

enum Attribute {
    Doc,
    /// `#[cfg(test)]` or `#[cfg(all(test, …))]`.
    ForTests,
    Other,
}

impl Attribute {
    fn of(group: &Group) -> Self {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        match tokens.as_slice() {
            [TokenTree::Ident(name), ..] if name == "doc" => Self::Doc,
            [TokenTree::Ident(name), TokenTree::Group(condition)] if name == "cfg" => {
                if is_for_tests(condition) { Self::ForTests } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

fn is_for_tests(condition: &Group) -> bool {
    let tokens: Vec<TokenTree> = condition.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(all), TokenTree::Group(conditions)] if all == "all" => {
            conditions.stream().into_iter().any(|token| is_ident(&token, "test"))
        }
        [one] => is_ident(one, "test"),
        _ => false,
    }
}

/// Up to and with the `;` or the braces that an item ends with; those of `use` are within it.
fn skip_item(rest: &mut impl Iterator<Item = TokenTree>) {
    let mut is_use = false;
    for token in rest {
        match &token {
            TokenTree::Ident(ident) if ident == "use" => is_use = true,
            TokenTree::Punct(end) if end.as_char() == ';' => return,
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace && !is_use => return,
            _ => {}
        }
    }
}

pub(super) fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

pub(super) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Every identifier outside tests, wherever it stands.
pub(super) fn each_ident(tokens: TokenStream, found: &mut impl FnMut(&Ident)) {
    for token in live(tokens) {
        match token {
            TokenTree::Ident(ident) => found(&ident),
            TokenTree::Group(group) => each_ident(group.stream(), found),
            _ => {}
        }
    }
}

/// Every string outside tests, with its line: what it means, not how it is written.
pub(super) fn each_string(tokens: TokenStream, found: &mut impl FnMut(usize, &str)) {
    for token in live(tokens) {
        match token {
            TokenTree::Literal(literal) => {
                if let Some(text) = string_value(&literal) {
                    found(literal.span().start().line, &text);
                }
            }
            TokenTree::Group(group) => each_string(group.stream(), found),
            _ => {}
        }
    }
}

/// The text of a string, a byte string or a raw string; of what else, none.
pub(super) fn string_value(literal: &Literal) -> Option<String> {
    let written = literal.to_string();
    let unprefixed = written.trim_start_matches(['b', 'c']);
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let inner = raw.trim_matches('#');
        return Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    Some(unescape(unprefixed.strip_prefix('"')?.strip_suffix('"')?))
}

fn unescape(written: &str) -> String {
    let mut text = String::new();
    let mut rest = written.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('\n')) => while rest.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                text.push('\n');
                rest.next();
            }
            ('\\', Some('r')) => {
                text.push('\r');
                rest.next();
            }
            ('\\', Some(&escaped)) => {
                text.push(escaped);
                rest.next();
            }
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_strings(source: &str, expected: &[&str]) {
        let mut strings = Vec::new();
        each_string(parse("a.rs", source).unwrap(), &mut |_, text| strings.push(text.to_owned()));
        assert_eq!(strings, expected);
    }

    #[test]
    fn strings_of_every_kind() {
        check_strings(
            r###"fn f() { g("a\"b", b"c", r#"d"e"#, 'f', 7, "g\n"); }"###,
            &["a\"b", "c", "d\"e", "g\n"],
        );
    }

    #[test]
    fn a_continued_line_is_one() {
        check_strings("const A: &str = \"a \\\n      b\";", &["a b"]);
    }

    #[test]
    fn tests_and_documentation_are_left_out() {
        check_strings(
            "/// \"no\"\nconst A: &str = \"a\"; #[cfg(test)] mod tests { const B: &str = \"no\"; }",
            &["a"],
        );
        check_strings("#[cfg(test)] use a::{b, c}; const A: &str = \"a\";", &["a"]);
        check_strings("#[cfg(all(test, unix))] fn f() { \"no\" } fn g() { \"a\" }", &["a"]);
        check_strings("#[cfg(not(test))] fn f() { \"a\" }", &["a"]);
    }
}
