//! One invocation: what the event is, who answers it, and in which form.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::Response;
use lambda_runtime::{Diagnostic, FunctionResponse};
use latchkey_control::http::Fault;
use latchkey_gateway::problem::Problem;
use latchkey_request::authority::Authority;
use latchkey_request::framing;
use serde_json::value::RawValue;

use crate::authorizer::{authorize, failed};
use crate::body::Content;
use crate::control::ControlEnvironment;
use crate::environment::{Environment, GatewayEnvironment};
use crate::event::{Event, Malformed};
use crate::proxy::{self, Refusals};
use crate::request::Request;
use crate::stream::{Stream, streamed};
use crate::trigger::{Kind, TooLong, Trigger, answer_in_every_form};

const BAD_REQUEST: Problem = Problem::BadRequest("Bad request");

/// What the runtime is given: JSON, or a stream.
pub type Reply = FunctionResponse<Box<RawValue>, Stream>;

/// Answers an invocation. An error makes it fail; a request never does.
///
/// The event comes as text, so that one that does not parse can be answered too.
pub async fn handle(environment: &Environment, event: &RawValue) -> Result<Reply, Diagnostic> {
    match environment {
        Environment::Proxy(gateway) => Ok(proxy_request(gateway, event).await),
        Environment::Authorizer(gateway) => {
            let answer = unless_panics(authorize(gateway, event)).await.unwrap_or_else(|| {
                tracing::error!("an authorizer's request panicked");
                gateway.data_plane.reset();
                Err(failed("an unexpected error occurred"))
            });
            answer.map(FunctionResponse::BufferedResponse)
        }
        Environment::Control(control) => {
            let answer = Box::pin(handle_control(control, event)).await;
            answer.map(FunctionResponse::BufferedResponse)
        }
    }
}

/// A request to the control door, or the time to do what is due: only that can fail.
async fn handle_control(control: &ControlEnvironment, event: &RawValue) -> Result<Box<RawValue>, Diagnostic> {
    let parsed = Event::parse(event.get());
    match parsed.as_ref().ok().and_then(Kind::of) {
        Some(Kind::Request(trigger)) => {
            let request = parsed.and_then(|event| trigger.request(&event));
            Ok(answer_control(control, trigger, request).await)
        }
        Some(Kind::Scheduled) => match unless_panics(Box::pin(control.do_what_is_due())).await {
            Some(Ok(())) => Ok(RawValue::NULL.to_owned()),
            Some(Err(error)) => Err(failed(&format!("what is due could not be done: {error}"))),
            None => Err(failed("an unexpected error occurred")),
        },
        Some(Kind::Authorize(_)) | None => {
            let reason = parsed.err().map_or_else(|| "it is of no trigger of this mode".to_owned(), |e| e.0);
            tracing::warn!(reason, "an event is not understood");
            Ok(answer_in_every_form(&Fault::NoRequest.respond()))
        }
    }
}

async fn answer_control(
    control: &ControlEnvironment,
    trigger: Trigger,
    request: Result<Request, Malformed>,
) -> Box<RawValue> {
    let response = match request {
        // On the heap: the control plane's future is large.
        Ok(request) => unless_panics(Box::pin(control.respond(&request))).await.unwrap_or_else(|| {
            tracing::error!("a request panicked");
            Fault::Failed.respond()
        }),
        Err(Malformed(reason)) => {
            tracing::warn!(reason, "a request is not understood");
            Fault::NoRequest.respond()
        }
    };
    trigger.answer(&response).unwrap_or_else(|TooLong| {
        tracing::error!(bytes_max = trigger.answer_bytes_max(), "an answer is longer than the trigger takes");
        answer_in_every_form(&Fault::Failed.respond())
    })
}

async fn proxy_request(environment: &GatewayEnvironment, event: &RawValue) -> Reply {
    let (trigger, request) = match read(event) {
        Ok(read) => read,
        Err(Malformed(reason)) => {
            tracing::warn!(reason, "an event is not understood");
            let fields = environment.settings.response_fields;
            let refusals = Refusals::new(&http::HeaderMap::new(), environment.ids.draw(), fields);
            let response = held(refusals.refuse(&BAD_REQUEST, 0));
            return FunctionResponse::BufferedResponse(answer_in_every_form(&response));
        }
    };
    let streams = environment.settings.response_streaming && trigger.can_stream();
    let refusals = Refusals::new(
        request.as_ref().map(|request| &request.headers).unwrap_or(&http::HeaderMap::new()),
        environment.ids.draw(),
        environment.settings.response_fields,
    );
    let response = match request {
        Ok(request) => {
            let bytes_max = (!streams).then(|| trigger.answer_bytes_max());
            match unless_panics(respond(environment, request, refusals.clone(), bytes_max)).await {
                Some(response) => response,
                None => {
                    tracing::error!("a request panicked");
                    environment.data_plane.reset();
                    refusals.refuse(&Problem::Internal, 0)
                }
            }
        }
        Err(Malformed(reason)) => {
            tracing::warn!(reason, "a request is not understood");
            refusals.refuse(&BAD_REQUEST, 0)
        }
    };
    match streams {
        true => FunctionResponse::StreamingResponse(streamed(response)),
        false => FunctionResponse::BufferedResponse(buffered(trigger, response, &refusals)),
    }
}

/// The trigger, and the request or what is wrong with it.
fn read(event: &RawValue) -> Result<(Trigger, Result<Request, Malformed>), Malformed> {
    let event = Event::parse(event.get())?;
    match Kind::of(&event) {
        Some(Kind::Request(trigger)) => Ok((trigger, trigger.request(&event))),
        Some(Kind::Authorize(_)) => {
            Err(Malformed("it is an authorizer's, and LATCHKEY_MODE is proxy".to_owned()))
        }
        Some(Kind::Scheduled) => Err(Malformed("it is a schedule's, and LATCHKEY_MODE is proxy".to_owned())),
        None => Err(Malformed("it is of no known trigger".to_owned())),
    }
}

async fn respond(
    environment: &GatewayEnvironment,
    request: Request,
    refusals: Refusals,
    bytes_max: Option<usize>,
) -> Response<Content> {
    #[cfg(test)]
    assert_ne!(request.path, tests::PANICS, "on purpose");
    if let Err(no_authority) = Authority::of_request(&request.headers, &request.host) {
        return refusals.refuse(&no_authority.into(), 0);
    }
    if let Err(misframed) = framing::judge_each(&request.headers) {
        return refusals.refuse(&misframed.into(), 0);
    }
    proxy::proxy(environment, request, refusals, bytes_max).await
}

fn buffered(trigger: Trigger, response: Response<Content>, refusals: &Refusals) -> Box<RawValue> {
    trigger.answer(&held(response)).unwrap_or_else(|TooLong| {
        let problem = Problem::ResponseTooLarge(trigger.answer_bytes_max());
        let response = held(refusals.refuse(&problem, 0));
        trigger.answer(&response).unwrap_or_else(|TooLong| answer_in_every_form(&response))
    })
}

/// With its body, which is held wherever nothing is streamed.
fn held(response: Response<Content>) -> Response<Bytes> {
    response.map(|content| match content {
        Content::Whole(bytes) => bytes,
        Content::Upstream(_) => Bytes::new(),
    })
}

/// Runs to the end, or to a panic (`None`).
async fn unless_panics<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::AwsEnvironment;
    use crate::config::Settings;
    use crate::secrets::{Secrets, SecretsFrom};
    use crate::store::DynamoStore;

    /// A request for this path panics.
    pub(super) const PANICS: &str = "/panics";

    async fn environment() -> Environment {
        let variable = |name: &str| match name {
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:9".to_owned()),
            "LATCHKEY_PEPPER" => Some("a pepper of more than thirty-two bytes".to_owned()),
            name if name.starts_with("LATCHKEY_") => None,
            _ => Some("text".to_owned()),
        };
        let settings = Settings::read(variable).unwrap();
        let aws = AwsEnvironment::read(variable).unwrap();
        let secrets = Secrets::get(&SecretsFrom::Environment, settings.mode, variable, &aws).await.unwrap();
        Environment::start(settings, secrets, DynamoStore::new(aws.dynamodb(), "none"), &aws)
    }

    async fn get(environment: &Environment, path: &str) -> Value {
        let context = json!({"http": {"method": "GET", "sourceIp": "192.0.2.7"}});
        let event = json!({"version": "2.0", "rawPath": path, "headers": {}, "requestContext": context});
        let event = RawValue::from_string(event.to_string()).unwrap();
        match handle(environment, &event).await.unwrap() {
            FunctionResponse::BufferedResponse(json) => serde_json::from_str(json.get()).unwrap(),
            FunctionResponse::StreamingResponse(_) => panic!("streamed"),
        }
    }

    #[tokio::test]
    async fn a_request_that_panics_is_answered_and_the_next_is_served() {
        let environment = environment().await;
        let answer = get(&environment, PANICS).await;
        assert_eq!(answer["statusCode"], 500, "{answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["message"], "An unexpected error occurred");
        assert_eq!(get(&environment, "/-/health").await["statusCode"], 200);
    }

    #[tokio::test]
    async fn a_panic_is_no_more_than_no_answer() {
        assert_eq!(unless_panics(async { 1 }).await, Some(1));
        let late = async {
            tokio::task::yield_now().await;
            if true {
                panic!("on purpose");
            }
            1
        };
        assert_eq!(unless_panics(late).await, None);
    }
}
