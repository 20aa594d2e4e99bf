//! Requests to ourselves: health, Admin API, and what is not there.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use latchkey_gateway::surface::Surface;
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;

use crate::environment::Environment;
use crate::request::Request;

/// Answers a request that is for no upstream.
pub(crate) async fn serve(
    environment: &Environment,
    surface: Surface<'_>,
    request: &Request,
) -> Response<Bytes> {
    match surface {
        Surface::Health => json(StatusCode::OK, "{\"status\":\"ok\"}"),
        Surface::Admin(path) => admin(environment, path, request).await,
        Surface::Status => admin(environment, "/status", request).await,
        Surface::PortalApi(_)
        | Surface::Portal(_)
        | Surface::Manager(_)
        | Surface::Nothing
        | Surface::Proxy => json(StatusCode::NOT_FOUND, "{\"message\":\"Not found\"}"),
    }
}

async fn admin(environment: &Environment, path: &str, request: &Request) -> Response<Bytes> {
    if let Some(refusal) = environment.control.refuse(request, environment.timer.now()) {
        return refusal;
    }
    if request.body.len() > ADMIN_BODY_BYTES_MAX {
        return json(StatusCode::PAYLOAD_TOO_LARGE, "{\"message\":\"Request body too large\"}");
    }
    let response = environment.control.admin(request, path).await;
    if !request.method.is_safe() {
        // Whatever the answer: a failed call may have changed something.
        environment.data_plane.hint_change();
    }
    response
}

/// A response of this part's own.
pub(crate) fn json(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
