//! The token endpoint: client credentials (RFC 6749 §4.4), in the order in which Kong checks.

use super::Call;
use super::answer::unstored;
use super::client::{Authenticated, Client};
use super::parameters::{Parameters, Sent};
use super::refusal::Refusal;
use super::settings::OAuth2;
use crate::authenticate::Callers;
use crate::authorize::permits_token;
use crate::basis::Stop;
use crate::json::Object;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::Now;
use latchkey_published::keys::PlainKey;
use latchkey_published::token::AccessToken;

const GRANT_TYPE: &[u8] = b"client_credentials";

/// Gives a token, from memory alone once the client is known there.
pub(super) fn answer(callers: &mut Callers, call: &Call<'_>) -> Result<Response, Stop> {
    let Call { plugin, rules, basis, parameters, .. } = *call;
    let client = client(callers, call)?;
    let in_header = client.in_header;
    judge_user(plugin, parameters)?;
    let permitted = client.found.filter(|client| permits_token(&client.grant, rules));
    let Some(client) = permitted else { return Err(unknown(in_header).into()) };
    let scope = granted_scope(plugin, parameters)?;
    let user = match parameters.user() {
        Sent::Text(user) => std::str::from_utf8(user).map_err(|_| no_text("authenticated_userid"))?,
        Sent::Nothing | Sent::NoText => "",
    };
    let service = rules.service.as_ref().map(|service| service.id);
    if service.is_none() && !plugin.is_global {
        return Err(Problem::NoService.into());
    }
    let issued_at_s = issued_at_s(&client, basis.now);
    let credential_id = client.grant.identity.credential_id().ok_or(Problem::Internal)?;
    let keys = callers.token_keys();
    let token = AccessToken {
        grant: client.digest,
        service_id: service.filter(|_| !plugin.is_global),
        credential_id,
        issued_at_s,
        ends_at_s: plugin.issuing.lifetime_s.map(|lifetime| issued_at_s.saturating_add(lifetime)),
        id: keys.id_from(call.request_id),
        scope: &scope,
        user,
    };
    let text = keys.issue(&token).ok_or_else(|| {
        Refusal::bad("invalid_request", "scope and authenticated_userid are too long together")
    })?;
    Ok(answered(&text, plugin, &scope, parameters.state()))
}

#[expect(clippy::disallowed_methods, reason = "the one answer that has the token")]
fn answered(text: &PlainKey, plugin: &OAuth2, scope: &str, state: Option<&str>) -> Response {
    let answer = Object::new()
        .text("access_token", text.reveal())
        .text("token_type", "bearer")
        .some_number("expires_in", plugin.issuing.lifetime_s)
        .some_text("scope", Some(scope).filter(|scope| !scope.is_empty()))
        .some_text("state", state);
    unstored(answer)
}

/// When a token is issued: after what was taken back, since who issues it knows of that.
fn issued_at_s(client: &Client, now: Now) -> u64 {
    let not_before_ms = client.grant.token_client().and_then(|client| client.tokens_not_before_ms);
    (now.unix_ms / 1_000).max(not_before_ms.unwrap_or_default().div_ceil(1_000))
}

/// Who asks, as far as it was not refused.
struct Asking {
    /// `None`: nobody knows who.
    found: Option<Client>,
    in_header: bool,
}

/// A client that is not known, or does not prove who it is, is told so before a wrong `grant_type` is; one that
/// is not known after a wrong provision key, which [`judge_user`] tells.
fn client(callers: &mut Callers, call: &Call<'_>) -> Result<Asking, Stop> {
    let Call { plugin, basis, parameters, credentials, .. } = call;
    let in_header = credentials.in_header;
    let grant_type = match parameters.grant_type() {
        Some(GRANT_TYPE) if plugin.issuing.grants_client_credentials => Ok(()),
        _ => Err(Refusal::bad("unsupported_grant_type", "Invalid grant_type")),
    };
    let found = match callers.authenticate_client(credentials, *basis)? {
        Authenticated::Client(client) => Some(client),
        Authenticated::Not { grant, was_tried } => {
            return Err(callers.refuse_client(&grant, was_tried, unknown(in_header), call));
        }
        Authenticated::Public { with_secret: true } => {
            let description = "client_secret is disallowed for public clients";
            return Err(Refusal::bad("invalid_request", description).into());
        }
        Authenticated::Public { with_secret: false } => {
            grant_type?;
            let description = "A public client cannot use this grant";
            return Err(Refusal::bad("unauthorized_client", description).into());
        }
        // In a field it would tell who is known.
        Authenticated::Unknown if in_header || grant_type.is_err() => return Err(unknown(in_header).into()),
        Authenticated::Unknown => None,
    };
    grant_type?;
    Ok(Asking { found, in_header })
}

fn unknown(in_header: bool) -> Refusal {
    if in_header { Refusal::client_with_challenge() } else { Refusal::client() }
}

/// Only a backend that has the key may say on whose behalf it asks.
fn judge_user(plugin: &OAuth2, parameters: &Parameters<'_>) -> Result<(), Refusal> {
    let key = plugin.issuing.provision_key.as_ref();
    let is_trusted = || key.zip(parameters.provision_key()).is_some_and(|(key, shown)| key.is(shown));
    match parameters.user() {
        Sent::Nothing => Ok(()),
        _ if !is_trusted() => Err(Refusal::bad("invalid_provision_key", "Invalid provision_key")),
        Sent::NoText => Err(no_text("authenticated_userid")),
        Sent::Text(_) => Ok(()),
    }
}

fn no_text(name: &str) -> Refusal {
    Refusal::bad("invalid_request", format!("{name} must be a string"))
}

/// The scopes of the token, with single spaces between. An empty one is asked for as none, even where one
/// must be; and where the plugin has none, none is given: as in Kong.
fn granted_scope(plugin: &OAuth2, parameters: &Parameters<'_>) -> Result<String, Refusal> {
    let Some(scopes) = &plugin.issuing.scopes else { return Ok(String::new()) };
    let invalid = |description: String| Err(Refusal::bad("invalid_scope", description));
    let asked = match parameters.scope() {
        Sent::Text(asked) => String::from_utf8_lossy(asked),
        Sent::NoText => return invalid("scope must be a string".to_owned()),
        Sent::Nothing if plugin.issuing.mandatory_scope => {
            return invalid("You must specify a scope".to_owned());
        }
        Sent::Nothing => return Ok(String::new()),
    };
    let asked: Vec<&str> = asked.split(is_blank).filter(|name| !name.is_empty()).collect();
    match asked.iter().find(|name| !scopes.iter().any(|scope| scope == *name)) {
        Some(unknown) => invalid(format!("\"{unknown}\" is an invalid scope")),
        None => Ok(asked.join(" ")),
    }
}

/// White space as Lua's `%s` has it, by which Kong splits.
fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}
