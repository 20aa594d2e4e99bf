//! Forms as the manager shows them: groups of fields, what was typed and what is wrong with it.

use super::buttons::{Button, Text};
use super::field::{Field, Input};
use super::table::Table;
use crate::words::Common;

/// What somebody typed, and what is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Typed<'a> {
    /// What was typed, or what is stored.
    pub value: &'a str,
    /// What is wrong with it, in a sentence.
    pub fault: Option<&'a str>,
}

impl<'a> Typed<'a> {
    /// A line that must be filled in.
    pub(crate) fn line(self, name: &'static str, label: &'static str) -> Field<'a> {
        Field { fault: self.fault, ..Field::line(name, label, self.value) }
    }

    /// A line that may stay empty.
    pub(crate) fn optional(self, name: &'static str, label: &'static str) -> Field<'a> {
        Field { is_required: false, ..self.line(name, label) }
    }

    /// Several lines that may stay empty.
    pub(crate) fn lines(self, name: &'static str, label: &'static str) -> Field<'a> {
        Field { input: Input::Lines, ..self.optional(name, label) }
    }
}

/// A box that is ticked or not.
pub(crate) fn tick<'a>(name: &'static str, label: &'static str, is_ticked: bool) -> Field<'a> {
    let value = if is_ticked { "true" } else { "" };
    Field { input: Input::Tick, is_required: false, ..Field::line(name, label, value) }
}

/// With a sentence that helps.
pub(crate) fn with_help<'a>(help: &'a str, field: Field<'a>) -> Field<'a> {
    Field { help: Some(help), ..field }
}

/// How a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Asks, and changes nothing.
    Get,
    Post,
    /// With a file.
    File,
}

/// A form.
#[derive(Debug, askama::Template)]
#[template(path = "parts/form.html")]
pub(crate) struct FormBlock<'a> {
    /// Its id, distinct on the page: ids of its fields begin with it.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) action: Text<'a>,
    pub(crate) groups: Vec<Group<'a>>,
    /// Sent along unseen.
    pub(crate) hidden: Vec<(&'a str, Text<'a>)>,
    /// What is wrong with no field alone.
    pub(crate) fault: Option<Text<'a>>,
    pub(crate) buttons: Vec<Submit<'a>>,
    /// Whether it is within a card, and so needs none.
    pub(crate) is_within_card: bool,
    /// Where it leads who does not want it.
    pub(crate) cancel: Option<Button<'a>>,
    pub(crate) words: &'static Common,
}

/// A button that sends a form.
#[derive(Debug)]
pub(crate) struct Submit<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) class: &'static str,
    /// Where it is sent, if not where the form says.
    pub(crate) action: Option<&'static str>,
}

/// Fields that belong together, and a table in which rows are picked or filled in.
#[derive(Debug, Default)]
pub(crate) struct Group<'a> {
    pub(crate) legend: Option<Text<'a>>,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) table: Option<Table<'a>>,
}

impl<'a> FormBlock<'a> {
    /// A form that is sent by POST, with one button.
    pub(crate) fn post(
        words: &'static Common,
        id: &'static str,
        action: impl Into<Text<'a>>,
        submit: impl Into<Text<'a>>,
        fields: Vec<Field<'a>>,
    ) -> Self {
        FormBlock {
            id,
            method: Method::Post,
            action: action.into(),
            groups: vec![Group { fields, ..Group::default() }],
            hidden: Vec::new(),
            fault: None,
            buttons: vec![Submit { text: submit.into(), class: "primary", action: None }],
            is_within_card: false,
            cancel: None,
            words,
        }
    }

    /// A form that asks.
    pub(crate) fn get(
        words: &'static Common,
        action: impl Into<Text<'a>>,
        submit: &'static str,
        fields: Vec<Field<'a>>,
    ) -> Self {
        let mut form =
            FormBlock { method: Method::Get, ..FormBlock::post(words, "find", action, submit, fields) };
        form.buttons = vec![Submit { text: submit.into(), class: "", action: None }];
        form
    }

    /// Of an action that makes something: sent twice, it is done once.
    pub(crate) fn nonce(mut self, nonce: &'a str) -> Self {
        self.hidden.push(("nonce", nonce.into()));
        self
    }

    pub(crate) fn hidden(mut self, name: &'a str, value: impl Into<Text<'a>>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    pub(crate) fn fault(self, fault: Option<impl Into<Text<'a>>>) -> Self {
        FormBlock { fault: fault.map(Into::into), ..self }
    }

    pub(crate) fn cancel(self, href: impl Into<String>) -> Self {
        let cancel = Button::link(href, self.words.cancel, super::buttons::Look::Ordinary);
        FormBlock { cancel: Some(cancel), ..self }
    }

    pub(crate) fn group(mut self, group: Group<'a>) -> Self {
        self.groups.push(group);
        self
    }

    /// Its last button takes something away.
    pub(crate) fn removes(mut self) -> Self {
        if let Some(button) = self.buttons.last_mut() {
            button.class = "remove";
        }
        self
    }

    pub(crate) fn within_card(self) -> Self {
        FormBlock { is_within_card: true, ..self }
    }

    fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.groups.iter().flat_map(|group| &group.fields)
    }

    fn has_faults(&self) -> bool {
        self.fault.is_some() || self.fields().any(|field| field.fault.is_some())
    }

    fn shown<'f>(&self, field: &'f Field<'a>) -> FieldView<'f, 'a> {
        let is_question = self.method == Method::Get;
        FieldView {
            form: self.id,
            field,
            says_optional: !field.is_required && !is_question,
            words: self.words,
        }
    }

    fn is_post(&self) -> bool {
        self.method != Method::Get
    }

    /// Questions are a row above what they find; other forms are narrow, but where there is a table.
    fn class(&self) -> &'static str {
        let has_table = self.groups.iter().any(|group| group.table.is_some());
        match (self.is_post(), has_table) {
            (false, _) => "row",
            (true, true) => "wide",
            (true, false) if self.is_within_card => "form",
            (true, false) => "form card",
        }
    }

    fn has_file(&self) -> bool {
        self.method == Method::File
    }
}

/// A field of a form, with its id on the page.
#[derive(Debug, askama::Template)]
#[template(path = "parts/field.html")]
struct FieldView<'f, 'a> {
    form: &'static str,
    field: &'f Field<'a>,
    says_optional: bool,
    words: &'static Common,
}

impl FieldView<'_, '_> {
    fn id(&self) -> String {
        format!("{}-{}", self.form, self.field.name)
    }

    /// Ids of the texts that describe it (`aria-describedby`).
    fn described_by(&self) -> Option<String> {
        let id = self.id();
        let fault = self.field.fault.map(|_| format!("{id}-fault"));
        let help = self.field.help.map(|_| format!("{id}-help"));
        let ids: Vec<String> = fault.into_iter().chain(help).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn is_tick(&self) -> bool {
        self.field.input == Input::Tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn form(fields: Vec<Field<'_>>) -> String {
        FormBlock::post(Common::of(Language::En), "f", "/x", "Save", fields).to_string()
    }

    #[test]
    fn a_fault_stands_at_the_top_and_beside_its_field() {
        let typed = Typed { value: "a b", fault: Some("must have no blanks") };
        let html = form(vec![typed.line("name", "Name")]);
        assert!(html.contains("<a href=\"#f-name\">Name: must have no blanks</a>"), "{html}");
        assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"f-name-fault\""), "{html}");
        assert!(html.contains("id=\"f-name-fault\""), "{html}");
        assert!(html.contains("value=\"a b\""), "what was typed stays: {html}");
    }

    #[test]
    fn a_password_never_comes_back() {
        let field = Field { input: Input::Password, ..Field::line("token", "Token", "secret") };
        assert!(!form(vec![field]).contains("secret"));
    }

    #[test]
    fn what_may_stay_empty_says_so() {
        let html = form(vec![Typed::default().optional("a", "A"), tick("b", "B", true)]);
        assert_eq!(html.matches("optional").count(), 2, "class and word, and not for a box: {html}");
        assert!(html.contains("checked"), "{html}");
        assert!(!html.contains("class=\"summary\""), "{html}");
    }
}
