//! Whether a key or a token is good for a service or a route, for whoever has it and asks: a program of the operator's,
//! with a token that may do nothing else.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Gateway;
use crate::authenticate::{Caller, Callers, TokenVerdict};
use crate::authorize::authorize;
use crate::basis::{Basis, Stop};
use crate::bearer::bearer_word;
use crate::config::{RouteRules, Target};
use crate::decision::{Decision, Need};
use crate::grant_memory::CachedGrant;
use crate::oauth2::{TokenCaller, TokenFault};
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use latchkey_published::limits::VERIFY_BODY_BYTES_MAX;
use latchkey_published::token::TokenBuffer;
use latchkey_request::authority::Authority;

const UNREADABLE: &str = "The body must be JSON with a key or a token, and a service or a route";
const NO_TARGET: &str = "There is no such service or route";

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    key: Option<String>,
    token: Option<String>,
    service: Option<String>,
    route: Option<String>,
}

/// What a program was given.
enum Shown<'q> {
    Key(&'q [u8]),
    Token(&'q [u8]),
}

impl Question {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|_| Problem::BadRequest(UNREADABLE))
    }

    fn shown(&self) -> Result<Shown<'_>, Problem> {
        match (&self.key, &self.token) {
            (Some(key), None) => Ok(Shown::Key(key.as_bytes())),
            (None, Some(token)) => Ok(Shown::Token(token.as_bytes())),
            _ => Err(Problem::BadRequest(UNREADABLE)),
        }
    }

    fn target(&self) -> Result<Target<'_>, Problem> {
        match (&self.service, &self.route) {
            (Some(service), None) => Ok(Target::Service(service)),
            (None, Some(route)) => Ok(Target::Route(route)),
            _ => Err(Problem::BadRequest(UNREADABLE)),
        }
    }
}

/// Why a key or token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// Nobody's, or forged.
    Unknown,
    /// Its time is over.
    Expired,
    /// The credential, its application or its developer is.
    Suspended,
    /// A token that was taken back, or whose credential is gone or suspended.
    Revoked,
    /// It may not call this service: its application has no contract, it is no application's, the token is
    /// another service's, or what is asked for here is not keys but tokens, or the reverse.
    NotPermitted,
    /// The token lacks a scope that is asked for here.
    InsufficientScope,
    /// Nobody may pass: a plugin of the route cannot be read.
    Blocked,
}

/// What is answered. Whose a key is that is not good is told too, once it is known.
#[derive(Serialize)]
struct Answer {
    valid: bool,
    reason: Option<Reason>,
    consumer: Option<ConsumerShown>,
    application: Option<Entity>,
    credential: Option<Entity>,
    /// In seconds since the Unix epoch.
    expires_at: Option<u64>,
    /// Those of a token; a key has none.
    scopes: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Entity {
    id: Uuid,
}

#[derive(Serialize)]
struct ConsumerShown {
    id: String,
    username: Option<String>,
    custom_id: Option<String>,
}

impl Gateway {
    /// Answers whether a key or a token is good. Nothing is answered but to the token that is set.
    #[cold]
    pub(super) fn verify<H: Headers>(
        &mut self,
        head: &RequestHead<'_, H>,
        body: Body<'_>,
        now: Now,
    ) -> Result<Decision, Stop> {
        Authority::of_request(head.headers, head.host).map_err(Problem::from)?;
        let Some(expected) = &self.verify_token else { return Err(Problem::NoRoute.into()) };
        if head.method != "POST" {
            return Ok(Decision::Respond(only_posted(head)));
        }
        let token = head.header("authorization").and_then(bearer_word);
        if token.map(|token| self.callers.peppers.current.digest(token)) != Some(*expected) {
            return Err(Problem::Unauthorized(HeaderValue::from_static("Bearer")).into());
        }
        let question = match body {
            Body::Unread => return Err(Need::Body { bytes_max: VERIFY_BODY_BYTES_MAX }.into()),
            Body::Whole(bytes) if bytes.len() <= VERIFY_BODY_BYTES_MAX => Question::read(bytes)?,
            Body::Whole(_) | Body::TooLarge => {
                return Err(Problem::BodyTooLarge(VERIFY_BODY_BYTES_MAX).into());
            }
        };
        let (shown, target) = (question.shown()?, question.target()?);
        let (basis, callers) = self.basis(head.started, now)?;
        let rules = basis.config.rules_of(target).ok_or(Problem::BadRequest(NO_TARGET))?;
        let answer = match shown {
            Shown::Key(key) => callers.tell_of_key(key, rules, basis)?,
            Shown::Token(token) => callers.tell_of_token(token, rules, basis)?,
        };
        Ok(Decision::Respond(answer.respond()))
    }
}

impl Callers {
    fn tell_of_key(&mut self, key: &[u8], rules: &RouteRules, basis: Basis<'_>) -> Result<Answer, Need> {
        let found = if key.is_empty() { None } else { self.find_grant(key, basis)? };
        let Some((_, grant)) = found else { return Ok(Answer::unknown()) };
        let is_client_alone = !grant.enabled && grant.token_client().is_some();
        let asks_for_tokens_alone = rules.key_auth.is_none() && rules.oauth2.is_some();
        let reason = match () {
            () if !grant.is_current(basis.now) => Some(Reason::Expired),
            () if rules.blocked => Some(Reason::Blocked),
            () if is_client_alone || asks_for_tokens_alone => Some(Reason::NotPermitted),
            () if !grant.enabled => Some(Reason::Suspended),
            () => refusal(&Caller::Credential(grant.clone()), rules),
        };
        let expires_at_ms = grant.expires_at_ms;
        Ok(Answer { expires_at: expires_at_ms.map(seconds), ..Answer::of(&grant, reason) })
    }

    fn tell_of_token(&mut self, text: &[u8], rules: &RouteRules, basis: Basis<'_>) -> Result<Answer, Need> {
        let (mut opened, mut verified) = (TokenBuffer::default(), TokenBuffer::default());
        let Some(token) = self.token_keys().open(text, &mut opened) else { return Ok(Answer::unknown()) };
        let told = |answer: Answer| Answer {
            expires_at: answer.expires_at.or(token.ends_at_s),
            scopes: Some(token.scopes().map(str::to_owned).collect()),
            ..answer
        };
        let refused = |reason| Ok(told(Answer { reason: Some(reason), ..Answer::unknown() }));
        if token.has_ended(basis.now.unix_ms) {
            return refused(Reason::Expired);
        }
        let is_of_others = |id| rules.service.as_ref().is_none_or(|service| service.id != id);
        let Some(oauth2) = rules.oauth2.as_deref().filter(|_| !token.service_id.is_some_and(is_of_others))
        else {
            return refused(Reason::NotPermitted);
        };
        let (good, grant) = match self.verify_token(text, &oauth2.plugin, rules, basis, &mut verified)? {
            TokenVerdict::Good(good, grant) => (good, grant),
            TokenVerdict::Not(TokenFault::Global) => return refused(Reason::NotPermitted),
            TokenVerdict::Not(_) => return refused(Reason::Revoked),
        };
        let caller = TokenCaller::new(&good, grant.clone());
        let expires_at = caller.ends_at_ms.map(seconds);
        let reason = match rules.blocked {
            true => Some(Reason::Blocked),
            false => refusal(&Caller::Token(Box::new(caller)), rules),
        };
        Ok(told(Answer { expires_at, ..Answer::of(&grant, reason) }))
    }
}

/// Why a caller may not pass who is known.
fn refusal(caller: &Caller, rules: &RouteRules) -> Option<Reason> {
    let problem = authorize(Some(caller), rules).err()?;
    Some(match problem.status() {
        http::StatusCode::FORBIDDEN => Reason::InsufficientScope,
        _ => Reason::NotPermitted,
    })
}

/// Of milliseconds.
fn seconds(ms: u64) -> u64 {
    ms / 1_000
}

impl Answer {
    fn unknown() -> Self {
        Answer {
            valid: false,
            reason: Some(Reason::Unknown),
            consumer: None,
            application: None,
            credential: None,
            expires_at: None,
            scopes: None,
        }
    }

    fn of(grant: &CachedGrant, reason: Option<Reason>) -> Self {
        let text = |name| grant.identity.text_of(name).map(Cow::into_owned);
        Answer {
            valid: reason.is_none(),
            reason,
            consumer: text("x-consumer-id").map(|id| ConsumerShown {
                id,
                username: text("x-consumer-username"),
                custom_id: text("x-consumer-custom-id"),
            }),
            application: grant.application_id.map(|id| Entity { id }),
            credential: grant.identity.credential_id().map(|id| Entity { id }),
            expires_at: None,
            scopes: None,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "no refusal, and no upstream answers it")]
    fn respond(&self) -> Response {
        let json = serde_json::to_vec(self).expect("an answer has string keys only");
        let mut response = Response::new(Bytes::from(json));
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn only_posted<H: Headers>(head: &RequestHead<'_, H>) -> Response {
    let mut response = Problem::MethodNotAllowed.respond(head.header("accept"), head.request_id);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}
