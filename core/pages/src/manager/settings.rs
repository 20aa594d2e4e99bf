//! Settings: how pages look, what is asked for at a sign-up, what administrators are told by mail. Each
//! part is a form of its own.

use super::paths;
use super::words::Settings as Words;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::{FormBlock, Group, Method, Typed, tick, with_help};
use crate::parts::table::{Cell, Row, Table};
use crate::parts::{Field, Input};
use crate::words::Common;
use crate::{Frame, Language};

/// How portal and manager look.
#[derive(Clone, Copy, Debug)]
pub struct LookFields<'a> {
    /// Name of the portal.
    pub name: Typed<'a>,
    /// Its colour, as `#rrggbb`.
    pub colour: Typed<'a>,
    /// The language where nothing else says one.
    pub language: Language,
    /// Whether a logo is set.
    pub has_logo: bool,
    /// Why what was uploaded was not taken.
    pub logo_fault: Option<&'a str>,
}

/// What a field of the sign-up must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationKind {
    /// A text.
    Text,
    /// An e-mail address.
    Email,
    /// A number.
    Number,
    /// Yes or no.
    Tick,
}

impl RegistrationKind {
    /// All of them.
    pub const ALL: [RegistrationKind; 4] =
        [RegistrationKind::Text, RegistrationKind::Email, RegistrationKind::Number, RegistrationKind::Tick];

    /// What the form sends.
    pub fn value(self) -> &'static str {
        match self {
            RegistrationKind::Text => "text",
            RegistrationKind::Email => "email",
            RegistrationKind::Number => "number",
            RegistrationKind::Tick => "tick",
        }
    }

    fn word(self, words: &Words) -> &'static str {
        match self {
            RegistrationKind::Text => words.kind_text,
            RegistrationKind::Email => words.kind_email,
            RegistrationKind::Number => words.kind_number,
            RegistrationKind::Tick => words.kind_tick,
        }
    }
}

/// A field of the sign-up.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationField<'a> {
    /// What people read.
    pub label: Typed<'a>,
    /// Its name in `meta`.
    pub name: Typed<'a>,
    /// What it must be.
    pub kind: RegistrationKind,
    /// Whether it must be there.
    pub is_required: bool,
}

impl RegistrationField<'_> {
    const NEW: Self = RegistrationField {
        label: Typed { value: "", fault: None },
        name: Typed { value: "", fault: None },
        kind: RegistrationKind::Text,
        is_required: false,
    };
}

/// What administrators are told by mail.
#[derive(Clone, Copy, Debug)]
pub struct MailFields<'a> {
    /// To whom, one a line.
    pub addresses: Typed<'a>,
    /// Whether once a day.
    pub is_daily: bool,
    /// Whether developers are named.
    pub has_names: bool,
    /// Whom a test mail goes to.
    pub test: Typed<'a>,
}

/// The settings.
#[derive(Debug)]
pub struct SettingsPage<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// How pages look.
    pub look: LookFields<'a>,
    /// Whether developers are approved at once.
    pub is_auto_approving: bool,
    /// What is asked for at a sign-up.
    pub registration: &'a [RegistrationField<'a>],
    /// What is wrong with that, with no field alone.
    pub registration_fault: Option<&'a str>,
    /// What administrators are told; `None`: this installation sends no mail.
    pub mail: Option<MailFields<'a>>,
}

impl SettingsPage<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let tokens = Button::link(paths::TOKENS, words.tokens, Look::Ordinary);
        Main::new(words.settings)
            .button(tokens)
            .blocks(self.look())
            .blocks([Block::Heading(words.sign_up.into()), Block::Form(self.sign_up())])
            .block(Block::Heading(words.mail.into()))
            .blocks(self.mail_blocks())
    }

    fn look(&self) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let languages = vec![("en", "English"), ("ja", "日本語")];
        let language = Field {
            input: Input::Choice(languages),
            ..Field::line("language", words.language, self.look.language.tag())
        };
        let fields = vec![
            with_help(words.portal_name_help, self.look.name.line("portal_name", words.portal_name)),
            with_help(words.colour_help, self.look.colour.optional("colour", words.colour)),
            with_help(words.language_help, language),
        ];
        let look = FormBlock::post(common, "look", paths::SETTINGS_LOOK, common.save, fields);
        let logo = Field {
            input: Input::File("image/png"),
            fault: self.look.logo_fault,
            ..Field::line("logo", words.logo, "")
        };
        let fields = vec![with_help(words.logo_help, logo)];
        let upload = FormBlock {
            method: Method::File,
            ..FormBlock::post(common, "logo", paths::SETTINGS_LOGO, words.upload, fields)
        };
        let mut blocks = vec![Block::Heading(words.look.into()), Block::Form(look), Block::Form(upload)];
        if self.look.has_logo {
            let remove = Button::post(paths::SETTINGS_LOGO_REMOVE, words.remove_logo, Look::Remove);
            blocks.push(Block::Paragraph(words.logo_is_set.into()));
            blocks.push(Block::Buttons(vec![remove]));
        }
        blocks
    }

    fn sign_up(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let approve = tick("auto_approve_developers", words.auto_approve, self.is_auto_approving);
        let fields = vec![with_help(words.auto_approve_help, approve)];
        let rows =
            Group { legend: Some(words.registration.into()), table: Some(self.rows()), ..Group::default() };
        FormBlock::post(common, "sign-up", paths::SETTINGS_SIGN_UP, common.save, fields)
            .group(rows)
            .fault(self.registration_fault())
    }

    /// What is wrong with the rows, each under the name of its cell: cells have no room for sentences.
    fn registration_fault(&self) -> Option<String> {
        let words = Words::of(self.frame.language);
        let of_row = |(at, field): (usize, &RegistrationField<'_>)| {
            let cells = [(words.label, field.label.fault), (words.field_name, field.name.fault)];
            let said = |(column, fault): (&str, Option<&str>)| {
                fault.map(|fault| format!("{}: {fault}", (words.numbered)(column, at)))
            };
            cells.map(said)
        };
        let of_rows = (1..).zip(self.registration).flat_map(of_row).flatten();
        let said: Vec<String> = of_rows.chain(self.registration_fault.map(str::to_owned)).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// A row for each field, and an empty one for another.
    fn rows(&self) -> Table<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let fields = self.registration.iter().chain(std::iter::once(&RegistrationField::NEW));
        let is_new = |at| at == self.registration.len();
        let row = |(at, field): (usize, _)| {
            let title = if is_new(at) { words.new_field.to_owned() } else { format!("{}", at + 1) };
            registration_row(at, field, title, words)
        };
        Table {
            caption: words.registration_help.into(),
            columns: vec![words.field, words.label, common.name, words.kind, words.is_required],
            rows: fields.enumerate().map(row).collect(),
            pick: None,
        }
    }

    fn mail_blocks(&self) -> Vec<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let Some(mail) = &self.mail else {
            return vec![Block::Note(words.no_mail.into())];
        };
        let fields = vec![
            with_help(words.addresses_help, mail.addresses.lines("to", words.addresses)),
            with_help(words.daily_help, tick("daily", words.daily, mail.is_daily)),
            with_help(words.names_help, tick("names", words.names, mail.has_names)),
        ];
        let form = FormBlock::post(common, "mail", paths::SETTINGS_MAIL, common.save, fields);
        let to = Field { input: Input::Line("email"), ..mail.test.line("to", words.test_address) };
        let test = FormBlock::post(common, "test", paths::SETTINGS_TEST_MAIL, words.test_mail, vec![to]);
        vec![Block::Form(form), Block::Form(test)]
    }
}

/// Fields are named by the row's number: `label_0`, `name_0`, `type_0`, `required_0`.
fn registration_row<'a>(
    at: usize,
    field: &'a RegistrationField<'a>,
    title: String,
    words: &'static Words,
) -> Row<'a> {
    let label = |column: &str| (words.cell)(column, &title);
    let kinds = RegistrationKind::ALL.map(|kind| (kind.value(), kind.word(words))).into();
    let text = |name: &str, column: &str, typed: &Typed<'a>| {
        Cell::Line(format!("{name}_{at}"), label(column), typed.value.into(), typed.fault.is_some())
    };
    vec![
        Cell::Text(title.clone().into()),
        text("label", words.label, &field.label),
        text("name", words.field_name, &field.name),
        Cell::Choice(format!("type_{at}"), label(words.kind), kinds, field.kind.value()),
        Cell::Tick(format!("required_{at}"), label(words.is_required), field.is_required),
    ]
    .into()
}
