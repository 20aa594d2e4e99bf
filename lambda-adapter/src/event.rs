//! Events of all triggers in one form, read in one pass: what tells them apart comes with the rest.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::text::{Pairs, Text};

/// What of an event is of use; every trigger fills some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Event<'e> {
    #[serde(borrow)]
    pub(crate) version: Option<Text<'e>>,
    /// `REQUEST` or `TOKEN`: an authorizer is asked.
    #[serde(rename = "type", borrow)]
    authorizer_type: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) method_arn: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) route_arn: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) raw_path: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) raw_query_string: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) http_method: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) path: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) headers: Option<Pairs<'e>>,
    #[serde(borrow)]
    pub(crate) multi_value_headers: Option<Pairs<'e>>,
    #[serde(borrow)]
    pub(crate) query_string_parameters: Option<Pairs<'e>>,
    #[serde(borrow)]
    pub(crate) multi_value_query_string_parameters: Option<Pairs<'e>>,
    /// Payload 2.0: method and path of the API's route, with `{parameters}`.
    #[serde(borrow)]
    pub(crate) route_key: Option<Text<'e>>,
    /// Payload 1.0: path of the API's resource.
    #[serde(borrow)]
    pub(crate) resource: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) path_parameters: Option<Pairs<'e>>,
    #[serde(borrow)]
    pub(crate) cookies: Option<Vec<Text<'e>>>,
    #[serde(borrow)]
    pub(crate) body: Option<Text<'e>>,
    pub(crate) is_base64_encoded: Option<bool>,
    #[serde(borrow)]
    pub(crate) request_context: Option<EventContext<'e>>,
}

/// `requestContext`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventContext<'e> {
    elb: Option<IgnoredAny>,
    #[serde(borrow)]
    pub(crate) http: Option<EventHttp<'e>>,
    #[serde(borrow)]
    pub(crate) identity: Option<EventIdentity<'e>>,
    #[serde(borrow)]
    pub(crate) domain_name: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) domain_prefix: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) api_id: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) stage: Option<Text<'e>>,
}

/// `requestContext.http` of payload 2.0.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventHttp<'e> {
    #[serde(borrow)]
    pub(crate) method: Option<Text<'e>>,
    #[serde(borrow)]
    pub(crate) source_ip: Option<Text<'e>>,
}

/// `requestContext.identity` of payload 1.0.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventIdentity<'e> {
    #[serde(borrow)]
    pub(crate) source_ip: Option<Text<'e>>,
}

/// Who invoked the function, and so the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Function URL, or HTTP API with payload format 2.0.
    Payload2,
    /// REST API, or HTTP API with payload format 1.0.
    Payload1,
    /// Application Load Balancer.
    LoadBalancer {
        /// Whether its target group has multi-value headers on: then it reads these alone.
        multi_value: bool,
    },
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
}

impl<'e> Event<'e> {
    /// Reads an event. The error names no content.
    pub(crate) fn parse(json: &'e str) -> Result<Self, Malformed> {
        serde_json::from_str(json).map_err(|error| {
            // What was found stands in serde's words, and could be a secret.
            Malformed(format!("the event does not parse, at line {} column {}", error.line(), error.column()))
        })
    }

    /// What it is; `None`: of no trigger that is known here.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let context = self.request_context.as_ref();
        if let Some(kind) = &self.authorizer_type {
            // A token authorizer is told neither path nor query.
            return match (kind.0 == "REQUEST", &self.route_arn, &self.method_arn) {
                (true, Some(_), _) => Some(Kind::Authorize(Authorizer::Payload2)),
                (true, None, Some(_)) => Some(Kind::Authorize(Authorizer::Payload1)),
                _ => None,
            };
        }
        if context.is_some_and(|context| context.elb.is_some()) {
            let multi_value = self.multi_value_headers.is_some();
            return Some(Kind::Request(Trigger::LoadBalancer { multi_value }));
        }
        match context.is_some_and(|context| context.http.is_some()) {
            true => self.raw_path.is_some().then_some(Kind::Request(Trigger::Payload2)),
            false => {
                let is_payload_1 = self.http_method.is_some() && self.path.is_some();
                is_payload_1.then_some(Kind::Request(Trigger::Payload1))
            }
        }
    }
}

/// An event that cannot be understood, and why; nothing of its content is in the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<Kind>) {
        assert_eq!(Event::parse(json).unwrap().kind(), expected, "{json}");
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
        check(alb, request(Trigger::LoadBalancer { multi_value: false }));
        check(
            &alb.replace("headers", "multiValueHeaders"),
            request(Trigger::LoadBalancer { multi_value: true }),
        );
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
    fn what_is_of_no_trigger_has_no_kind() {
        for json in ["{}", r#"{"Records": []}"#, r#"{"requestContext": {"http": {}}}"#, r#"{"path": "/"}"#] {
            check(json, None);
        }
    }

    #[test]
    fn the_reason_shows_nothing_of_the_event() {
        let error = Event::parse(r#"{"headers": "lk_secret"}"#).unwrap_err();
        assert!(!error.0.contains("lk_secret"), "{}", error.0);
        assert!(Event::parse("7").is_err());
    }
}
