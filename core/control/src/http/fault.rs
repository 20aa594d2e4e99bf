//! What befalls an adapter before or after core is asked, as an answer of the control door.

use bytes::Bytes;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use latchkey_request::authority::NoAuthority;
use latchkey_request::framing::Misframed;

use super::answer;

/// Why a request is answered without the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not say whom it is for, which HTTP/1.1 asks (RFC 9112 §3.2).
    NoHost,
    /// It does not say in one way where its body ends.
    Misframed(Misframed),
    /// What the platform tells of it is no request.
    NoRequest,
    /// Its body is longer than [`super::Knock::Read`] allows.
    BodyTooLarge,
    /// Its body comes too slowly.
    BodyTooSlow,
    /// Its body broke off, or cannot be read.
    BodyBroken,
    /// Too many other bodies are held already.
    TooMuchHeld,
    /// Its client asks too often.
    TooManyRequests,
    /// The installation lacks a setting; the log says which.
    Unconfigured,
    /// The control plane does not answer; what was asked may have been done.
    OutOfReach,
    /// Something failed; the cause is in the log.
    Failed,
}

impl Fault {
    fn status(self) -> StatusCode {
        match self {
            Fault::NoHost
            | Fault::NoRequest
            | Fault::BodyBroken
            | Fault::Misframed(Misframed::Doubtful(_)) => StatusCode::BAD_REQUEST,
            Fault::Misframed(Misframed::UnknownCoding) => StatusCode::NOT_IMPLEMENTED,
            Fault::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Fault::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Fault::TooMuchHeld | Fault::Unconfigured | Fault::OutOfReach => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Fault::NoHost => NoAuthority::MESSAGE,
            Fault::Misframed(Misframed::Doubtful(sentence)) => sentence,
            Fault::Misframed(Misframed::UnknownCoding) => Misframed::UNKNOWN_CODING_MESSAGE,
            Fault::NoRequest => "Bad request",
            Fault::BodyTooLarge => "Request body too large",
            Fault::BodyTooSlow => "Request body comes too slowly",
            Fault::BodyBroken => "The request body could not be read",
            Fault::TooMuchHeld => "Too many requests are held, please try again",
            Fault::TooManyRequests => "Too many requests, please try again",
            Fault::Unconfigured => "The control plane is not configured",
            Fault::OutOfReach => "The control plane is out of reach, please try again",
            Fault::Failed => "An unexpected error occurred",
        }
    }

    /// Whether the client has, or may have, more to send, which nobody will read.
    fn closes(self) -> bool {
        match self {
            Fault::Misframed(_) | Fault::BodyTooSlow | Fault::BodyBroken | Fault::TooMuchHeld => true,
            Fault::NoHost
            | Fault::NoRequest
            | Fault::BodyTooLarge
            | Fault::TooManyRequests
            | Fault::Unconfigured
            | Fault::OutOfReach
            | Fault::Failed => false,
        }
    }

    /// The answer.
    pub fn respond(self) -> Response<Bytes> {
        let mut response = answer::message(self.status(), self.message());
        let headers = response.headers_mut();
        if matches!(self, Fault::TooMuchHeld | Fault::TooManyRequests | Fault::OutOfReach) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
