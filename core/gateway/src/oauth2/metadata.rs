//! Metadata of an authorization server (RFC 8414): for each route with oauth2, where no route matches the
//! path that it is asked for at.

use serde::Serialize;

use super::Endpoint;
use super::answer::stored;
use super::settings::OAuth2;
use crate::basis::Stop;
use crate::config::Config;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::{Headers, RequestHead, Scheme};
use latchkey_request::authority::Authority;
use latchkey_router::{NormalPath, RouteRequest};

/// What stands before the path of an issuer (RFC 8414 §3.1).
const WELL_KNOWN: &[u8] = b"/.well-known/oauth-authorization-server";
const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint_auth_methods_supported: Option<[&'static str; 2]>,
    grant_types_supported: [&'static str; 1],
    /// There is no authorization endpoint, and the member must be there.
    response_types_supported: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes_supported: Option<&'a [String]>,
}

/// What is answered instead of a refusal, where metadata is asked for and no route is in the way.
#[cold]
pub(crate) fn instead_of<H: Headers>(
    stop: Stop,
    config: &Config,
    control_origin: Option<&str>,
    head: &RequestHead<'_, H>,
    path: &NormalPath<'_>,
) -> Result<Response, Stop> {
    if !matches!(stop, Stop::Problem(Problem::NoRoute)) || !matches!(head.method, "GET" | "HEAD") {
        return Err(stop);
    }
    let of_issuer = path.strip_prefix(WELL_KNOWN).filter(|rest| rest.is_empty() || rest.starts_with(b"/"));
    let Some(issuer_path) = of_issuer else { return Err(stop) };
    let issuer_path = issuer_path.strip_suffix(b"/").unwrap_or(issuer_path);
    let found = issuer(config, head, issuer_path).and_then(|(plugin, issuer)| {
        plugin.issuing.grants_client_credentials.then(|| stored(&metadata(plugin, &issuer, control_origin)))
    });
    found.ok_or(stop)
}

/// The plugin on the route that the issuer's token endpoint is on, and the issuer's URL.
fn issuer<'c, H: Headers>(
    config: &'c Config,
    head: &RequestHead<'_, H>,
    path: &[u8],
) -> Option<(&'c OAuth2, String)> {
    let endpoint = [path, Endpoint::Token.path().as_bytes()].concat();
    let authority = Authority::of_request(head.headers, head.host).ok()?;
    let scheme_https = head.scheme == Scheme::Https;
    let request = RouteRequest {
        method: "POST",
        authority,
        scheme_https,
        headers: head.headers,
        ends_tls: scheme_https && head.forwarded.is_none(),
        sni: None,
    };
    let found = config.router.find(&request, &NormalPath::new(&endpoint))?;
    let rules = config.routes.get(found.route_index).filter(|rules| !rules.blocked)?;
    let asked = head.forwarded_authority().unwrap_or(authority);
    let host = std::str::from_utf8(asked.text()).ok().filter(|host| !host.is_empty())?;
    let issuer = format!("{}://{host}{}", head.scheme.as_str(), std::str::from_utf8(path).ok()?);
    Some((&*rules.oauth2.as_deref()?.plugin, issuer))
}

fn metadata<'a>(plugin: &'a OAuth2, issuer: &'a str, control_origin: Option<&str>) -> Metadata<'a> {
    let endpoint = |endpoint: Endpoint| format!("{issuer}{}", endpoint.path());
    let revocation = control_origin.map(|origin| format!("{origin}/oauth2/revoke"));
    Metadata {
        issuer,
        token_endpoint: endpoint(Endpoint::Token),
        token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
        introspection_endpoint: endpoint(Endpoint::Introspection),
        introspection_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
        revocation_endpoint_auth_methods_supported: revocation.as_ref().map(|_| AUTHENTICATION_METHODS),
        revocation_endpoint: revocation,
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        scopes_supported: plugin.issuing.scopes.as_deref(),
    }
}
