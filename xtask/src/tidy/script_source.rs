//! JavaScript's strings and property names, without its comments.

/// A string or a template, or the name of a property that is given a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// From 1.
    pub(super) line: usize,
    pub(super) text: String,
    /// `text:` outside strings.
    pub(super) is_property: bool,
}

/// What stands before a `/` that begins a regular expression, not a division.
const BEFORE_PATTERN: &str = "(,=:[!&|?{};+-*%^<>";

pub(super) fn scan(source: &str) -> Vec<Found> {
    let mut scan = Scan { rest: source, line: 1, last: ';', found: Vec::new() };
    while let Some(first) = scan.rest.chars().next() {
        scan.step(first);
    }
    scan.found
}

struct Scan<'a> {
    rest: &'a str,
    line: usize,
    /// The last character that is neither space nor comment.
    last: char,
    found: Vec<Found>,
}

impl<'a> Scan<'a> {
    fn step(&mut self, first: char) {
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.take(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
        } else if matches!(first, '"' | '\'' | '`') {
            self.string(first);
        } else if first == '/' && BEFORE_PATTERN.contains(self.last) {
            self.pattern();
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            self.word();
        } else {
            if !first.is_whitespace() {
                self.last = first;
            }
            self.take(first.len_utf8());
        }
    }

    /// What is in the placeholders of a template counts as its text.
    fn string(&mut self, quote: char) {
        let line = self.line;
        let text = self.delimited(quote, false);
        self.found.push(Found { line, text, is_property: false });
        self.last = quote;
    }

    fn pattern(&mut self) {
        self.delimited('/', true);
        self.last = ')';
    }

    /// From a delimiter to the next that is neither escaped nor, if it matters, in brackets.
    fn delimited(&mut self, delimiter: char, in_brackets_is_text: bool) -> String {
        let (mut is_escaped, mut is_in_brackets) = (false, false);
        for (at, character) in self.rest.char_indices().skip(1) {
            if is_escaped {
                is_escaped = false;
                continue;
            }
            match character {
                '\\' => is_escaped = true,
                '[' => is_in_brackets = in_brackets_is_text,
                ']' => is_in_brackets = false,
                _ if character == delimiter && !is_in_brackets => {
                    let text = self.take(at + delimiter.len_utf8());
                    return text[1..text.len() - 1].to_owned();
                }
                _ => {}
            }
        }
        self.take(self.rest.len()).to_owned()
    }

    fn word(&mut self) {
        let is_part = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
        let line = self.line;
        let word = self.take(self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len()));
        let is_property = self.rest.trim_start().starts_with(':') && matches!(self.last, '{' | ',');
        if is_property {
            self.found.push(Found { line, text: word.to_owned(), is_property });
        }
        // After `return` comes a regular expression, after a name a division.
        self.last = if word == "return" { '(' } else { 'a' };
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[(usize, &str, bool)]) {
        let found = scan(source);
        let found: Vec<_> = found.iter().map(|one| (one.line, one.text.as_str(), one.is_property)).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn strings_and_templates() {
        check(
            "f(\"a\", 'b\\'c');\ng(`d ${e} \n f`)",
            &[(1, "a", false), (1, "b\\'c", false), (2, "d ${e} \n f", false)],
        );
    }

    #[test]
    fn comments_are_left_out() {
        check("// \"no\"\n/* 'no'\n */ f('a')", &[(3, "a", false)]);
    }

    #[test]
    fn patterns_are_no_strings_and_divisions_no_patterns() {
        check("/[/\"]x'/.test(a) ? 1 / 2 : \"b\"; c / d; 'e'", &[(1, "b", false), (1, "e", false)]);
        check("return /'/.test(a)", &[]);
    }

    #[test]
    fn properties() {
        check("({ a: 1, b, c: 'd' }); e ? f : g", &[(1, "a", true), (1, "c", true), (1, "d", false)]);
    }
}
