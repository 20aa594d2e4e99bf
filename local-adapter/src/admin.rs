//! The Admin API of core, over the store of this process.

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use latchkey_control::http::{Control, ControlSettings, Head, InternalCause};
use latchkey_control::ports::Random;
use latchkey_control::registry::{Error, Registry};
use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::{KeyDigest, Peppers, PlainKey};

use crate::secrets::{self, AdminToken};
use crate::store::RedbStore;
use crate::system::{SystemClock, SystemRandom};

/// A request to the Admin API, to be sent to another thread.
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

/// The control plane of this process.
pub(crate) type LocalRegistry = Registry<RedbStore, SystemClock, SystemRandom>;

/// The Admin API over the store of this process.
pub(crate) struct AdminPlane {
    control: Control<RedbStore, SystemClock, SystemRandom>,
}

impl AdminPlane {
    /// Opens the registry, finishes what a crash has interrupted, and finds the admin token.
    /// `token`: the one that is set, if one is.
    pub(crate) async fn open(
        store: RedbStore,
        peppers: Peppers,
        token: Option<PlainKey>,
        guesses_per_second: u32,
    ) -> Result<(Self, AdminToken, ControlSettings), Error> {
        let registry = Registry::open(store, SystemClock, SystemRandom, peppers).await?;
        for job in registry.resume_jobs().await? {
            tracing::error!(job, "a change was begun by a newer version, which must complete it");
        }
        let token = secrets::find_admin_token(&registry, token).await?;
        let settings = ControlSettings {
            guesses_per_second,
            ..ControlSettings::new(Some(token.digest), "latchkey", SystemRandom.uuid())
        };
        Ok((AdminPlane { control: Control::new(registry, settings.clone()) }, token, settings))
    }

    /// Takes the token with this digest from now on.
    pub(crate) fn set_token(&mut self, digest: KeyDigest) {
        self.control.set_token(Some(digest));
    }

    /// Answers a request; changes are durable when it returns.
    pub(crate) async fn handle(&self, request: AdminRequest) -> Response<Bytes> {
        let head = Head {
            method: request.method.as_str(),
            host: b"",
            path: &format!("/admin{}", request.path),
            query: request.query.as_deref(),
            headers: &request.headers,
            client_ip: None,
        };
        let response = self.control.serve(&head, &request.body).await;
        if let Some(cause) = response.extensions().get::<InternalCause>() {
            tracing::error!(endpoint = cause.endpoint, error = %cause.error, "a call to the Admin API failed");
        }
        response
    }

    /// Moves a key found under the previous pepper to the current one.
    pub(crate) async fn rehash(&self, rehash: Rehash) {
        let Rehash { old, new, pepper_id } = rehash;
        if let Err(error) = self.control.registry().rehash(old, new, pepper_id).await {
            tracing::warn!(%error, "a key could not be moved to the current pepper");
        }
    }
}
