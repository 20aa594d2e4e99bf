//! Contracts of applications with services: Kong's application-registration.

use crate::authenticate::Caller;
use crate::config::{Registration, RouteRules};
use crate::grant_memory::CachedGrant;

/// Whether the caller may use the route's service.
#[inline]
pub(super) fn permit(caller: Option<&Caller>, rules: &RouteRules) -> bool {
    match caller {
        Some(Caller::Credential(grant) | Caller::Tried(grant)) => permit_grant(grant, rules),
        Some(Caller::Anonymous(_)) => true,
        // Nobody can have a contract where nobody is ever identified.
        None => rules.registration.is_none() || rules.key_auth.is_some(),
    }
}

fn permit_grant(grant: &CachedGrant, rules: &RouteRules) -> bool {
    let CachedGrant { application_id, service_ids, enabled, .. } = grant;
    let service_id = rules.service.as_ref().map(|service| service.id);
    let has_contract = || service_id.is_some_and(|id| service_ids.binary_search(&id).is_ok());
    let permitted = match (application_id.is_some(), rules.registration) {
        (true, Some(_)) => has_contract(),
        (true, None) => false,
        (false, Some(Registration { passes_plain_consumers })) => passes_plain_consumers,
        (false, None) => true,
    };
    *enabled && permitted
}
