//! Whether a key is good for a service or a route, for whoever has it and asks: a program of the operator's,
//! with a token that may do nothing else.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Gateway;
use crate::authenticate::Caller;
use crate::authorize::authorize;
use crate::basis::Stop;
use crate::config::{RouteRules, Target};
use crate::decision::{Decision, Need};
use crate::extract_key::bearer_word;
use crate::grant_memory::CachedGrant;
use crate::own_answer::Response;
use crate::problem::Problem;
use crate::request::{Body, Headers, Now, RequestHead};
use latchkey_published::limits::VERIFY_BODY_BYTES_MAX;
use latchkey_request::authority::Authority;

const UNREADABLE: &str = "The body must be JSON with a key, and a service or a route";
const NO_TARGET: &str = "There is no such service or route";

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    key: String,
    service: Option<String>,
    route: Option<String>,
}

impl Question {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|_| Problem::BadRequest(UNREADABLE))
    }

    fn target(&self) -> Result<Target<'_>, Problem> {
        match (&self.service, &self.route) {
            (Some(service), None) => Ok(Target::Service(service)),
            (None, Some(route)) => Ok(Target::Route(route)),
            _ => Err(Problem::BadRequest(UNREADABLE)),
        }
    }
}

/// Why a key is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// Nobody's, or forged.
    Unknown,
    /// Its time is over.
    Expired,
    /// The credential, its application or its developer is.
    Suspended,
    /// It may not call this service: its application has no contract, or it is no application's.
    NotPermitted,
    /// Nobody may pass: a plugin of the route cannot be read.
    Blocked,
}

/// What is answered. Whose a key is that is not good is told too, once it is known.
#[derive(Serialize)]
struct Answer {
    valid: bool,
    reason: Option<Reason>,
    consumer: Option<ConsumerShown>,
    application: Option<Shown>,
    credential: Option<Shown>,
    /// In seconds since the Unix epoch.
    expires_at: Option<u64>,
    /// Those of a token; a key has none.
    scopes: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Shown {
    id: Uuid,
}

#[derive(Serialize)]
struct ConsumerShown {
    id: String,
    username: Option<String>,
    custom_id: Option<String>,
}

impl Gateway {
    /// Answers whether a key is good. Nothing is answered but to the token that is set.
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
        let target = question.target()?;
        let (basis, callers) = self.basis(head.started, now)?;
        let rules = basis.config.rules_of(target).ok_or(Problem::BadRequest(NO_TARGET))?;
        let grant = match question.key.as_bytes() {
            [] => None,
            key => callers.find_grant(key, basis)?,
        };
        let answer =
            grant.map_or_else(Answer::unknown, |grant| Answer::of(&grant, judge(&grant, rules, now)));
        Ok(Decision::Respond(answer.respond()))
    }
}

/// Why a key whose grant this is may not pass, if so.
fn judge(grant: &Arc<CachedGrant>, rules: &RouteRules, now: Now) -> Option<Reason> {
    if !grant.is_current(now) {
        return Some(Reason::Expired);
    }
    if rules.blocked {
        return Some(Reason::Blocked);
    }
    let refused = authorize(Some(&Caller::Credential(grant.clone())), rules).is_err();
    refused.then_some(if grant.enabled { Reason::NotPermitted } else { Reason::Suspended })
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
        let text = |name: &str| {
            let mut fields = grant.identity.fields();
            let (_, value) = fields.find(|(known, _)| *known == name)?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        Answer {
            valid: reason.is_none(),
            reason,
            consumer: text("x-consumer-id").map(|id| ConsumerShown {
                id,
                username: text("x-consumer-username"),
                custom_id: text("x-consumer-custom-id"),
            }),
            application: grant.application_id.map(|id| Shown { id }),
            credential: grant.identity.credential_id().map(|id| Shown { id }),
            expires_at: grant.expires_at_ms.map(|ms| ms / 1_000),
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
