//! Words of the manager's pages: a struct for each area, and a constant of it for each language, so that a
//! text that is missing does not compile.

mod access;
mod audit;
mod confirm;
mod keys;
mod matching;
mod people;
mod plugins;
mod services;
mod settings;
mod start;

pub(super) use access::{Access, Said};
pub(super) use audit::Audit;
pub(super) use confirm::{Asked, Confirm};
pub(super) use keys::Keys;
pub(super) use matching::Matching;
pub(super) use people::People;
pub(super) use plugins::Plugins;
pub(super) use services::Services;
pub(super) use settings::Settings;
pub(super) use start::Start;

use crate::words::of_language;
