//! Calls of a service as code, one for each language, which prints the status and the body of the answer.

mod compiled;
mod scripts;
#[cfg(test)]
mod tests;
mod tokens;

use super::facts::{AUTHORIZATION, Facts, Method, Place};
pub use scripts::{Tried, curl_of_try};
pub use tokens::token_snippets;

/// The environment variable that stands for the key.
pub(super) const VARIABLE: &str = "API_KEY";

/// Languages of snippets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are their names")]
pub enum CodeLanguage {
    Curl,
    JavaScript,
    Python,
    Go,
    Rust,
    Java,
}

impl CodeLanguage {
    /// All of them, in the order in which they are shown.
    pub const ALL: [CodeLanguage; 6] = [
        CodeLanguage::Curl,
        CodeLanguage::JavaScript,
        CodeLanguage::Python,
        CodeLanguage::Go,
        CodeLanguage::Rust,
        CodeLanguage::Java,
    ];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            CodeLanguage::Curl => "curl",
            CodeLanguage::JavaScript => "JavaScript",
            CodeLanguage::Python => "Python",
            CodeLanguage::Go => "Go",
            CodeLanguage::Rust => "Rust",
            CodeLanguage::Java => "Java",
        }
    }

    /// In ids of pages.
    pub(super) fn id(self) -> &'static str {
        match self {
            CodeLanguage::Curl => "curl",
            CodeLanguage::JavaScript => "javascript",
            CodeLanguage::Python => "python",
            CodeLanguage::Go => "go",
            CodeLanguage::Rust => "rust",
            CodeLanguage::Java => "java",
        }
    }
}

/// What stands for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// `$API_KEY`, in every language.
    Variable,
    /// The key itself in the line of curl; `$API_KEY` in the other languages. For the page alone that shows
    /// the key once.
    Shown(&'a str),
}

/// A call as code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// In which language.
    pub language: CodeLanguage,
    /// A whole program, or a line for a shell.
    pub text: String,
}

/// A call in every language, curl's first; none where the key cannot stand there ([`Facts::places`]).
pub fn snippets(facts: &Facts<'_>, place: Place, key: Key<'_>) -> impl Iterator<Item = Snippet> {
    let call = Call::of(facts, place);
    let snippets = call.into_iter().flat_map(|call| {
        CodeLanguage::ALL.map(|language| Snippet { language, text: call.text(language, key) })
    });
    snippets.collect::<Vec<_>>().into_iter()
}

/// A call by curl, with the key at the first place there is.
pub fn curl(facts: &Facts<'_>, key: Key<'_>) -> Option<String> {
    let call = Call::of(facts, facts.places().next()?)?;
    Some(call.text(CodeLanguage::Curl, key))
}

/// What is put into code.
struct Call<'a> {
    method: Method,
    /// Without a query.
    url: String,
    headers: &'a [(&'a str, &'a str)],
    /// Of the key.
    name: &'a str,
    place: Place,
}

impl<'a> Call<'a> {
    fn of(facts: &Facts<'a>, place: Place) -> Option<Self> {
        facts.places().find(|on| *on == place)?;
        let request = facts.request()?;
        let method = match place {
            Place::Header | Place::Bearer | Place::Query => request.method,
            Place::Body => request.method_with_body?,
        };
        let (url, name) = (facts.url(&request), facts.key_auth?.name);
        Some(Call { method, url, headers: request.headers, name, place })
    }

    fn text(&self, language: CodeLanguage, key: Key<'_>) -> String {
        match language {
            CodeLanguage::Curl => scripts::curl(self, key),
            CodeLanguage::JavaScript => scripts::javascript(self),
            CodeLanguage::Python => scripts::python(self),
            CodeLanguage::Go => compiled::go(self),
            CodeLanguage::Rust => compiled::rust(self),
            CodeLanguage::Java => compiled::java(self),
        }
    }

    fn is_in(&self, place: Place) -> bool {
        self.place == place
    }

    /// The part of the text that is there for a place alone.
    fn only_in(&self, place: Place, text: impl Into<String>) -> String {
        if self.is_in(place) { text.into() } else { String::new() }
    }

    /// A line for each header field that a route asks for, and one for the key where it is one: `line` takes the
    /// name and the value as code, `key` is the code of the key alone and behind `Bearer`.
    fn header_lines(
        &self,
        literal: impl Fn(&str) -> String,
        line: impl Fn(&str, &str) -> String,
        [key, behind_bearer]: [&str; 2],
    ) -> String {
        let fixed = self.headers.iter().map(|(name, value)| line(&literal(name), &literal(value)));
        let key = match self.place {
            Place::Header => Some(line(&literal(self.name), key)),
            Place::Bearer => Some(line(&literal(AUTHORIZATION), behind_bearer)),
            Place::Query | Place::Body => None,
        };
        fixed.chain(key).collect()
    }
}
