//! By the head of a request: which endpoint it asks, and whether the caller may.

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderMap, Response};
use latchkey_published::keys::{KeyDigest, Peppers};
use latchkey_request::authority::Authority;

use super::authenticate::judge_token;
use super::endpoints::{self, Call, Matched, Who};
use super::problem::{self, Refusal};
use super::{ControlSettings, Head};

/// What a request is judged by.
#[derive(Clone, Copy)]
pub(super) struct Admission<'s> {
    pub(super) settings: &'s ControlSettings,
    pub(super) peppers: &'s Peppers,
}

/// A request that may come in.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) matched: Matched,
    pub(super) call: &'static Call,
    /// The admin token was found under the previous pepper; this is its digest under the current one.
    pub(super) moved_token: Option<KeyDigest>,
}

impl Admission<'_> {
    /// Who calls is looked at before what is asked for: without a token nobody learns which paths of
    /// the Admin API there are.
    pub(super) fn judge(&self, head: &Head<'_>) -> Result<Admitted, Refusal> {
        if Authority::of_request(head.headers, head.host).is_err() {
            return Err(Refusal::NoHost);
        }
        let (surface, path) = endpoints::surface(head.path).ok_or(Refusal::UnknownPath)?;
        if let Some(preflight) = self.preflight(head, surface, path) {
            return Err(preflight);
        }
        let moved_token = match surface.who() {
            Who::Anyone => None,
            Who::Administrator => self.administrator(head.headers)?,
        };
        let matched = endpoints::find(surface, path).ok_or(Refusal::UnknownPath)?;
        let call = matched.endpoint.call(head.method);
        let call = call.ok_or(Refusal::UnknownMethod(matched.endpoint))?;
        Ok(Admitted { matched, call, moved_token })
    }

    fn administrator(&self, headers: &HeaderMap) -> Result<Option<KeyDigest>, Refusal> {
        judge_token(self.settings.token.as_ref(), self.peppers, headers)
    }

    /// A browser asks without the token whether a page may ask with it (Fetch, "CORS-preflight
    /// fetch"). Whether there is such a path is not told.
    fn preflight(&self, head: &Head<'_>, surface: endpoints::Surface, path: &str) -> Option<Refusal> {
        let asks = surface == endpoints::Surface::Admin && self.settings.admin_origins.is_preflight(head);
        asks.then(|| Refusal::Preflight(endpoints::find(surface, path).map(|matched| matched.endpoint)))
    }

    /// The response, with what every answer here has.
    pub(super) fn finish(
        &self,
        answer: Result<Response<Bytes>, Refusal>,
        head: &Head<'_>,
    ) -> Response<Bytes> {
        let mut response = answer.unwrap_or_else(|refusal| problem::response(&refusal));
        if matches!(endpoints::surface(head.path), Some((endpoints::Surface::Admin, _))) {
            self.settings.admin_origins.add(&mut response, head.headers);
        }
        if head.method == "HEAD" {
            *response.body_mut() = Bytes::new();
        }
        debug_assert!(response.status() != 405 || response.headers().contains_key(ALLOW));
        response
    }
}
