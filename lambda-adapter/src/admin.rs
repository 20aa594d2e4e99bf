//! The Admin API of core, over DynamoDB.

use bytes::Bytes;
use http::{Response, StatusCode};
use latchkey_control::http::{Control, ControlSettings, Door, Head, InternalCause, Knock};
use latchkey_control::ports::Random as _;
use latchkey_control::registry::{Error, Registry};
use latchkey_gateway::gateway::Rehash;
use latchkey_gateway::request::Now;
use latchkey_published::keys::{KeyDigest, Peppers};
use tokio::sync::OnceCell;

use crate::own::json;
use crate::request::Request;
use crate::store::DynamoStore;
use crate::system::{SystemClock, SystemRandom};

/// The control plane of this environment, opened when it is first needed: most environments only
/// ever proxy.
pub(crate) struct AdminPlane {
    store: DynamoStore,
    peppers: Peppers,
    settings: ControlSettings,
    door: Door,
    opened: OnceCell<Control<DynamoStore, SystemClock, SystemRandom>>,
}

impl AdminPlane {
    /// `token`: digest of the admin token; `None`: the Admin API answers 503.
    /// `guesses_per_second`: as [`Door::new`] has it.
    pub(crate) fn new(
        store: DynamoStore,
        peppers: Peppers,
        token: Option<KeyDigest>,
        guesses_per_second: u32,
    ) -> Self {
        let settings = ControlSettings {
            guesses_per_second,
            ..ControlSettings::new(token, "lambda", SystemRandom.uuid())
        };
        let door = Door::new(settings.clone(), peppers.clone());
        AdminPlane { store, peppers, settings, door, opened: OnceCell::new() }
    }

    /// The answer to a request that may not come in, judged by its head alone: for it the registry
    /// is not opened.
    pub(crate) fn refuse(&self, request: &Request, now: Now) -> Option<Response<Bytes>> {
        let Knock::Answer(refusal) = self.door.knock(&head(request, "/admin"), now.monotonic_ms) else {
            return None;
        };
        if refusal.status().is_success() || refusal.status() == StatusCode::METHOD_NOT_ALLOWED {
            return None;
        }
        for report in self.door.reports(now.monotonic_ms) {
            let (wrong, answered_429) = (report.wrong, report.refused);
            tracing::warn!(address = %report.guesser, wrong, answered_429, "wrong admin tokens");
        }
        Some(refusal)
    }

    /// Answers a request; changes are durable when it returns.
    pub(crate) async fn admin(&self, request: &Request, path: &str) -> Response<Bytes> {
        let admin = match self.open().await {
            Ok(admin) => admin,
            Err(error) => {
                tracing::error!(%error, "the registry cannot be opened");
                return failure();
            }
        };
        let path = format!("/admin{path}");
        let response = admin.serve(&head(request, &path), &request.body).await;
        if let Some(cause) = response.extensions().get::<InternalCause>() {
            tracing::error!(endpoint = cause.endpoint, error = %cause.error, "a call to the Admin API failed");
        }
        response
    }

    /// Moves a key found under the previous pepper to the current one.
    pub(crate) async fn rehash(&self, rehash: Rehash) {
        let Rehash { old, new, pepper_id } = rehash;
        let moved = match self.open().await {
            Ok(admin) => admin.registry().rehash(old, new, pepper_id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = moved {
            tracing::warn!(%error, "a key could not be moved to the current pepper");
        }
    }

    /// Opens the registry and finishes what was interrupted; after a failure the next call tries
    /// again.
    async fn open(&self) -> Result<&Control<DynamoStore, SystemClock, SystemRandom>, Error> {
        let open = || async {
            let store = self.store.clone();
            let registry = Registry::open(store, SystemClock, SystemRandom, self.peppers.clone()).await?;
            for job in registry.resume_jobs().await? {
                tracing::error!(job, "a change was begun by a newer version, which must complete it");
            }
            Ok(Control::new(registry, self.settings.clone()))
        };
        self.opened.get_or_try_init(open).await
    }
}

fn head<'a>(request: &'a Request, path: &'a str) -> Head<'a> {
    Head {
        method: request.method.as_str(),
        host: &request.host,
        path,
        query: request.query.as_deref(),
        headers: &request.headers,
        client_ip: request.client_ip,
    }
}

fn failure() -> Response<Bytes> {
    json(StatusCode::INTERNAL_SERVER_ERROR, "{\"message\":\"An unexpected error occurred\"}")
}
