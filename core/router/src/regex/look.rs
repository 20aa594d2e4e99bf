/// A condition on a place between bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Of the whole haystack.
    Start,
    End,
    /// Of a line that ends in `\n`.
    LineStart,
    LineEnd,
    /// Of a line that ends in `\r`, `\n` or both.
    CrlfLineStart,
    CrlfLineEnd,
    WordBoundary,
    NotWordBoundary,
    WordStart,
    WordEnd,
    /// No word character before.
    WordStartHalf,
    /// No word character behind.
    WordEndHalf,
}

impl Look {
    /// `at`: at most the length of `haystack`.
    pub(super) fn holds(self, haystack: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| haystack.get(before)).copied();
        let behind = haystack.get(at).copied();
        let (line_before, line_behind) = (before == Some(b'\n'), behind == Some(b'\n'));
        let (return_before, return_behind) = (before == Some(b'\r'), behind == Some(b'\r'));
        let (word_before, word_behind) = (is_word(before), is_word(behind));
        match self {
            Look::Start => before.is_none(),
            Look::End => behind.is_none(),
            Look::LineStart => before.is_none() || line_before,
            Look::LineEnd => behind.is_none() || line_behind,
            Look::CrlfLineStart => before.is_none() || line_before || return_before && !line_behind,
            Look::CrlfLineEnd => behind.is_none() || return_behind || line_behind && !return_before,
            Look::WordBoundary => word_before != word_behind,
            Look::NotWordBoundary => word_before == word_behind,
            Look::WordStart => !word_before && word_behind,
            Look::WordEnd => word_before && !word_behind,
            Look::WordStartHalf => !word_before,
            Look::WordEndHalf => !word_behind,
        }
    }
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
