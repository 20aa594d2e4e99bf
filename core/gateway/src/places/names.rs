//! The names that a text is searched for, compared byte by byte with all of them at once.

/// Names to look for, sorted once: a text is compared with sixteen about as fast as with one.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// With the place of each in the list it came from.
    sorted: Vec<(String, usize)>,
    /// One bit for each byte that a name begins with: most of what is compared differs there.
    first_bytes: [u64; 4],
}

impl Names {
    /// The names in the order in which they are looked for; of equal ones the first counts.
    pub fn new<N: AsRef<str>>(names: &[N]) -> Self {
        let placed = names.iter().enumerate().map(|(place, name)| (name.as_ref().to_owned(), place));
        let mut sorted: Vec<_> = placed.collect();
        sorted.sort();
        sorted.dedup_by(|second, first| second.0 == first.0);
        let mut first_bytes = [0; 4];
        for byte in sorted.iter().filter_map(|(name, _)| name.as_bytes().first()) {
            first_bytes[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        Names { sorted, first_bytes }
    }

    /// The names, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.sorted.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a name begins so.
    pub(super) fn may_begin_with(&self, byte: u8) -> bool {
        self.first_bytes[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// All names, before anything was compared.
    pub(super) fn candidates(&self) -> Candidates<'_> {
        Candidates { left: &self.sorted, bytes: 0 }
    }

    /// The place of the name that consists of these bytes.
    pub(crate) fn find(&self, bytes: impl Iterator<Item = u8>) -> Option<usize> {
        let mut candidates = self.candidates();
        for byte in bytes {
            if !candidates.go_on_with(byte) {
                return None;
            }
        }
        candidates.whole()
    }
}

/// The names that begin with what was compared so far.
#[derive(Clone)]
pub(super) struct Candidates<'n> {
    /// Sorted, so that those with the same next byte stand together.
    left: &'n [(String, usize)],
    /// How many bytes were compared.
    bytes: usize,
}

impl Candidates<'_> {
    /// Keeps the names that go on with `byte`, and says whether there are any.
    pub(super) fn go_on_with(&mut self, byte: u8) -> bool {
        let next = |name: &(String, usize)| name.0.as_bytes().get(self.bytes).copied();
        let goes_on = |name: &(String, usize)| next(name) == Some(byte);
        self.left = match self.left {
            [first, .., last] if !goes_on(first) || !goes_on(last) => {
                let start = self.left.partition_point(|name| next(name) < Some(byte));
                let rest = self.left.get(start..).unwrap_or_default();
                rest.get(..rest.partition_point(goes_on)).unwrap_or_default()
            }
            [only] if !goes_on(only) => &[],
            all => all,
        };
        self.bytes += 1;
        !self.left.is_empty()
    }

    /// The place of the name that is compared to its end.
    pub(super) fn whole(&self) -> Option<usize> {
        // A name sorts before those that go on behind it.
        self.left.first().filter(|(name, _)| name.len() == self.bytes).map(|(_, place)| *place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_name_is_found_at_its_place() {
        let names = ["key", "apikey", "api", "key", "k", "é"];
        let search = Names::new(&names);
        assert!(search.may_begin_with(b'k') && search.may_begin_with(0xc3) && !search.may_begin_with(b'e'));
        for (text, place) in [
            ("key", Some(0)),
            ("apikey", Some(1)),
            ("api", Some(2)),
            ("k", Some(4)),
            ("é", Some(5)),
            ("", None),
            ("a", None),
            ("keys", None),
            ("apikez", None),
            ("z", None),
        ] {
            assert_eq!(search.find(text.bytes()), place, "{text}");
        }
        assert_eq!(Names::default().find("key".bytes()), None);
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_search(
            names in prop::collection::vec("[ab]{0,4}", 0..8),
            text in "[abc]{0,5}",
        ) {
            let expected = names.iter().position(|name| *name == text);
            prop_assert_eq!(Names::new(&names).find(text.bytes()), expected);
        }
    }
}
