//! Behaviour vectors (tests/vectors/README.md): read as typed cases, set up through the Admin API, run.

mod template;

mod case;
mod load;

mod exercises;

mod set_up;
mod steps;

mod run;

pub use case::Case;
pub use exercises::Part;
pub use load::load_all;
pub use run::{Start, run_all, run_on, run_on_one};
