//! oauth2: the caller is whom the token was issued to that the request presents.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Caller, Callers, declares_more, too_large};
use crate::anonymous::Anonymous;
use crate::basis::{Basis, Stop};
use crate::config::{KeyAuth, RouteOAuth2, RouteRules};
use crate::decision::Need;
use crate::extract_key::{Searched, body_kind};
use crate::find_route::Routed;
use crate::grant_memory::{CachedGrant, Remembered};
use crate::oauth2::{OAuth2, TokenCaller, TokenFault};
use crate::places::{self, BodyKind, Found, form};
use crate::problem::Problem;
use crate::request::{Body, Headers, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::keys::ACCESS_TOKEN_PREFIX;
use latchkey_published::token::{AccessToken, TokenBuffer, TokenKeys};

/// What is to be made of a token.
pub(crate) enum TokenVerdict<'b> {
    /// It is good for the route's service, as far as the token itself says.
    Good(AccessToken<'b>, Arc<CachedGrant>),
    /// It is not.
    Not(TokenFault),
}

/// Where a request has its token.
enum Presented<'a> {
    Token(Cow<'a, [u8]>),
    Fault(TokenFault),
    BodyNeeded,
}

impl Callers {
    /// Tries oauth2, then key-auth. Without `anonymous` each must pass; what has one is content with the
    /// credential that came before (Kong's AND and OR).
    #[inline(never)]
    pub(super) fn oauth2<'a, H: Headers>(
        &mut self,
        oauth2: &RouteOAuth2,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
        hidden: &mut HiddenCuts,
    ) -> Result<Option<Caller>, Stop> {
        let rules = routed.rules;
        let caller = self.ask_for_token(&oauth2.plugin, rules, basis, head, body)?;
        *hidden = self.find_hidden(oauth2, &caller, head, body)?;
        let Some(auth) = rules.key_auth.as_deref().filter(|_| routed.asks_for_key) else {
            return Ok(Some(caller));
        };
        match caller {
            Caller::Token(token) if matches!(auth.anonymous, Anonymous::No) => {
                self.both(*token, auth, routed, basis, (head, body)).map(Some)
            }
            Caller::Token(token) => Ok(Some(Caller::Token(token))),
            Caller::Anonymous(_) | Caller::Credential(_) | Caller::Tried(_) => {
                let mut searched = Searched::new(auth, head, body);
                self.ask_for_key(routed, basis, (head, body), auth, &mut searched)?.into_caller()
            }
        }
    }

    /// The caller has a token, and must have a key too, which then tells who calls.
    fn both<'a, H: Headers>(
        &mut self,
        token: TokenCaller,
        auth: &KeyAuth,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        (head, body): (&RequestHead<'a, H>, Body<'a>),
    ) -> Result<Caller, Stop> {
        let mut searched = Searched::new(auth, head, body);
        let caller = self.ask_for_key(routed, basis, (head, body), auth, &mut searched)?.into_caller()?;
        match caller {
            Some(Caller::Credential(key)) => Ok(Caller::Token(Box::new(token.with_key(key)))),
            _ => Err(Problem::Unauthorized(auth.challenge.clone()).into()),
        }
    }

    fn ask_for_token<'a, H: Headers>(
        &mut self,
        plugin: &OAuth2,
        rules: &RouteRules,
        basis: Basis<'_>,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
    ) -> Result<Caller, Stop> {
        let mut buffer = TokenBuffer::default();
        let fault = match present(plugin, head, body, self.body_search_bytes) {
            Presented::Token(text) => match self.verify_token(&text, plugin, rules, basis, &mut buffer)? {
                TokenVerdict::Good(token, grant) => {
                    return Ok(Caller::Token(Box::new(TokenCaller::new(&token, grant))));
                }
                TokenVerdict::Not(fault) => fault,
            },
            Presented::Fault(fault) => fault,
            Presented::BodyNeeded => return Err(self.need_body_first(head, body)),
        };
        match (&plugin.anonymous, fault) {
            // As in Kong, also where an anonymous consumer is named.
            (_, TokenFault::Global) | (Anonymous::No, _) => Err(plugin.refusals.of(fault).into()),
            (Anonymous::NoSuch(name), _) => Err(Problem::AnonymousMissing(name.clone()).into()),
            (Anonymous::As(identity), _) => Ok(Caller::Anonymous(identity.clone())),
        }
    }

    /// Whether a token is good now: by its tag, before anything is looked up, then by itself, and last
    /// by its client's grant, which is all that a key is judged by.
    pub(crate) fn verify_token<'b>(
        &mut self,
        text: &[u8],
        plugin: &OAuth2,
        rules: &RouteRules,
        basis: Basis<'_>,
        buffer: &'b mut TokenBuffer,
    ) -> Result<TokenVerdict<'b>, Need> {
        match self.open_token(text, buffer) {
            Some(token) => self.judge_token(token, plugin, rules, basis),
            None => Ok(TokenVerdict::Not(TokenFault::Invalid)),
        }
    }

    /// What a token says that was made here.
    pub(crate) fn open_token<'b>(
        &mut self,
        text: &[u8],
        buffer: &'b mut TokenBuffer,
    ) -> Option<AccessToken<'b>> {
        // What is no token makes no secrets of tokens.
        let is_one = text.starts_with(ACCESS_TOKEN_PREFIX.as_bytes());
        if is_one { self.token_keys().open(text, buffer) } else { None }
    }

    /// Whether a token that was made here is good now.
    pub(crate) fn judge_token<'b>(
        &mut self,
        token: AccessToken<'b>,
        plugin: &OAuth2,
        rules: &RouteRules,
        basis: Basis<'_>,
    ) -> Result<TokenVerdict<'b>, Need> {
        let invalid = TokenVerdict::Not(TokenFault::Invalid);
        if token.has_ended(basis.now.unix_ms) {
            return Ok(invalid);
        }
        match token.service_id {
            None if !plugin.is_global => return Ok(TokenVerdict::Not(TokenFault::Global)),
            Some(id) if rules.service.as_ref().is_none_or(|service| service.id != id) => return Ok(invalid),
            _ => {}
        }
        let grant = match self.memory.look_up(&token.grant) {
            Remembered::Grant(grant) => grant,
            Remembered::Missing => return Ok(invalid),
            Remembered::Unknown => return Err(self.memory.need(token.grant, true, basis.epoch, basis.now)),
        };
        let is_denied = !self.ablation.denied_tokens && basis.denied_tokens.has(&token.id);
        let is_good = grant.is_current(basis.now) && !is_denied && self.is_of(&token, &grant);
        Ok(if is_good { TokenVerdict::Good(token, grant) } else { invalid })
    }

    /// Whether a token was issued to this very credential, and not taken back with all of its time.
    fn is_of(&self, token: &AccessToken<'_>, grant: &CachedGrant) -> bool {
        let Some(client) = grant.token_client() else { return false };
        let is_same = grant.identity.credential_id() == Some(token.credential_id);
        (is_same || self.ablation.token_credential)
            && (!token.is_taken_back(client) || self.ablation.tokens_not_before)
    }

    /// The secrets of tokens, made when the first is asked for.
    pub(crate) fn token_keys(&mut self) -> &TokenKeys {
        self.tokens.get_or_insert_with(|| TokenKeys::new(&self.peppers))
    }

    fn need_body_first<H: Headers>(&self, head: &RequestHead<'_, H>, body: Body<'_>) -> Stop {
        let bytes_max = self.body_search_bytes;
        too_large(bytes_max, head, body).map_or(Need::Body { bytes_max }.into(), Stop::Problem)
    }

    /// What must not go on, of what both plugins hide. A body that says that it is too long to be searched, and
    /// that could have no key but only a second token, is left as it is, as in Kong.
    fn find_hidden<'a, H: Headers>(
        &self,
        oauth2: &RouteOAuth2,
        caller: &Caller,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
    ) -> Result<HiddenCuts, Stop> {
        let Some(hide) = &oauth2.hide else { return Ok(HiddenCuts::default()) };
        let kind = hide.body.as_ref().map_or(BodyKind::Other, |_| body_kind(head));
        let in_body = match (&hide.body, &kind, body) {
            (None, ..) | (_, BodyKind::Other, _) => places::Cuts::default(),
            (Some(names), kind, Body::Whole(bytes)) => {
                places::scan(kind, bytes, names).map_err(|_| Problem::BodyUnreadable)?.into_cuts()
            }
            (Some(_), _, Body::Unread)
                if !hide.keys_in_body
                    && matches!(caller, Caller::Token(_))
                    && declares_more(head, self.body_search_bytes) =>
            {
                places::Cuts::default()
            }
            (Some(_), _, Body::Unread | Body::TooLarge) => {
                return Err(self.need_body_first(head, body));
            }
        };
        let in_query = form::scan(head.query.unwrap_or_default(), &hide.query).into_cuts();
        Ok(HiddenCuts { query: in_query, body: in_body })
    }
}

/// Finds the token: in the field, else in the query or in the body of a method that has one. A body that
/// says that it is longer than the bound is not searched.
fn present<'a, H: Headers>(
    plugin: &OAuth2,
    head: &RequestHead<'a, H>,
    body: Body<'a>,
    bytes_max: usize,
) -> Presented<'a> {
    let headers: &'a H = head.headers;
    let in_query = || match plugin.in_query {
        true => form::scan(head.query.unwrap_or_default(), &plugin.search).take(0),
        false => Found::Nothing,
    };
    if let Some(value) = headers.values_of(&plugin.header).next() {
        return match in_field(value) {
            _ if value.trim_ascii().is_empty() => Presented::Fault(TokenFault::Missing),
            InField::Token(_) if is_there(&in_query()) => Presented::Fault(TokenFault::TwoPlaces),
            InField::Token(token) | InField::OtherScheme(token) => Presented::Token(Cow::Borrowed(token)),
        };
    }
    let in_body = match matches!(head.method, "POST" | "PUT" | "PATCH") {
        false => Found::Nothing,
        true => match (body_kind(head), body) {
            (BodyKind::Other | BodyKind::Unclear, _) => Found::Nothing,
            (kind, Body::Whole(bytes)) => {
                places::scan(&kind, bytes, &plugin.search).unwrap_or_default().take(0)
            }
            (_, Body::Unread) if declares_more(head, bytes_max) => Found::Nothing,
            (_, Body::Unread | Body::TooLarge) => return Presented::BodyNeeded,
        },
    };
    let in_query = in_query();
    if is_there(&in_query) && is_there(&in_body) {
        return Presented::Fault(TokenFault::TwoPlaces);
    }
    match [in_query, in_body].into_iter().find(is_there) {
        Some(Found::One(token)) => Presented::Token(token),
        // What comes several times in one place, or is no text, counts as missing.
        _ => Presented::Fault(TokenFault::Missing),
    }
}

/// Whether a place has a token, or several.
fn is_there(found: &Found<'_>) -> bool {
    match found {
        Found::One(value) => !value.is_empty(),
        Found::Many => true,
        Found::Nothing | Found::Flag => false,
    }
}

enum InField<'a> {
    Token(&'a [u8]),
    /// All of it is then looked at, as in Kong, and is no token.
    OtherScheme(&'a [u8]),
}

fn in_field(value: &[u8]) -> InField<'_> {
    let value = value.trim_ascii();
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(scheme), Some(token), None)
            if scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"token") =>
        {
            InField::Token(token)
        }
        (Some(token), None, None) => InField::Token(token),
        _ => InField::OtherScheme(value),
    }
}
