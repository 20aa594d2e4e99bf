//! Cases of the Portal API (tests/vectors/README.md, "portal.json"): read as typed steps, run through the
//! doors, with the mails that come of them.

mod case;
mod variables;

mod matchers;

mod expect;
mod jar;
mod mails;
mod page;
mod ses;

mod steps;
mod surroundings;
mod upstream;

mod trial;

mod run;

pub use case::Case;
pub use mails::{Folder, Mail, Mails};
pub use page::Page;
pub use run::{load_all, run_all, run_around};
pub use ses::Ses;
pub use surroundings::{Origins, Place, Surroundings};
pub use trial::Trial;
