//! oauth2, compiled.

use http::header::HeaderName;

use super::refusal::Refusals;
use crate::anonymous::Anonymous;
use crate::places::Names;
use latchkey_published::plugins::{OAuth2Settings, ProvisionKey};
use latchkey_published::stored::Unreadable;

/// What a token is called in query and body.
pub(crate) const TOKEN: &str = "access_token";

/// The parameters that are looked at; others may be there (RFC 6749 §3.2).
pub(super) const PARAMETERS: [&str; 8] = [
    "grant_type",
    "client_id",
    "client_secret",
    "scope",
    "authenticated_userid",
    "provision_key",
    "state",
    "token",
];

/// A plugin.
#[derive(Debug)]
pub(crate) struct OAuth2 {
    /// Field for the token, and for a client's own credentials.
    pub(crate) header: HeaderName,
    pub(crate) in_query: bool,
    pub(crate) hides_credentials: bool,
    pub(crate) anonymous: Anonymous,
    /// Tokens are for every service whose plugin has the same.
    pub(crate) is_global: bool,
    /// A token must have all of them.
    pub(crate) required_scopes: Vec<String>,
    pub(crate) refusals: Refusals,
    /// Names that query and body are searched for.
    pub(crate) search: Names,
    pub(super) issuing: Issuing,
}

/// How tokens are issued.
#[derive(Debug)]
pub(super) struct Issuing {
    pub(super) grants_client_credentials: bool,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) mandatory_scope: bool,
    pub(super) provision_key: Option<ProvisionKey>,
    /// `None`: tokens have no end of their own.
    pub(super) lifetime_s: Option<u64>,
    pub(super) accepts_http_if_already_terminated: bool,
    /// Names of the parameters.
    pub(super) parameters: Names,
}

impl OAuth2 {
    /// `anonymous`: whom the setting names.
    pub(crate) fn compile(settings: OAuth2Settings, anonymous: Anonymous) -> Result<Self, Unreadable> {
        let others = [
            (OAuth2Settings::ENABLE_AUTHORIZATION_CODE, settings.enable_authorization_code),
            (OAuth2Settings::ENABLE_IMPLICIT_GRANT, settings.enable_implicit_grant),
            (OAuth2Settings::ENABLE_PASSWORD_GRANT, settings.enable_password_grant),
        ];
        if let Some((grant, _)) = others.iter().find(|(_, is_on)| *is_on) {
            return Err(Unreadable::unknown("grant", grant.name));
        }
        let header = HeaderName::from_bytes(settings.auth_header_name.as_bytes())
            .map_err(|_| Unreadable::Shape("auth_header_name is no name of a field".to_owned()))?;
        let required_scopes = settings.required_scopes.unwrap_or_default();
        // A token of Kong's is a row that goes at the latest when a refresh token would.
        let bounds = [settings.token_expiration, settings.refresh_token_ttl];
        let lifetime_s = bounds.into_iter().filter(|seconds| *seconds > 0).min();
        Ok(OAuth2 {
            header,
            in_query: settings.token_in_query,
            hides_credentials: settings.hide_credentials,
            anonymous,
            is_global: settings.global_credentials,
            refusals: Refusals::new(settings.realm, &required_scopes),
            required_scopes,
            search: Names::new(&[TOKEN]),
            issuing: Issuing {
                grants_client_credentials: settings.enable_client_credentials,
                scopes: settings.scopes,
                mandatory_scope: settings.mandatory_scope,
                provision_key: settings.provision_key,
                lifetime_s: lifetime_s.filter(|_| settings.token_expiration > 0),
                accepts_http_if_already_terminated: settings.accept_http_if_already_terminated,
                parameters: Names::new(&PARAMETERS),
            },
        })
    }
}
