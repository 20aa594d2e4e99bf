//! The languages that people are written to in: pages and mails.

use serde::{Deserialize, Serialize};

/// A language that pages and mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::En, Language::Ja];

    /// Its tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ja => "ja",
        }
    }

    /// The language of a tag.
    pub fn parse(tag: &str) -> Option<Self> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The one of `Accept-Language` (RFC 9110 §12.5.4) that there is and that is wanted most; of
    /// several alike, the first.
    pub fn accepted(field: &str) -> Option<Self> {
        let mut best: Option<(Language, u16)> = None;
        for range in field.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let language = Language::of_range(tag.trim());
            let (Some(language), Some(weight)) = (language, thousandths(weight)) else { continue };
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    fn of_range(range: &str) -> Option<Self> {
        let primary = range.split('-').next()?;
        Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// A weight (`q=0.8`, RFC 9110 §12.4.2), in thousandths; none is 1.
fn thousandths(weight: &str) -> Option<u16> {
    let weight = weight.trim();
    if weight.is_empty() {
        return Some(1000);
    }
    let number = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?;
    let number: f32 = number.parse().ok().filter(|number| (0.0..=1.0).contains(number))?;
    Some((number * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_wanted_most_is_taken() {
        for (field, expected) in [
            ("en", Some(Language::En)),
            ("ja", Some(Language::Ja)),
            ("JA-jp, en;q=0.8", Some(Language::Ja)),
            ("en;q=0.5,ja;q=0.9", Some(Language::Ja)),
            ("de, fr;q=0.9, ja;q=0.2", Some(Language::Ja)),
            ("en, ja", Some(Language::En)),
            ("en ; q=0.000, ja ; Q=0.001", Some(Language::Ja)),
            ("ja;q=0", None),
            ("ja;q=2, en;q=x", None),
            ("jam, english, *", None),
            ("", None),
            (",,;;q=1", None),
        ] {
            assert_eq!(Language::accepted(field), expected, "{field}");
        }
    }
}
