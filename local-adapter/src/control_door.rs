//! The control door: requests are judged by their heads, read whole, and answered by the control
//! thread.
//!
//! It has a thread of its own, so that nothing that is asked here takes time from proxied requests,
//! and seats and shares of the budget of its own, so that no flood at one door closes the other.

use std::convert::Infallible;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use latchkey_gateway::problem::Problem;
use latchkey_gateway::surface::{Surface, surface};
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;
use latchkey_request::authority::Authority;
use latchkey_request::framing::Misframed;
use tokio::time::interval;

use crate::admin::AdminRequest;
use crate::body::ResponseBody;
use crate::budget::Kind;
use crate::clients::{Clients, Terms};
use crate::control::Control;
use crate::failure::Abandoned;
use crate::hold::Held;
use crate::progress::Progress;
use crate::request_head::{named, says_host};
use crate::service::Service;
use crate::upstream::Content;

/// How often wrong admin tokens are looked for that are due for the log.
const SWEEP: Duration = Duration::from_secs(10);

/// The control door on its thread.
pub(crate) struct ControlDoor {
    clients: Clients,
    control: Control,
}

impl ControlDoor {
    /// Nobody served yet.
    pub(crate) fn new(clients: Terms, control: Control) -> Self {
        ControlDoor { clients: Clients::new(clients), control }
    }
}

impl Service for ControlDoor {
    fn clients(&self) -> &Clients {
        &self.clients
    }

    async fn answer(
        self: &Rc<Self>,
        peer_ip: IpAddr,
        request: Request<Incoming>,
        misframed: Option<Misframed>,
        progress: &Rc<Progress>,
    ) -> Result<Response<ResponseBody>, Abandoned> {
        let peer = self.clients.client(peer_ip, request.headers()).ip;
        let path = request.uri().path().to_owned();
        let response = match surface("", &path) {
            _ if misframed.is_some() => refuse_and_close(&misframed.expect("looked at").into()),
            _ if !is_for_somebody(&request) => json(StatusCode::BAD_REQUEST, "{\"message\":\"Bad request\"}"),
            Surface::Health => json(StatusCode::OK, "{\"status\":\"ok\"}"),
            Surface::Admin(path) => self.admin(path, peer, request, progress).await?,
            _ => json(StatusCode::NOT_FOUND, "{\"message\":\"Not found\"}"),
        };
        Ok(response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(progress))))
    }

    async fn tend(&self) -> Infallible {
        let mut sweep = interval(SWEEP);
        loop {
            sweep.tick().await;
            self.control.log_guesses();
        }
    }
}

/// By the same rule as proxied requests.
fn is_for_somebody<B>(request: &Request<B>) -> bool {
    let (uri, headers) = (request.uri(), request.headers());
    says_host(request.version(), headers) && Authority::of_request(headers, named(uri, headers)).is_ok()
}

impl ControlDoor {
    async fn admin(
        &self,
        path: &str,
        peer: IpAddr,
        request: Request<Incoming>,
        progress: &Rc<Progress>,
    ) -> Result<Response<Bytes>, Abandoned> {
        let (parts, body) = request.into_parts();
        // Nothing is held for whoever has no token.
        if let Some(refusal) = self.control.refuse(&parts, peer) {
            return Ok(refusal);
        }
        let holding = self.clients.holding();
        let body = match holding.collect(body, ADMIN_BODY_BYTES_MAX, Kind::ControlBody, peer, progress).await
        {
            Ok(Held::Whole(body)) => body.into_bytes(),
            Ok(Held::Refused(problem)) => return Ok(refuse_and_close(&problem)),
            Ok(Held::TooLarge | Held::Unread(_)) => {
                return Ok(json(StatusCode::PAYLOAD_TOO_LARGE, "{\"message\":\"Request body too large\"}"));
            }
            Err(failure) => {
                return failure.problem().map(|problem| refuse_and_close(&problem)).ok_or(Abandoned);
            }
        };
        let request = AdminRequest {
            method: parts.method,
            path: path.to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body,
        };
        Ok(self.control.admin(request).await)
    }
}

/// For a client that has more to send, which nobody will read.
fn refuse_and_close(problem: &Problem) -> Response<Bytes> {
    let message = serde_json::json!({ "message": problem.message() });
    let mut response = json(problem.status(), "");
    *response.body_mut() = message.to_string().into();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn json(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
