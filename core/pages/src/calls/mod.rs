//! How to call a service: snippets in six languages, with names and paths quoted as each needs, and a form
//! that tries it.

mod facts;
mod how_to_call;
pub mod quote;
pub mod samples;
mod snippets;
#[cfg(test)]
mod tests;
mod try_it;
mod words;

pub use facts::{Facts, KeyAuth, Method, OAuth2, Place, Request, Routes};
pub use how_to_call::HowToCall;
pub use snippets::{CodeLanguage, Key, Snippet, Tried, curl, curl_of_try, snippets, token_snippets};
pub use try_it::{Answer, AnswerBody, Caller, Outcome, Refusal, TryIt, TryItFields};

use crate::parts::pages;

pages! { TryIt }
