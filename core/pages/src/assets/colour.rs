//! The colour that administrators set, and what of it can be read on our grounds (WCAG 2.2, 1.4.3, 1.4.11).

use std::fmt;
use std::str::FromStr;

/// What text needs: 4.5 to 1.
const OF_TEXT: f64 = 4.5;
/// The ground of the light pages that dark text is read on worst, as in the style sheet (`--sunken`).
const LIGHT: Colour = Colour([0xee, 0xf0, 0xf4]);
/// The same of the dark ones, for light text.
const DARK: Colour = Colour([0x22, 0x26, 0x2f]);
const BLACK: Colour = Colour([0, 0, 0]);
const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
/// In how many steps a colour goes to black or white.
const STEPS: u16 = 64;

/// A colour of sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// What was typed is no `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoColour;

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').ok_or(NoColour)?;
        let is_whole = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_whole).ok_or(NoColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Colour([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Colour([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|byte| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio with another colour, from 1 to 21 (WCAG 2.2).
    pub(super) fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance() + 0.05, other.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    /// Black or white, whichever is read better on it: one of them always is, 4.58 to 1 at the least.
    fn text_on(self) -> Colour {
        if self.contrast(BLACK) >= self.contrast(WHITE) { BLACK } else { WHITE }
    }

    /// So much of the way to another colour.
    fn towards(self, end: Colour, step: u16) -> Colour {
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (STEPS - step) + u16::from(to) * step;
            u8::try_from(sum / STEPS).unwrap_or(u8::MAX)
        };
        let (Colour([r, g, b]), Colour([x, y, z])) = (self, end);
        Colour([mix(r, x), mix(g, y), mix(b, z)])
    }

    /// It, or the nearest on the way to `end` that is read as text on a ground.
    fn readable(self, ground: Colour, end: Colour) -> Colour {
        let mut shades = (0..=STEPS).map(|step| self.towards(end, step));
        shades.find(|shade| shade.contrast(ground) >= OF_TEXT).unwrap_or(end)
    }

    /// The custom properties that the style sheet takes its accent from, light and dark.
    pub(super) fn properties(self) -> String {
        let (on, light, dark) = (self.text_on(), self.readable(LIGHT, BLACK), self.readable(DARK, WHITE));
        format!(
            ":root{{--accent:{self};--on-accent:{on};--link:{light};--mark:{light}}}\n\
             @media screen and (prefers-color-scheme:dark){{:root{{--link:{dark};--mark:{dark}}}}}\n",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().expect("is a colour")
    }

    /// Some of every hue and lightness.
    fn many() -> impl Iterator<Item = Colour> {
        let steps = || (0..=255u8).step_by(17);
        steps().flat_map(move |r| steps().flat_map(move |g| steps().map(move |b| Colour([r, g, b]))))
    }

    #[test]
    fn only_rrggbb_is_a_colour() {
        assert_eq!(colour("#0aF3c9").to_string(), "#0af3c9");
        for text in ["", "#", "red", "#fff", "#12345", "#1234567", "#12345g", "#+12345", "123456", "#ééé"]
        {
            assert_eq!(text.parse::<Colour>(), Err(NoColour), "{text}");
        }
    }

    /// Ratios that WCAG's own tools give.
    #[test]
    fn contrast_is_that_of_wcag() {
        for (a, b, expected) in
            [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffff00", 8.0)]
        {
            assert!((colour(a).contrast(colour(b)) - expected).abs() < 0.01, "{a} {b}");
        }
    }

    #[test]
    fn text_on_any_colour_and_text_in_it_can_be_read() {
        for colour in many() {
            assert!(colour.text_on().contrast(colour) >= OF_TEXT, "{colour}");
            assert!(colour.readable(LIGHT, BLACK).contrast(LIGHT) >= OF_TEXT, "{colour}");
            assert!(colour.readable(DARK, WHITE).contrast(DARK) >= OF_TEXT, "{colour}");
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays() {
        let blue = colour("#1f4fbf");
        assert!(blue.properties().contains("--accent:#1f4fbf;--on-accent:#ffffff;--link:#1f4fbf"));
    }
}
