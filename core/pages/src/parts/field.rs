//! Fields of forms: what was typed, what is wrong with it, and how it is to be filled in.

/// How a field is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// One line, of a `type` of HTML: `text`, `email`, `url`, `number`, `search`, `datetime-local`.
    Line(&'static str),
    /// A password: what was typed never comes back.
    Password,
    /// Several lines.
    Lines,
    /// A box that is ticked or not.
    Tick,
    /// One of these: value and label.
    Choice(Vec<(&'a str, &'a str)>),
    /// One file, of these types (`accept`).
    File(&'static str),
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// A sentence that helps.
    pub help: Option<&'a str>,
    /// What it holds: what was typed, or what is stored. `true` for a box that is ticked.
    pub value: &'a str,
    /// What is wrong with what was typed, in a sentence.
    pub fault: Option<&'a str>,
    /// Whether it must be filled in.
    pub is_required: bool,
    /// HTML's `autocomplete`.
    pub autocomplete: Option<&'static str>,
    /// How it is shown.
    pub input: Input<'a>,
}

impl<'a> Field<'a> {
    /// A line of text that must be filled in.
    pub fn line(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Field {
            name,
            label,
            help: None,
            value,
            fault: None,
            is_required: true,
            autocomplete: None,
            input: Input::Line("text"),
        }
    }
}
