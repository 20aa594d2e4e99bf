//! The Lambda form as its platform runs it: a Runtime API for each environment, fronts that make
//! each trigger's events of raw HTTP, and DynamoDB Local behind it.
//!
//! The program under test sees nothing that tells this from the platform.

pub mod exceptions;
mod trigger;
mod way;

pub mod front;

pub mod answer;
pub mod event;
pub mod fields;

pub mod environment;
pub mod runtime_api;

pub mod dynamodb;
pub mod watch;

pub use trigger::Trigger;
pub use way::{EVERYWHERE_VARIABLE, Way};
