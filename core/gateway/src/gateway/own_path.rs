//! Requests to the gateway itself that are answered without the feed, a route or a key.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};

use crate::own_answer::Response;
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
        (OwnPath::Health, "GET" | "HEAD") => Ok(health()),
        (OwnPath::Health, _) => Ok(only_to_be_read(head)),
        _ => Err(Problem::NoRoute),
    }
}

#[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
fn health() -> Response {
    let mut response = Response::new(Bytes::from_static(br#"{"status":"ok"}"#));
    let media_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

fn only_to_be_read<H: Headers>(head: &RequestHead<'_, H>) -> Response {
    let mut response = Problem::MethodNotAllowed.respond(head.header("accept"), head.request_id);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
