//! Token introspection (RFC 7662): whether a token is good for the service of this route now, for whoever
//! has to check it elsewhere. A client asks, and shows what it would show for a token of its own.
//!
//! The Client ID is told to nobody: it may be a key.

use super::Call;
use super::answer::unstored;
use super::client::Authenticated;
use super::refusal::Refusal;
use crate::authenticate::{Callers, TokenVerdict};
use crate::authorize::permits_token;
use crate::basis::Stop;
use crate::grant_memory::CachedGrant;
use crate::json::Object;
use crate::own_answer::Response;
use latchkey_published::token::{AccessToken, TokenBuffer};

/// Tells of a token; of one that is not good, that alone.
pub(super) fn answer(callers: &mut Callers, call: &Call<'_>) -> Result<Response, Stop> {
    judge_asking(callers, call)?;
    let Call { plugin, rules, basis, parameters, .. } = *call;
    let Some(shown) = parameters.token() else {
        return Err(Refusal::bad("invalid_request", "token is missing").into());
    };
    let mut buffer = TokenBuffer::default();
    let answer = match callers.verify_token(shown, plugin, rules, basis, &mut buffer)? {
        TokenVerdict::Good(token, grant) if permits_token(&grant, rules) => good(&token, &grant),
        TokenVerdict::Good(..) | TokenVerdict::Not(_) => Object::new().flag("active", false),
    };
    Ok(unstored(answer))
}

/// Who asks must be a client that could have a token here.
fn judge_asking(callers: &mut Callers, call: &Call<'_>) -> Result<(), Stop> {
    let refusal = Refusal::client_with_challenge();
    match callers.authenticate_client(&call.credentials, call.basis)? {
        Authenticated::Client(client) if permits_token(&client.grant, call.rules) => Ok(()),
        Authenticated::Not { grant, was_tried } => {
            Err(callers.refuse_client(&grant, was_tried, refusal, call))
        }
        Authenticated::Client(_) | Authenticated::Public { .. } | Authenticated::Unknown => {
            Err(refusal.into())
        }
    }
}

fn good(token: &AccessToken<'_>, grant: &CachedGrant) -> Object {
    let consumer_id = grant.identity.text_of("x-consumer-id").unwrap_or_default();
    let credential_id = grant.identity.credential_id().map(|id| id.to_string());
    let application_id = grant.application_id.map(|id| id.to_string());
    Object::new()
        .flag("active", true)
        .text("token_type", "bearer")
        .some_text("scope", Some(token.scope).filter(|scope| !scope.is_empty()))
        // Whom the client acts for; else whose it is.
        .text("sub", if token.user.is_empty() { &consumer_id } else { token.user })
        .some_text("username", grant.identity.text_of("x-consumer-username").as_deref())
        .some_number("iat", Some(token.issued_at_s))
        .some_number("exp", token.ends_at_s)
        .text("jti", &token.id.to_text())
        .text("consumer_id", &consumer_id)
        .some_text("credential_id", credential_id.as_deref())
        .some_text("application_id", application_id.as_deref())
}
