//! Asking a deployment.

use std::io;

use serde_json::Value;

use crate::deployment::{Deployment, Place};
use crate::raw_http::{Request, Response, exchange};

/// How much of a deployment's output a failure shows, in characters.
const SHOWN_CHARS: usize = 2000;

/// Requests to any deployed form.
pub trait Client: Deployment {
    /// Host and port of the gateway.
    fn authority(&self) -> &str {
        self.doors().gateway_authority()
    }

    /// One request on a connection of its own, its answer as Latchkey gave it.
    fn exchange(&self, authority: &str, request: &Request) -> io::Result<Response> {
        let mut answer = exchange(authority, request)?;
        self.undo_renaming(&mut answer);
        Ok(answer)
    }

    /// To the gateway; its target is taken as it is.
    fn send(&self, request: &Request) -> Response {
        self.send_to(self.authority(), request)
    }

    /// To host and port; no answer is a failure.
    fn send_to(&self, authority: &str, request: &Request) -> Response {
        self.exchange(authority, request).unwrap_or_else(|error| {
            let target = String::from_utf8_lossy(&request.target).into_owned();
            panic!("{} {target}: {error}{}", request.method, end_of(&self.output()))
        })
    }

    /// GET of a place, without a token.
    fn get(&self, place: &Place) -> Response {
        self.send_to(&place.authority, &Request::get(&place.target))
    }

    /// Host and port of the Admin API.
    fn admin_authority(&self) -> String {
        self.doors().admin("").authority
    }

    /// A request to the Admin API with the token; `path` begins behind the prefix: `/services?size=2`.
    fn admin_request(&self, method: &str, path: &str) -> Request {
        Request::new(method, self.doors().admin(path).target).header("Kong-Admin-Token", self.admin_token())
    }

    /// The same, sent, JSON in and out.
    fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        let mut request = self.admin_request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        self.send_to(&self.admin_authority(), &request)
    }
}

impl<D: Deployment + ?Sized> Client for D {}

fn end_of(output: &str) -> String {
    let from = output.char_indices().rev().nth(SHOWN_CHARS).map_or(0, |(at, _)| at);
    if output.is_empty() {
        String::new()
    } else {
        format!("\n--- end of the output ---\n{}", &output[from..])
    }
}
