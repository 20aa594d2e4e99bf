//! How to call a service, as blocks for the pages that say it.

use super::facts::{Facts, Place, Routes};
use super::snippets::{CodeLanguage, Key, Snippet, snippets, token_snippets};
use super::words::Calling as Words;
use crate::Language;
use crate::parts::blocks::{Block, CodeTab, CodeTabs};

/// How a service is called, for its page, the page of a contract and the one that shows a key.
#[derive(Clone, Copy, Debug)]
pub struct HowToCall<'a> {
    /// The language of the page.
    pub language: Language,
    /// Distinct on the page: ids of the snippets begin with it. Letters, digits and `-`.
    pub id: &'a str,
    /// What there is to know.
    pub facts: Facts<'a>,
    /// What stands for the key.
    pub key: Key<'a>,
}

impl<'a> HowToCall<'a> {
    /// Snippets for each place of the key, the best first, or why there are none. The heading is the page's.
    pub(crate) fn blocks(&self) -> Vec<Block<'a>> {
        let words = Words::of(self.language);
        if let Some(why) = self.why_not(words) {
            return vec![Block::Note(why.into())];
        }
        let Some(key_auth) = self.facts.key_auth else {
            return if self.facts.oauth2.is_some() {
                self.with_token(words)
            } else {
                self.without_key(words)
            };
        };
        if self.facts.places().next().is_none() {
            return vec![Block::Note(words.no_place.into())];
        }
        let key = match self.key {
            Key::Variable => words.variable,
            Key::Shown(_) => words.shown,
        };
        let mut blocks = vec![Block::Paragraph(key.into())];
        if key_auth.refuses_preflights {
            blocks.push(Block::Note(words.no_preflights.into()));
        }
        blocks.extend(self.facts.places().map(|place| Block::CodeTabs(self.tabs(place, words))));
        blocks.extend(self.with_token(words));
        blocks
    }

    /// How a token is got and used, where one is asked for.
    fn with_token(&self, words: &'static Words) -> Vec<Block<'a>> {
        let Some(oauth2) = self.facts.oauth2 else { return Vec::new() };
        let id = format!("{}-token", self.id);
        let tabs: Vec<CodeTab<'a>> =
            token_snippets(&self.facts).into_iter().map(|snippet| self.tab(&id, snippet, None)).collect();
        let mut blocks = vec![Block::Paragraph(words.token.into())];
        if oauth2.is_beside_key {
            blocks.push(Block::Note(words.token_beside_key.into()));
        }
        blocks.push(match tabs.is_empty() {
            true => Block::Note(words.no_token.into()),
            false => Block::CodeTabs(CodeTabs { id, title: words.with_token, note: None, tabs }),
        });
        blocks
    }

    fn tab(&self, id: &str, snippet: Snippet, note: Option<&'static str>) -> CodeTab<'a> {
        CodeTab {
            id: format!("{id}-{}", snippet.language.id()),
            title: snippet.language.name(),
            note,
            text: snippet.text.into(),
        }
    }

    fn why_not(&self, words: &Words) -> Option<&'static str> {
        match self.facts.routes {
            _ if !self.facts.is_enabled => Some(words.suspended),
            Routes::None => Some(words.no_route),
            _ if self.facts.request().is_none() => Some(words.not_plain),
            Routes::Plain(_) | Routes::NotPlain => None,
        }
    }

    /// Method and URL are all that is needed.
    fn without_key(&self, words: &Words) -> Vec<Block<'a>> {
        let line = self.facts.request().map(|request| {
            let line = format!("{} {}", request.method.name(), self.facts.url(&request));
            let fields = request.headers.iter().map(|(name, value)| format!("\n{name}: {value}"));
            Block::Code(std::iter::once(line).chain(fields).collect::<String>().into())
        });
        std::iter::once(Block::Note(words.anybody.into())).chain(line).collect()
    }

    fn tabs(&self, place: Place, words: &'static Words) -> CodeTabs<'a> {
        let note = (place == Place::Query).then_some(words.query_in_logs);
        let id = format!("{}-{}", self.id, place.id());
        let tab = |snippet: Snippet| {
            let note = (snippet.language == CodeLanguage::JavaScript).then_some(words.in_browsers);
            self.tab(&id, snippet, note)
        };
        let tabs = snippets(&self.facts, place, self.key).map(tab).collect();
        CodeTabs { id, title: words.place(place), note, tabs }
    }
}
