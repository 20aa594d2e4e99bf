//! What is wrong with a document, in sentences.

use super::node::Unreadable;
use super::openapi::Refused;
use super::problems::Problem;
use super::words::Words;
use crate::Language;

/// Bytes of what a sentence quotes.
const QUOTED_MAX: usize = 200;

impl Problem<'_> {
    /// The problem in a sentence.
    pub fn sentence(&self, language: Language) -> String {
        let words = &Words::of(language).problems;
        let operation = |method: &str, path: &str| format!("{} {}", method.to_ascii_uppercase(), short(path));
        match self {
            Problem::OnlyDownload => words.only_download.to_owned(),
            Problem::VersionUnknown => words.version_unknown.to_owned(),
            Problem::NoTitle => words.no_title.to_owned(),
            Problem::NoRelease => words.no_release.to_owned(),
            Problem::PathWithoutSlash(path) => (words.path_without_slash)(short(path)),
            Problem::IdTwice(id) => (words.id_twice)(short(id)),
            Problem::NoAnswers(method, path) => (words.no_answers)(&operation(method, path)),
            Problem::ParameterUnnamed(method, path) => (words.parameter_unnamed)(&operation(method, path)),
            Problem::ReferenceOutside(to) => (words.reference_outside)(short(to)),
            Problem::ReferenceNowhere(to) => (words.reference_nowhere)(short(to)),
            Problem::More(number) => (words.more)(*number),
        }
    }
}

impl Refused {
    /// Why, in a sentence.
    pub fn sentence(self, language: Language) -> String {
        let words = &Words::of(language).refused;
        match self {
            Refused::Unreadable(Unreadable::Syntax(line)) => (words.syntax)(line),
            Refused::Unreadable(Unreadable::Depth) => words.depth.to_owned(),
            Refused::Unreadable(Unreadable::Aliases) => words.aliases.to_owned(),
            Refused::Unreadable(Unreadable::Number) => words.number.to_owned(),
            Refused::Unreadable(Unreadable::Size) => words.size.to_owned(),
            Refused::NoVersion => words.no_version.to_owned(),
            Refused::NoPaths => words.no_paths.to_owned(),
        }
    }
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(QUOTED_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_bounded() {
        let path = "/日本".repeat(1_000);
        for language in Language::ALL {
            let said = Problem::NoAnswers("get", &path).sentence(language);
            assert!(said.contains("GET /日本") && said.len() < 2 * QUOTED_MAX, "{said}");
        }
    }

    #[test]
    fn a_fault_of_syntax_names_its_line() {
        let refused = crate::document::Document::read("openapi: 3.0.0\npaths: [").err();
        let said = refused.map(|refused| refused.sentence(Language::En)).unwrap_or_default();
        assert!(said.contains("line "), "{said}");
    }
}
