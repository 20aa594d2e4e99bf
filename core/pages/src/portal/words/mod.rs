//! Words of the portal's pages: a struct for each area, and a constant of it for each language, so that a
//! text that is missing does not compile.

mod access;
mod account;
mod applications;
mod contracts;
mod keys;
mod mailed;
mod notices;
mod services;

pub(super) use access::Access;
pub(super) use account::Account;
pub(super) use applications::Applications;
pub(super) use contracts::Contracts;
pub(super) use keys::Keys;
pub(super) use mailed::Mailed;
pub(super) use notices::Notices;
pub(super) use services::Services;

use crate::words::of_language;

/// A page's title, what it says, and what its link or button says.
#[derive(Debug)]
pub(super) struct Said {
    pub title: &'static str,
    pub text: &'static str,
    pub link: &'static str,
}
