//! What core decided, as one text for the scripts; `answer.js`, `forward.js` and `index.js` in
//! `infra/cloudflare/src` read it.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderName, Response};
use latchkey_gateway::decision::{BodyEdit, GrantRequest, Plan, Source};
use latchkey_gateway::problem::request_id_text;
use latchkey_published::feed::FeedRequest;
use latchkey_request::field_name::folded;

/// What is to be done beside the request; empty: nothing.
#[derive(Debug, Default)]
pub struct Aside(String);

impl Aside {
    /// A poll of the feed is due.
    pub fn poll(&mut self, request: FeedRequest) {
        self.add(&format!("poll={}", since_text(request)));
    }

    /// A grant is to be moved to the current pepper.
    pub fn rehash(&mut self, old: &str, new: &str, pepper_id: &str) {
        self.add(&format!("rehash={old},{new},{pepper_id}"));
    }

    /// Something is to be logged.
    pub fn log(&mut self, line: &str) {
        self.add(&format!("log={line}"));
    }

    fn add(&mut self, item: &str) {
        if !self.0.is_empty() {
            self.0.push(';');
        }
        self.0.push_str(item);
    }
}

/// A response made here; `request_id` may be empty.
pub fn respond(response: &Response<Bytes>, request_id: &str, aside: &Aside) -> String {
    let mut text = String::with_capacity(512);
    let _ = write!(text, "R\n{}\n{}\n{}", mark(&aside.0), mark(request_id), response.status().as_u16());
    for (name, value) in response.headers() {
        push_field(&mut text, name, value.as_bytes());
    }
    text.push_str("\n\n");
    text.push_str(&String::from_utf8_lossy(response.body()));
    text
}

/// A request to be sent on. `dropped`: fields that go besides those the plan names; these go in every
/// spelling, which their `=` says.
pub fn forward(plan: &Plan, request_id: u128, dropped: &[HeaderName], aside: &Aside) -> String {
    let mut text = String::with_capacity(1024);
    let upstream = &plan.upstream;
    let id = request_id_text(request_id);
    let _ = write!(text, "F\n{}\n{id}\n{}://", mark(&aside.0), upstream.scheme.as_str());
    text.push_str(&String::from_utf8_lossy(upstream.authority.as_bytes()));
    text.push_str(&String::from_utf8_lossy(&plan.target));
    text.push('\n');
    if let BodyEdit::Cut(ranges) = &plan.body {
        for range in ranges {
            let _ = write!(text, "{}-{},", range.start, range.end);
        }
    }
    text.push_str(if plan.upgrade.is_some() { "\n1\n" } else { "\n\n" });
    for name in plan.strip.as_slice() {
        let _ = write!(text, "={},", folded(name.as_str()));
    }
    for name in dropped {
        let _ = write!(text, "{name},");
    }
    let _ = write!(text, "\n{}", upstream.connect_timeout_ms.saturating_add(upstream.read_timeout_ms));
    for (name, value) in plan.set.iter() {
        push_field(&mut text, name, value);
    }
    text
}

/// The body is needed, up to so many bytes.
pub fn need_body(bytes_max: usize, request_id: u128) -> String {
    format!("B\n-\n{}\n{bytes_max}", request_id_text(request_id))
}

/// A grant is needed.
pub fn need_grant(request: &GrantRequest, request_id: &str) -> String {
    let source = match request.source {
        Source::Replica => "replica",
        Source::Authority => "authority",
    };
    format!("G\n-\n{request_id}\n{}\n{source}\n{}", request.digest.to_hex(), request.stamp)
}

/// The feed is needed.
pub fn need_feed(request: FeedRequest, request_id: u128) -> String {
    format!("P\n-\n{}\n{}", request_id_text(request_id), since_text(request))
}

/// The request is to be asked about again after so long.
pub fn need_wait(ms: u64, request_id: u128) -> String {
    format!("W\n-\n{}\n{ms}", request_id_text(request_id))
}

/// The request is for the control plane.
pub fn control_plane() -> String {
    "A".to_owned()
}

fn since_text(request: FeedRequest) -> String {
    request.since.map_or_else(|| "start".to_owned(), |since| since.to_string())
}

/// No line of a head is empty: that is how its end is found.
fn mark(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// The platform's header values are texts: what is not UTF-8 becomes U+FFFD, as it does there.
fn push_field(text: &mut String, name: &HeaderName, value: &[u8]) {
    text.push('\n');
    text.push_str(name.as_str());
    text.push('\n');
    match std::str::from_utf8(value) {
        Ok(value) => text.push_str(value),
        Err(_) => text.push_str(&String::from_utf8_lossy(value)),
    }
}
