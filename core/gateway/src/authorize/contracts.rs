//! Contracts of applications with services: Kong's application-registration.

use crate::authenticate::Caller;
use crate::config::{Registration, RouteRules};
use crate::grant_memory::CachedGrant;

/// Whether the caller may use the route's service.
#[inline]
pub(super) fn permit(caller: Option<&Caller>, rules: &RouteRules) -> bool {
    match caller {
        Some(Caller::Credential(grant) | Caller::Tried(grant)) => permits_key(grant, rules),
        Some(Caller::Token(token)) => {
            permits_token(&token.grant, rules) && token.key.as_ref().is_none_or(|key| permits_key(key, rules))
        }
        Some(Caller::Anonymous(_)) => true,
        // Nobody can have a contract where nobody is ever identified.
        None => rules.registration.is_none() || rules.key_auth.is_some() || rules.oauth2.is_some(),
    }
}

/// Whether whoever has the key may.
fn permits_key(grant: &CachedGrant, rules: &RouteRules) -> bool {
    grant.enabled && has_contract(grant, rules)
}

/// Whether whoever has a token of the credential may.
pub(crate) fn permits_token(grant: &CachedGrant, rules: &RouteRules) -> bool {
    grant.token_client().is_some() && has_contract(grant, rules)
}

#[inline]
fn has_contract(grant: &CachedGrant, rules: &RouteRules) -> bool {
    let CachedGrant { application_id, service_ids, .. } = grant;
    let service_id = rules.service.as_ref().map(|service| service.id);
    let has_contract = || service_id.is_some_and(|id| service_ids.binary_search(&id).is_ok());
    match (application_id.is_some(), rules.registration) {
        (true, Some(_)) => has_contract(),
        (true, None) => false,
        (false, Some(Registration { passes_plain_consumers })) => passes_plain_consumers,
        (false, None) => true,
    }
}
