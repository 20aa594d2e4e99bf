//! oauth2, compiled: as it applies to a route.

use std::sync::Arc;

use http::header::{self, HeaderName};

use super::parameters::NAMES;
use super::refusal::Refusals;
use crate::config::{Anonymous, KeyAuth};
use crate::places::Names;
use crate::strip_key::{Hider, StripNames};
use latchkey_published::plugins::{OAuth2Settings, ProvisionKey};
use latchkey_published::stored::Unreadable;

/// What a token is called in query and body.
pub(crate) const TOKEN: &str = "access_token";

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
                parameters: Names::new(&NAMES),
            },
        })
    }
}

/// A plugin on a route, together with key-auth there: what both hide is found by one scan, since two
/// would each take a separator with them.
#[derive(Debug)]
pub(crate) struct RouteOAuth2 {
    pub(crate) plugin: Arc<OAuth2>,
    /// `None`: neither hides credentials.
    pub(crate) hide: Option<Hide>,
    /// What is taken out of the target that a client is sent to for https.
    pub(crate) redirect: Names,
}

/// What must not reach the upstream.
#[derive(Debug)]
pub(crate) struct Hide {
    pub(crate) query: Names,
    /// `None`: bodies are left as they are.
    pub(crate) body: Option<Names>,
    strip: StripNames,
    /// With `Authorization`, where key-auth looks for a key behind `Bearer`.
    strip_with_bearer: Option<StripNames>,
}

impl Hide {
    pub(crate) fn hider(&self) -> Hider<'_> {
        Hider { names: &self.query, strip: &self.strip, strip_with_bearer: self.strip_with_bearer.as_ref() }
    }
}

impl RouteOAuth2 {
    pub(crate) fn new(plugin: &Arc<OAuth2>, key_auth: Option<&KeyAuth>) -> Self {
        let keys = |applies: fn(&KeyAuth) -> bool| {
            let names = key_auth.filter(|auth| applies(auth)).into_iter().flat_map(|auth| &auth.names);
            names.map(|name| name.text.as_str())
        };
        let token = |applies: bool| applies.then_some(TOKEN);
        let both = |keys: Vec<&str>, token: Option<&'static str>| -> Vec<String> {
            keys.into_iter().chain(token).map(str::to_owned).collect()
        };
        let hides = plugin.hides_credentials;
        let query = both(keys(|auth| auth.hides_credentials).collect(), token(hides));
        let body = both(keys(|auth| auth.hides_credentials && auth.in_body).collect(), token(hides));
        let redirect = keys(|auth| auth.hides_credentials || auth.in_query).collect();
        let redirect = both(redirect, token(hides || plugin.in_query));
        let headers = key_auth.into_iter().flat_map(|auth| auth.strip.as_slice()).chain(
            // Without a scheme before it, a token would go on.
            hides.then_some(&plugin.header),
        );
        let in_bearer = key_auth.is_some_and(|auth| auth.hides_credentials && auth.in_bearer);
        let hide = (!query.is_empty() || in_bearer).then(|| Hide {
            query: Names::new(&query),
            body: (!body.is_empty()).then(|| Names::new(&body)),
            strip_with_bearer: in_bearer.then(|| {
                StripNames(Some(headers.clone().chain([&header::AUTHORIZATION]).cloned().collect()))
            }),
            strip: StripNames(Some(headers.cloned().collect())),
        });
        RouteOAuth2 { plugin: plugin.clone(), hide, redirect: Names::new(&redirect) }
    }
}
