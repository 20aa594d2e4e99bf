//! Where the body of a response comes from.

use bytes::Bytes;
use hyper::body::Incoming;

use super::link_body::LinkBody;

/// Where a response's body comes from.
pub(crate) enum Content {
    /// Made here, or there already.
    Whole(Bytes),
    /// From an upstream's pooled connection.
    Link(LinkBody),
    /// From a connection of its own.
    Incoming(Incoming),
}

impl Content {
    /// What comes over a pooled connection: held whole if it is there already, which is usual for
    /// short bodies.
    pub(super) fn of_link(mut body: LinkBody) -> Self {
        match body.take_whole() {
            Some(bytes) => Content::Whole(bytes),
            None => Content::Link(body),
        }
    }
}
