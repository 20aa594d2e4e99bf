//! OAuth 2.0 in the data plane: token endpoints, what is told of tokens, and what is refused. That a
//! request may pass by its token is decided in `authenticate/oauth2.rs`.
//!
//! Any path on a route with the plugin that ends in one of [`Endpoint`] is answered here, as in Kong.

mod answer;
mod caller;
mod client;
mod introspect;
mod issue;
mod metadata;
mod parameters;
mod refusal;
mod settings;

use std::net::IpAddr;

use crate::authenticate::{Callers, declares_more};
use crate::basis::{Basis, Stop};
use crate::config::RouteRules;
use crate::decision::Need;
use crate::extract_key::body_kind;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::{Body, Headers, RequestHead, Scheme};
use latchkey_published::limits;

pub(crate) use answer::NO_CACHE;
pub(crate) use caller::TokenCaller;
pub(crate) use metadata::instead_of;
pub use refusal::Refusal;
pub(crate) use refusal::TokenFault;
pub(crate) use settings::{OAuth2, TOKEN};

use parameters::{Credentials, Parameters};

/// What a path ends in that is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Gives tokens.
    Token,
    /// Tells of one (RFC 7662).
    Introspection,
}

impl Endpoint {
    /// What a path ends in, with or without a `/` behind it.
    pub(crate) fn of(path: &[u8]) -> Option<Self> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        [Endpoint::Token, Endpoint::Introspection]
            .into_iter()
            .find(|end| path.ends_with(end.path().as_bytes()))
    }

    const fn path(self) -> &'static str {
        match self {
            Endpoint::Token => "/oauth2/token",
            Endpoint::Introspection => "/oauth2/introspect",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Endpoint::Token => "token",
            Endpoint::Introspection => "introspection",
        }
    }
}

/// What a path of a route is that is answered here.
#[inline]
pub(crate) fn endpoint(rules: &RouteRules, path: &[u8]) -> Option<Endpoint> {
    rules.oauth2.as_ref().and_then(|_| Endpoint::of(path))
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Problem::OAuth2(Box::new(refusal)).into()
    }
}

/// Answers at an endpoint: method, https, parameters, then what is asked.
#[cold]
pub(crate) fn serve<H: Headers>(
    endpoint: Endpoint,
    callers: &mut Callers,
    rules: &RouteRules,
    basis: Basis<'_>,
    head: &RequestHead<'_, H>,
    body: Body<'_>,
) -> Result<Response, Stop> {
    let Some(plugin) = rules.oauth2.as_deref().map(|oauth2| &*oauth2.plugin) else {
        return Err(Problem::NoRoute.into());
    };
    if head.method != "POST" {
        return Err(plugin.refusals.method(head.method, endpoint.name()).into());
    }
    judge_https(plugin, head)?;
    let bytes = whole(head, body)?;
    let parameters = Parameters::read(plugin, head.query, &body_kind(head), bytes)?;
    let shown = head.headers.values_of(&plugin.header).next();
    let call = Call {
        plugin,
        rules,
        basis,
        credentials: Credentials::of(shown, &parameters)?,
        parameters: &parameters,
        client_ip: head.client_ip,
        request_id: head.request_id,
    };
    match endpoint {
        Endpoint::Token => issue::answer(callers, &call),
        Endpoint::Introspection => introspect::answer(callers, &call),
    }
}

/// What an endpoint is asked.
struct Call<'a> {
    plugin: &'a OAuth2,
    rules: &'a RouteRules,
    basis: Basis<'a>,
    parameters: &'a Parameters<'a>,
    /// How the client says who it is.
    credentials: Credentials<'a>,
    client_ip: Option<IpAddr>,
    request_id: u128,
}

/// Secrets come over https, or by a trusted peer that ended it, where the plugin takes its word.
fn judge_https<H: Headers>(plugin: &OAuth2, head: &RequestHead<'_, H>) -> Result<(), Refusal> {
    let refused = |description| Err(Refusal::bad("access_denied", description));
    if head.forwarded.is_some() {
        if !plugin.issuing.accepts_http_if_already_terminated {
            return refused("You must use HTTPS");
        }
        let mut said = head.headers.values("x-forwarded-proto");
        let has_more = said.next().is_some_and(|first| first.contains(&b',')) || said.next().is_some();
        if has_more {
            return refused("Only one X-Forwarded-Proto header allowed");
        }
    }
    match head.scheme {
        Scheme::Https => Ok(()),
        Scheme::Http => refused("You must use HTTPS"),
    }
}

fn whole<'a, H: Headers>(head: &RequestHead<'_, H>, body: Body<'a>) -> Result<&'a [u8], Stop> {
    let bytes_max = limits::TOKEN_REQUEST_BYTES_MAX;
    match body {
        Body::Whole(bytes) if bytes.len() <= bytes_max => Ok(bytes),
        Body::Whole(_) | Body::TooLarge => Err(Refusal::too_large().into()),
        Body::Unread if declares_more(head, bytes_max) => Err(Refusal::too_large().into()),
        Body::Unread => Err(Need::Body { bytes_max }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_told_by_the_end_of_a_path() {
        for (path, endpoint) in [
            ("/oauth2/token", Some(Endpoint::Token)),
            ("/oauth2/token/", Some(Endpoint::Token)),
            ("/orders/7/oauth2/token", Some(Endpoint::Token)),
            ("/x/oauth2/introspect/", Some(Endpoint::Introspection)),
            ("/oauth2/token//", None),
            ("/xoauth2/token", None),
            ("/oauth2/tokens", None),
            ("/oauth2/Token", None),
            ("/oauth2/token/x", None),
            ("/oauth2/authorize", None),
            ("/", None),
        ] {
            assert_eq!(Endpoint::of(path.as_bytes()), endpoint, "{path}");
        }
    }
}
