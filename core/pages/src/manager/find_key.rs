//! Whose key is this? The key is sent by POST, and never comes back.

use super::Thing;
use super::confirm::{Impact, KEY_REFUSED, OLD_KEY_REFUSED};
use super::paths;
use super::words::{Keys as Words, People};
use crate::Frame;
use crate::parts::Time;
use crate::parts::blocks::{Block, Danger, Main, Text};
use crate::parts::fields::{FormBlock, with_help};
use crate::parts::table::Cell;
use crate::parts::time::Instant;
use crate::parts::{Field, Input};
use crate::words::Common;

/// Asks for the key.
#[derive(Debug)]
pub struct FindKey<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whether one was asked about that is not known here.
    pub is_unknown: bool,
}

impl FindKey<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let key = Field {
            input: Input::Password,
            autocomplete: Some("off"),
            fault: self.is_unknown.then_some(words.not_found),
            ..Field::line("key", words.find_key, "")
        };
        let fields = vec![with_help(words.find_help, key)];
        let form = FormBlock::post(common, "find-key", paths::FIND_KEY, words.look_up, fields);
        Main::new(words.find).lead(words.find_lead).block(Block::Form(form))
    }
}

/// Why a key is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Its end has come.
    CredentialEnded,
    /// It is the one before a rotation, and its grace is over.
    GraceEnded,
    /// It is suspended.
    CredentialSuspended,
    /// Its consumer is suspended.
    ConsumerSuspended,
    /// Its application is suspended.
    ApplicationSuspended,
    /// All applications of the developer are suspended.
    DeveloperSuspended,
    /// The developer is not approved.
    DeveloperNotApproved,
    /// Whose it is is being deleted.
    OwnerDeleted,
    /// No route asks for keys that it may pass on.
    Nowhere,
    /// It is a Client ID, by which tokens are got, and no key.
    NoKey,
}

impl KeyFault {
    fn sentence(self, words: &Words) -> &'static str {
        match self {
            KeyFault::CredentialEnded => words.credential_ended,
            KeyFault::GraceEnded => words.grace_ended,
            KeyFault::CredentialSuspended => words.credential_suspended,
            KeyFault::ConsumerSuspended => words.consumer_suspended,
            KeyFault::ApplicationSuspended => words.application_suspended,
            KeyFault::DeveloperSuspended => words.developer_suspended,
            KeyFault::DeveloperNotApproved => words.developer_not_approved,
            KeyFault::OwnerDeleted => words.owner_deleted,
            KeyFault::Nowhere => words.nowhere,
            KeyFault::NoKey => words.no_key,
        }
    }
}

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A consumer's.
    Consumer(Thing<'a>),
    /// An application's, and its developer's.
    Application(Thing<'a>, Thing<'a>),
    /// Nobody's any more.
    Gone,
}

/// Whose it is, what it is good for, and a button that ends it. The page says what stops, as pages that ask
/// do, so that the button needs none.
#[derive(Debug)]
pub struct FoundKey<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whose it is.
    pub owner: Owner<'a>,
    /// Name of its credential, and how the key of now begins.
    pub credential: Thing<'a>,
    /// Whether it is the one before the last rotation.
    pub is_previous: bool,
    /// Since when it is the credential's.
    pub since: Time,
    /// When it ends or has ended; `None`: never.
    pub ends: Option<Time>,
    /// Why it is not good; none: it is.
    pub faults: &'a [KeyFault],
    /// Whether it is good on every route.
    pub is_everywhere: bool,
    /// Names of services and routes that it is good for, or would be.
    pub places: &'a [&'a str],
    /// Path of the action that ends it; `None`: it has ended.
    pub end: Option<&'a str>,
    /// What stops with it.
    pub impact: Impact,
}

impl FoundKey<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let verdict = match self.faults.is_empty() {
            true => Block::Note(words.good.into()),
            false => {
                let why: Vec<&str> = self.faults.iter().map(|fault| fault.sentence(words)).collect();
                Block::Note(format!("{}: {}", words.not_good, why.join(" ")).into())
            }
        };
        let main = Main::new(words.found).block(verdict).block(Block::Facts(self.facts()));
        match self.end {
            None => main.block(Block::Paragraph(words.ended_already.into())),
            Some(end) => main.block(Block::Danger(self.danger(end))),
        }
    }

    fn danger<'p>(&'p self, end: &'p str) -> Danger<'p> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let form = FormBlock::post(common, "end", end, words.end_it, Vec::new());
        let form = form.removes().cancel(paths::FIND_KEY);
        let alone = if self.is_previous { OLD_KEY_REFUSED } else { KEY_REFUSED };
        Danger::asked(common, self.impact.sentence(alone, self.frame.language), form)
    }

    fn facts(&self) -> Vec<(Text<'_>, Cell<'_>)> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let mut facts: Vec<(Text<'_>, Cell<'_>)> = self.owner_facts();
        let which = if self.is_previous { words.previous } else { words.current };
        facts.push((common.key.into(), Cell::text(self.credential.name)));
        facts.push((words.which.into(), Cell::text(which)));
        facts.push((common.since.into(), Cell::Time(Instant(self.since))));
        facts.push((common.expires.into(), Cell::time_or(self.ends, common.never)));
        let places = match (self.is_everywhere, self.places.is_empty()) {
            (true, _) => Cell::text(words.everywhere),
            (false, true) => Cell::text(common.none),
            (false, false) => Cell::Lines(self.places.iter().map(|place| (*place).into()).collect()),
        };
        facts.push((words.good_for.into(), places));
        facts
    }

    fn owner_facts(&self) -> Vec<(Text<'_>, Cell<'_>)> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        match self.owner {
            Owner::Consumer(consumer) => {
                vec![(common.consumer.into(), Cell::link(paths::consumer(consumer.id), consumer.name))]
            }
            Owner::Application(application, developer) => vec![
                (common.application.into(), Cell::link(paths::application(application.id), application.name)),
                (common.developer.into(), Cell::link(paths::developer(developer.id), developer.name)),
            ],
            Owner::Gone => {
                vec![(People::of(self.frame.language).owner.into(), Cell::text(words.owner_deleted))]
            }
        }
    }
}
