//! By the head of a request: which endpoint it asks, and whether the caller may.

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderMap, Response};
use latchkey_published::keys::Peppers;
use latchkey_request::authority::Authority;

use super::authenticate::{Caller, judge_token, presented_token};
use super::endpoints::{self, Call, Matched, Surface, Who};
use super::problem::{self, Refusal};
use super::{ControlSettings, Head};
use crate::named_token::TokenTags;

/// What a request is judged by.
#[derive(Clone, Copy)]
pub(super) struct Admission<'s> {
    pub(super) settings: &'s ControlSettings,
    pub(super) peppers: &'s Peppers,
    pub(super) token_tags: &'s TokenTags,
}

/// A request that may come in, unless its named token is no longer good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted<'h> {
    pub(super) caller: Caller,
    surface: Surface,
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
        let matched = endpoints::find(self.surface, self.path).ok_or(Refusal::UnknownPath)?;
        let call = matched.endpoint.call(self.method);
        let call = call.ok_or(Refusal::UnknownMethod(matched.endpoint))?;
        Ok(Asked { matched, call })
    }
}

impl Admission<'_> {
    /// Who calls is looked at before what is asked for ([`Admitted::asked`]): without a token nobody
    /// learns which paths of the Admin API there are.
    pub(super) fn judge<'h>(&self, head: &Head<'h>) -> Result<Admitted<'h>, Refusal> {
        if Authority::of_request(head.headers, head.host).is_err() {
            return Err(Refusal::NoHost);
        }
        let (surface, path) = endpoints::surface(head.path).ok_or(Refusal::UnknownPath)?;
        if let Some(preflight) = self.preflight(head, surface, path) {
            return Err(preflight);
        }
        let caller = match surface.who() {
            Who::Anyone => Caller::Anyone,
            Who::Administrator => self.administrator(head.headers)?,
        };
        Ok(Admitted { caller, surface, path, method: head.method })
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
        let asks = surface == Surface::Admin && self.settings.admin_origins.is_preflight(head);
        asks.then(|| Refusal::Preflight(endpoints::find(surface, path).map(|matched| matched.endpoint)))
    }

    /// The response, with what every answer here has.
    pub(super) fn finish(
        &self,
        answer: Result<Response<Bytes>, Refusal>,
        head: &Head<'_>,
    ) -> Response<Bytes> {
        let mut response = answer.unwrap_or_else(|refusal| problem::response(&refusal));
        if matches!(endpoints::surface(head.path), Some((Surface::Admin, _))) {
            self.settings.admin_origins.add(&mut response, head.headers);
        }
        if head.method == "HEAD" {
            *response.body_mut() = Bytes::new();
        }
        debug_assert!(response.status() != 405 || response.headers().contains_key(ALLOW));
        response
    }
}
