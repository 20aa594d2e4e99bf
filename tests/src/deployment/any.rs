//! What is the same for every deployed form.

use super::doors::Doors;
use crate::raw_http::Response;

/// A Latchkey that runs, whatever as.
pub trait Deployment {
    /// Where it answers.
    fn doors(&self) -> &Doors;

    fn admin_token(&self) -> &str;

    /// All that it logged and printed so far; empty where that cannot be seen.
    fn output(&self) -> String;

    /// The scheme that its clients are taken to use.
    fn scheme(&self) -> &str {
        "http"
    }

    /// Gives what the platform renamed in an answer its own name again.
    fn undo_renaming(&self, _answer: &mut Response) {}
}
