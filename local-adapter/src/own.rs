//! Requests to ourselves: health, Admin API, and what is not there.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use latchkey_gateway::problem::Problem;
use latchkey_gateway::surface::Surface;
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;
use latchkey_request::authority::Authority;

use crate::admin::AdminRequest;
use crate::body::{Content, ResponseBody};
use crate::budget::Kind;
use crate::hold::ReadBody;
use crate::progress::Progress;
use crate::proxy::{ClientGone, named, says_host};
use crate::worker::Worker;

/// Answers a request to a part of the program other than the proxy.
pub(crate) async fn answer(
    worker: &Worker,
    surface: Surface<'_>,
    peer: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
) -> Result<Response<ResponseBody>, ClientGone> {
    let response = match surface {
        _ if !is_for_somebody(&request) => json(StatusCode::BAD_REQUEST, "{\"message\":\"Bad request\"}"),
        Surface::Health => json(StatusCode::OK, "{\"status\":\"ok\"}"),
        Surface::Admin(path) => admin(worker, path, peer, request, progress).await?,
        Surface::Status => admin(worker, "/status", peer, request, progress).await?,
        Surface::PortalApi(_)
        | Surface::Portal(_)
        | Surface::Manager(_)
        | Surface::Nothing
        | Surface::Proxy => json(StatusCode::NOT_FOUND, "{\"message\":\"Not found\"}"),
    };
    Ok(response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(progress))))
}

/// By the same rule as proxied requests.
fn is_for_somebody<B>(request: &Request<B>) -> bool {
    let (uri, headers) = (request.uri(), request.headers());
    says_host(request.version(), headers) && Authority::of_request(headers, named(uri, headers)).is_ok()
}

async fn admin(
    worker: &Worker,
    path: &str,
    peer: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
) -> Result<Response<Bytes>, ClientGone> {
    let (parts, body) = request.into_parts();
    // Nothing is held for whoever has no token.
    if let Some(refusal) = worker.data_plane.control.refuse(&parts, peer) {
        return Ok(refusal);
    }
    let collecting = worker.holding.collect(body, ADMIN_BODY_BYTES_MAX, Kind::AdminBody, peer, progress);
    let body = match collecting.await {
        Ok(ReadBody::Whole(body)) => body.into_bytes(),
        Ok(ReadBody::Refused(problem)) => return Ok(refuse_and_close(&problem)),
        Ok(ReadBody::TooLarge | ReadBody::Unread(_)) => {
            return Ok(json(StatusCode::PAYLOAD_TOO_LARGE, "{\"message\":\"Request body too large\"}"));
        }
        Err(failure) => return failure.problem().map(|problem| refuse_and_close(&problem)).ok_or(ClientGone),
    };
    let request = AdminRequest {
        method: parts.method,
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body,
    };
    Ok(worker.data_plane.control.admin(request).await)
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
