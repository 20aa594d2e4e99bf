//! By the head of a request: which endpoint it asks, and whether the caller may.

use http::HeaderMap;
use latchkey_published::keys::Peppers;
use latchkey_request::authority::Authority;

use super::authenticate::{Caller, judge_token, presented_token};
use super::endpoints::{Action, Call, PortalCall, Surface, VisitorCall, Who};
use super::origins::AdminOrigins;
use super::portal::{Judged, OwnCookie, Site};
use super::problem::Refusal;
use super::routing::Matched;
use super::{ControlSettings, Head, routing};
use crate::named_token::TokenTags;

/// What a request is judged by.
#[derive(Clone, Copy)]
pub(super) struct Admission<'s> {
    pub(super) settings: &'s ControlSettings,
    pub(super) peppers: &'s Peppers,
    pub(super) token_tags: &'s TokenTags,
}

/// A request that may come in, unless its named token is no longer good.
#[derive(Clone, Debug)]
pub(super) struct Admitted<'h> {
    pub(super) caller: Caller,
    /// Where the portal is, of a call of it.
    pub(super) site: Option<Site>,
    pub(super) surface: Surface,
    /// Below the surface's prefix.
    path: &'h str,
    method: &'h str,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) matched: Matched,
    pub(super) call: &'static Call,
}

impl Admitted<'_> {
    /// Finds it in the table.
    pub(super) fn asked(&self) -> Result<Asked, Refusal> {
        let matched = routing::find(self.surface, self.path).ok_or(Refusal::UnknownPath)?;
        let call = matched.endpoint.call(self.method);
        let call = call.ok_or(Refusal::UnknownMethod(matched.endpoint))?;
        Ok(Asked { matched, call })
    }
}

impl Admission<'_> {
    /// Who calls is looked at before what is asked for ([`Admitted::asked`]): without a token nobody
    /// learns which paths of the Admin API there are.
    pub(super) fn judge<'h>(&self, head: &Head<'h>) -> Result<Admitted<'h>, Refusal> {
        let authority = Authority::of_request(head.headers, head.host).map_err(|_| Refusal::NoHost)?;
        let (surface, path) = routing::surface(head.path).ok_or(Refusal::UnknownPath)?;
        let site = match surface {
            Surface::Portal | Surface::PortalPages | Surface::Manager => {
                Some(Site::of(authority, self.settings).ok_or(Refusal::Misdirected)?)
            }
            Surface::Open | Surface::Admin => None,
        };
        if let Some(preflight) = self.preflight(head, surface, path) {
            return Err(preflight);
        }
        let caller = match surface.who() {
            Who::Administrator => self.administrator(head.headers)?,
            Who::Anyone | Who::Known | Who::Developer | Who::Approved | Who::NotWaiting => Caller::Anyone,
        };
        if let Some(site) = &site {
            self.refuse_cross_site(head, surface, path, site)?;
        }
        Ok(Admitted { caller, site, surface, path, method: head.method })
    }

    /// A named token that is forged is told here, from its tag.
    fn administrator(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let expected = self.settings.token.as_ref().ok_or(Refusal::NoTokenConfigured)?;
        let token = presented_token(headers).ok_or(Refusal::WrongToken)?;
        match self.token_tags.recognise(self.peppers, token) {
            Some(digest) => Ok(Caller::Named(digest)),
            None => judge_token(expected, self.peppers, token).map(|moved| Caller::Installation { moved }),
        }
    }

    /// A browser asks without the token whether a page may ask with it (Fetch, "CORS-preflight
    /// fetch"). Whether there is such a path is not told.
    fn preflight(&self, head: &Head<'_>, surface: Surface, path: &str) -> Option<Refusal> {
        let asks = self.origins(surface).is_some_and(|origins| origins.is_preflight(head));
        asks.then(|| Refusal::Preflight(routing::find(surface, path).map(|matched| matched.endpoint)))
    }

    /// Whose pages may call.
    fn origins(&self, surface: Surface) -> Option<&AdminOrigins> {
        match surface {
            Surface::Open | Surface::PortalPages | Surface::Manager => None,
            Surface::Admin => Some(&self.settings.admin_origins),
            Surface::Portal => Some(&self.settings.portal_cors_origins),
        }
    }

    /// Refuses what a browser sends for the page of another site, before anything is done of it.
    fn refuse_cross_site(
        &self,
        head: &Head<'_>,
        surface: Surface,
        path: &str,
        site: &Site,
    ) -> Result<(), Refusal> {
        let found = routing::find(surface, path);
        let logs_in = Action::Portal(PortalCall::Visitor(VisitorCall::LogIn));
        let judged = Judged {
            method: head.method,
            logs_in: found
                .is_some_and(|found| found.endpoint.calls.iter().any(|call| call.action == logs_in)),
            headers: head.headers,
            own: &site.origin,
            has_cookie: [OwnCookie::Session, OwnCookie::ManagerSession]
                .iter()
                .any(|cookie| cookie.is_in(head.headers, site)),
            is_listed: surface == Surface::Portal && self.settings.portal_cors_origins.lists(head.headers),
        };
        if judged.passes() { Ok(()) } else { Err(Refusal::CrossSite) }
    }
}
