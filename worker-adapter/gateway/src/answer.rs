//! What core decided, as one text for the script. Its first line says what:
//!
//! ```text
//! R  a response made here: latchkey_worker_shared::answer
//! F  a request to be sent on; infra/cloudflare/gateway/src/forward.js reads it. Lines after it:
//!      1  what is to be done beside it, as in R
//!      2  request id
//!      3  URL at the upstream
//!      4  ranges of the body to be cut, each `from-to,`; empty: none
//!      5  `1` where it is a WebSocket handshake, else empty
//!      6  names of fields to be taken out, each with `,` behind it; with `=` before it, in every
//!         spelling that is the same
//!      7  how long the upstream has, in milliseconds
//!      8… for each field to be set its name, then its value, a line each
//! B  the body is needed: nothing beside, request id, bytes at most
//! G  a grant is needed: nothing beside, request id, digest, source, stamp
//! P  the feed is needed: nothing beside, request id, since which epoch
//! W  ask again: nothing beside, request id, after how many milliseconds
//! ```

use std::fmt::Write;

use http::HeaderName;
use latchkey_gateway::decision::{BodyEdit, GrantRequest, Plan, Source};
use latchkey_gateway::problem::request_id_text;
use latchkey_published::feed::FeedRequest;
use latchkey_published::rehash::{MovedSecret, Rehash};
use latchkey_request::field_name::folded;
use latchkey_worker_shared::answer::{Aside, push_field};
use latchkey_worker_shared::feed_text;

pub use latchkey_worker_shared::answer::respond;

/// Beside a request: a poll of the feed is due.
pub fn poll(aside: &mut Aside, request: FeedRequest) {
    aside.add("poll", &feed_text::since(request));
}

/// Beside a request: a grant, or a client secret, is to be moved to the current pepper.
pub fn rehash(aside: &mut Aside, rehash: &Rehash) {
    let Rehash { old, new, pepper_id, secret } = rehash;
    let mut text = format!("{},{},{}", old.to_hex(), new.to_hex(), u32::from(*pepper_id));
    if let Some(MovedSecret { old, new }) = secret {
        let _ = write!(text, ",{},{}", old.to_hex(), new.to_hex());
    }
    aside.add("rehash", &text);
}

/// A request to be sent on. `dropped`: fields that go besides those the plan names; these go in every
/// spelling, which their `=` says.
pub fn forward(plan: &Plan, request_id: u128, dropped: &[HeaderName], aside: &Aside) -> String {
    let mut text = String::with_capacity(1024);
    let upstream = &plan.upstream;
    let id = request_id_text(request_id);
    let _ = write!(text, "F\n{}\n{id}\n{}://", aside.line(), upstream.scheme.as_str());
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
    format!("P\n-\n{}\n{}", request_id_text(request_id), feed_text::since(request))
}

/// The request is to be asked about again after so long.
pub fn need_wait(ms: u64, request_id: u128) -> String {
    format!("W\n-\n{}\n{ms}", request_id_text(request_id))
}
