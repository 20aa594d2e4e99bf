//! Everything at the control door: one table of endpoints, judged by the head of a request, answered
//! over the [`Registry`].
//!
//! An adapter knocks at the [`Door`] with a request's head, reads as much of the body as that says,
//! and asks [`Control::serve`]. It holds no path, text or status: what befalls it on the way is a
//! [`Fault`], which has its answer here.

mod admission;
mod answer;
mod audit;
mod authenticate;
mod backups;
mod basic;
mod body;
mod decisions;
mod documents;
mod door;
pub mod endpoints;
mod fault;
mod finish;
mod guesses;
mod impact;
mod imports;
mod information;
mod keys;
mod lists;
mod oauth2;
pub mod openapi;
mod origins;
mod overview;
pub mod page_names;
mod page_rows;
#[cfg_attr(not(any(feature = "pages", test)), allow(dead_code, reason = "they are left out"))]
mod pages;
mod plain;
mod portal;
mod problem;
mod resources;
mod route_match;
pub mod routing;
mod settings;
mod shapes;
mod start_links;
#[cfg(test)]
mod tests;
mod tokens;
mod uploads;
mod welcome;

pub use authenticate::TOKEN_HEADER;
pub use door::{Door, Knock};
pub use fault::Fault;
pub use guesses::{Guesser, Report};
pub use origins::AdminOrigins;
pub use problem::InternalCause;
pub use start_links::StartLink;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits::{ADMIN_GUESSES_PER_SECOND_DEFAULT, AUDIT_DAYS_DEFAULT};
use latchkey_request::origin::Origin;
use latchkey_request::secret_guesses::SecretGuesses;
use latchkey_router::OwnPaths;
use latchkey_store::Store;
use uuid::Uuid;

use crate::gateway_call::{GatewayAnswer, GatewayCall};
use crate::log_in::{PasswordAnswer, PasswordNeed};
use crate::mail::MailOutcome;
use crate::ports::{Clock, Random};
use crate::registry::{DueMails, Error, Registry};
use crate::schema::Input;
use admission::{Admission, Admitted, Asked};
use authenticate::Identified;
use endpoints::{Action, Permission, PortalCall, Takes, Verb};
use lists::Query;
use portal::{Once, PortalAsked, PortalCaller, Site};
use problem::Refusal;
use start_links::StartLinks;
use uploads::Upload;

/// Version of Kong whose conventions are kept, as clients ask for it.
pub const KONG_VERSION: &str = "3.9.1";

const DAY_MS: u64 = 86_400_000;

/// What an installation sets.
#[derive(Clone, Debug)]
pub struct ControlSettings {
    /// Digest of the admin token, under the current pepper or the one before. `None`: the Admin
    /// API answers 503.
    pub token: Option<KeyDigest>,
    /// Wrong admin tokens of one address in a second that are answered 401, the others 429; 0: all.
    pub guesses_per_second: u32,
    /// Whose pages may call the Admin API in a browser.
    pub admin_origins: AdminOrigins,
    /// Where the control door is, as people reach it. `None`: nobody has said.
    pub control_origin: Option<Origin>,
    /// Where the gateway is, as its clients reach it. `None`: nobody has said.
    pub gateway_origin: Option<Origin>,
    /// The paths that the gateway answers itself, which no route may take.
    pub own_paths: OwnPaths,
    /// How many days audit records are kept.
    pub audit_days: u32,
    /// Port of a listener on loopback, whose names the portal answers to besides `control_origin`; of the
    /// local program alone.
    pub loopback_port: Option<u16>,
    /// Whom mails come from. `None`: there is no mail.
    pub mail_from: Option<String>,
    /// Whether calls of the portal's are made ([`Step::Call`]): what is not to be tried out is not offered.
    pub calls_gateway: bool,
    /// Whose pages may call the Portal API in a browser, with its cookie.
    pub portal_cors_origins: AdminOrigins,
    /// Name of this installation.
    pub hostname: String,
    /// Id of this installation.
    pub node_id: Uuid,
}

impl ControlSettings {
    /// What holds where nothing else is set, for an installation of this name and id.
    pub fn new(token: Option<KeyDigest>, hostname: &str, node_id: Uuid) -> Self {
        ControlSettings {
            token,
            guesses_per_second: ADMIN_GUESSES_PER_SECOND_DEFAULT,
            admin_origins: AdminOrigins::default(),
            control_origin: None,
            gateway_origin: None,
            own_paths: OwnPaths::default(),
            audit_days: AUDIT_DAYS_DEFAULT,
            loopback_port: None,
            mail_from: None,
            calls_gateway: false,
            portal_cors_origins: AdminOrigins::default(),
            hostname: hostname.to_owned(),
            node_id,
        }
    }
}

impl ControlSettings {
    /// What a link to the portal begins with; empty where nobody has said.
    fn portal_origin(&self) -> String {
        let loopback = || self.loopback_port.map(|port| format!("http://127.0.0.1:{port}"));
        let origin = self.control_origin.as_ref().map(|origin| origin.as_str().to_owned());
        origin.or_else(loopback).unwrap_or_default()
    }
}

/// A request at the control door, without its body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// What the platform takes for the host, maybe with a port; empty: it has only the field.
    pub host: &'a [u8],
    /// Path, percent-encoded, beginning with `/`.
    pub path: &'a str,
    /// Raw query, without `?`.
    pub query: Option<&'a str>,
    /// Header fields.
    pub headers: &'a HeaderMap,
    /// Who asks; wrong admin tokens are counted for it. `None`: the platform does not say.
    pub client_ip: Option<IpAddr>,
    /// What the platform, not the client, calls the request; for the audit.
    pub request_id: Option<&'a str>,
}

/// How far a request has come.
#[derive(Debug)]
pub enum Step {
    /// Answered. An answer to a failure has an [`InternalCause`] among its extensions, for the log.
    Answer(Response<Bytes>),
    /// To be asked once more with what came of this ([`crate::log_in`]).
    Password(Box<PasswordNeed>),
    /// The same of this ([`Control::ask_called`]).
    Call(Box<GatewayCall>),
}

/// What is known by now of what a request hangs on.
#[derive(Clone, Copy, Debug, Default)]
struct Came<'a> {
    /// Of its password.
    password: Option<&'a PasswordAnswer>,
    /// Of its call.
    called: Option<&'a GatewayAnswer>,
}

/// The control plane behind its door.
#[derive(Debug)]
pub struct Control<S, C, R> {
    registry: Registry<S, C, R>,
    settings: Arc<ControlSettings>,
    start_links: Arc<StartLinks>,
    secret_guesses: Arc<Mutex<SecretGuesses>>,
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// What answers over `registry`.
    pub fn new(registry: Registry<S, C, R>, settings: ControlSettings) -> Self {
        let has_mail = settings.mail_from.is_some() && settings.control_origin.is_some();
        let registry = registry.with_own_paths(settings.own_paths.clone()).with_mail(has_mail);
        Control {
            registry,
            settings: Arc::new(settings),
            start_links: Arc::default(),
            secret_guesses: Arc::default(),
        }
    }

    /// The registry.
    pub fn registry(&self) -> &Registry<S, C, R> {
        &self.registry
    }

    /// Takes another admin token from now on.
    pub fn set_token(&mut self, token: Option<KeyDigest>) {
        Arc::make_mut(&mut self.settings).token = token;
    }

    /// Lets a page call the Portal API.
    #[cfg(test)]
    fn allow_pages(&mut self, origin: &str) {
        let origins = AdminOrigins::parse(origin).expect("an origin");
        Arc::make_mut(&mut self.settings).portal_cors_origins = origins;
    }

    /// Ends a back-up that nobody goes on with, and removes audit records that are older than is set, counters
    /// of mailboxes and of calls that were tried out, and imports that nobody goes on with, as many as one part of that work may: to be called
    /// every now and then. Answers whether there are more.
    pub async fn drop_old_records(&self) -> Result<bool, Error> {
        self.registry.end_abandoned_backup().await?;
        let kept_ms = u64::from(self.settings.audit_days) * DAY_MS;
        let more_audit = self.registry.drop_audit_records(kept_ms).await?;
        let dropped = self.registry.drop_old_mailboxes().await;
        self.registry.unless_restoring(dropped, ()).await?;
        let dropped = self.registry.drop_ended_denials().await;
        self.registry.unless_restoring(dropped, ()).await?;
        let dropped = self.registry.drop_old_tries().await;
        self.registry.unless_restoring(dropped, ()).await?;
        let dropped = self.registry.drop_old_imports().await;
        let more_imports = self.registry.unless_restoring(dropped, false).await?;
        Ok(more_audit || more_imports)
    }

    /// Answers a request whose body, read whole, is as long as [`Knock::Read`] allows, or says what it hangs
    /// on; `password`: what came of its password.
    ///
    /// Who may call is judged once more: nothing hangs on the door alone.
    pub async fn ask(&self, head: &Head<'_>, body: &[u8], password: Option<&PasswordAnswer>) -> Step {
        self.ask_with(head, body, Came { password, called: None }).await
    }

    /// The same of a request that hangs on a call, once that is made.
    pub async fn ask_called(&self, head: &Head<'_>, body: &[u8], called: &GatewayAnswer) -> Step {
        self.ask_with(head, body, Came { password: None, called: Some(called) }).await
    }

    async fn ask_with(&self, head: &Head<'_>, body: &[u8], came: Came<'_>) -> Step {
        let (peppers, token_tags) = (self.registry.peppers(), self.registry.token_tags());
        let admission = Admission { settings: &self.settings, peppers, token_tags };
        let answer = match admission.judge(head) {
            Ok(admitted) => self.admit(&admitted, head, body, came).await,
            Err(refusal) => Err(refusal),
        };
        match answer {
            Err(Refusal::NeedsPassword(need)) => Step::Password(need),
            Err(Refusal::NeedsCall(call)) => Step::Call(call),
            answer => Step::Answer(admission.finish(answer, head)),
        }
    }

    /// Answers a request that hangs on nothing.
    pub async fn serve(&self, head: &Head<'_>, body: &[u8]) -> Response<Bytes> {
        match self.ask(head, body, None).await {
            Step::Answer(response) => response,
            Step::Password(_) | Step::Call(_) => Fault::Failed.respond(),
        }
    }

    /// Mails to be sent now; none where there is no mail.
    pub async fn due_mails(&self) -> Result<DueMails, Error> {
        match (&self.settings.mail_from, &self.settings.control_origin) {
            (Some(from), Some(origin)) => self.registry.due_mails(from, origin.as_str()).await,
            _ => Ok(DueMails::default()),
        }
    }

    /// Says what came of sending one.
    pub async fn mail_outcome(&self, id: &str, outcome: MailOutcome) -> Result<(), Error> {
        self.registry.mail_outcome(id, outcome).await
    }

    /// Finds out who calls and what for, and does it as theirs.
    async fn admit(
        &self,
        admitted: &Admitted<'_>,
        head: &Head<'_>,
        body: &[u8],
        came: Came<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let (caller, asked, at_portal) = match &admitted.site {
            // What is built without pages has the rest of the door.
            #[cfg(not(any(feature = "pages", test)))]
            Some(_) if admitted.surface.front().is_some() => return Err(Refusal::UnknownPath),
            #[cfg(any(feature = "pages", test))]
            Some(site) if admitted.surface.front().is_some() => {
                return on_heap(|| self.page(site, admitted, head, body, came)).await;
            }
            Some(site) => {
                let asked = admitted.asked()?;
                let (caller, developer) = self.identify_at_portal(site, &asked, head).await?;
                (caller, asked, Some((site, developer)))
            }
            None => (self.identify(admitted.caller, head).await?, admitted.asked()?, None),
        };
        if asked.call.action == Action::RevokeAccessToken {
            let endpoint = asked.matched.endpoint.path;
            return on_heap(|| self.revoke(endpoint, head, body)).await;
        }
        caller.refuse_unless_permitted(asked.call)?;
        let acting = self.acting_for(&caller.who, head);
        match (asked.call.action, at_portal) {
            (Action::Portal(call), Some((site, developer))) => {
                let asked_at = AskedAtPortal { asked: &asked, call, site, developer };
                on_heap(|| acting.perform_at_portal(asked_at, head, body, came.password)).await
            }
            _ => acting.perform(&asked, &caller, head, body).await,
        }
    }

    /// Does what is asked at the Portal API.
    async fn perform_at_portal(
        &self,
        at: AskedAtPortal<'_>,
        head: &Head<'_>,
        body: &[u8],
        password: Option<&PasswordAnswer>,
    ) -> Result<Response<Bytes>, Refusal> {
        let AskedAtPortal { asked, call, site, developer } = at;
        let sent = body::parse(asked.call.takes, head.headers, body, false).await?;
        let (matched, query) = (&asked.matched, Query::parse(head.query)?);
        let refusal = |error| Refusal::Registry { endpoint: matched.endpoint.path, error };
        self.registry.refuse_while_restoring().await.map_err(refusal)?;
        let (query, input) = (&query, sent.input());
        let (caller, answer, once) = (developer, password, Once::default());
        let asked = PortalAsked { matched, query, input, head, site, caller, answer, once };
        self.portal(call, &asked).await
    }

    async fn perform(
        &self,
        asked: &Asked,
        caller: &Identified,
        head: &Head<'_>,
        body: &[u8],
    ) -> Result<Response<Bytes>, Refusal> {
        let sent = body::parse(asked.call.takes, head.headers, body, true).await?;
        let file = match asked.call.takes {
            Takes::File(file) => Some(uploads::upload(file, head.headers, body).await?),
            _ => None,
        };
        let query = Query::parse(head.query)?;
        let once = Once::default();
        let given = Given { input: sent.input(), query: &query, file: file.as_ref(), once };
        self.perform_with(asked, caller, &given).await
    }

    /// Does what is asked at the Admin API.
    async fn perform_with(
        &self,
        asked: &Asked,
        caller: &Identified,
        given: &Given<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let Asked { matched, call } = asked;
        let Given { input, query, file, once } = *given;
        let refusal = |error| Refusal::Registry { endpoint: matched.endpoint.path, error };
        let may_restore = call.action.is_of_what_is_stored();
        if may_restore && call.permission() == Permission::Read {
            self.registry.refuse_while_restoring().await.map_err(refusal)?;
        }
        self.refuse_of_applications(matched, call.action, input).await.map_err(refusal)?;
        let answer = match call.action {
            Action::Plain(plain) => Ok(plain.answer(matched, &self.settings)),
            Action::Information => on_heap(|| self.information()).await,
            Action::Status => on_heap(|| self.status()).await,
            Action::Endpoints => Ok(information::endpoints()),
            Action::EnabledPlugins => Ok(information::enabled_plugins()),
            Action::EntitySchema => Ok(information::entity_schema(matched)),
            Action::PluginSchema => Ok(information::plugin_schema(matched)),
            Action::ValidateEntity => self.validate_entity(matched, input),
            Action::List(listing) => on_heap(|| self.list(listing, matched, query)).await,
            Action::Create(kind) => on_heap(|| self.create(kind, matched, input)).await,
            Action::Item(kind, verb) => on_heap(|| self.item(kind, verb, matched, input)).await,
            Action::Reference(kind, verb) => on_heap(|| self.reference(kind, verb, matched, input)).await,
            Action::Rotate(_) => on_heap(|| self.rotate(matched, input, once.key_start)).await,
            Action::EndGrace => on_heap(|| self.end_grace(matched)).await,
            Action::FindKey => on_heap(|| self.find_key(input)).await,
            Action::MatchRoute => on_heap(|| self.match_route(input)).await,
            Action::DecideContracts => on_heap(|| self.decide_contracts(input)).await,
            Action::ApplicationConsumer => on_heap(|| self.application_consumer(matched)).await,
            Action::Audit => on_heap(|| self.audit(query)).await,
            Action::TagKeys => on_heap(|| self.tag_keys()).await,
            Action::Settings => on_heap(|| self.show_settings()).await,
            Action::ChangeSettings => on_heap(|| self.change_settings(input)).await,
            Action::Tokens => on_heap(|| self.tokens(query)).await,
            Action::MakeToken => on_heap(|| self.make_token(input, caller.ends_at, once.id)).await,
            Action::Token(verb) => on_heap(|| self.token(verb, matched, input, caller.ends_at)).await,
            Action::Backup(call) => on_heap(|| self.backups(call, matched, query)).await,
            Action::Restore(call) => on_heap(|| self.restores(call, matched, query, input)).await,
            Action::Imports => on_heap(|| self.imports(query)).await,
            Action::Import(verb) => on_heap(|| self.import(verb, matched)).await,
            Action::AdvanceImport => on_heap(|| self.advance_import(matched, input)).await,
            Action::Document(Verb::Replace) => on_heap(|| self.put_document(matched, file)).await,
            Action::Logo(Verb::Replace) => on_heap(|| self.put_logo(file)).await,
            Action::Logo(verb) => on_heap(|| self.logo(verb)).await,
            Action::TestMail => on_heap(|| self.send_test_mail(input)).await,
            Action::Impact => on_heap(|| self.impact(matched)).await,
            Action::Overview => on_heap(|| self.overview()).await,
            Action::Document(verb) => on_heap(|| self.document(verb, matched)).await,
            Action::StartReset => on_heap(|| self.start_reset(matched)).await,
            Action::DeleteAccessToken => on_heap(|| self.delete_access_token(matched)).await,
            Action::RefuseAccessTokens => self.refuse_access_tokens(),
            // Admitted by rules of their own alone.
            Action::Portal(_) | Action::Page(_) | Action::RevokeAccessToken => Err(Error::NotFound),
            Action::ReceivePart => on_heap(|| self.receive_part(matched, input)).await,
        };
        // No change is committed while a restore goes on: whatever it was refused for, that is why, and
        // what is not there to be deleted is only not there yet.
        let is_decided = answer.as_ref().is_ok_and(|answer| answer.status() != StatusCode::NO_CONTENT);
        if may_restore && !is_decided {
            self.registry.refuse_while_restoring().await.map_err(refusal)?;
        }
        answer.map_err(refusal)
    }
}

/// What a call of the Admin API is given besides its path.
struct Given<'a> {
    input: Input<'a>,
    query: &'a Query,
    file: Option<&'a Upload>,
    once: Once<'a>,
}

/// What is asked at the Portal API, where that is, and by whom.
struct AskedAtPortal<'a> {
    asked: &'a Asked,
    call: PortalCall,
    site: &'a Site,
    developer: Option<PortalCaller>,
}

/// A future made where it stays, on the heap: what is to be done differs much in size, and the largest
/// would be part of every call's future and of every frame that moves it.
#[inline(never)]
fn on_heap<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}
