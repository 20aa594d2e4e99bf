//! Requests to the gateway itself that are answered without the feed, a route or a key.

use http::header::{ALLOW, HeaderValue};

use crate::json::Object;
use crate::own_answer::{self, Response};
use crate::problem::Problem;
use crate::request::{Headers, RequestHead};
use latchkey_request::authority::Authority;
use latchkey_router::OwnPath;

/// By the rules of proxied requests as to whom they are for. That a `HEAD` gets no body is seen to
/// by whoever speaks HTTP, as with every response.
#[cold]
pub(super) fn answer<H: Headers>(own: OwnPath<'_>, head: &RequestHead<'_, H>) -> Result<Response, Problem> {
    Authority::of_request(head.headers, head.host)?;
    match (own, head.method) {
        (OwnPath::Health, "GET" | "HEAD") => Ok(own_answer::json(Object::new().text("status", "ok"))),
        (OwnPath::Health, _) => Ok(only_to_be_read(head)),
        _ => Err(Problem::NoRoute),
    }
}

fn only_to_be_read<H: Headers>(head: &RequestHead<'_, H>) -> Response {
    let mut response = Problem::MethodNotAllowed.respond(head.header("accept"), head.request_id);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
