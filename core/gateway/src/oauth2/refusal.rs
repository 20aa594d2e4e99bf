//! What oauth2 refuses, in the words of Kong and of RFC 6749, 6750 and 7662: JSON, whatever is accepted.

use http::StatusCode;
use http::header::{HeaderValue, InvalidHeaderValue};

use crate::json::Object;

/// A refusal: of a token endpoint, or of a request with a token or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) status: StatusCode,
    /// `error` of the answer.
    pub(crate) error: &'static str,
    /// `error_description` of the answer.
    pub(crate) description: std::borrow::Cow<'static, str>,
    /// `WWW-Authenticate`.
    pub(crate) challenge: Option<HeaderValue>,
    /// Seconds after which to try again.
    pub(crate) retry_after_s: Option<u64>,
    /// Whether the answer says that it must not be stored.
    pub(crate) is_unstored: bool,
}

/// Why a token is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// There is none.
    Missing,
    /// It is forged, has ended, was taken back, or is for something else: never told apart.
    Invalid,
    /// It is for every service, and this one does not take such.
    Global,
    /// There are two.
    TwoPlaces,
}

impl TokenFault {
    const ALL: [TokenFault; 4] =
        [TokenFault::Missing, TokenFault::Invalid, TokenFault::Global, TokenFault::TwoPlaces];

    fn status(self) -> StatusCode {
        match self {
            TokenFault::Missing | TokenFault::Invalid | TokenFault::Global => StatusCode::UNAUTHORIZED,
            TokenFault::TwoPlaces => StatusCode::BAD_REQUEST,
        }
    }

    fn error(self) -> &'static str {
        match self {
            TokenFault::Missing | TokenFault::TwoPlaces => "invalid_request",
            TokenFault::Invalid | TokenFault::Global => "invalid_token",
        }
    }

    fn description(self) -> &'static str {
        match self {
            TokenFault::Missing => "The access token is missing",
            TokenFault::Invalid => "The access token is invalid or has expired",
            TokenFault::Global => {
                "The access token is global, but the current plugin is configured without 'global_credentials'"
            }
            TokenFault::TwoPlaces => "The access token was sent in two places",
        }
    }

    /// What `Bearer` says of it: of a token that is missing nothing (RFC 6750 §3.1), of a global one, as
    /// Kong, what it says of any that is not good.
    fn parameters(self) -> Vec<(&'static str, String)> {
        let description = match self {
            TokenFault::Missing => return vec![],
            TokenFault::Global => TokenFault::Invalid.description(),
            TokenFault::Invalid | TokenFault::TwoPlaces => self.description(),
        };
        vec![("error", self.error().to_owned()), ("error_description", description.to_owned())]
    }
}

/// The refusals of a plugin, with its realm.
#[derive(Debug)]
pub(crate) struct Refusals {
    realm: Option<String>,
    /// In the order of [`TokenFault::ALL`].
    challenges: [HeaderValue; TokenFault::ALL.len()],
    insufficient: HeaderValue,
}

const INSUFFICIENT: &str = "insufficient_scope";
const INSUFFICIENT_DESCRIPTION: &str = "The access token lacks a scope that is required here";

impl Refusals {
    pub(crate) fn new(realm: Option<String>, required_scopes: &[String]) -> Self {
        let realm = realm.filter(|realm| !realm.is_empty());
        let insufficient = [
            ("error", INSUFFICIENT.to_owned()),
            ("error_description", INSUFFICIENT_DESCRIPTION.to_owned()),
            ("scope", required_scopes.join(" ")),
        ];
        Refusals {
            challenges: TokenFault::ALL.map(|fault| bearer(realm.as_deref(), &fault.parameters())),
            insufficient: bearer(realm.as_deref(), &insufficient),
            realm,
        }
    }

    /// The answer to a request that has no good token.
    pub(crate) fn of(&self, fault: TokenFault) -> Refusal {
        let challenge = self.challenges.get(fault as usize).cloned();
        Refusal { challenge, ..refusal(fault.status(), fault.error(), fault.description()) }
    }

    /// The answer to a token that lacks a scope.
    pub(crate) fn insufficient_scope(&self) -> Refusal {
        let challenge = Some(self.insufficient.clone());
        Refusal { challenge, ..refusal(StatusCode::FORBIDDEN, INSUFFICIENT, INSUFFICIENT_DESCRIPTION) }
    }

    /// The answer of an endpoint to a method that it does not know.
    pub(crate) fn method(&self, method: &str, endpoint: &str) -> Refusal {
        let error = "invalid_method";
        let description = format!("The HTTP method {method} is invalid for the {endpoint} endpoint");
        let parameters = [("error", error.to_owned()), ("error_description", description.clone())];
        let challenge = Some(bearer(self.realm.as_deref(), &parameters));
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Refusal { status, error, description: description.into(), challenge, ..refusal(status, error, "") }
    }
}

fn refusal(status: StatusCode, error: &'static str, description: &'static str) -> Refusal {
    Refusal {
        status,
        error,
        description: description.into(),
        challenge: None,
        retry_after_s: None,
        is_unstored: false,
    }
}

impl Refusal {
    /// A 400 of an endpoint.
    pub(super) fn bad(error: &'static str, description: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        let description = description.into();
        Refusal { description, is_unstored: true, ..refusal(StatusCode::BAD_REQUEST, error, "") }
    }

    /// The client is not who it says, by what stands in the parameters.
    pub(super) fn client() -> Self {
        Refusal::bad("invalid_client", "Invalid client authentication")
    }

    /// The same with the challenge of a field that the client authenticates in (RFC 6749 §5.2).
    pub(super) fn client_with_challenge() -> Self {
        let challenge = Some(HeaderValue::from_static("Basic realm=\"OAuth2.0\""));
        Refusal { status: StatusCode::UNAUTHORIZED, challenge, ..Refusal::client() }
    }

    /// Too many wrong secrets.
    pub(super) fn guessing(retry_after_s: u64) -> Self {
        Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            description: "Too many failed client authentications".into(),
            retry_after_s: Some(retry_after_s),
            ..Refusal::client()
        }
    }

    /// The body is longer than any such request.
    pub(super) fn too_large() -> Self {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Refusal { status, ..Refusal::bad("invalid_request", "The request body is too long") }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> String {
        Object::new().text("error", self.error).text("error_description", &self.description).end()
    }
}

/// `Bearer` with its parameters as quoted-strings (RFC 9110 §11.6.1). What no field can carry is left
/// out.
fn bearer(realm: Option<&str>, parameters: &[(&str, String)]) -> HeaderValue {
    let with_realm = |realm: Option<&str>| -> Result<HeaderValue, InvalidHeaderValue> {
        let realm = realm.map(|realm| ("realm", realm));
        let others = parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let quoted = |(name, value): (&str, &str)| {
            format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let parameters: Vec<String> = realm.into_iter().chain(others).map(quoted).collect();
        let separator = if parameters.is_empty() { "" } else { " " };
        HeaderValue::from_bytes(format!("Bearer{separator}{}", parameters.join(", ")).as_bytes())
    };
    let value = with_realm(realm).or_else(|_| with_realm(None));
    value.unwrap_or(HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(refusal: Refusal) -> String {
        refusal.challenge.unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn challenges_have_the_bytes_of_kong() {
        let plain = Refusals::new(None, &[]);
        let named = Refusals::new(Some("a \"b\"".to_owned()), &["x".to_owned(), "y".to_owned()]);
        let invalid =
            "error=\"invalid_token\", error_description=\"The access token is invalid or has expired\"";
        assert_eq!(challenge(plain.of(TokenFault::Missing)), "Bearer");
        assert_eq!(challenge(named.of(TokenFault::Missing)), "Bearer realm=\"a \\\"b\\\"\"");
        assert_eq!(challenge(plain.of(TokenFault::Invalid)), format!("Bearer {invalid}"));
        assert_eq!(challenge(plain.of(TokenFault::Global)), format!("Bearer {invalid}"));
        let with_realm = format!("Bearer realm=\"a \\\"b\\\"\", {invalid}");
        assert_eq!(challenge(named.of(TokenFault::Invalid)), with_realm);
        assert!(challenge(named.insufficient_scope()).ends_with(", scope=\"x y\""));
        assert_eq!(challenge(Refusals::new(Some(String::new()), &[]).of(TokenFault::Missing)), "Bearer");
        let unfit = Refusals::new(Some("a\nb".to_owned()), &[]);
        assert_eq!(challenge(unfit.of(TokenFault::Invalid)), format!("Bearer {invalid}"));
    }

    #[test]
    fn what_a_client_sent_is_escaped_in_the_answer() {
        let refusal = Refusal::bad("invalid_scope", "\"a\\b\" is an invalid scope".to_owned());
        let body: serde_json::Value = serde_json::from_str(&refusal.body()).unwrap();
        assert_eq!(body["error_description"], "\"a\\b\" is an invalid scope");
    }
}
