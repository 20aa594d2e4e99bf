//! `multipart/form-data` bodies (RFC 7578, RFC 2046).
//!
//! Servers differ in how they read multipart, and a key that we do not see but the server behind us does
//! would leak. Hence two rules. Where servers differ on *where parts begin and end*, the body is unreadable:
//!
//! - a delimiter line that holds more than the delimiter, or stands in the middle of a line before the first part;
//! - line ends that are not the same, all CRLF or all LF, in every delimiter line and part header.
//!   LF alone is read because Go, PHP and Python read it; those that do not refuse the whole body;
//! - no closing delimiter: PHP and Go's `NextPart` hand out the last part all the same, others refuse the body,
//!   and a body cut short in transit must not pass for a whole one;
//! - a delimiter behind the closing one, where PHP goes on reading;
//! - a part whose header does not end before the next delimiter;
//! - control characters in a part's header.
//!
//! Where they differ on *what a part is called*, the part has every name that a common reading gives it
//! (see [`names_of`]).

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;
use memchr::memmem::{self, Finder};

use super::scanned::Few;
use super::{Found, Names, Scanned, Unreadable, hex_byte};
use latchkey_published::limits::{
    MULTIPART_BOUNDARY_BYTES_MAX, MULTIPART_PART_HEADER_BYTES_MAX, MULTIPART_PARTS_MAX,
};

/// What the parts called one of `names` hold, and the ranges to delete so that no part is called so
/// and every other byte stays; files count as text, and a part without a name is passed over.
/// A part goes from its delimiter to the next one; when none is left the closing delimiter stays.
///
/// `Err`: broken, read differently by different servers, or more parts or longer part headers than
/// [`latchkey_published::limits`] allows.
pub fn scan<'a>(input: &'a [u8], boundary: &[u8], names: &Names) -> Result<Scanned<'a>, Unreadable> {
    let mut scanned = Scanned::default();
    each_part(input, boundary, |part| {
        let called = names_of(part.header, names)?;
        for place in called.iter() {
            scanned.add(*place, Found::One(Cow::Borrowed(part.content)));
        }
        if called.iter().next().is_some() {
            scanned.cut(part.span);
        }
        Ok(())
    })?;
    Ok(scanned)
}

struct Part<'a> {
    /// From the dashes of its delimiter to those of the next.
    /// The line end before the first stays and so comes to stand before the second: all are alike.
    span: Range<usize>,
    /// All header lines, each with its line end; the blank line is not in it.
    header: &'a [u8],
    content: &'a [u8],
}

/// Shows every part to `visit`, in order. On `Err` some may have been shown.
fn each_part<'a>(
    input: &'a [u8],
    boundary: &[u8],
    mut visit: impl FnMut(Part<'a>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    if !(1..=MULTIPART_BOUNDARY_BYTES_MAX).contains(&boundary.len())
        || memchr2(b'\r', b'\n', boundary).is_some()
    {
        return Err(Unreadable);
    }
    // Some servers take a carriage return alone for a line end.
    if memmem::find(input, &[b"\r--", boundary].concat()).is_some() {
        return Err(Unreadable);
    }
    let on_new_line = [b"\n--", boundary].concat();
    let delimiter = on_new_line.get(1..).unwrap_or_default();
    let next_on_new_line = Finder::new(&on_new_line);
    let next_from = |at: usize| {
        let found = next_on_new_line.find(input.get(at..)?)?;
        Some(at + found + 1)
    };

    let first = memmem::find(input, delimiter).ok_or(Unreadable)?;
    let mut line = DelimiterLine::read(input, first, delimiter.len())?;
    let line_end = line.line_end;
    if first > 0 {
        line.content_end(input, line_end)?;
    }
    for _ in 0..=MULTIPART_PARTS_MAX {
        if line.is_closing {
            return if next_from(line.last_byte).is_none() { Ok(()) } else { Err(Unreadable) };
        }
        let next = next_from(line.last_byte).ok_or(Unreadable)?;
        let next_line = DelimiterLine::read(input, next, delimiter.len())?;
        let content_end = next_line.content_end(input, line_end)?;
        let (header, content_start) = read_header(input, line.last_byte + 1, line_end)?;
        let content = input.get(content_start..content_end).ok_or(Unreadable)?;
        visit(Part { span: line.start..next, header, content })?;
        line = next_line;
    }
    Err(Unreadable)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    CrLf,
    Lf,
}

impl LineEnd {
    fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::CrLf => b"\r\n",
            LineEnd::Lf => b"\n",
        }
    }

    /// The end of a line and a blank line.
    fn blank_line(self) -> &'static [u8] {
        match self {
            LineEnd::CrLf => b"\r\n\r\n",
            LineEnd::Lf => b"\n\n",
        }
    }
}

struct DelimiterLine {
    /// Where its dashes begin.
    start: usize,
    /// Where its line feed is; the end of the input if there is none.
    last_byte: usize,
    line_end: Option<LineEnd>,
    is_closing: bool,
}

impl DelimiterLine {
    /// Reads what follows a delimiter: two dashes if it closes, blanks, a line end.
    /// The closing line may end with the input instead.
    fn read(input: &[u8], start: usize, delimiter_len: usize) -> Result<Self, Unreadable> {
        let rest = input.get(start + delimiter_len..).ok_or(Unreadable)?;
        let (is_closing, rest) = match rest.strip_prefix(b"--") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let rest = rest.get(blanks..).unwrap_or_default();
        let line_end = match rest {
            [b'\r', b'\n', ..] => Some(LineEnd::CrLf),
            [b'\n', ..] => Some(LineEnd::Lf),
            [] if is_closing => None,
            _ => return Err(Unreadable),
        };
        let last_byte = input.len() - rest.len() + line_end.map_or(0, |it| it.bytes().len() - 1);
        Ok(DelimiterLine { start, last_byte, line_end, is_closing })
    }

    /// Where the line before this one ends, the line end not counted.
    /// The line end there and the one of this line must both be `expected`, if that is known.
    fn content_end(&self, input: &[u8], expected: Option<LineEnd>) -> Result<usize, Unreadable> {
        let before = input.get(..self.start).ok_or(Unreadable)?;
        let (line_end, content) = match before {
            [content @ .., b'\r', b'\n'] => (LineEnd::CrLf, content),
            [content @ .., b'\n'] => (LineEnd::Lf, content),
            _ => return Err(Unreadable),
        };
        let is_as_expected = |it: LineEnd| expected.is_none_or(|expected| it == expected);
        if is_as_expected(line_end) && self.line_end.is_none_or(is_as_expected) {
            Ok(content.len())
        } else {
            Err(Unreadable)
        }
    }
}

/// The header that begins at `start`, and where the content behind its blank line begins.
fn read_header(input: &[u8], start: usize, line_end: Option<LineEnd>) -> Result<(&[u8], usize), Unreadable> {
    let (line_end, blank_line) = line_end.map(|it| (it.bytes(), it.blank_line())).ok_or(Unreadable)?;
    let blank_line_len = line_end.len();
    let longest = MULTIPART_PART_HEADER_BYTES_MAX + blank_line_len;
    let rest = input.get(start..).ok_or(Unreadable)?;
    let window = rest.get(..longest).unwrap_or(rest);
    let header_len = if window.starts_with(line_end) {
        0
    } else {
        memmem::find(window, blank_line).ok_or(Unreadable)? + line_end.len()
    };
    let header = window.get(..header_len).ok_or(Unreadable)?;
    if has_stray_control(header, line_end) {
        return Err(Unreadable);
    }
    Ok((header, start + header_len + blank_line_len))
}

/// A control character other than a tab or a whole `line_end`: some servers end the line there, or the text.
fn has_stray_control(header: &[u8], line_end: &[u8]) -> bool {
    header
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(line_end).unwrap_or(line))
        .any(|line| line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t'))
}

/// The places of all names that any common reading of a part's header gives the part.
///
/// - Every `Content-Disposition` counts, whatever its case and type, also with blanks before it or its colon.
/// - Every `name` parameter counts, whatever its case, even inside what may be another's quoted value:
///   programs that search for ` name=` find it there.
/// - Its value is a token, or quoted with `"`, or with `'` as in PHP.
/// - Backslashes escape (RFC 2045) or do not (browsers); percent signs escape (browsers: `%22`) or do not.
///
/// `Err`: the name may be written in one of two ways that form data must not use and some servers decode:
/// `name*=` (RFC 7578 §4.2) and `=?utf-8?…?=` (RFC 2047).
fn names_of(header: &[u8], names: &Names) -> Result<Few<usize>, Unreadable> {
    let mut called = Few::default();
    let mut rest = header;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        let field = rest;
        rest = after;
        if !is_disposition(line) {
            continue;
        }
        // Folded lines belong to it (RFC 5322 §2.2.3), but those that look like another are read as that.
        while matches!(rest, [b' ' | b'\t', ..]) && !is_disposition(split_line(rest).0) {
            rest = split_line(rest).1;
        }
        let value = field.get(..field.len() - rest.len()).unwrap_or_default();
        add_parameters(value.trim_ascii_end(), names, &mut called)?;
    }
    Ok(called)
}

/// The first line with its line end, and the rest.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let line_len = memchr::memchr(b'\n', text).map_or(text.len(), |feed| feed + 1);
    text.split_at_checked(line_len).unwrap_or((text, b""))
}

fn is_disposition(line: &[u8]) -> bool {
    let field = b"content-disposition";
    let line = line.trim_ascii_start();
    line.split_at_checked(field.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(field) && rest.trim_ascii_start().starts_with(b":")
    })
}

/// Adds the names that the `name` parameters of a disposition give.
fn add_parameters(disposition: &[u8], names: &Names, called: &mut Few<usize>) -> Result<(), Unreadable> {
    let word = b"name";
    let mut at = 0;
    while let Some(found) = memchr2(b'n', b'N', disposition.get(at..).unwrap_or_default()) {
        let start = at + found;
        at = start + 1;
        let begins_parameter = matches!(
            start.checked_sub(1).and_then(|before| disposition.get(before)),
            Some(b';' | b':' | b' ' | b'\t' | b'\r' | b'\n')
        );
        let Some((candidate, rest)) = disposition.get(start..).and_then(|it| it.split_at_checked(word.len()))
        else {
            break;
        };
        if !begins_parameter || !candidate.eq_ignore_ascii_case(word) {
            continue;
        }
        if is_extended(rest) {
            return Err(Unreadable);
        }
        if let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") {
            add_readings(value.trim_ascii_start(), names, called)?;
        }
    }
    Ok(())
}

/// Behind `name`: `*=`, `*0=` or `*0*=` (RFC 2231).
fn is_extended(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b"*") else { return false };
    let marks = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'*').count();
    rest.get(marks..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
}

/// Adds the names that readings of what stands behind `name=` give.
fn add_readings(value: &[u8], names: &Names, called: &mut Few<usize>) -> Result<(), Unreadable> {
    let quoted = match value {
        [quote @ (b'"' | b'\''), text @ ..] => Some((Some(*quote), text)),
        _ => None,
    };
    let token = (!value.starts_with(b"\"")).then_some((None, value));
    for (quote, text) in quoted.into_iter().chain(token) {
        for (has_backslashes, has_percents) in [(false, false), (true, false), (false, true), (true, true)] {
            let reading = Reading { quote, has_backslashes, has_percents };
            let (place, met_escape) = reading.find(text, names)?;
            if let Some(place) = place.filter(|place| !called.iter().any(|known| known == place)) {
                called.push(place);
            }
            if !met_escape {
                // The other readings would be the same.
                break;
            }
        }
    }
    Ok(())
}

/// One way to read the value of a parameter.
struct Reading {
    /// What ends the value; a token ends at a blank, a semicolon, or the quote it stands in.
    quote: Option<u8>,
    /// Whether a backslash stands for the byte behind it.
    has_backslashes: bool,
    /// Whether `%XX` stands for a byte.
    has_percents: bool,
}

impl Reading {
    /// The place of the name that it gives, and whether there was a backslash or a percent sign on the way.
    /// Compares as it reads and stops where no name goes on: a header of thousands of `name=` costs no more
    /// than its length. Blanks at both ends are passed over, as in Java's Commons FileUpload.
    fn find(&self, text: &[u8], names: &Names) -> Result<(Option<usize>, bool), Unreadable> {
        let mut rest = text.trim_ascii_start();
        let mut candidates = names.candidates();
        let mut met_escape = false;
        loop {
            if rest.starts_with(b"=?") {
                return Err(Unreadable);
            }
            if let Some(place) = candidates.whole()
                && (self.is_over(rest) || self.is_over(rest.trim_ascii_start()))
            {
                return Ok((Some(place), met_escape));
            }
            if self.is_over(rest) {
                return Ok((None, met_escape));
            }
            met_escape |= matches!(rest, [b'\\' | b'%', ..]);
            let Some((byte, after)) = self.next(rest) else { return Ok((None, met_escape)) };
            if !candidates.go_on_with(byte) {
                return Ok((None, met_escape));
            }
            rest = after;
        }
    }

    fn is_over(&self, rest: &[u8]) -> bool {
        match (rest.first(), self.quote) {
            (None, _) => true,
            (Some(byte), Some(quote)) => *byte == quote,
            (Some(byte), None) => matches!(byte, b';' | b'"') || byte.is_ascii_whitespace(),
        }
    }

    fn next<'a>(&self, rest: &'a [u8]) -> Option<(u8, &'a [u8])> {
        let (byte, after) = rest.split_first()?;
        match byte {
            b'\\' if self.has_backslashes => after.split_first().map(|(escaped, after)| (*escaped, after)),
            b'%' if self.has_percents => match hex_byte(after) {
                Some(escaped) => Some((escaped, after.get(2..).unwrap_or_default())),
                None => Some((b'%', after)),
            },
            _ => Some((*byte, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyDataStream, Full};
    use proptest::prelude::*;

    use super::super::apply_cuts;
    use super::super::testing::{assert_cuts_fit, show};
    use super::*;

    fn find<'a>(input: &'a [u8], boundary: &[u8], name: &str) -> Result<Found<'a>, Unreadable> {
        scan(input, boundary, &Names::new(&[name])).map(|mut scanned| scanned.take(0))
    }

    fn left(input: &[u8], names: &[&str]) -> Result<Vec<u8>, Unreadable> {
        let cuts = scan(input, b"b", &Names::new(names))?.into_cuts().into_vec();
        assert_cuts_fit(input, &cuts);
        Ok(apply_cuts(input, &cuts))
    }

    /// In a table, `~` is CRLF, as long as the text has no line feed of its own. The boundary is `b`.
    fn body(table: &str) -> Vec<u8> {
        table.replace('~', "\r\n").into_bytes()
    }

    /// `found` is `=value`, or the name of the variant; `rest` is what stays after the cut.
    fn check(input: &str, found: &str, rest: &str) {
        let bytes = body(input);
        let shown = find(&bytes, b"b", "apikey").map(|found| show(&found).replace("\r\n", "~"));
        assert_eq!(shown.as_deref(), Ok(found), "found in {input}");
        let kept = left(&bytes, &["apikey"]).unwrap();
        assert_eq!(String::from_utf8_lossy(&kept).replace("\r\n", "~"), rest, "left of {input}");
    }

    fn check_unreadable(input: &str) {
        let bytes = body(input);
        assert_eq!(find(&bytes, b"b", "apikey"), Err(Unreadable), "find in {input}");
        assert_eq!(left(&bytes, &["apikey"]), Err(Unreadable), "cut of {input}");
    }

    /// A body of one part with this header.
    fn check_header(header: &str, is_named: bool) {
        let input = format!("--b~{header}~~k~--b--~");
        if is_named {
            check(&input, "=k", "--b--~");
        } else {
            check(&input, "Nothing", &input);
        }
    }

    #[test]
    fn finds_one_part() {
        check("--b~Content-Disposition: form-data; name=\"apikey\"~~k~--b--~", "=k", "--b--~");
        check("--b~Content-Disposition: form-data; name=\"apikey\"~~~--b--", "=", "--b--");
        check("--b~Content-Disposition: form-data; name=\"apikey\"~~k~~l~~--b--~", "=k~~l~", "--b--~");
        check(
            "--b~Content-Disposition: form-data; name=\"a\"~~k~--b--~",
            "Nothing",
            "--b~Content-Disposition: form-data; name=\"a\"~~k~--b--~",
        );
        check("--b--~", "Nothing", "--b--~");
        check("--b--", "Nothing", "--b--");
    }

    const KEY: &str = "--b~content-disposition:form-data;name=apikey~~k~";
    const A: &str =
        "--b~Content-Disposition: form-data; name=\"a\"; filename=\"x.txt\"~Content-Type: text/plain~~1~";
    const C: &str = "--b~Content-Disposition: form-data; name=\"c\"~~~";

    #[test]
    fn the_other_parts_stay_as_they_are() {
        for (before, after) in [("", ""), (A, ""), ("", A), (A, C), ("", C), (C, ""), (C, A)] {
            check(&format!("{before}{KEY}{after}--b--~"), "=k", &format!("{before}{after}--b--~"));
            check(
                &format!("preamble~{before}{KEY}{after}--b--~epilogue"),
                "=k",
                &format!("preamble~{before}{after}--b--~epilogue"),
            );
            check(&format!("{before}{KEY}{KEY}{after}--b--~"), "Many", &format!("{before}{after}--b--~"));
            check(
                &format!("{KEY}{before}{KEY}{after}{KEY}--b--~"),
                "Many",
                &format!("{before}{after}--b--~"),
            );
        }
    }

    #[test]
    fn every_name_goes() {
        let input = body(&format!("{KEY}{A}{C}--b--~"));
        assert_eq!(left(&input, &["c", "apikey"]), Ok(body(&format!("{A}--b--~"))));
        assert_eq!(left(&input, &["a", "c", "apikey"]), Ok(body("--b--~")));
    }

    #[test]
    fn files_count_as_text() {
        check(
            "--b~Content-Disposition: form-data; name=\"apikey\"; filename=\"f\"~Content-Type: image/png~~k~--b--~",
            "=k",
            "--b--~",
        );
        check_header("Content-Disposition: form-data; filename=\"f\"; name=\"apikey\"", true);
        check_header("Content-Type: text/plain~Content-Disposition: form-data; name=\"apikey\"", true);
    }

    #[test]
    fn a_name_counts_in_every_common_reading() {
        for disposition in [
            "form-data; name=\"apikey\"",
            "form-data; name=apikey",
            "form-data; name=apikey; filename=f",
            "form-data;name=apikey;filename=f",
            "form-data; NAME=\"apikey\"",
            "form-data; name = \"apikey\" ; x=y",
            "form-data;~ name=\"apikey\"",
            "form-data; filename=f;~\tname=apikey~ ; x=y",
            "form-data; name=\"a\\pikey\"",
            "form-data; name=\"api%6Bey\"",
            "form-data; name=api%6bey",
            "form-data; name=\"\\a%70ikey\"",
            "form-data; name='apikey'",
            "form-data; name=\" apikey \"",
            "form-data; name=\"apikey",
            "form-data; name=a; name=apikey",
            "form-data; name=\"apikey\"; name=a",
            "form-data; filename=\"; name=apikey\"; name=a",
            "attachment; name=apikey",
            "name=apikey",
        ] {
            check_header(&format!("Content-Disposition: {disposition}"), true);
        }
        for field in
            ["content-disposition", "CONTENT-DISPOSITION", "Content-Disposition ", " Content-Disposition"]
        {
            check_header(&format!("{field}: form-data; name=apikey"), true);
        }
        check_header(
            "Content-Disposition: form-data; name=a~Content-Disposition: form-data; name=apikey",
            true,
        );
    }

    #[test]
    fn other_names_do_not_count() {
        for disposition in [
            "form-data",
            "form-data; name",
            "form-data; name=",
            "form-data; name=\"\"",
            "form-data; name=\"Apikey\"",
            "form-data; name=\"apikeys\"",
            "form-data; name=\"apike\"",
            "form-data; name=\"apikey[]\"",
            "form-data; name=\"x apikey\"",
            "form-data; name=\"apikey\\\"\"",
            "form-data; name=\"%apikey\"",
            "form-data; filename=\"apikey\"",
            "form-data; filename=\"my name*.txt\"",
            "form-data; surname=apikey",
            "form-data; names=apikey",
            "form-data; x-name=apikey",
        ] {
            check_header(&format!("Content-Disposition: {disposition}"), false);
        }
        check_header("Content-Type: text/plain; name=apikey", false);
        check_header("Content-Disposition-X: form-data; name=apikey", false);
        check_header("X: Content-Disposition: form-data; name=apikey", false);
        check_header("X", false);
        check_header("", false);
    }

    #[test]
    fn escaped_quotes_are_read_as_browsers_and_rfcs_write_them() {
        for raw in [r#"a\"b"#, "a%22b"] {
            let input = body(&format!("--b~Content-Disposition: form-data; name=\"{raw}\"~~k~--b--~"));
            assert_eq!(find(&input, b"b", "a\"b"), Ok(Found::One(Cow::Borrowed(b"k"))), "{raw}");
        }
        let input = body("--b~Content-Disposition: form-data; name=\"a%0D%0Ab\"~~k~--b--~");
        assert_eq!(find(&input, b"b", "a\r\nb"), Ok(Found::One(Cow::Borrowed(b"k"))));
    }

    #[test]
    fn names_written_in_forbidden_ways_are_unreadable() {
        for parameter in [
            "name*=utf-8''apikey",
            "name*0=api; name*1=key",
            "Name*0*=utf-8''api; name*1*=key",
            "name=\"=?utf-8?B?YXBpa2V5?=\"",
            "name=\"api=?utf-8?Q?key?=\"",
            "name=\"apikey=?utf-8?Q??=\"",
        ] {
            check_unreadable(&format!("--b~Content-Disposition: form-data; {parameter}~~k~--b--~"));
        }
    }

    #[test]
    fn parts_without_a_name_are_passed_over() {
        check(&format!("--b~~x~{KEY}--b--~"), "=k", "--b~~x~--b--~");
        check(&format!("--b~X: y~~x~{KEY}--b--~"), "=k", "--b~X: y~~x~--b--~");
    }

    #[test]
    fn delimiters_may_have_blanks_behind_them() {
        check("--b \t~Content-Disposition: form-data; name=apikey~~k~--b-- ~", "=k", "--b-- ~");
    }

    #[test]
    fn a_delimiter_is_no_delimiter_inside_a_line() {
        check("--b~Content-Disposition: form-data; name=apikey~~k--b--~--b--~", "=k--b--", "--b--~");
        check("--b~Content-Disposition: form-data; name=apikey~~--k~-b~--b--~", "=--k~-b", "--b--~");
        check_unreadable(&format!("preamble{KEY}--b--~"));
        check_unreadable(&format!("preamble --b~{KEY}--b--~"));
    }

    #[test]
    fn line_feeds_alone_are_read_if_there_is_nothing_else() {
        let lf = |text: &str| text.replace('~', "\n");
        let expected = format!("{A}--b--~");
        check(&lf(&format!("{A}{KEY}--b--~")), "=k", &lf(&expected));
        check(&lf(&format!("preamble~{KEY}--b--")), "=k", &lf("preamble~--b--"));
    }

    #[test]
    fn mixed_line_ends_are_unreadable() {
        let name = "Content-Disposition: form-data; name=apikey";
        for input in [
            format!("--b~{name}~~k\n--b--~"),
            format!("--b~{name}~~k\r--b--~"),
            format!("--b~{name}~~k~--b--\n"),
            format!("--b\n{name}~~k~--b--~"),
            format!("--b\r{name}~~k~--b--~"),
            format!("--b~{name}\n\nk~--b--~"),
            format!("--b~X: y\n{name}~~k~--b--~"),
            format!("--b~X: y\r{name}~~k~--b--~"),
            format!("--b~X: y\n\n{name}~~k~--b--~"),
            format!("--b\n{name}\n\nk~--b--\n"),
            format!("--b\nX: y~{name}\n\nk\n--b--\n"),
            format!("preamble\n--b~{name}~~k~--b--~"),
            format!("preamble~--b\n{name}\n\nk\n--b--\n"),
            format!("--b~{name}~~k~--b~{name}~~k\n--b~{name}~~k~--b--~"),
            format!("--b~{name}\0~~k~--b--~"),
        ] {
            check_unreadable(&input);
        }
    }

    #[test]
    fn broken_bodies_are_unreadable() {
        let name = "Content-Disposition: form-data; name=apikey";
        for input in [
            "".to_owned(),
            "k".to_owned(),
            "--".to_owned(),
            "--b".to_owned(),
            "--b~".to_owned(),
            format!("--b~{name}"),
            format!("--b~{name}~~k"),
            format!("--b~{name}~~k~"),
            format!("--b~{name}~~k~--b"),
            format!("--b~{name}~~k~--b-"),
            format!("--b~{name}~~k~--b~"),
            format!("--b~{name}~~k~--bb--~"),
            format!("--b~{name}~~k~--b--x"),
            format!("--b~{name}~~k~--bx~--b--~"),
            format!("--bx~{name}~~k~--b--~"),
            format!("--b~{name}~--b--~"),
            format!("--b~{name}~~--b--~"),
            format!("--b~--b~{name}~~k~--b--~"),
            format!("--b--~{KEY}--b--~"),
            format!("{KEY}--b--~~--b--~"),
            format!("{KEY}--b--~--b--~"),
        ] {
            check_unreadable(&input);
        }
    }

    #[test]
    fn a_boundary_has_1_to_70_bytes_and_no_line_end() {
        for boundary in [b"".as_slice(), b"a\rb", b"a\nb", &[b'b'; MULTIPART_BOUNDARY_BYTES_MAX + 1]] {
            let input = [b"--", boundary, b"--\r\n"].concat();
            assert_eq!(find(&input, boundary, "apikey"), Err(Unreadable));
        }
        let boundary = [b'-'; MULTIPART_BOUNDARY_BYTES_MAX];
        let input = [b"--", boundary.as_slice(), b"--\r\n"].concat();
        assert_eq!(find(&input, &boundary, "apikey"), Ok(Found::Nothing));
    }

    #[test]
    fn parts_and_their_headers_are_bounded() {
        check(
            &format!("{}{KEY}--b--~", C.repeat(MULTIPART_PARTS_MAX - 1)),
            "=k",
            &format!("{}--b--~", C.repeat(MULTIPART_PARTS_MAX - 1)),
        );
        check_unreadable(&format!("{KEY}{}--b--~", C.repeat(MULTIPART_PARTS_MAX)));

        let name = "~Content-Disposition: form-data; name=apikey~";
        let header = |len: usize| format!("X: {}{name}", "x".repeat(len - "X: ~~".len() - name.len()));
        let part = |header: &str| format!("--b~{header}~k~--b--~");
        let fits = header(MULTIPART_PART_HEADER_BYTES_MAX);
        assert_eq!(body(&fits).len(), MULTIPART_PART_HEADER_BYTES_MAX);
        check(&part(&fits), "=k", "--b--~");
        check_unreadable(&part(&header(MULTIPART_PART_HEADER_BYTES_MAX + 1)));
    }

    #[test]
    fn headers_full_of_names_are_read() {
        for piece in
            [" name=", " name=\"", "Content-Disposition: name=\"apike~ ", " Content-Disposition: name=apike~"]
        {
            let pieces = piece.repeat(MULTIPART_PART_HEADER_BYTES_MAX / (piece.len() + 1) - 8);
            let header = format!("Content-Disposition:{pieces}");
            check_header(&header, false);
            check_header(&format!("{header} ; name=apikey"), true);
        }
    }

    #[test]
    fn each_name_has_its_own_value() {
        let part = |name: &str, value: &str| format!("--b~Content-Disposition: form-data; {name}~~{value}~");
        let parts = [part("name=apikey", "1"), part("name=a; name=\"k\"", "2"), part("name=a", "3")];
        let input = body(&format!("{}--b--~", parts.concat()));
        let mut scanned = scan(&input, b"b", &Names::new(&["a", "apikey", "k", "x"])).unwrap();
        let found = [0, 1, 2, 3].map(|place| show(&scanned.take(place)));
        assert_eq!(found, ["Many", "=1", "=2", "Nothing"]);
        assert_eq!(apply_cuts(&input, &scanned.into_cuts().into_vec()), b"--b--\r\n");
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Field {
        name: Option<String>,
        file_name: Option<String>,
        content_type: Option<String>,
        content: Vec<u8>,
    }

    /// The fields `multer` reads.
    fn fields(input: &[u8]) -> Result<Vec<Field>, multer::Error> {
        let stream = BodyDataStream::new(Full::new(Bytes::copy_from_slice(input)));
        let mut multipart = multer::Multipart::new(stream, "b");
        let mut fields = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            while let Some(field) = multipart.next_field().await? {
                let header = |name: &str| field.headers().get(name).map(|v| format!("{v:?}"));
                fields.push(Field {
                    name: field.name().map(str::to_owned),
                    file_name: field.file_name().map(str::to_owned),
                    content_type: header("content-type"),
                    content: field.bytes().await?.to_vec(),
                });
            }
            Ok(fields)
        })
    }

    fn is_named(field: &Field, name: &str) -> bool {
        field.name.as_deref() == Some(name)
    }

    /// What must hold for any bytes: no panic, cuts that fit, and nothing left that we or `multer` would find.
    fn check_any(input: &[u8]) {
        let Ok(kept) = left(input, &["apikey"]) else {
            assert_eq!(find(input, b"b", "apikey"), Err(Unreadable));
            return;
        };
        assert_eq!(find(&kept, b"b", "apikey"), Ok(Found::Nothing));
        if find(input, b"b", "apikey") == Ok(Found::Nothing) {
            assert_eq!(kept, input);
        }
        if let Ok(fields) = fields(&kept) {
            assert!(!fields.iter().any(|field| is_named(field, "apikey")));
        }
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![2 => Just("apikey".to_owned()), 3 => "[a-zA-Z0-9_é -]{1,8}"]
    }

    fn contents() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"--".to_vec()),
            Just(b"-".to_vec()),
            Just(b"\r\n--".to_vec()),
            prop::collection::vec(any::<u8>(), 0..8),
        ];
        prop::collection::vec(piece, 0..6)
            .prop_map(|pieces| pieces.concat())
            .prop_filter("no delimiter", |content| !content.windows(3).any(|three| three == b"--b"))
    }

    fn parts() -> impl Strategy<Value = Vec<u8>> {
        let file = (prop::option::of("[a-z. ]{1,8}"), prop::option::of("[a-z]{1,4}/[a-z]{1,4}"));
        (names(), any::<bool>(), file, contents()).prop_map(
            |(name, is_token, (file_name, media_type), content)| {
                let is_token = is_token && !name.contains(' ');
                let mut part = b"--b\r\n".to_vec();
                if let Some(media_type) = media_type {
                    part.extend(format!("Content-Type: {media_type}\r\n").bytes());
                }
                let name = if is_token { name } else { format!("\"{name}\"") };
                part.extend(format!("Content-Disposition: form-data; name={name}").bytes());
                if let Some(file_name) = file_name {
                    part.extend(format!("; filename=\"{file_name}\"").bytes());
                }
                part.extend(b"\r\n\r\n");
                part.extend(content);
                part.extend(b"\r\n");
                part
            },
        )
    }

    fn bodies() -> impl Strategy<Value = Vec<u8>> {
        let edges = prop::sample::select(vec!["", "text\r\n", "\r\n"]);
        (edges.clone(), prop::collection::vec(parts(), 0..6), edges).prop_map(
            |(preamble, parts, epilogue)| {
                [preamble.as_bytes(), &parts.concat(), b"--b--\r\n", epilogue.as_bytes()].concat()
            },
        )
    }

    /// Pieces of multipart in any order: nearly valid, mostly not.
    fn scraps() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "--b",
            "--b\r\n",
            "--b--",
            "\r\n",
            "\r\n",
            "\n",
            "\r",
            "Content-Disposition: form-data; ",
            "name=",
            "apikey",
            "\"",
            ";",
            " ",
            ":",
            "*",
            "%",
            "\\",
            "'",
            "x",
            "k",
            "\r\n\r\nk\r\n",
            "--b\r\nContent-Disposition: form-data; name=apikey\r\n\r\nk\r\n",
        ];
        let piece = prop_oneof![
            12 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..3),
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn agrees_with_multer(body in bodies()) {
            let all = fields(&body).unwrap();
            let named: Vec<_> = all.iter().filter(|field| is_named(field, "apikey")).collect();
            let expected = match named.as_slice() {
                [] => Found::Nothing,
                [field] => Found::One(Cow::Borrowed(field.content.as_slice())),
                _ => Found::Many,
            };
            prop_assert_eq!(find(&body, b"b", "apikey"), Ok(expected));

            let kept = left(&body, &["apikey"]).unwrap();
            let expected: Vec<_> = all.iter().filter(|field| !is_named(field, "apikey")).cloned().collect();
            prop_assert_eq!(fields(&kept).unwrap(), expected);
        }

        #[test]
        fn damaged_bodies_leak_nothing(
            body in bodies(),
            at in any::<prop::sample::Index>(),
            with in prop_oneof![any::<u8>(), prop::sample::select(b"\r\n-b\"; \\%=:".to_vec())],
            is_inserted in any::<bool>(),
        ) {
            let mut damaged = body;
            let at = at.index(damaged.len());
            if is_inserted {
                damaged.insert(at, with);
            } else {
                damaged[at] = with;
            }
            check_any(&damaged);
        }

        #[test]
        fn scraps_leak_nothing(scraps in scraps()) {
            check_any(&scraps);
            check_any(&[b"--b\r\n", scraps.as_slice(), b"\r\n\r\nk\r\n--b--\r\n"].concat());
        }
    }
}
