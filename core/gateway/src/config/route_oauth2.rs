//! oauth2 on a route, with what key-auth is beside it.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use super::KeyAuth;
use crate::oauth2::{OAuth2, TOKEN};
use crate::places::Names;
use crate::strip_key::{Hider, StripNames};

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
    /// Whether a key may be in a body, beside a token.
    pub(crate) keys_in_body: bool,
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
        let keys_in_body: Vec<&str> = keys(|auth| auth.hides_credentials && auth.in_body).collect();
        let has_keys_in_body = !keys_in_body.is_empty();
        let body = both(keys_in_body, token(hides));
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
            keys_in_body: has_keys_in_body,
            strip_with_bearer: in_bearer
                .then(|| StripNames(Some(headers.clone().chain([&AUTHORIZATION]).cloned().collect()))),
            strip: StripNames(Some(headers.cloned().collect())),
        });
        RouteOAuth2 { plugin: plugin.clone(), hide, redirect: Names::new(&redirect) }
    }
}
