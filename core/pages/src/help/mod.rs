//! What the words of a front mean: where the help link of every page leads.

mod words;

use crate::parts::State;
use crate::parts::blocks::{Block, Main};
use crate::parts::table::Cell;
use crate::words::Common;
use crate::{Frame, Front};
use words::{Term, Words};

/// The help of a front.
#[derive(Debug)]
pub struct Help<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
}

crate::parts::pages! { Help }

impl Help<'_> {
    fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let (lead, terms) = match self.frame.front {
            Front::Portal => (words.portal_lead, &words.portal[..]),
            Front::Manager => (words.manager_lead, &words.manager[..]),
        };
        let terms = terms.iter().map(|Term(name, text)| ((*name).into(), Cell::text(*text))).collect();
        let states = words.states.iter().map(|(state, text)| (self.state(*state).into(), Cell::text(*text)));
        Main::new(words.title)
            .lead(lead)
            .blocks([Block::Heading(words.terms_title.into()), Block::Facts(terms)])
            .blocks([Block::Heading(words.states_title.into()), Block::Facts(states.collect())])
    }

    /// Its shape, and its word for those who read it.
    fn state(&self, state: State) -> String {
        let word = match self.frame.front {
            Front::Portal => state.word(self.frame.language),
            Front::Manager => Common::of(self.frame.language).state(state),
        };
        format!("{} {word}", state.shape())
    }
}
