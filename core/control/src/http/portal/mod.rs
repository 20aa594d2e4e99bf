//! The Portal API (`/portal/api`): what developers do themselves.

mod accounts;
mod applications;
mod browsers;
mod cookies;
mod cross_site;
mod gives;
mod log_in;
mod own_account;
mod site;

use bytes::Bytes;
use http::Response;
use uuid::Uuid;

use super::admission::Asked;
use super::authenticate::Identified;
use super::endpoints::{Action, OwnAccountCall, Permission, PortalCall, Who};
use super::lists::Query;
use super::problem::Refusal;
use super::routing::Matched;
use super::{Control, Head};
use crate::audit::Who as Actor;
use crate::log_in::PasswordAnswer;
use crate::ports::{Clock, Random};
use crate::registry::{AccountFault, Error, PortalSession};
use crate::schema::{Input, Object};
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

pub(super) use cookies::{CLEAR_CACHE, CLEAR_SITE_DATA, OwnCookie};
pub(super) use cross_site::{Judged, comes_from_elsewhere};
pub(super) use site::Site;

/// What a call of the Portal API is answered by.
pub(super) struct PortalAsked<'a> {
    pub(super) matched: &'a Matched,
    pub(super) query: &'a Query,
    pub(super) input: Input<'a>,
    pub(super) head: &'a Head<'a>,
    /// Where the portal is.
    pub(super) site: &'a Site,
    /// Who is logged in.
    pub(super) caller: Option<PortalCaller>,
    /// What came of the password that this call hangs on, once that is known.
    pub(super) answer: Option<&'a PasswordAnswer>,
    pub(super) once: Once<'a>,
}

/// What lets a page's form that is sent twice do what it does once. Callers over HTTP have none of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Once<'a> {
    /// Of what is made.
    pub(super) id: Option<Uuid>,
    /// What the key began with that is to be rotated.
    pub(super) key_start: Option<&'a str>,
}

/// A developer who is logged in.
#[derive(Clone, Debug)]
pub(super) struct PortalCaller {
    pub(super) developer: Uuid,
    /// Digest of the session's cookie.
    pub(super) session: KeyDigest,
    /// The same with what is known of it.
    seen: PortalSession,
}

const NOT_APPROVED: Error = Error::Account(AccountFault::NotApproved);

impl PortalCaller {
    fn of(seen: PortalSession) -> Self {
        PortalCaller { developer: seen.session.developer, session: seen.digest, seen }
    }

    /// What the Portal API shows of the developer.
    pub(super) fn shown(&self) -> &Object {
        &self.seen.developer
    }

    /// Whether an administrator has approved them.
    pub(super) fn is_approved(&self) -> bool {
        self.seen.is_approved
    }

    /// Refuses a call that somebody with this session may not make, or nobody without one.
    pub(super) fn refuse_unless_let(
        caller: Option<&Self>,
        who: Who,
        endpoint: &'static str,
    ) -> Result<(), Refusal> {
        match (who, caller) {
            (Who::Developer | Who::Approved, None) => Err(Refusal::NoSession),
            (Who::Approved | Who::NotWaiting, Some(caller)) if !caller.is_approved() => {
                Err(Refusal::Registry { endpoint, error: NOT_APPROVED })
            }
            _ => Ok(()),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn portal(
        &self,
        call: PortalCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        match call {
            PortalCall::Visitor(call) => self.visitor_call(call, asked).await,
            PortalCall::OwnAccount(call) => self.own_account_call(call, asked).await,
            PortalCall::Application(call) => self.application_call(call, asked).await,
        }
    }

    /// Finds out who calls. Only calls that ask for a session look for one: to others it makes no difference.
    pub(super) async fn identify_at_portal(
        &self,
        site: &Site,
        asked: &Asked,
        head: &Head<'_>,
    ) -> Result<(Identified, Option<PortalCaller>), Refusal> {
        let refusal = |error| Refusal::Registry { endpoint: asked.matched.endpoint.path, error };
        let who = asked.call.who(asked.matched.endpoint.surface);
        let digest = match who {
            Who::Anyone | Who::Administrator => None,
            Who::Known | Who::Developer | Who::Approved | Who::NotWaiting => self.session_digest(site, head),
        };
        let session = match &digest {
            Some(digest) => self.registry.portal_session(digest).await.map_err(refusal)?,
            None => None,
        };
        let caller = session.map(PortalCaller::of);
        let is_let = PortalCaller::refuse_unless_let(caller.as_ref(), who, asked.matched.endpoint.path);
        if matches!(is_let, Err(Refusal::NoSession)) && digest.is_some() {
            // One that was made here may not be there yet.
            self.registry.refuse_while_restoring().await.map_err(refusal)?;
        }
        is_let?;
        let is_looked_at = matches!(
            asked.call.action,
            Action::Portal(PortalCall::OwnAccount(OwnAccountCall::Session | OwnAccountCall::LogOut))
        );
        if let Some(caller) = caller.as_ref().filter(|_| !is_looked_at) {
            // A failure costs nothing: the next call notes it.
            let _ = self.registry.touch_session(&caller.seen).await;
        }
        let who = caller.as_ref().map_or_else(Actor::visitor, |caller| Actor::developer(caller.developer));
        Ok((Identified { who, permission: Permission::Replace, ends_at: None }, caller))
    }

    /// The address of who is logged in, as far as can be found out.
    pub(super) async fn developer_address(&self, site: &Site, head: &Head<'_>) -> Option<String> {
        let digest = self.session_digest(site, head)?;
        let session = self.registry.portal_session(&digest).await.ok()??;
        session.developer.get("email")?.as_str().map(str::to_owned)
    }

    /// The digest of the session's cookie, if it was made here: a forged one costs no read.
    fn session_digest(&self, site: &Site, head: &Head<'_>) -> Option<KeyDigest> {
        let cookie = OwnCookie::Session.value(head.headers, site)?;
        self.registry.account_tags().recognise_session(cookie.as_bytes())
    }
}
