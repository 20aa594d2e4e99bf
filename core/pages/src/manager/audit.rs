//! The audit: who changed what, when, from where.

use super::audited::{Did, Kind};
use super::paths;
use super::services::pages;
use super::words::Audit as Words;
use crate::parts::blocks::{Block, Button, Look, Main, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::time::Instant;
use crate::parts::{Field, Input};
use crate::parts::{Paging, Time};
use crate::words::Common;
use crate::{Frame, Language};

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// The program itself.
    Program,
    /// The gateway.
    Gateway,
    /// Whoever shows the installation's token.
    AdminToken,
    /// Whoever shows the token of this name.
    NamedToken(&'a str),
    /// The developer of this address or id.
    Developer(&'a str),
    /// Somebody who is not logged in.
    Visitor,
    /// Of a kind that newer programs know.
    Other(&'a str),
}

/// What became of one entity.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its kind, or the name of one that newer programs know.
    pub kind: Result<Kind, &'a str>,
    /// What became of it, or the name of what newer programs know.
    pub did: Result<Did, &'a str>,
    /// Its id, where there are several.
    pub id: Option<&'a str>,
    /// Names of the fields that changed.
    pub fields: &'a [&'a str],
    /// How many, of what is told as a sum.
    pub count: Option<u64>,
}

/// A record of the audit.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When.
    pub at: Time,
    /// Who.
    pub who: Who<'a>,
    /// Address of the client, where it is known.
    pub address: Option<&'a str>,
    /// What.
    pub changes: &'a [Change<'a>],
}

/// Which records are shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter<'a> {
    /// By this one: a kind, an id or a name.
    pub who: &'a str,
    /// Of this kind of entity; `None`: any.
    pub kind: Option<Kind>,
    /// From this day on.
    pub since: Typed<'a>,
    /// Until this day.
    pub until: Typed<'a>,
}

/// What is said of a day that cannot be read.
pub fn no_day(language: Language) -> &'static str {
    Words::of(language).day_help
}

/// The audit.
#[derive(Debug)]
pub struct Audit<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Those of this page, the newest first.
    pub records: &'a [Record<'a>],
    /// Which are shown.
    pub filter: AuditFilter<'a>,
    /// Path of all of them as a file.
    pub export: &'a str,
    /// Where the others are.
    pub paging: Paging<'a>,
}

impl Audit<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let main = Main::new(words.title).block(Block::Form(self.filters()));
        match self.records.is_empty() {
            true => main.block(Block::Empty(words.empty.into(), None)),
            false => main
                .block(Block::Table(self.table()))
                .block(pages(self.frame, &self.paging))
                .block(Block::Buttons(vec![Button::link(self.export, words.export, Look::Ordinary)])),
        }
    }

    fn filters(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let kinds = Kind::ALL.iter().zip(words.kinds).map(|(kind, word)| (kind.name(), word));
        let choices = std::iter::once(("", common.all)).chain(kinds).collect();
        let kind = self.filter.kind.map_or("", Kind::name);
        let fields = vec![
            Field { is_required: false, ..Field::line("who", words.who, self.filter.who) },
            Field { input: Input::Choice(choices), ..Field::line("entity", words.kind, kind) },
            day(self.filter.since, "since", words.since, words),
            day(self.filter.until, "until", words.until, words),
        ];
        FormBlock::get(common, paths::AUDIT, common.filter, fields)
    }

    fn table(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        Table {
            caption: words.title.into(),
            columns: vec![words.when, words.who, words.what, words.from],
            rows: self.records.iter().map(|record| row(record, words, common)).collect(),
            pick: None,
        }
    }
}

fn day<'a>(typed: Typed<'a>, name: &'static str, label: &'static str, words: &'static Words) -> Field<'a> {
    let field = Field { input: Input::Line("date"), ..typed.optional(name, label) };
    with_help(words.day_help, field)
}

fn row<'a>(record: &'a Record<'a>, words: &'static Words, common: &'static Common) -> Row<'a> {
    vec![
        Cell::Time(Instant(record.at)),
        Cell::Text(record.who.text(words)),
        Cell::Lines(record.changes.iter().map(|change| change.text(words)).collect()),
        Cell::text(record.address.unwrap_or(common.none)),
    ]
    .into()
}

impl<'a> Who<'a> {
    fn text(self, words: &Words) -> Text<'a> {
        match self {
            Who::Program => words.program.into(),
            Who::Gateway => words.gateway.into(),
            Who::AdminToken => words.admin_token.into(),
            Who::NamedToken(name) => (words.named_token)(name).into(),
            Who::Developer(name) => (words.developer)(name).into(),
            Who::Visitor => words.visitor.into(),
            Who::Other(kind) => kind.into(),
        }
    }
}

impl<'a> Change<'a> {
    /// `Service 3f… changed (host, retries)`, `Account logged in ×3`.
    fn text(&self, words: &Words) -> Text<'a> {
        let kind = self.kind.map_or_else(|name| name, |kind| words.kinds[kind as usize]);
        let did = self.did.map_or_else(|name| name, |did| words.did[did as usize]);
        let mut text = match self.id {
            Some(id) => (words.line)(kind, did, id),
            None => format!("{kind} {did}"),
        };
        if !self.fields.is_empty() {
            text.push(' ');
            text.push_str(&(words.fields)(&self.fields.join(", ")));
        }
        if let Some(count) = self.count {
            text.push_str(&format!(" ×{count}"));
        }
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_line() {
        let words = Words::of(Language::En);
        let change = |kind, did, id, fields, count| Change { kind, did, id, fields, count }.text(words);
        let fields: &[&str] = &["host", "retries"];
        assert_eq!(
            change(Ok(Kind::Service), Ok(Did::Changed), Some("3f"), fields, None),
            "Service 3f changed (host, retries)"
        );
        assert_eq!(
            change(Ok(Kind::Account), Ok(Did::LogInsFailed), None, &[], Some(3)),
            "Account failed to log in ×3"
        );
        assert_eq!(change(Err("moons"), Err("eclipsed"), None, &[], None), "moons eclipsed");
    }

    #[test]
    fn each_has_its_word() {
        for language in [Language::En, Language::Ja] {
            let words = Words::of(language);
            assert_eq!((words.kinds.len(), words.did.len()), (Kind::ALL.len(), Did::ALL.len()));
        }
        assert_eq!(Words::of(Language::En).kinds[Kind::Backup as usize], "Back-up");
        assert_eq!(Words::of(Language::Ja).did[Did::LogInsHeld as usize], "ログイン制限");
    }
}
