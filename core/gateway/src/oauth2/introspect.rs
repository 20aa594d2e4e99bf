//! Token introspection (RFC 7662): whether a token is good for the service of this route now, for whoever
//! has to check it elsewhere. A client asks, and shows what it would show for a token of its own.
//!
//! The Client ID is told to nobody: it may be a key.

use std::borrow::Cow;

use serde::Serialize;
use uuid::Uuid;

use super::answer::unstored;
use super::client::Authenticated;
use super::parameters::{Credentials, Parameters};
use super::refusal::Refusal;
use super::settings::OAuth2;
use crate::authenticate::{Callers, TokenVerdict};
use crate::authorize::permits_token;
use crate::basis::{Basis, Stop};
use crate::config::RouteRules;
use crate::grant_memory::CachedGrant;
use crate::own_answer::Response;
use crate::request::{Headers, RequestHead};
use latchkey_published::token::{AccessToken, TokenBuffer};

#[derive(Default, Serialize)]
struct Introspected<'a> {
    active: bool,
    #[serde(flatten)]
    token: Option<Good<'a>>,
}

#[derive(Serialize)]
struct Good<'a> {
    token_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    /// Whom the client acts for; else whose it is.
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    jti: String,
    consumer_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<Uuid>,
}

/// Tells of a token; of one that is not good, that alone.
pub(super) fn answer<H: Headers>(
    callers: &mut Callers,
    plugin: &OAuth2,
    rules: &RouteRules,
    basis: Basis<'_>,
    head: &RequestHead<'_, H>,
    parameters: &Parameters<'_>,
) -> Result<Response, Stop> {
    judge_asking(callers, plugin, rules, basis, head, parameters)?;
    let Some(shown) = parameters.token() else {
        return Err(Refusal::bad("invalid_request", "token is missing").into());
    };
    let mut buffer = TokenBuffer::default();
    let good = match callers.verify_token(shown, plugin, rules, basis, &mut buffer)? {
        TokenVerdict::Good(token, grant) if permits_token(&grant, rules) => Some(good(&token, &grant)),
        TokenVerdict::Good(..) | TokenVerdict::Not(_) => None,
    };
    Ok(unstored(&Introspected { active: good.is_some(), token: good }))
}

/// Who asks must be a client that could have a token here.
fn judge_asking<H: Headers>(
    callers: &mut Callers,
    plugin: &OAuth2,
    rules: &RouteRules,
    basis: Basis<'_>,
    head: &RequestHead<'_, H>,
    parameters: &Parameters<'_>,
) -> Result<(), Stop> {
    let credentials = Credentials::of(plugin, head, parameters)?;
    let refusal = Refusal::client_with_challenge();
    match callers.authenticate_client(&credentials, basis)? {
        Authenticated::Client(client) if permits_token(&client.grant, rules) => Ok(()),
        Authenticated::Not { grant, was_tried } => {
            Err(callers.refuse_client(&grant, was_tried, refusal, (head.client_ip, basis)))
        }
        Authenticated::Client(_) | Authenticated::Public { .. } | Authenticated::Unknown => {
            Err(refusal.into())
        }
    }
}

fn good<'a>(token: &AccessToken<'a>, grant: &CachedGrant) -> Good<'a> {
    let field = |name| grant.identity.text_of(name).map(Cow::into_owned);
    let consumer_id = field("x-consumer-id").unwrap_or_default();
    Good {
        token_type: "bearer",
        scope: token.scope,
        sub: if token.user.is_empty() { consumer_id.clone() } else { token.user.to_owned() },
        username: field("x-consumer-username"),
        iat: token.issued_at_s,
        exp: token.ends_at_s,
        jti: token.id.to_text(),
        consumer_id,
        credential_id: grant.identity.credential_id(),
        application_id: grant.application_id,
    }
}
