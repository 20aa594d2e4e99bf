//! Finds the route of a request, or says why there is none for it.

use crate::basis::Stop;
use crate::config::{Config, RouteRules};
use crate::forward;
use crate::places;
use crate::problem::Problem;
use crate::request::{Headers, RequestHead, Scheme};
use crate::strip_key::append_query;
use latchkey_request::authority::Authority;
use latchkey_router::{Match, NormalPath, RouteRequest};

/// The route of a request, and what is checked on it.
pub(crate) struct Routed<'k> {
    pub(crate) authority: Authority<'k>,
    pub(crate) found: Match<'k>,
    pub(crate) rules: &'k RouteRules,
    /// Whether key-auth asks this request for a key. Keys are hidden all the same.
    pub(crate) asks_for_key: bool,
}

/// By the path in normal form. What is passed on for nobody, is for no host, or comes to a route that
/// is blocked or wants https is refused.
#[inline]
pub(crate) fn find_route<'k, H: Headers>(
    config: &'k Config,
    head: &RequestHead<'k, H>,
    path: &NormalPath<'_>,
) -> Result<Routed<'k>, Stop> {
    forward::judge_passage(head)?;
    let authority = Authority::of_request(head.headers, head.host).map_err(Problem::from)?;
    let scheme_https = head.scheme == Scheme::Https;
    let request = RouteRequest {
        method: head.method,
        authority,
        scheme_https,
        headers: head.headers,
        // A trusted peer has ended TLS, and says of it nothing more.
        ends_tls: scheme_https && head.forwarded.is_none(),
        sni: None,
    };
    let found = config.router.find(&request, path).ok_or(Problem::NoRoute)?;
    if found.path_too_long {
        return Err(Problem::PathTooLong.into());
    }
    let rules = &config.routes[found.route_index];
    if rules.blocked {
        return Err(Problem::InvalidPlugin.into());
    }
    let auth = rules.key_auth.as_deref();
    if found.https_required {
        return Err(https_only(head, authority, &found, rules));
    }
    let asks_for_key = auth.is_some_and(|auth| auth.runs_on_preflight || head.method != "OPTIONS");
    Ok(Routed { authority, found, rules, asks_for_key })
}

/// 426, or a redirect with the route's own status.
fn https_only<H: Headers>(
    head: &RequestHead<'_, H>,
    authority: Authority<'_>,
    found: &Match<'_>,
    rules: &RouteRules,
) -> Stop {
    let problem = Problem::HttpsRequired;
    let status = found.route.https_redirect_status_code;
    let redirect = http::StatusCode::from_u16(status).ok().filter(http::StatusCode::is_redirection);
    let location = |status| Some((status, https_location(head, authority, rules)?));
    let Some((redirect, location)) = redirect.and_then(location) else { return problem.into() };
    let mut response = problem.respond(head.header("accept"), head.request_id);
    *response.status_mut() = redirect;
    for name in [http::header::CONNECTION, http::header::UPGRADE] {
        response.headers_mut().remove(name);
    }
    response.headers_mut().insert(http::header::LOCATION, location);
    Stop::Respond(Box::new(response))
}

/// Where the same request is served; a key that came unprotected is not sent on. `None`: the client
/// named no host.
fn https_location<H: Headers>(
    head: &RequestHead<'_, H>,
    authority: Authority<'_>,
    rules: &RouteRules,
) -> Option<http::HeaderValue> {
    let host = head.forwarded_authority().unwrap_or(authority).host();
    if host.is_empty() {
        return None;
    }
    let cuts = rules.exposed().zip(head.query);
    let cuts = cuts.map(|(names, query)| places::form::scan(query, names).into_cuts());
    let mut location = b"https://".to_vec();
    location.extend_from_slice(host);
    location.extend_from_slice(head.path);
    append_query(head.query, &cuts.unwrap_or_default(), &mut location);
    http::HeaderValue::from_bytes(&location).ok()
}
