//! What the data plane answers an adapter: a response, a plan of edits, or what it needs.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

use crate::own_answer::Response;
use crate::right::Right;
use crate::strip_key::StripNames;
use crate::upstream::Upstream;
use latchkey_published::feed::FeedRequest;
use latchkey_published::keys::KeyDigest;

/// What is to become of a request.
#[derive(Debug)]
pub enum Decision {
    /// Answer with this; the upstream is not called.
    Respond(Response),
    /// Edit the request as planned and send it.
    Forward(Box<Plan>),
    /// Fetch this, hand it in, and ask again.
    Need(Need),
}

/// What core cannot know by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The body, up to so many bytes; more is [`crate::request::Body::TooLarge`].
    Body {
        /// Bound in bytes.
        bytes_max: usize,
    },
    /// The grant at a digest, for `Gateway::learn_grant`.
    Grant(GrantRequest),
    /// The feed, for `Gateway::learn_feed`.
    Feed(FeedRequest),
    /// Another request is fetching what this one needs: ask again when something was learned, and
    /// at the latest after so long. Nothing of the other request need be held on to.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
}

/// A grant to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantRequest {
    /// Digest of the key.
    pub digest: KeyDigest,
    /// Where from.
    pub source: Source,
    /// Tells this request from others for the same digest; goes back with the answer.
    pub stamp: u64,
}

/// Where a grant is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The nearest copy, which may be stale by up to the replica horizon.
    /// A platform without copies reads the authority.
    Replica,
    /// The store that decides, by a consistent read.
    Authority,
}

/// How a request is sent on.
#[derive(Debug)]
pub struct Plan {
    /// Where to.
    pub upstream: Arc<Upstream>,
    /// Request target, path and query, as bytes for the request line.
    pub target: Bytes,
    /// `Host` field as the client sent it, where it is kept; else it is the upstream's own.
    pub preserved_host: Option<HeaderValue>,
    /// Fields to set, replacing any of that name; at most one for each name.
    pub set: SetFields,
    /// Fields to remove besides those that are never passed on.
    pub strip: StripNames,
    /// What to do with the body.
    pub body: BodyEdit,
    /// The request is a WebSocket handshake and is passed on as one; by what right.
    pub upgrade: Option<Box<Right>>,
}

/// Fields to set; their values lie in one text, so that none is an allocation or a count of its own.
#[derive(Debug)]
pub struct SetFields {
    pub(crate) text: Bytes,
    pub(crate) fields: Vec<SetField>,
}

#[derive(Debug)]
pub(crate) struct SetField {
    pub(crate) name: &'static HeaderName,
    pub(crate) value: Range<usize>,
}

impl SetFields {
    /// Names, and values that a field can carry.
    pub fn iter(&self) -> impl Iterator<Item = (&'static HeaderName, &[u8])> {
        self.fields.iter().map(|field| (field.name, &self.text[field.value.clone()]))
    }

    /// The same for a header map; the values share the text.
    pub(crate) fn header_values(&self) -> impl Iterator<Item = (&'static HeaderName, HeaderValue)> {
        self.fields.iter().filter_map(|field| {
            let value = HeaderValue::from_maybe_shared(self.text.slice(field.value.clone()));
            Some((field.name, value.ok()?))
        })
    }
}

/// What to do with the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyEdit {
    /// Pass it on as it comes.
    Untouched,
    /// Leave these bytes of it out; ascending, disjoint. The adapter holds the whole body.
    Cut(Vec<Range<usize>>),
}
