//! The forms that Latchkey is deployed in, each as these tests start and reach it.

mod any;
mod doors;

mod elsewhere;
mod lambda;
mod local;
mod worker;

pub use any::Deployment;
pub use doors::{Doors, Place};

pub use elsewhere::Elsewhere;
pub use lambda::{Lambda, Settings};
pub use local::{Local, Options, local_program, run_to_end};
pub use worker::{NODE_VARIABLE, Worker};
