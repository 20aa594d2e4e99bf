//! A form that calls a service from its page, and the answer as text.

use super::facts::Place;
use super::words::{Calling, Trying as Words};
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main, Text};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::parts::{Field, Input};
use crate::portal::paths;
use crate::words::Common;

/// The form, and what came of it when it was sent. The answer of the POST is this page with what was typed.
#[derive(Debug)]
pub struct TryIt<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Id of the service, as its page has it.
    pub service_id: &'a str,
    /// Its name.
    pub service: &'a str,
    /// As whom it can be called; none: there is nothing to try.
    pub callers: &'a [Caller<'a>],
    /// Methods that its routes take.
    pub methods: &'a [&'a str],
    /// Places of the key that are on.
    pub places: &'a [Place],
    /// What was typed, or what is filled in before.
    pub fields: TryItFields<'a>,
    /// What came of it.
    pub outcome: Outcome<'a>,
    /// Drawn for the form.
    pub nonce: &'a str,
}

/// A credential of one of the developer's applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// What the form sends (`caller`): ids of the application and the credential.
    pub value: &'a str,
    /// Names of both, and how the key begins.
    pub label: &'a str,
}

/// The fields of the form, named as here. Each is empty, or what was typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called in the form")]
pub struct TryItFields<'a> {
    pub caller: &'a str,
    pub method: &'a str,
    /// Before anything is typed, the path of a route.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
    /// One a line, as `name: value`.
    pub headers: &'a str,
    pub body: &'a str,
    /// [`Place::id`] of where the key goes.
    pub place: &'a str,
}

/// What came of the form.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was not sent yet.
    None,
    /// The call was made.
    Answered(Answer<'a>),
    /// It was not, or not to its end.
    Refused(Refusal),
}

/// The answer that the gateway gave.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub fields: &'a [(&'a str, &'a str)],
    /// Its body.
    pub body: AnswerBody<'a>,
    /// From the call to the end of the answer.
    pub duration_ms: u64,
    /// Name of the route that matched.
    pub route: Option<&'a str>,
    /// The same call by curl ([`super::curl_of_try`]).
    pub curl: &'a str,
}

/// The body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerBody<'a> {
    /// There is none.
    Empty,
    /// Text.
    Whole(&'a str),
    /// The first 64 KiB of a text, of so many bytes where that is known.
    Cut(&'a str, Option<u64>),
    /// No text, of so many bytes where that is known.
    Binary(Option<u64>),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential is not the developer's, or not good any more.
    Caller,
    /// The path is of none of the service's routes.
    Path,
    /// A line is no header field, or one that is filled in.
    Headers,
    /// The body is longer than 64 KiB.
    TooLarge,
    /// More than ten within a minute; the seconds to wait.
    TooMany(u64),
    /// The form was sent before, and its call is not made twice.
    Repeated,
    /// The gateway cannot be reached.
    Unreachable,
    /// The gateway did not answer in time.
    TooSlow,
}

impl TryIt<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let back = Button::link(paths::service(self.service_id), words.service, Look::Ordinary);
        let main = Main::new(words.title).lead((words.lead)(self.service)).button(back);
        if self.callers.is_empty() {
            let apps = Button::link(paths::APPLICATIONS, words.my_apps, Look::Primary);
            return main.block(Block::Empty(words.no_caller.into(), Some(apps)));
        }
        let main = match &self.outcome {
            Outcome::Answered(answer) => main.blocks(answer.blocks(self.frame)),
            Outcome::None | Outcome::Refused(_) => main,
        };
        main.block(Block::Form(self.form()))
    }

    fn refusal(&self) -> Option<Refusal> {
        match self.outcome {
            Outcome::Refused(refusal) => Some(refusal),
            Outcome::None | Outcome::Answered(_) => None,
        }
    }

    /// What is wrong with no field alone.
    fn fault(&self) -> Option<Text<'static>> {
        let words = Words::of(self.frame.language);
        match self.refusal()? {
            Refusal::TooMany(seconds) => Some((words.too_many)(seconds).into()),
            Refusal::Repeated => Some(words.repeated.into()),
            Refusal::Unreachable => Some(words.unreachable.into()),
            Refusal::TooSlow => Some(words.too_slow.into()),
            Refusal::Caller | Refusal::Path | Refusal::Headers | Refusal::TooLarge => None,
        }
    }

    fn form(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let typed = |value, refusal, sentence| Typed {
            value,
            fault: (self.refusal() == Some(refusal)).then_some(sentence),
        };
        let fields = &self.fields;
        let path = typed(fields.path, Refusal::Path, words.bad_path).line("path", words.path);
        let query = Typed { value: fields.query, fault: None }.optional("query", words.query);
        let headers = typed(fields.headers, Refusal::Headers, words.bad_headers);
        let body = typed(fields.body, Refusal::TooLarge, words.too_large);
        let fields = vec![
            self.caller(words),
            self.method(words),
            with_help(words.path_help, path),
            with_help(words.query_help, query),
            with_help(words.headers_help, headers.lines("headers", words.headers)),
            with_help(words.body_help, body.lines("body", words.body)),
            self.place(words),
        ];
        let action = paths::try_it(self.service_id);
        FormBlock::post(common, "try", action, words.send, fields).nonce(self.nonce).fault(self.fault())
    }

    fn caller(&self, words: &'static Words) -> Field<'_> {
        let options = self.callers.iter().map(|caller| (caller.value, caller.label)).collect();
        let field = Field {
            input: Input::Choice(options),
            fault: (self.refusal() == Some(Refusal::Caller)).then_some(words.bad_caller),
            ..Field::line("caller", words.caller, self.fields.caller)
        };
        with_help(words.caller_help, field)
    }

    fn method(&self, words: &'static Words) -> Field<'_> {
        let options = self.methods.iter().map(|method| (*method, *method)).collect();
        Field { input: Input::Choice(options), ..Field::line("method", words.method, self.fields.method) }
    }

    fn place(&self, words: &'static Words) -> Field<'_> {
        let calling = Calling::of(self.frame.language);
        let options = self.places.iter().map(|place| (place.id(), calling.place(*place))).collect();
        Field { input: Input::Choice(options), ..Field::line("place", words.place, self.fields.place) }
    }
}

impl<'a> Answer<'a> {
    fn blocks(&self, frame: &Frame<'_>) -> Vec<Block<'a>> {
        let words = Words::of(frame.language);
        let route = self.route.map_or(Cell::text(words.no_route), Cell::text);
        let mut blocks = vec![
            Block::Heading(words.answer.into()),
            Block::Facts(vec![
                (words.status.into(), Cell::Code(self.status.to_string().into())),
                (words.duration.into(), Cell::text((words.milliseconds)(self.duration_ms))),
                (words.route.into(), route),
            ]),
        ];
        match self.body {
            AnswerBody::Empty => blocks.push(Block::Paragraph(words.no_body.into())),
            AnswerBody::Whole(text) => blocks.push(Block::Code(text.into())),
            AnswerBody::Cut(text, bytes) => {
                blocks.push(Block::Paragraph((words.cut)(bytes).into()));
                blocks.push(Block::Code(text.into()));
            }
            AnswerBody::Binary(bytes) => blocks.push(Block::Paragraph((words.binary)(bytes).into())),
        }
        blocks.push(Block::Table(self.table(words)));
        blocks.push(Block::Heading(words.same_by_curl.into()));
        blocks.push(Block::Code(self.curl.into()));
        blocks
    }

    fn table(&self, words: &'static Words) -> Table<'a> {
        let row = |(name, value): &(&'a str, &'a str)| {
            vec![Cell::Code((*name).into()), Cell::Code((*value).into())].into()
        };
        Table {
            caption: words.fields.into(),
            columns: vec![words.field, words.value],
            rows: self.fields.iter().map(row).collect(),
            pick: None,
        }
    }
}
