//! How much of a page is left: whatever comes from a document is taken from it, so that no page of any
//! document is larger than a bound.

use std::borrow::Cow;

use crate::parts::prose::Prose;

/// Bytes of HTML of a page, at most: what [`Left`] gives, with frame, words and what stands between texts.
pub const PAGE_MAX: usize = 300 << 10;
/// Bytes that texts of a document and what is around each may have on a page.
const BYTES: usize = 200 << 10;
/// Lines of schemas, on a page.
const LINES: usize = 600;
/// What is around a line of a schema, in bytes: measured, and generous.
const AROUND_LINE: usize = 150;

/// What is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    bytes: usize,
    lines: usize,
}

impl Left {
    /// Of a page with nothing on it.
    pub(super) fn whole() -> Self {
        Left { bytes: BYTES, lines: LINES }
    }

    /// A text, cut to so many bytes of HTML.
    pub(super) fn text<'d>(&mut self, text: &'d str, max: usize) -> Cow<'d, str> {
        let max = max.min(self.bytes);
        let mut used = 0;
        for (at, character) in text.char_indices() {
            let escaped =
                if matches!(character, '<' | '>' | '&' | '"' | '\'') { 5 } else { character.len_utf8() };
            if used + escaped > max {
                self.bytes -= used;
                return Cow::Owned(format!("{}…", text.get(..at).unwrap_or_default()));
            }
            used += escaped;
        }
        self.bytes -= used;
        Cow::Borrowed(text)
    }

    /// The same of a text that was made here.
    pub(super) fn made<'a>(&mut self, text: String, max: usize) -> Cow<'a, str> {
        Cow::Owned(self.text(&text, max).into_owned())
    }

    /// Markdown under a heading of a level; `None` where there is none, or no room.
    pub(super) fn prose(&mut self, text: &str, under: u8, max: usize) -> Option<Prose> {
        let max = max.min(self.bytes);
        if text.trim().is_empty() || max == 0 {
            return None;
        }
        let prose = Prose::of(text, under, max);
        self.bytes = self.bytes.saturating_sub(prose.html().len());
        Some(prose)
    }

    /// Takes a line of a schema; `false`: there is no room for it.
    pub(super) fn line(&mut self) -> bool {
        if self.lines == 0 || self.bytes < AROUND_LINE {
            return false;
        }
        self.lines -= 1;
        self.bytes -= AROUND_LINE;
        true
    }

    /// Takes what stands around something else.
    pub(super) fn around(&mut self, bytes: usize) -> bool {
        let fits = self.bytes >= bytes;
        self.bytes = self.bytes.saturating_sub(bytes);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_by_what_they_are_in_html() {
        let mut left = Left::whole();
        assert_eq!(left.text("日本", 5), "日…");
        assert_eq!(left.text("<<", 9), "<…");
        assert_eq!(left.text("ab", 2), "ab");
        left.text(&"a".repeat(BYTES), usize::MAX);
        assert_eq!(left.text("b", 1), "…");
        assert!(!left.line() && left.prose("a", 1, 10).is_none());
    }
}
