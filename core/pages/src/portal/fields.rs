//! Fields that several forms have: address, password, and those that administrators ask for.

use super::words::Access;
use crate::parts::fields::{Typed, tick};
use crate::parts::{Field, Input};
use crate::{Frame, Language};

/// What a field of the administrator's holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaKind {
    /// Any text.
    Text,
    /// An e-mail address.
    Email,
    /// A number, whole or not.
    Number,
    /// Yes or no.
    Tick,
}

/// A field that administrators ask for at sign-up (`meta_fields` of the settings).
#[derive(Clone, Copy, Debug)]
pub struct MetaField<'a> {
    /// Its name in the form: `meta.` and its title.
    pub name: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// What it holds.
    pub kind: MetaKind,
    /// Whether it must be filled in.
    pub is_required: bool,
    /// What was typed, or what is stored; `true` for a box that is ticked.
    pub typed: Typed<'a>,
}

/// The field that a new installation asks for.
const FULL_NAME: &str = "meta.full_name";

impl<'a> MetaField<'a> {
    pub(super) fn field(&self, language: Language) -> Field<'a> {
        let is_full_name = self.name == FULL_NAME;
        // What administrators have typed themselves stays as it is.
        let is_default = is_full_name && self.label == Access::of(Language::En).full_name;
        let field = match self.kind {
            MetaKind::Tick => Field { fault: self.typed.fault, ..tick("", "", self.typed.value == "true") },
            // Not `number`: that takes no fractions.
            MetaKind::Text | MetaKind::Number => self.typed.line("", ""),
            MetaKind::Email => Field { input: Input::Line("email"), ..self.typed.line("", "") },
        };
        Field {
            name: self.name,
            label: if is_default { Access::of(language).full_name } else { self.label },
            is_required: self.is_required,
            autocomplete: is_full_name.then_some("name"),
            ..field
        }
    }
}

/// An address.
pub(super) fn email<'a>(typed: Typed<'a>, label: &'static str) -> Field<'a> {
    Field { input: Input::Line("email"), autocomplete: Some("email"), ..typed.line("email", label) }
}

/// A password that there is.
pub(super) fn current<'a>(name: &'static str, label: &'static str, fault: Option<&'a str>) -> Field<'a> {
    password(name, label, fault, "current-password")
}

/// A password to be.
pub(super) fn new<'a>(name: &'static str, label: &'static str, fault: Option<&'a str>) -> Field<'a> {
    password(name, label, fault, "new-password")
}

fn password<'a>(
    name: &'static str,
    label: &'static str,
    fault: Option<&'a str>,
    autocomplete: &'static str,
) -> Field<'a> {
    Field { input: Input::Password, fault, autocomplete: Some(autocomplete), ..Field::line(name, label, "") }
}

/// What a password has to be.
pub(super) fn password_rule(frame: &Frame<'_>, characters_min: u64) -> String {
    (Access::of(frame.language).password_help)(characters_min)
}
