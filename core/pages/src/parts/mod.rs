//! What pages are put together from: blocks, tables, fields of forms, states and times, each with a template
//! of its own in which what people typed is escaped.

pub(crate) mod blocks;
mod buttons;
mod ends;
mod field;
pub(crate) mod fields;
pub(crate) mod prose;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod time;

pub use ends::Ends;
pub use field::{Field, Input};
pub use fields::Typed;
pub use state::{Paging, State, Time, Total};

use crate::{Frame, Message};
use askama::Template as _;
use blocks::Main;

/// What is around a page, and the page.
#[derive(Debug, askama::Template)]
#[template(path = "frame.html")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    main: &'a Main<'a>,
}

/// A page, rendered.
pub(crate) fn page(frame: &Frame<'_>, main: &Main<'_>) -> String {
    Page { frame, main }.render().expect("a template writes to memory alone")
}

/// What is shown as a page.
pub trait View {
    /// The page, as HTML.
    fn html(&self) -> String;
}

/// Makes pages of whatever has a `frame` and a `main`.
macro_rules! pages {
    ($($view:ident),* $(,)?) => {$(
        impl $crate::View for $view<'_> {
            fn html(&self) -> String {
                $crate::parts::page(self.frame, &self.main())
            }
        }
    )*};
}
pub(crate) use pages;
