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
    /// Who sends an event of EventBridge, and of which kind it is.
    #[serde(borrow)]
    pub(crate) source: Option<Text<'e>>,
    #[serde(rename = "detail-type", borrow)]
    pub(crate) detail_type: Option<Text<'e>>,
    /// `REQUEST` or `TOKEN`: an authorizer is asked.
    #[serde(rename = "type", borrow)]
    pub(crate) authorizer_type: Option<Text<'e>>,
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
    pub(crate) elb: Option<IgnoredAny>,
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

impl<'e> Event<'e> {
    /// Reads an event. The error names no content.
    pub(crate) fn parse(json: &'e str) -> Result<Self, Malformed> {
        serde_json::from_str(json).map_err(|error| {
            // What was found stands in serde's words, and could be a secret.
            Malformed(format!("the event does not parse, at line {} column {}", error.line(), error.column()))
        })
    }
}

/// An event that cannot be understood, and why; nothing of its content is in the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_shows_nothing_of_the_event() {
        let error = Event::parse(r#"{"headers": "lk_secret"}"#).unwrap_err();
        assert!(!error.0.contains("lk_secret"), "{}", error.0);
        assert!(Event::parse("7").is_err());
    }
}
