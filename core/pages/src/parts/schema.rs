//! A schema as a tree: lists within lists, whose depth is bounded by who makes them.

use std::borrow::Cow;

use super::prose::Prose;

/// Lines of one level.
#[derive(Debug, Default, askama::Template)]
#[template(path = "parts/schema.html")]
pub(crate) struct Schema<'a> {
    pub(crate) lines: Vec<Line<'a>>,
}

/// A property, an element, or one of several schemas.
#[derive(Debug, Default)]
pub(crate) struct Line<'a> {
    /// Its name, where people gave it one.
    pub(crate) name: Cow<'a, str>,
    /// What it is, where it has no name: elements, one of several.
    pub(crate) role: &'static str,
    /// Type and format.
    pub(crate) kind: Cow<'a, str>,
    /// Required, deprecated, read only.
    pub(crate) marks: Vec<&'static str>,
    /// What links to this schema from elsewhere on the page lead to.
    pub(crate) id: Option<usize>,
    /// The schema of that id and of this name is what this is.
    pub(crate) same: Option<(usize, Cow<'a, str>)>,
    pub(crate) description: Option<Prose>,
    /// Values that it may have, its default, examples, and bounds.
    pub(crate) facts: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) within: Schema<'a>,
    /// What of it is not shown, in a sentence.
    pub(crate) left_out: Option<String>,
}
