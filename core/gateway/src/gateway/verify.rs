//! Whether a key or a token is good for a service or a route, for whoever has it and asks: a program of the operator's,
//! with a token that may do nothing else.

use std::sync::Arc;

use http::header::{ALLOW, HeaderValue};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Gateway;
use crate::authenticate::{Caller, Callers, TokenVerdict};
use crate::authorize::authorize;
use crate::basis::{Basis, Stop};
use crate::bearer::bearer_word;
use crate::config::{RouteRules, Target};
use crate::decision::{Decision, Need};
use crate::grant_memory::CachedGrant;
use crate::json::{NULL, Object};
use crate::oauth2::{TokenCaller, TokenFault};
use crate::own_answer::{self, Response};
use crate::places::{Found, Names, json};
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use latchkey_published::limits::VERIFY_BODY_BYTES_MAX;
use latchkey_published::token::{AccessToken, TokenBuffer};
use latchkey_request::authority::Authority;

const UNREADABLE: &str = "The body must be JSON with a key or a token, and a service or a route";
const NO_TARGET: &str = "There is no such service or route";

/// What is asked: one of [`KEY`] and [`TOKEN`], and one of [`SERVICE`] and [`ROUTE`].
struct Question(Map<String, Value>);

const KEY: &str = "key";
const TOKEN: &str = "token";
const SERVICE: &str = "service";
const ROUTE: &str = "route";
const MEMBERS: [&str; 4] = [KEY, TOKEN, SERVICE, ROUTE];

/// What a program was given.
enum Shown<'q> {
    Key(&'q [u8]),
    Token(&'q [u8]),
}

impl Question {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) if !is_said_twice(body) => {
                Question(members).admit().ok_or(Problem::BadRequest(UNREADABLE))
            }
            _ => Err(Problem::BadRequest(UNREADABLE)),
        }
    }

    /// Itself, if it has texts alone and no other members.
    fn admit(self) -> Option<Self> {
        let mut members = self.0.iter();
        let is_known = |name: &str| MEMBERS.contains(&name);
        let fits = members.all(|(name, value)| is_known(name) && (value.is_string() || value.is_null()));
        fits.then_some(self)
    }

    /// The one of two members that is there, and whether it is the first.
    fn one_of(&self, first: &str, second: &str) -> Result<(&str, bool), Problem> {
        let text = |name: &str| self.0.get(name).and_then(Value::as_str);
        match (text(first), text(second)) {
            (Some(text), None) => Ok((text, true)),
            (None, Some(text)) => Ok((text, false)),
            _ => Err(Problem::BadRequest(UNREADABLE)),
        }
    }

    fn shown(&self) -> Result<Shown<'_>, Problem> {
        let (text, is_key) = self.one_of(KEY, TOKEN)?;
        Ok(if is_key { Shown::Key(text.as_bytes()) } else { Shown::Token(text.as_bytes()) })
    }

    fn target(&self) -> Result<Target<'_>, Problem> {
        let (text, is_service) = self.one_of(SERVICE, ROUTE)?;
        Ok(if is_service { Target::Service(text) } else { Target::Route(text) })
    }
}

/// Whether a member is there more than once: who asks may have written others' words into the question.
fn is_said_twice(body: &[u8]) -> bool {
    let scanned = json::scan(body, &Names::new(&MEMBERS));
    scanned.map_or(true, |mut scanned| (0..MEMBERS.len()).any(|place| scanned.take(place) == Found::Many))
}

/// Why a key or token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::Unknown => "unknown",
            Reason::Expired => "expired",
            Reason::Suspended => "suspended",
            Reason::Revoked => "revoked",
            Reason::NotPermitted => "not_permitted",
            Reason::InsufficientScope => "insufficient_scope",
            Reason::Blocked => "blocked",
        }
    }
}

/// What is answered. Whose a key is that is not good is told too, once it is known.
struct Answer<'a> {
    /// `None`: it is good.
    reason: Option<Reason>,
    /// Whose it is.
    grant: Option<Arc<CachedGrant>>,
    ends_at_ms: Option<u64>,
    /// `None`: it is a key.
    token: Option<AccessToken<'a>>,
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
        let mut buffer = TokenBuffer::default();
        let answer = match shown {
            Shown::Key(key) => callers.tell_of_key(key, rules, basis)?,
            Shown::Token(token) => callers.tell_of_token(token, rules, basis, &mut buffer)?,
        };
        Ok(Decision::Respond(answer.respond()))
    }
}

impl Callers {
    fn tell_of_key<'a>(
        &mut self,
        key: &[u8],
        rules: &RouteRules,
        basis: Basis<'_>,
    ) -> Result<Answer<'a>, Need> {
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
        Ok(Answer { reason, ends_at_ms: grant.expires_at_ms, grant: Some(grant), token: None })
    }

    fn tell_of_token<'b>(
        &mut self,
        text: &[u8],
        rules: &RouteRules,
        basis: Basis<'_>,
        buffer: &'b mut TokenBuffer,
    ) -> Result<Answer<'b>, Need> {
        let Some(token) = self.open_token(text, buffer) else { return Ok(Answer::unknown()) };
        let refused = |reason| Ok(Answer { reason: Some(reason), token: Some(token), ..Answer::unknown() });
        if token.has_ended(basis.now.unix_ms) {
            return refused(Reason::Expired);
        }
        let is_of_others = |id| rules.service.as_ref().is_none_or(|service| service.id != id);
        let Some(oauth2) = rules.oauth2.as_deref().filter(|_| !token.service_id.is_some_and(is_of_others))
        else {
            return refused(Reason::NotPermitted);
        };
        let grant = match self.judge_token(token, &oauth2.plugin, rules, basis)? {
            TokenVerdict::Good(_, grant) => grant,
            TokenVerdict::Not(TokenFault::Global) => return refused(Reason::NotPermitted),
            TokenVerdict::Not(_) => return refused(Reason::Revoked),
        };
        let caller = TokenCaller::new(&token, grant.clone());
        let ends_at_ms = caller.ends_at_ms;
        let reason = match rules.blocked {
            true => Some(Reason::Blocked),
            false => refusal(&Caller::Token(Box::new(caller)), rules),
        };
        Ok(Answer { reason, grant: Some(grant), ends_at_ms, token: Some(token) })
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

impl Answer<'_> {
    fn unknown() -> Self {
        Answer { reason: Some(Reason::Unknown), grant: None, ends_at_ms: None, token: None }
    }

    /// Times are in seconds since the Unix epoch.
    fn respond(&self) -> Response {
        let entity = |id: Option<Uuid>| {
            id.map_or_else(|| NULL.to_owned(), |id| Object::new().text("id", &id.to_string()).end())
        };
        let grant = self.grant.as_deref();
        let ends_at_s = self.ends_at_ms.map(|ms| ms / 1_000);
        let ends_at_s = ends_at_s.or(self.token.and_then(|token| token.ends_at_s));
        let answer = Object::new()
            .flag("valid", self.reason.is_none())
            .text_or_null("reason", self.reason.map(Reason::name))
            .json("consumer", &grant.map_or_else(|| NULL.to_owned(), consumer))
            .json("application", &entity(grant.and_then(|grant| grant.application_id)))
            .json("credential", &entity(grant.and_then(|grant| grant.identity.credential_id())))
            .json("expires_at", &ends_at_s.map_or_else(|| NULL.to_owned(), |time| time.to_string()));
        own_answer::unstored_json(match &self.token {
            Some(token) => answer.texts("scopes", &token.scopes().collect::<Vec<_>>()),
            None => answer.json("scopes", NULL),
        })
    }
}

fn consumer(grant: &CachedGrant) -> String {
    let text = |name| grant.identity.text_of(name);
    Object::new()
        .text("id", &text("x-consumer-id").unwrap_or_default())
        .text_or_null("username", text("x-consumer-username").as_deref())
        .text_or_null("custom_id", text("x-consumer-custom-id").as_deref())
        .end()
}

fn only_posted<H: Headers>(head: &RequestHead<'_, H>) -> Response {
    let mut response = Problem::MethodNotAllowed.respond(head.header("accept"), head.request_id);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}
