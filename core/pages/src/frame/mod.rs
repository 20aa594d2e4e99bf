//! What is around every page: skip link, header with the navigation, message, footer.

mod navigation;
pub(crate) mod samples;
mod words;

pub(crate) use words::Words;

use crate::Language;
use crate::manager::paths as of_manager;
use crate::portal::paths as of_portal;

/// Whose pages these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// For developers, at `/portal`.
    Portal,
    /// For administrators, at `/manager`.
    Manager,
}

/// What administrators set of how pages look.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Name of the portal.
    pub name: &'a str,
    /// Path of the logo; `None`: the name stands alone.
    pub logo: Option<&'a str>,
    /// Path of the style sheet ([`crate::assets`]).
    pub style: &'a str,
    /// Path of the script.
    pub script: &'a str,
}

/// What came of an action, shown once on the page after it.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// It is done (`role="status"`).
    Done(&'a str),
    /// It is not (`role="alert"`).
    Failed(&'a str),
}

/// How many wait, as far as they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// So many at least.
    pub count: u64,
    /// Whether there are more.
    pub or_more: bool,
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.count, if self.or_more { "+" } else { "" })
    }
}

/// What is around every page.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Whose page it is.
    pub front: Front,
    /// The language of the page.
    pub language: Language,
    /// How it looks.
    pub site: Site<'a>,
    /// Who is logged in: an address, or the name of an admin token.
    pub caller: Option<&'a str>,
    /// Path of the page, with its query: what the navigation marks, and where changing the language leads.
    pub path: &'a str,
    /// Requests that wait for an administrator, beside "Requests".
    pub waiting: Option<Waiting>,
    /// What came of the action before.
    pub message: Option<Message<'a>>,
}

impl Front {
    /// Where it begins.
    pub fn start(self) -> &'static str {
        match self {
            Front::Portal => of_portal::SERVICES,
            Front::Manager => of_manager::START,
        }
    }

    /// Where a POST logs out.
    fn log_out(self) -> &'static str {
        match self {
            Front::Portal => of_portal::LOG_OUT,
            Front::Manager => of_manager::LOG_OUT,
        }
    }

    /// What its words mean.
    fn help(self) -> &'static str {
        match self {
            Front::Portal => of_portal::HELP,
            Front::Manager => of_manager::HELP,
        }
    }
}

/// What the template of every page asks for.
impl Frame<'_> {
    pub(crate) fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    pub(crate) fn start(&self) -> &'static str {
        self.front.start()
    }

    pub(crate) fn log_out(&self) -> &'static str {
        self.front.log_out()
    }

    pub(crate) fn help(&self) -> &'static str {
        self.front.help()
    }

    /// Whether there is little enough in the navigation for one row with the name.
    pub(crate) fn is_portal(&self) -> bool {
        self.front == Front::Portal
    }

    /// The other languages: tag, name in itself, and the link to this page in it.
    pub(crate) fn languages(&self) -> Vec<(&'static str, &'static str, String)> {
        let others = Language::ALL.into_iter().filter(|language| *language != self.language);
        others.map(|language| (language.tag(), name(language), self.path_in(language))).collect()
    }

    /// The path of this page with `lang` in its query, which sets the cookie; what else the query says stays.
    fn path_in(&self, language: Language) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let is_kept = |pair: &&str| !pair.is_empty() && pair.split('=').next() != Some("lang");
        let chosen = format!("lang={}", language.tag());
        let pairs: Vec<&str> = query.split('&').filter(is_kept).chain([chosen.as_str()]).collect();
        format!("{path}?{}", pairs.join("&"))
    }
}

/// What a language is called by those who read it.
fn name(language: Language) -> &'static str {
    match language {
        Language::En => "English",
        Language::Ja => "日本語",
    }
}

#[cfg(test)]
mod tests;
