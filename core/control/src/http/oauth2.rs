//! Access tokens taken back: by their clients (RFC 7009), and by administrators.

use std::sync::PoisonError;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::basic::address_and_password;
use super::problem::Refusal;
use super::routing::Matched;
use super::{Control, Head, answer};
use crate::audit::Who;
use crate::ports::{Clock, Random};
use crate::registry::{ClientSeen, Error, Revoked};
use latchkey_store::Store;
use uuid::Uuid;

/// As the token endpoint has it.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"OAuth2.0\"");

/// What is wrong with a call of a client (RFC 6749 §5.2).
struct Fault {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    /// Whether the client has shown itself in `Authorization`.
    challenges: bool,
    /// After how many seconds it may be tried again.
    retry_after_s: Option<u64>,
}

impl Fault {
    fn invalid_request(description: &'static str) -> Self {
        Fault {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description,
            challenges: false,
            retry_after_s: None,
        }
    }

    fn invalid_client(by_field: bool) -> Self {
        Fault {
            status: if by_field { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST },
            error: "invalid_client",
            description: "Invalid client authentication",
            challenges: by_field,
            retry_after_s: None,
        }
    }

    fn too_many(retry_after_s: u64) -> Self {
        Fault {
            status: StatusCode::TOO_MANY_REQUESTS,
            error: "temporarily_unavailable",
            description: "Too many failed attempts",
            challenges: false,
            retry_after_s: Some(retry_after_s),
        }
    }

    fn not_theirs() -> Self {
        Fault { error: "invalid_grant", ..Fault::invalid_request("The token was issued to another client") }
    }

    fn respond(&self) -> Response<Bytes> {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = answer::json(self.status, &body);
        let headers = response.headers_mut();
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.extend(self.challenges.then_some((WWW_AUTHENTICATE, CHALLENGE)));
        headers.extend(self.retry_after_s.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
        response
    }
}

/// What a client sends.
struct Asked {
    token: String,
    client_id: String,
    client_secret: String,
    by_field: bool,
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Takes a token back for its client. One that is not known is answered as one that is.
    pub(super) async fn revoke(
        &self,
        endpoint: &'static str,
        head: &Head<'_>,
        body: &[u8],
    ) -> Result<Response<Bytes>, Refusal> {
        let failed = |error: Error| Refusal::Registry { endpoint, error };
        self.registry.refuse_while_restoring().await.map_err(failed)?;
        let asked = match read(head, body) {
            Ok(asked) => asked,
            Err(fault) => return Ok(fault.respond()),
        };
        let client = match self.authenticate(&asked, head).await.map_err(failed)? {
            Ok(client) => client,
            Err(fault) => return Ok(fault.respond()),
        };
        let acting = self.acting_for(&Who::client(client), head);
        let revoked = acting.registry.revoke_token(&asked.token, Some(client)).await.map_err(failed)?;
        Ok(match revoked {
            Revoked::NotTheirs => Fault::not_theirs().respond(),
            revoked => {
                let said = said_of(revoked).map_or_else(|| json!({}), |message| json!({"message": message}));
                answer::json(StatusCode::OK, &said)
            }
        })
    }

    async fn authenticate(&self, asked: &Asked, head: &Head<'_>) -> Result<Result<Uuid, Fault>, Error> {
        let seen = self.registry.authenticate_client(&asked.client_id, &asked.client_secret).await?;
        let guessed = match seen {
            ClientSeen::Authenticated(id) => return Ok(Ok(id)),
            ClientSeen::WrongSecret(id) => Some(id),
            ClientSeen::Unknown => None,
        };
        let now_ms = self.registry.clock().unix_ms();
        let mut guesses = self.secret_guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let too_many = guesses.count(guessed, head.client_ip, now_ms);
        Ok(Err(too_many.map_or_else(|| Fault::invalid_client(asked.by_field), Fault::too_many)))
    }

    /// Takes a token back for an administrator; it is fine when it is none.
    pub(super) async fn delete_access_token(&self, matched: &Matched) -> Result<Response<Bytes>, Error> {
        let revoked = self.registry.revoke_token(matched.text("access_token"), None).await?;
        Ok(match said_of(revoked) {
            None => answer::empty(StatusCode::NO_CONTENT),
            Some(message) => answer::message(StatusCode::OK, message),
        })
    }

    /// Refuses tokens that are to be brought.
    pub(super) fn refuse_access_tokens(&self) -> Result<Response<Bytes>, Error> {
        Err(Error::field(
            "access_token",
            "tokens are not stored, and so none can be brought: bring the credential, and get a token by it",
        ))
    }
}

/// What is said where more was taken back than was asked for.
fn said_of(revoked: Revoked) -> Option<&'static str> {
    match revoked {
        Revoked::Nothing | Revoked::Token | Revoked::NotTheirs => None,
        Revoked::AllOfItsCredential => Some(
            "the token has no end of its own: all tokens that its credential was issued until now are revoked",
        ),
        Revoked::AllOfAnother => Some(
            "the list of revoked tokens is full: all tokens are revoked that the credential of the oldest on it \
             was issued until now",
        ),
    }
}

fn read(head: &Head<'_>, body: &[u8]) -> Result<Asked, Fault> {
    let pairs = pairs(head.headers, body)?;
    let in_query: Vec<(String, String)> =
        serde_urlencoded::from_str(head.query.unwrap_or_default()).unwrap_or_default();
    if in_query.iter().any(|(name, _)| ["client_id", "client_secret", "token"].contains(&name.as_str())) {
        return Err(Fault::invalid_request("Credentials and tokens are not taken from the URI"));
    }
    let value = |name: &str| {
        let mut named = pairs.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone());
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(Fault::invalid_request("A parameter is repeated")),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    };
    let (client_id, client_secret) = (value("client_id")?, value("client_secret")?);
    let by_field = head.headers.contains_key(http::header::AUTHORIZATION);
    let shown = match (address_and_password(head.headers), client_secret) {
        (Some((id, secret)), named_secret) => {
            let (id, secret) = (decoded(&id)?, decoded(&secret)?);
            if client_id.is_some_and(|named| named != id) || named_secret.is_some_and(|named| named != secret)
            {
                return Err(Fault::invalid_request("The client authenticates in two ways that differ"));
            }
            Some((id, secret))
        }
        (None, secret) => client_id.zip(secret).filter(|_| !by_field),
    };
    let (client_id, client_secret) = shown.ok_or_else(|| Fault::invalid_client(by_field))?;
    let token = value("token")?.ok_or_else(|| Fault::invalid_request("The token is missing"))?;
    Ok(Asked { token, client_id, client_secret, by_field })
}

/// A form, as RFC 7009 has it, or JSON, as the token endpoint takes it too.
fn pairs(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, Fault> {
    let unread = || Fault::invalid_request("The body cannot be read");
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    match essence.trim_ascii().to_ascii_lowercase().as_slice() {
        b"application/json" => {
            let object: crate::schema::Object = serde_json::from_slice(body).map_err(|_| unread())?;
            let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
            Ok(object.into_iter().filter_map(text).collect())
        }
        b"application/x-www-form-urlencoded" => serde_urlencoded::from_bytes(body).map_err(|_| unread()),
        _ => Err(unread()),
    }
}

/// RFC 6749 §2.3.1: both are encoded as in a form first.
fn decoded(text: &str) -> Result<String, Fault> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Fault::invalid_client(true))
}
