//! What both doors read of a request, by one rule each: for whom it is, from whom it comes, where its
//! body ends, which names of fields are the same; and who guesses secrets there.

pub mod authority;
pub mod client;
pub mod field_name;
pub mod framing;
mod headers;
pub mod network;
pub mod origin;
pub mod secret_guesses;

pub use headers::{Headers, Scheme};
