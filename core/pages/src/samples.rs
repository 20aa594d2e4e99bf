//! A sample of every page, in every state that it has: what the tests render, and what people look at.

use crate::Language;
pub use crate::sample::Sample;

/// All samples in a language. `text` stands wherever people have typed something.
pub fn all(language: Language, text: &str) -> Vec<Sample> {
    let mut samples = crate::frame::samples::all(language, text);
    samples.extend(crate::manager::samples::all(language, text));
    samples.extend(crate::portal::samples::all(language, text));
    samples.extend(crate::calls::samples::all(language, text));
    samples.extend(crate::document::samples::all(language, text));
    samples
}
