//! Authorizer mode: tells API Gateway whether a request may pass, and whose it is.
//!
//! How API Gateway takes the answers:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>.

use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayV2CustomAuthorizerIamPolicyResponse,
    ApiGatewayV2CustomAuthorizerSimpleResponse,
};
use lambda_http::aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use lambda_runtime::Diagnostic;
use latchkey_gateway::config::HeaderNames;
use latchkey_gateway::gateway::{Authorization, Authorized, Gateway, MISTAKABLE_PATH};
use latchkey_gateway::problem::Problem;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::config::AuthorizerResponse;
use crate::environment::GatewayEnvironment;
use crate::event::{Event, Malformed};
use crate::fields::Fields;
use crate::request::Request;
use crate::trigger::{Authorizer, Kind, is_path_ambiguous};

/// The version of the language of IAM policies.
const POLICY_VERSION: &str = "2012-10-17";
/// Whom a policy is for when nobody is identified; it must have a name.
const NOBODY: &str = "anonymous";
/// The one error that API Gateway answers 401 for; all others are 500 to it.
const UNAUTHORIZED: &str = "Unauthorized";

/// Answers an authorizer's event. An error is a refusal too.
pub(crate) async fn authorize(
    environment: &GatewayEnvironment,
    event: &RawValue,
) -> Result<Box<RawValue>, Diagnostic> {
    let question =
        Question::read(event, environment.settings.authorizer_response).map_err(|Malformed(reason)| {
            tracing::warn!(reason, "an event is not understood");
            failed(&reason)
        })?;
    if question.is_path_ambiguous {
        tracing::info!("denied: API Gateway may serve another path than it tells of");
        return question.answer(&Authorization::Refuse(Problem::BadRequest(MISTAKABLE_PATH)));
    }
    let (started, request_id) = (environment.timer.now(), environment.ids.draw());
    let request = &question.request;
    let ask = |gateway: &mut Gateway, names: &HeaderNames, now| {
        let fields = Fields::new(&request.headers, request.is_joined.then_some(names));
        gateway.authorize(&request.head(&fields, started, request_id), now)
    };
    let decided = environment.data_plane.decide(started, ask).await;
    let authorization = decided.unwrap_or_else(Authorization::Refuse);
    environment.beside(async { question.answer(&authorization) }).await
}

/// What is asked, and the form of the answer.
struct Question {
    request: Request,
    is_path_ambiguous: bool,
    /// What the request is for: API, stage, method and path.
    arn: String,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Simple,
    Policy,
}

impl Question {
    fn read(event: &RawValue, set: AuthorizerResponse) -> Result<Self, Malformed> {
        let event = Event::parse(event.get())?;
        let Some(Kind::Authorize(authorizer)) = Kind::of(&event) else {
            return Err(Malformed(
                "the event is not a REQUEST authorizer's, and LATCHKEY_MODE is authorizer".to_owned(),
            ));
        };
        let (arn, form) = match (authorizer, set) {
            (Authorizer::Payload2, AuthorizerResponse::Simple) => (&event.route_arn, Form::Simple),
            (Authorizer::Payload2, AuthorizerResponse::Iam) => (&event.route_arn, Form::Policy),
            (Authorizer::Payload1, _) => (&event.method_arn, Form::Policy),
        };
        let arn = arn.as_ref().map(|arn| arn.0.clone().into_owned()).unwrap_or_default();
        let is_path_ambiguous = is_path_ambiguous(&event);
        Ok(Question { request: authorizer.request(&event)?, is_path_ambiguous, arn, form })
    }

    fn answer(&self, authorization: &Authorization) -> Result<Box<RawValue>, Diagnostic> {
        match authorization {
            Authorization::Allow(authorized) => self.allow(authorized),
            Authorization::Refuse(problem) => self.refuse(problem),
            Authorization::Unfit(setting) => {
                tracing::error!(%setting, "key-auth of a route is set to what an authorizer cannot do");
                Err(failed(&format!("key-auth is set to {setting}, which an authorizer cannot do")))
            }
        }
    }

    fn allow(&self, authorized: &Authorized) -> Result<Box<RawValue>, Diagnostic> {
        let context = context(authorized);
        if self.form == Form::Simple {
            return Ok(simple(true, context));
        }
        let Some(stage) = stage(&self.arn) else { return Err(failed("the event's ARN has no stage")) };
        Ok(policy(IamPolicyEffect::Allow, stage, context))
    }

    /// A key that is missing or not good is 401 where the form lets it be, else 403.
    fn refuse(&self, problem: &Problem) -> Result<Box<RawValue>, Diagnostic> {
        if problem.status().is_server_error() {
            tracing::warn!(?problem, "a request cannot be decided");
            return Err(failed(&problem.message()));
        }
        match (self.form, problem.status()) {
            (Form::Simple, _) => Ok(simple(false, Map::new())),
            (Form::Policy, http::StatusCode::UNAUTHORIZED) => Err(Diagnostic {
                error_type: UNAUTHORIZED.to_owned(),
                error_message: UNAUTHORIZED.to_owned(),
            }),
            // Of this resource alone: a cached refusal must not shut out what may pass.
            (Form::Policy, _) => Ok(policy(IamPolicyEffect::Deny, self.arn.clone(), Map::new())),
        }
    }
}

/// Every method and path of the stage of an ARN
/// (`arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`): API Gateway may keep the
/// answer and use it for other paths.
fn stage(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(3, '/');
    let (api, stage) = (parts.next()?, parts.next()?);
    (!stage.is_empty()).then(|| format!("{api}/{stage}/*"))
}

/// What the API is told; all of it texts, as it takes no objects.
fn context(authorized: &Authorized) -> Map<String, Value> {
    let mut context = Map::new();
    for (name, value) in authorized.fields() {
        let name = match name.as_str() {
            "x-consumer-id" => "consumerId",
            "x-consumer-username" => "consumerUsername",
            "x-consumer-custom-id" => "consumerCustomId",
            "x-credential-identifier" => "credentialId",
            "x-anonymous-consumer" => "anonymousConsumer",
            _ => continue,
        };
        context.insert(name.to_owned(), String::from_utf8_lossy(value).into());
    }
    if let Some(id) = authorized.application_id() {
        context.insert("applicationId".to_owned(), id.to_string().into());
    }
    context
}

fn simple(is_authorized: bool, context: Map<String, Value>) -> Box<RawValue> {
    let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::<Value>::default();
    answer.is_authorized = is_authorized;
    answer.context = context.into();
    to_raw_value(&answer).expect("an answer has string keys only")
}

fn policy(effect: IamPolicyEffect, resource: String, context: Map<String, Value>) -> Box<RawValue> {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = vec![resource];
    let mut document = ApiGatewayCustomAuthorizerPolicy::default();
    document.version = Some(POLICY_VERSION.to_owned());
    document.statement = vec![statement];
    let mut answer = ApiGatewayV2CustomAuthorizerIamPolicyResponse::<Value>::default();
    let consumer_id = context.get("consumerId").and_then(Value::as_str);
    answer.principal_id = Some(consumer_id.unwrap_or(NOBODY).to_owned());
    answer.policy_document = document;
    answer.context = context.into();
    to_raw_value(&answer).expect("an answer has string keys only")
}

/// Answered 500 by API Gateway.
pub(crate) fn failed(message: &str) -> Diagnostic {
    Diagnostic { error_type: "Latchkey".to_owned(), error_message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    const ROUTE_ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef123/test/GET/request/a";
    const STAGE_ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef123/test/*";

    fn question(form: Form) -> Question {
        let event = json!({
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": ROUTE_ARN,
            "rawPath": "/request/a",
            "requestContext": {"http": {"method": "GET"}},
        });
        let event = to_raw_value(&event).unwrap();
        let set = if form == Form::Simple { AuthorizerResponse::Simple } else { AuthorizerResponse::Iam };
        let question = Question::read(&event, set).unwrap();
        assert_eq!(question.form, form);
        question
    }

    fn check_refusal(form: Form, problem: Problem, expected: Result<Value, &str>) {
        let answer = question(form).answer(&Authorization::Refuse(problem));
        let answer = answer.map(|answer| serde_json::from_str(answer.get()).unwrap());
        assert_eq!(answer.map_err(|failure| failure.error_message), expected.map_err(str::to_owned));
    }

    #[test]
    fn keys_that_are_not_good_are_unauthorized() {
        let challenge = HeaderValue::from_static("Key");
        for problem in [
            Problem::NoKey(challenge.clone()),
            Problem::DuplicateKey(challenge.clone()),
            Problem::Unauthorized(challenge),
        ] {
            check_refusal(Form::Simple, problem.clone(), Ok(json!({"isAuthorized": false, "context": {}})));
            check_refusal(Form::Policy, problem, Err("Unauthorized"));
        }
    }

    #[test]
    fn a_path_without_a_route_is_denied_and_no_other() {
        check_refusal(Form::Simple, Problem::NoRoute, Ok(json!({"isAuthorized": false, "context": {}})));
        check_refusal(
            Form::Policy,
            Problem::NoRoute,
            Ok(json!({
                "principalId": "anonymous",
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Action": ["execute-api:Invoke"], "Effect": "Deny", "Resource": [ROUTE_ARN]},
                    ],
                },
                "context": {},
            })),
        );
    }

    #[test]
    fn failures_are_errors_and_not_unauthorized() {
        for form in [Form::Simple, Form::Policy] {
            for problem in [Problem::Stale, Problem::InvalidPlugin, Problem::NoService, Problem::Internal] {
                let message = problem.message().into_owned();
                check_refusal(form, problem, Err(&message));
            }
            let unfit = Authorization::Unfit(latchkey_gateway::gateway::Unfit::KeyInBody);
            let failure = question(form).answer(&unfit).unwrap_err();
            assert_eq!(
                failure.error_message,
                "key-auth is set to key_in_body, which an authorizer cannot do"
            );
        }
    }

    #[test]
    fn a_policy_is_for_the_whole_stage() {
        assert_eq!(stage(ROUTE_ARN).as_deref(), Some(STAGE_ARN));
        assert_eq!(
            stage("arn:aws:execute-api:r:1:api/$default/GET/").as_deref(),
            Some("arn:aws:execute-api:r:1:api/$default/*")
        );
        assert_eq!(stage("arn:aws:execute-api:r:1:api"), None);
        assert_eq!(stage("arn:aws:execute-api:r:1:api//GET"), None);
    }

    #[test]
    fn only_request_authorizers_are_answered() {
        let proxied = json!({"rawPath": "/", "requestContext": {"http": {"method": "GET"}}});
        let token = json!({"type": "TOKEN", "methodArn": "a", "authorizationToken": "lk_secret"});
        for event in [proxied, token, json!({})] {
            let event = to_raw_value(&event).unwrap();
            assert!(Question::read(&event, AuthorizerResponse::Simple).is_err(), "{event}");
        }
    }
}
