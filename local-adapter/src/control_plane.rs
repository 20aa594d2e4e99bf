//! Core's control plane over the store of this process.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use latchkey_control::gateway_call::GatewayAnswer;
use latchkey_control::http::{Control, ControlSettings, Head, InternalCause, StartLink, Step};
use latchkey_control::log_in::{FailureReport, PasswordAnswer};
use latchkey_control::mail::MailOutcome;
use latchkey_control::registry::{AdminToken, DueMails, Error, Registry, Resealing};
use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::{KeyDigest, Peppers, PlainKey};

use crate::request_head::named;
use crate::store::RedbStore;
use crate::system::{SystemClock, SystemRandom};

/// A request at the control door, to be sent to another thread.
#[derive(Debug)]
pub(crate) struct ControlRequest {
    /// Method.
    pub(crate) method: Method,
    /// Target.
    pub(crate) uri: Uri,
    /// Header fields.
    pub(crate) headers: HeaderMap,
    /// Who asks; `None`: this process.
    pub(crate) client_ip: Option<IpAddr>,
    /// The whole body.
    pub(crate) body: Bytes,
}

impl ControlRequest {
    /// All but the body, as core sees it.
    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            method: self.method.as_str(),
            host: named(&self.uri, &self.headers),
            path: self.uri.path(),
            query: self.uri.query(),
            headers: &self.headers,
            client_ip: self.client_ip,
            request_id: None,
        }
    }
}

/// What has come of what a call hangs on.
pub(crate) enum Came {
    /// It is not known that it hangs on anything.
    Nothing,
    /// Of its password.
    Password(PasswordAnswer),
    /// Of the call that is to be made at the gateway for it.
    Called(GatewayAnswer),
}

/// The control plane of this process.
pub(crate) struct ControlPlane {
    control: Control<RedbStore, SystemClock, SystemRandom>,
}

impl ControlPlane {
    /// Opens the registry, finishes what a crash has interrupted, and finds the admin token, which
    /// goes into the settings. `token`: the one that is set, if one is.
    pub(crate) async fn open(
        store: RedbStore,
        peppers: Peppers,
        token: Option<PlainKey>,
        settings: ControlSettings,
    ) -> Result<(Self, AdminToken), Error> {
        let registry = Registry::open(store, SystemClock, SystemRandom, peppers).await?;
        for job in registry.resume_jobs().await? {
            tracing::error!(job, "a change was begun by a newer version, which must complete it");
        }
        let token = registry.admin_token_or_make(token.as_ref()).await?;
        let settings = ControlSettings { token: Some(token.digest), ..settings };
        Ok((ControlPlane { control: Control::new(registry, settings) }, token))
    }

    /// Takes the token with this digest from now on.
    pub(crate) fn set_token(&mut self, digest: KeyDigest) {
        self.control.set_token(Some(digest));
    }

    /// Makes the token of a link that logs in once.
    pub(crate) fn make_link(&self, to: StartLink) -> PlainKey {
        self.control.make_start_link(to)
    }

    /// Answers a request, changes being durable when it returns, or says what it hangs on.
    pub(crate) async fn ask(&self, request: &ControlRequest, came: &Came) -> Step {
        let (head, body) = (request.head(), &request.body);
        let step = match came {
            Came::Nothing => self.control.ask(&head, body, None).await,
            Came::Password(password) => self.control.ask(&head, body, Some(password)).await,
            Came::Called(answer) => self.control.ask_called(&head, body, answer).await,
        };
        if let Step::Answer(response) = &step
            && let Some(cause) = response.extensions().get::<InternalCause>()
        {
            tracing::error!(endpoint = cause.endpoint, error = %cause.error, "a call of the control plane failed");
        }
        step
    }

    /// Mails to be sent now.
    pub(crate) async fn due_mails(&self) -> Result<DueMails, Error> {
        self.control.due_mails().await
    }

    /// Says what came of sending one.
    pub(crate) async fn mail_outcome(&self, id: &str, outcome: MailOutcome) {
        if let Err(error) = self.control.mail_outcome(id, outcome).await {
            tracing::warn!(%error, "what came of a mail could not be noted: it may be sent once more");
        }
    }

    /// Writes sums of failed log-ins into the audit.
    pub(crate) async fn note_failed_log_ins(&self, reports: &[FailureReport]) {
        if let Err(error) = self.control.registry().note_failed_log_ins(reports).await {
            tracing::warn!(%error, "failed log-ins could not be written into the audit");
        }
    }

    /// Seals anew, under the current pepper, a part of what is sealed under the previous one. Whether there
    /// is more to do.
    pub(crate) async fn reseal_some(&self) -> bool {
        match self.control.registry().reseal(1).await {
            Ok(Resealing::GoesOn) => true,
            Ok(Resealing::NotDue) => false,
            Ok(Resealing::Done) => {
                tracing::info!("{}", Resealing::DONE);
                false
            }
            Err(error) => {
                tracing::error!(%error, "what is sealed under the previous pepper stays so until the next start");
                false
            }
        }
    }

    /// Ends a back-up that nobody goes on with, and removes some of the records that are no longer kept, of
    /// the audit and of imports. Answers whether there are more.
    pub(crate) async fn drop_old_records(&self) -> bool {
        self.control.drop_old_records().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "old records could not be removed");
            false
        })
    }

    /// Moves a key found under the previous pepper to the current one.
    pub(crate) async fn rehash(&self, rehash: Rehash) {
        if let Err(error) = self.control.registry().rehash(rehash).await {
            tracing::warn!(%error, "a key could not be moved to the current pepper");
        }
    }
}
