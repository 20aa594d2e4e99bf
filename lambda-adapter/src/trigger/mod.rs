//! What invokes the function: a file for each trigger, with what it sends and how it is answered.

mod ambiguous_path;
mod load_balancer;
mod payload_1;
mod payload_2;
mod schedule;

use bytes::Bytes;
use http::Response;
use serde_json::value::RawValue;

use crate::answer::{Answer, Lists, joined};
use crate::event::{Event, Malformed};
use crate::request::Request;

pub(crate) use ambiguous_path::is_path_ambiguous;

/// Longest answer that Lambda takes, in bytes of JSON (6 MB,
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LAMBDA_BYTES_MAX: usize = 6 << 20;

/// Who sends requests, and so the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Function URL, or HTTP API with payload format 2.0.
    Payload2,
    /// REST API, or HTTP API with payload format 1.0.
    Payload1,
    /// Application Load Balancer; of a field sent twice it tells the last value.
    LoadBalancer,
    /// The same with multi-value headers on: then it reads these alone.
    LoadBalancerLists,
}

/// Which authorizer is asked, and so the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorizer {
    /// HTTP API, payload format 2.0.
    Payload2,
    /// REST API, or HTTP API with payload format 1.0.
    Payload1,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request(Trigger),
    Authorize(Authorizer),
    /// The time has come to do what is due; nobody waits for an answer.
    Scheduled,
}

/// What is known of a trigger.
struct Form {
    /// The request that an event tells of.
    request: fn(&Event<'_>) -> Result<Request, Malformed>,
    /// A response as it reads it.
    answer: for<'r> fn(&'r Response<Bytes>) -> Answer<'r>,
    /// Longest answer, in bytes of JSON; a body in base64 takes a third more than its own length.
    answer_bytes_max: usize,
    /// Whether it can take a response in a stream.
    can_stream: bool,
}

/// The answer is longer than the trigger takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Trigger {
    fn form(self) -> &'static Form {
        match self {
            Trigger::Payload2 => &payload_2::FORM,
            Trigger::Payload1 => &payload_1::FORM,
            Trigger::LoadBalancer => &load_balancer::FORM,
            Trigger::LoadBalancerLists => &load_balancer::FORM_OF_LISTS,
        }
    }

    /// The request that an event of this trigger tells of.
    pub(crate) fn request(self, event: &Event<'_>) -> Result<Request, Malformed> {
        (self.form().request)(event)
    }

    /// The whole answer, as JSON.
    pub(crate) fn answer(self, response: &Response<Bytes>) -> Result<Box<RawValue>, TooLong> {
        let json = (self.form().answer)(response).to_json();
        if json.get().len() > self.answer_bytes_max() { Err(TooLong) } else { Ok(json) }
    }

    /// Longest answer, in bytes of JSON.
    pub(crate) fn answer_bytes_max(self) -> usize {
        self.form().answer_bytes_max
    }

    /// Whether it can take a response in a stream.
    pub(crate) fn can_stream(self) -> bool {
        self.form().can_stream
    }
}

impl Authorizer {
    /// The request that is asked about.
    pub(crate) fn request(self, event: &Event<'_>) -> Result<Request, Malformed> {
        match self {
            Authorizer::Payload2 => payload_2::request(event),
            Authorizer::Payload1 => payload_1::request(event),
        }
    }
}

impl Kind {
    /// What an event is; `None`: of no trigger that is known here.
    pub(crate) fn of(event: &Event<'_>) -> Option<Self> {
        if let Some(kind) = &event.authorizer_type {
            // A token authorizer is told neither path nor query.
            return match (kind.0 == "REQUEST", &event.route_arn, &event.method_arn) {
                (true, Some(_), _) => Some(Kind::Authorize(Authorizer::Payload2)),
                (true, None, Some(_)) => Some(Kind::Authorize(Authorizer::Payload1)),
                _ => None,
            };
        }
        let trigger = if load_balancer::sends(event) {
            match event.multi_value_headers {
                Some(_) => Trigger::LoadBalancerLists,
                None => Trigger::LoadBalancer,
            }
        } else if payload_2::sends(event) {
            Trigger::Payload2
        } else if payload_1::sends(event) {
            Trigger::Payload1
        } else {
            return schedule::sends(event).then_some(Kind::Scheduled);
        };
        Some(Kind::Request(trigger))
    }
}

/// An answer that every trigger reads, for an event of none that is known.
pub(crate) fn answer_in_every_form(response: &Response<Bytes>) -> Box<RawValue> {
    let answer = Answer {
        status_description: Some(load_balancer::describe_status(response.status())),
        headers: Some(joined(response.headers(), false)),
        multi_value_headers: Some(Lists(response.headers())),
        ..Answer::new(response)
    };
    answer.to_json()
}

/// What the tests of each trigger begin with.
#[cfg(test)]
mod testing {
    use http::header::{HeaderName, HeaderValue};
    use serde_json::Value;

    use super::*;

    /// The request of an event with this text.
    pub(super) fn request(json: &str) -> Request {
        let event = Event::parse(json).unwrap();
        match Kind::of(&event).unwrap() {
            Kind::Request(trigger) => trigger.request(&event).unwrap(),
            Kind::Authorize(authorizer) => authorizer.request(&event).unwrap(),
            Kind::Scheduled => panic!("a schedule's event is no request"),
        }
    }

    /// A REST API's event with these members, or a load balancer's where `context` says so.
    pub(super) fn payload_1(members: &str, context: &str) -> Request {
        request(&format!(
            r#"{{"httpMethod": "GET", "path": "/a", {members} "requestContext": {{{context}}}}}"#
        ))
    }

    pub(super) fn values<'r>(request: &'r Request, name: &str) -> Vec<&'r str> {
        request.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(super) fn check_client_ip(request: &Request, ip: &str, forwarded_for: &[&str]) {
        assert_eq!(request.client_ip, ip.parse().ok());
        assert_eq!(values(request, "x-forwarded-for"), forwarded_for);
    }

    pub(super) fn response(headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body));
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        response
    }

    /// What a response with a field and a cookie twice is answered.
    pub(super) fn check_answer(trigger: Trigger, expected: Value) {
        let headers = [
            ("content-type", "text/plain"),
            ("vary", "a"),
            ("vary", "b"),
            ("set-cookie", "c=1; Path=/"),
            ("set-cookie", "d=2"),
        ];
        let answer = trigger.answer(&response(&headers, b"hi")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(answer.get()).unwrap(), expected);
    }

    /// Whether a body of so many bytes is taken.
    pub(super) fn check_length(trigger: Trigger, bytes: usize, media_type: &str, fits: bool) {
        let answer = trigger.answer(&response(&[("content-type", media_type)], &vec![b'x'; bytes]));
        assert_eq!(answer.is_ok(), fits, "{trigger:?} {bytes} {media_type}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<Kind>) {
        assert_eq!(Kind::of(&Event::parse(json).unwrap()), expected, "{json}");
    }

    #[test]
    fn triggers_are_told_apart() {
        let request = |trigger| Some(Kind::Request(trigger));
        check(
            r#"{"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}"#,
            request(Trigger::Payload2),
        );
        check(
            r#"{"version": "1.0", "path": "/", "httpMethod": "GET", "requestContext": {"identity": {}}}"#,
            request(Trigger::Payload1),
        );
        check(r#"{"path": "/", "httpMethod": "GET", "requestContext": {}}"#, request(Trigger::Payload1));
        let alb = r#"{"path": "/", "httpMethod": "GET", "requestContext": {"elb": {}}, "headers": {}}"#;
        check(alb, request(Trigger::LoadBalancer));
        check(&alb.replace("headers", "multiValueHeaders"), request(Trigger::LoadBalancerLists));
    }

    #[test]
    fn authorizers_are_told_apart() {
        check(
            r#"{"version": "2.0", "type": "REQUEST", "routeArn": "a", "rawPath": "/", "requestContext": {"http": {}}}"#,
            Some(Kind::Authorize(Authorizer::Payload2)),
        );
        let rest = r#"{"type": "REQUEST", "methodArn": "a", "path": "/", "httpMethod": "GET", "requestContext": {}}"#;
        check(rest, Some(Kind::Authorize(Authorizer::Payload1)));
        check(&rest.replace("REQUEST", "TOKEN"), None);
        check(r#"{"type": "REQUEST"}"#, None);
    }

    #[test]
    fn a_schedule_is_known() {
        let event = r#"{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}"#;
        check(event, Some(Kind::Scheduled));
        check(&event.replace("aws.events", "aws.scheduler"), Some(Kind::Scheduled));
        check(&event.replace("aws.events", "my.shop"), None);
        check(&event.replace("Scheduled Event", "Object Created"), None);
    }

    #[test]
    fn what_is_of_no_trigger_has_no_kind() {
        for json in ["{}", r#"{"Records": []}"#, r#"{"requestContext": {"http": {}}}"#, r#"{"path": "/"}"#] {
            check(json, None);
        }
    }

    #[test]
    fn every_form_has_its_fields() {
        let response = testing::response(&[("content-type", "text/plain")], b"hi");
        let answer = answer_in_every_form(&response);
        let expected = serde_json::json!({
            "statusCode": 200,
            "statusDescription": "200 OK",
            "headers": {"content-type": "text/plain"},
            "multiValueHeaders": {"content-type": ["text/plain"]},
            "body": "hi",
            "isBase64Encoded": false,
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(answer.get()).unwrap(), expected);
    }

    #[test]
    fn only_a_load_balancer_takes_no_streams() {
        for (trigger, expected) in [
            (Trigger::Payload2, true),
            (Trigger::Payload1, true),
            (Trigger::LoadBalancer, false),
            (Trigger::LoadBalancerLists, false),
        ] {
            assert_eq!(trigger.can_stream(), expected, "{trigger:?}");
        }
    }
}
