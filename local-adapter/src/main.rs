//! Latchkey as one local process.
mod config;
mod store;
mod system;
fn main() {}
