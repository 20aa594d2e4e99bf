//! Where the Admin API of core is plugged in.

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use latchkey_core::keys::{KeyDigest, Peppers};

use crate::store::RedbStore;

/// A request to the Admin API.
#[expect(dead_code, reason = "read as soon as the Admin API of core is plugged in")]
#[derive(Debug)]
pub(crate) struct AdminRequest {
    /// Method.
    pub(crate) method: Method,
    /// Path below `/-/admin`, starting with `/`.
    pub(crate) path: String,
    /// Bytes after `?`.
    pub(crate) query: Option<String>,
    /// Header fields.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Bytes,
}

/// The Admin API over the store of this process.
pub(crate) struct AdminPlane;

impl AdminPlane {
    /// An Admin API that takes the tokens with these digests (see `secrets::digest_token`).
    pub(crate) fn new(_store: RedbStore, _peppers: Peppers, _tokens: Vec<KeyDigest>) -> Self {
        AdminPlane
    }

    /// Answers a request; changes are durable when it returns.
    pub(crate) async fn handle(&self, _request: AdminRequest) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(b"{\"message\":\"Service unavailable\"}"));
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response
    }
}
