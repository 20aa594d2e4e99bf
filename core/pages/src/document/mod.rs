//! The specification of a service: an OpenAPI document as a page, without a script.

mod find;
mod json;
mod left;
mod node;
mod openapi;
mod operation;
mod operations;
mod page;
mod parameters;
mod problems;
pub mod samples;
mod schema;
mod sentences;
#[cfg(test)]
mod tests;
mod tree;
mod words;
mod write;

pub use find::Found;
pub use left::PAGE_MAX;
pub use node::Unreadable;
pub use openapi::{Document, Refused, Version};
pub use operation::OperationPage;
pub use operations::Operation;
pub use page::SpecificationPage;
pub use problems::Problem;

crate::parts::pages! { OperationPage, SpecificationPage }

/// The service that a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, or its id.
    pub name: &'a str,
    /// Where it is called: the gateway's origin and the path of the first route that can be shown, as
    /// `https://api.example/pets`; `None`: there is none.
    pub address: Option<&'a str>,
    /// Whether calls can be tried out.
    pub can_try: bool,
}

impl<'a> Described<'a> {
    /// The path of its route; without `/` at the end.
    fn route(&self) -> &'a str {
        let after = self.address.and_then(|address| address.split_once("://")).map_or("", |(_, after)| after);
        after.find('/').and_then(|at| after.get(at..)).unwrap_or_default().trim_end_matches('/')
    }
}
