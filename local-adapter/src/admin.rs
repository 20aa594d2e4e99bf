//! The Admin API of core, over the store of this process.

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use latchkey_control::admin::{self, Admin, AdminSettings, InternalCause};
use latchkey_control::ports::Random;
use latchkey_control::registry::{AdminToken, Error, Registry};
use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::{KeyDigest, Peppers, PlainKey};

use crate::store::RedbStore;
use crate::system::{SystemClock, SystemRandom};

/// Version of Kong that clients are told: the one whose conventions are kept.
const KONG_VERSION: &str = "3.9.1";

/// A request to the Admin API, to be sent to another thread.
#[derive(Debug)]
pub(crate) struct AdminRequest {
    /// Method.
    pub(crate) method: Method,
    /// Path below `/admin`, starting with `/`.
    pub(crate) path: String,
    /// Bytes after `?`.
    pub(crate) query: Option<String>,
    /// Header fields.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Bytes,
}

/// The Admin API over the store of this process.
pub(crate) struct AdminPlane {
    admin: Admin<RedbStore, SystemClock, SystemRandom>,
}

impl AdminPlane {
    /// Opens the registry, finishes what a crash has interrupted, and finds the admin token.
    /// `token`: the one that is set, if one is.
    pub(crate) async fn open(
        store: RedbStore,
        peppers: Peppers,
        token: Option<PlainKey>,
    ) -> Result<(Self, AdminToken), Error> {
        let registry = Registry::open(store, SystemClock, SystemRandom, peppers).await?;
        for job in registry.resume_jobs().await? {
            tracing::error!(job, "a change was begun by a newer version, which must complete it");
        }
        let token = registry.admin_token_or_make(token.as_ref()).await?;
        let settings = AdminSettings {
            token: Some(token.digest),
            version: KONG_VERSION.into(),
            hostname: "latchkey".into(),
            node_id: SystemRandom.uuid(),
        };
        Ok((AdminPlane { admin: Admin::new(registry, settings) }, token))
    }

    /// Takes the token with this digest from now on.
    pub(crate) fn set_token(&mut self, digest: KeyDigest) {
        self.admin.set_token(Some(digest));
    }

    /// Answers a request; changes are durable when it returns.
    pub(crate) async fn handle(&self, request: AdminRequest) -> Response<Bytes> {
        let request = admin::AdminRequest {
            method: request.method.as_str(),
            path: &request.path,
            query: request.query.as_deref(),
            headers: &request.headers,
            body: &request.body,
        };
        let response = self.admin.handle(request).await;
        if let Some(cause) = response.extensions().get::<InternalCause>() {
            tracing::error!(endpoint = cause.endpoint, error = %cause.error, "a call to the Admin API failed");
        }
        response
    }

    /// Moves a key found under the previous pepper to the current one.
    pub(crate) async fn rehash(&self, rehash: Rehash) {
        let Rehash { old, new, pepper_id } = rehash;
        if let Err(error) = self.admin.registry().rehash(old, new, pepper_id).await {
            tracing::warn!(%error, "a key could not be moved to the current pepper");
        }
    }
}
