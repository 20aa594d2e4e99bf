//! Whether a request may pass that another proxy has before it, and passes on itself: Traefik's ForwardAuth,
//! nginx's auth_request, Caddy's forward_auth, Envoy's ext_authz over HTTP.
//!
//! The question is a request with the fields of the one that it is about. Method, host and path of that one
//! stand in fields that the proxy sets; those that only another proxy sets are the client's, and are not
//! looked at. The body does not come along, and what is to be taken out of the request can only be told.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use super::authorizer::{Authorized, MISTAKABLE_PATH};
use super::{Admitted, Gateway, admit};
use crate::basis::Stop;
use crate::config::RouteRules;
use crate::decision::Decision;
use crate::find_route::find_route;
use crate::forward;
use crate::oauth2;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead, Scheme};
use crate::strip_key::HiddenCuts;
use latchkey_request::client::{Forwarded, scheme_named};
use latchkey_router::{NormalPath, Proxy};

/// Fields of the request that must not go on: they would tell who calls, or carry a key.
static REMOVE_FIELDS: HeaderName = HeaderName::from_static("lk-remove-fields");
/// Arguments of its query that must not go on.
static REMOVE_ARGUMENTS: HeaderName = HeaderName::from_static("lk-remove-arguments");
/// Envoy removes the fields that stand here.
static ENVOY_REMOVES: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// Fields in which a proxy tells of the request that it asks about.
struct Told {
    method: &'static str,
    target: &'static str,
    host: &'static str,
    scheme: &'static str,
}

/// Traefik and Caddy set them whatever the client has sent.
const FORWARDED: Told = Told {
    method: "x-forwarded-method",
    target: "x-forwarded-uri",
    host: "x-forwarded-host",
    scheme: "x-forwarded-proto",
};
/// As docs/verify.md has nginx set them.
const ORIGINAL: Told = Told {
    method: "x-original-method",
    target: "x-original-uri",
    host: "x-original-host",
    scheme: "x-original-proto",
};

const NOT_TOLD: &str = "The proxy does not tell which request it asks about";

impl Gateway {
    /// The answer to a proxy's question: 200 with the fields that tell who calls, or why not.
    #[cold]
    pub(super) fn verify_for<H: Headers>(
        &mut self,
        proxy: Proxy,
        below: &[u8],
        head: &RequestHead<'_, H>,
        now: Now,
    ) -> Result<Decision, Stop> {
        let refuse = |problem: Problem| problem.respond(head.header("accept"), head.request_id);
        let response = match self.judge_for(proxy, below, head, now) {
            Ok(response) => response,
            Err(Stop::Need(need)) => return Err(need.into()),
            Err(Stop::Problem(problem)) => as_told(proxy, refuse(problem)),
            Err(Stop::Respond(response)) => as_told(proxy, *response),
        };
        Ok(Decision::Respond(uncached(response)))
    }

    fn judge_for<H: Headers>(
        &mut self,
        proxy: Proxy,
        below: &[u8],
        question: &RequestHead<'_, H>,
        now: Now,
    ) -> Result<Response, Stop> {
        let head = original(proxy, below, question)?;
        let (basis, callers) = self.basis(head.started, now)?;
        let path = NormalPath::new(head.path);
        if !path.is_unmistakable(head.path) {
            return Err(Problem::BadRequest(MISTAKABLE_PATH).into());
        }
        let routed = find_route(basis.config, &head, &path)?;
        if oauth2::endpoint(routed.rules, &path).is_some() {
            // The proxy cannot answer it.
            return Err(Problem::NoRoute.into());
        }
        if hides_in_body(routed.rules) {
            return Err(Problem::BodyOutOfReach.into());
        }
        let mut hidden = HiddenCuts::default();
        let Admitted { caller, .. } = admit(callers, &routed, basis, &head, Body::Whole(&[]), &mut hidden)?;
        let removed = Removed::of(routed.rules, &head, &hidden);
        Ok(allowed(proxy, &Authorized(caller), &removed))
    }
}

fn hides_in_body(rules: &RouteRules) -> bool {
    rules.key_auth.as_deref().is_some_and(|auth| auth.in_body && auth.hides_credentials)
}

/// The head of the request that a proxy asks about.
fn original<'a, H: Headers>(
    proxy: Proxy,
    below: &'a [u8],
    head: &RequestHead<'a, H>,
) -> Result<RequestHead<'a, H>, Problem> {
    let told = match proxy {
        Proxy::Traefik | Proxy::Caddy | Proxy::Envoy => FORWARDED,
        Proxy::Nginx => ORIGINAL,
    };
    let (method, host, path, query) = match proxy {
        Proxy::Envoy => (head.method, head.host, below, head.query),
        Proxy::Traefik | Proxy::Nginx | Proxy::Caddy => {
            let value = |name| told_once(head, name)?.ok_or(Problem::BadRequest(NOT_TOLD));
            let (path, query) = split_target(value(told.target)?)?;
            (method_of(value(told.method)?)?, value(told.host)?, path, query)
        }
    };
    let scheme = match told_once(head, told.scheme)? {
        Some(name) => scheme_named(name).ok_or(Problem::BadRequest(NOT_TOLD))?,
        None => Scheme::Http,
    };
    // The proxy has ended TLS, and says nothing of the name that was asked for in it.
    let peer_ip = head.client_ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let forwarded = Some(Forwarded { peer_ip, authority: None });
    Ok(RequestHead { method, scheme, host, path, query, forwarded, ..*head })
}

/// The value of a field that the proxy sets: where there are several, others than the proxy have set it.
fn told_once<'a, H: Headers>(
    head: &RequestHead<'a, H>,
    name: &'static str,
) -> Result<Option<&'a [u8]>, Problem> {
    let headers: &'a H = head.headers;
    let mut values = headers.values(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value.filter(|value| !value.is_empty())),
        (_, Some(_)) => Err(Problem::BadRequest(NOT_TOLD)),
    }
}

/// A method is a token (RFC 9110 §9.1).
fn method_of(value: &[u8]) -> Result<&str, Problem> {
    let is_token = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte));
    let text = std::str::from_utf8(value).ok().filter(|_| is_token);
    text.ok_or(Problem::BadRequest(NOT_TOLD))
}

/// Path and query of a target, which has neither white space nor a fragment.
fn split_target(target: &[u8]) -> Result<(&[u8], Option<&[u8]>), Problem> {
    if target.iter().any(|byte| *byte <= b' ' || matches!(byte, b'#' | 0x7f)) {
        return Err(Problem::BadRequest(NOT_TOLD));
    }
    Ok(match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], target.get(at + 1..)),
        None => (target, None),
    })
}

/// What the proxy is to take out of the request, by names.
struct Removed {
    fields: Vec<String>,
    arguments: Vec<String>,
}

impl Removed {
    fn of<H: Headers>(rules: &RouteRules, head: &RequestHead<'_, H>, hidden: &HiddenCuts) -> Self {
        let Some(hider) = rules.hider() else { return Removed { fields: vec![], arguments: vec![] } };
        let hidden_names = rules.key_auth.as_deref().filter(|auth| auth.hides_credentials);
        let hidden_names = hidden_names.into_iter().flat_map(|auth| &auth.names);
        let other_spellings = hidden_names.filter_map(|name| name.header_hyphenated.as_ref());
        let strip = hider.strip(head).as_slice().iter().chain(other_spellings);
        let mut fields: Vec<String> = strip.map(|name| name.as_str().to_owned()).collect();
        if forward::carries_key_in_referer(head, hider) {
            fields.push(http::header::REFERER.to_string());
        }
        let names = hider.names.iter().filter(|_| hidden.query.bytes() > 0);
        Removed { fields, arguments: names.map(str::to_owned).collect() }
    }
}

#[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
fn allowed(proxy: Proxy, authorized: &Authorized, removed: &Removed) -> Response {
    let mut response = Response::new(Bytes::new());
    let fields = response.headers_mut();
    for (name, value) in authorized.fields() {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            fields.insert(name, value);
        }
    }
    let others = forward::identity_names().iter().filter(|name| !fields.contains_key(**name));
    let names: Vec<&str> = others.copied().chain(removed.fields.iter().map(String::as_str)).collect();
    let names = HeaderValue::from_str(&names.join(", ")).expect("names of fields");
    if proxy == Proxy::Envoy {
        fields.insert(&ENVOY_REMOVES, names.clone());
    }
    fields.insert(&REMOVE_FIELDS, names);
    if !removed.arguments.is_empty() {
        let names = removed.arguments.join(", ");
        fields.insert(&REMOVE_ARGUMENTS, HeaderValue::from_str(&names).expect("names of fields"));
    }
    response
}

/// nginx takes every refusal but 401 and 403 for a failure of ours.
fn as_told(proxy: Proxy, mut response: Response) -> Response {
    let status = response.status();
    if proxy == Proxy::Nginx && !status.is_server_error() && status != http::StatusCode::UNAUTHORIZED {
        *response.status_mut() = http::StatusCode::FORBIDDEN;
    }
    response
}

/// Each request is to be asked about.
fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
