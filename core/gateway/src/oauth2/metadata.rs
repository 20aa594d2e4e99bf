//! Metadata of an authorization server (RFC 8414): for each route with oauth2, where no route matches the
//! path that it is asked for at.

use super::Endpoint;
use super::settings::OAuth2;
use crate::basis::Stop;
use crate::config::Config;
use crate::json::Object;
use crate::own_answer::{self, Response};
use crate::problem::Problem;
use crate::request::{Headers, RequestHead, Scheme};
use latchkey_request::authority::Authority;
use latchkey_request::origin::Origin;
use latchkey_router::{NormalPath, RouteRequest};

/// What stands before the path of an issuer (RFC 8414 §3.1).
const WELL_KNOWN: &[u8] = b"/.well-known/oauth-authorization-server";
const AUTHENTICATION_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// What is answered instead of a refusal, where metadata is asked for and no route is in the way.
#[cold]
pub(crate) fn instead_of<H: Headers>(
    stop: Stop,
    config: &Config,
    control_origin: Option<&Origin>,
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
        plugin
            .issuing
            .grants_client_credentials
            .then(|| own_answer::json(metadata(plugin, &issuer, control_origin)))
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

fn metadata(plugin: &OAuth2, issuer: &str, control_origin: Option<&Origin>) -> Object {
    let url = |endpoint: Endpoint| format!("{issuer}{}", endpoint.path());
    let scopes: Option<Vec<&str>> =
        plugin.issuing.scopes.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect());
    let mut metadata = Object::new().text("issuer", issuer);
    metadata = endpoint(metadata, "token", &url(Endpoint::Token));
    metadata = endpoint(metadata, "introspection", &url(Endpoint::Introspection));
    if let Some(origin) = control_origin {
        metadata = endpoint(metadata, "revocation", &format!("{}/oauth2/revoke", origin.as_str()));
    }
    // There is no authorization endpoint, and its member must be there.
    metadata = metadata
        .texts("grant_types_supported", &["client_credentials"])
        .texts("response_types_supported", &[]);
    match scopes {
        Some(scopes) => metadata.texts("scopes_supported", &scopes),
        None => metadata,
    }
}

fn endpoint(metadata: Object, name: &str, url: &str) -> Object {
    metadata
        .text(&format!("{name}_endpoint"), url)
        .texts(&format!("{name}_endpoint_auth_methods_supported"), &AUTHENTICATION_METHODS)
}
