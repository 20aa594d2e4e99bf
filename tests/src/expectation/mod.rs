//! Compares what came with what a case expects.

mod expected;
mod fields;
mod parts;
mod upstream;

mod expect;

pub use expect::{Expect, Outcome};
