//! Every page, in tables of their parts.

pub(super) mod house;
pub(super) mod manager;
pub(super) mod people;
pub(super) mod portal;
pub(super) mod services;

use super::endpoints::{Action, Call, Endpoint, Takes, Who, call};
use super::page_names::Page;

/// Every page. The first that matches is taken.
pub(super) static PAGES: [&[Endpoint]; 5] =
    [portal::ROWS, manager::ROWS, services::ROWS, people::ROWS, house::ROWS];

/// What a page may be answered with.
const ANSWERS: &[u16] = &[200, 303, 400, 401, 403, 404, 409, 429, 503];

/// Only shown.
const fn show(page: Page) -> [Call; 1] {
    [call("GET", Takes::Nothing, ANSWERS, Action::Page(page))]
}

/// Shown, and what its form does.
const fn form(page: Page) -> [Call; 2] {
    [
        call("GET", Takes::Nothing, ANSWERS, Action::Page(page)),
        call("POST", Takes::Form, ANSWERS, Action::Page(page)),
    ]
}

/// Only done: its form stands on other pages.
const fn act(page: Page) -> [Call; 1] {
    [call("POST", Takes::Form, ANSWERS, Action::Page(page))]
}

impl Page {
    /// Who may see it.
    pub fn who(self) -> Who {
        match self {
            Page::Portal(page) => page.who(),
            Page::Manager(page) => page.who(),
        }
    }
}
