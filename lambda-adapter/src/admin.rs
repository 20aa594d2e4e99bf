//! The Admin API of core, over DynamoDB.

use bytes::Bytes;
use http::{Response, StatusCode};
use latchkey_control::admin::{Admin, AdminRequest, AdminSettings, Door, InternalCause};
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

/// Version of Kong that clients are told: the one whose conventions are kept.
const KONG_VERSION: &str = "3.9.1";

/// The control plane of this environment, opened when it is first needed: most environments only
/// ever proxy.
pub(crate) struct AdminPlane {
    store: DynamoStore,
    peppers: Peppers,
    token: Option<KeyDigest>,
    door: Door,
    opened: OnceCell<Admin<DynamoStore, SystemClock, SystemRandom>>,
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
        let door = Door::new(token, peppers.clone(), guesses_per_second);
        AdminPlane { store, peppers, token, door, opened: OnceCell::new() }
    }

    /// The answer to a request that may not come in, judged by its head alone: for it the registry
    /// is not opened.
    pub(crate) fn refuse(&self, request: &Request, now: Now) -> Option<Response<Bytes>> {
        let method = request.method.as_str();
        let refusal = self.door.refuse(method, &request.headers, request.client_ip, now.monotonic_ms)?;
        for report in self.door.reports(now.monotonic_ms) {
            let (wrong, answered_429) = (report.wrong, report.refused);
            tracing::warn!(address = %report.guesser, wrong, answered_429, "wrong admin tokens");
        }
        Some(refusal)
    }

    /// Answers a request; changes are durable when it returns.
    pub(crate) async fn admin(&self, request: AdminRequest<'_>) -> Response<Bytes> {
        let admin = match self.open().await {
            Ok(admin) => admin,
            Err(error) => {
                tracing::error!(%error, "the registry cannot be opened");
                return failure();
            }
        };
        let response = admin.handle(request).await;
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
    async fn open(&self) -> Result<&Admin<DynamoStore, SystemClock, SystemRandom>, Error> {
        let open = || async {
            let store = self.store.clone();
            let registry = Registry::open(store, SystemClock, SystemRandom, self.peppers.clone()).await?;
            for job in registry.resume_jobs().await? {
                tracing::error!(job, "a change was begun by a newer version, which must complete it");
            }
            let settings = AdminSettings {
                token: self.token,
                version: KONG_VERSION.to_owned(),
                hostname: "lambda".to_owned(),
                node_id: SystemRandom.uuid(),
            };
            Ok(Admin::new(registry, settings))
        };
        self.opened.get_or_try_init(open).await
    }
}

fn failure() -> Response<Bytes> {
    json(StatusCode::INTERNAL_SERVER_ERROR, "{\"message\":\"An unexpected error occurred\"}")
}
