//! What one scan of a text finds and cuts.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// What one place holds under one name.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Found<'a> {
    /// The name does not occur.
    #[default]
    Nothing,
    /// The name occurs once, but its value is no string: `?apikey`, or a JSON number, `true` or `null`.
    Flag,
    /// One string, possibly empty.
    One(Cow<'a, [u8]>),
    /// Two or more values, or a JSON array or object.
    Many,
}

/// Keeps the value out of logs: it may be a key.
impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Found::Nothing => "Nothing",
            Found::Flag => "Flag",
            Found::One(_) => "One(..)",
            Found::Many => "Many",
        })
    }
}

/// What a text holds under each of the names, and the bytes to delete so that it holds them no
/// more: one cannot be without the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned<'a> {
    found: Few<(usize, Found<'a>)>,
    cuts: Cuts,
}

impl<'a> Scanned<'a> {
    /// What is there under the name at this place of the list; what it says is taken out.
    pub fn take(&mut self, place: usize) -> Found<'a> {
        let found = self.found.iter_mut().find(|(name, _)| *name == place);
        found.map(|(_, found)| std::mem::take(found)).unwrap_or_default()
    }

    /// The ranges to delete.
    pub fn into_cuts(self) -> Cuts {
        self.cuts
    }

    /// One more value of the name at `place`.
    pub(super) fn add(&mut self, place: usize, value: Found<'a>) {
        if let Some((_, found)) = self.found.iter_mut().find(|(name, _)| *name == place) {
            *found = Found::Many;
            return;
        }
        self.found.push((place, value));
    }

    /// Bytes that go with what was added.
    pub(super) fn cut(&mut self, range: Range<usize>) {
        self.cuts.push(range);
    }
}

/// Ranges to delete from a text: ascending, disjoint, joined where they touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts(Few<Range<usize>>);

impl Cuts {
    fn push(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Range<usize>> {
        self.0.iter()
    }

    /// How many bytes they delete.
    pub fn bytes(&self) -> usize {
        self.iter().map(ExactSizeIterator::len).sum()
    }

    /// As a list.
    pub fn into_vec(self) -> Vec<Range<usize>> {
        self.0.into_vec()
    }
}

/// A list that needs no memory of its own for the usual one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Few<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few { first: None, others: Vec::new() }
    }
}

impl<T> Few<T> {
    pub(super) fn push(&mut self, item: T) {
        match self.first {
            None => self.first = Some(item),
            Some(_) => self.others.push(item),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.others)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.others)
    }

    fn last_mut(&mut self) -> Option<&mut T> {
        self.others.last_mut().or(self.first.as_mut())
    }

    fn into_vec(mut self) -> Vec<T> {
        match self.first {
            None => self.others,
            Some(first) => {
                self.others.insert(0, first);
                self.others
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let found = Found::One(Cow::Borrowed(b"secret"));
        assert_eq!(format!("{found:?}"), "One(..)");
    }

    #[test]
    fn cuts_that_touch_are_joined() {
        let mut scanned = Scanned::default();
        for range in [0..2, 2..3, 4..5, 6..7, 7..9] {
            scanned.cut(range);
        }
        assert_eq!(scanned.clone().into_cuts().bytes(), 7);
        assert_eq!(scanned.into_cuts().into_vec(), [0..3, 4..5, 6..9]);
    }

    #[test]
    fn two_values_of_one_name_are_many() {
        let mut scanned = Scanned::default();
        scanned.add(3, Found::Nothing);
        scanned.add(1, Found::Flag);
        scanned.add(3, Found::Flag);
        assert_eq!([0, 1, 3].map(|place| scanned.take(place)), [Found::Nothing, Found::Flag, Found::Many]);
        assert_eq!(scanned.take(3), Found::Nothing);
    }
}
