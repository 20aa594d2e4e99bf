//! The pages of portal and manager: a view struct and a template for each, its words in every language, and
//! samples by which all are rendered in one test. Knows neither store nor HTTP.
//!
//! A view is made by the control plane of what it has read, and rendered whole; nothing here decides who may
//! see what. Whatever comes from people is text, escaped by the templates.

pub mod assets;
pub mod calls;
pub mod document;
mod frame;
mod help;
mod language;
pub mod manager;
pub mod parts;
pub mod portal;
mod said;
mod sample;
pub mod samples;
mod sentences;
#[cfg(test)]
mod tests;
mod words;

pub use frame::{Frame, Front, Message, Site, Waiting};
pub use help::Help;
pub use language::Language;
pub use parts::View;
pub use said::{Said, Told};
pub use sentences::is_translated;
