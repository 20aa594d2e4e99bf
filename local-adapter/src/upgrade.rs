//! A WebSocket handshake, over a connection of its own.

use std::time::Duration;

use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use latchkey_gateway::decision::Plan;
use latchkey_gateway::forward::agrees_to_websocket;
use latchkey_published::limits::{HEAD_BYTES_MAX, HYPER_FIELDS_MAX};
use latchkey_request::framing;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::tunnel::{self, Lease};
use crate::upstream::{Content, RequestBody, Upstreams};

/// Sends a handshake and, if the upstream agrees, joins both sides.
pub(crate) async fn send(
    upstreams: &Upstreams,
    plan: &Plan,
    head: &Parts,
    body: RequestBody,
    client: OnUpgrade,
    lease: Lease,
) -> Result<Response<Content>, Failure> {
    let upstream = &plan.upstream;
    let stream = upstreams.connect(upstream).await?;
    let (mut sender, connection) = reader_of_long_heads()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::Invalid("handshake"))?;
    tokio::task::spawn_local(connection.with_upgrades());
    let silence_max = Duration::from_millis(upstream.read_timeout_ms);
    let request = handshake(plan, head, body);
    let mut response = timeout(silence_max, sender.send_request(request))
        .await
        .map_err(|_| Failure::TimedOut)?
        .map_err(|_| Failure::Invalid("no valid response"))?;
    // hyper undoes `chunked` and hands on what else there is, as plain.
    if framing::judge_codings(response.headers()).is_err() {
        return Err(Failure::Invalid("transfer coding"));
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !agrees_to_websocket(response.headers()) {
            return Err(Failure::Invalid("another protocol than was asked for"));
        }
        let server = hyper::upgrade::on(&mut response);
        tokio::task::spawn_local(async move {
            let (Ok(client), Ok(server)) = (client.await, server.await) else { return };
            tunnel::relay(TokioIo::new(client), TokioIo::new(server), silence_max, lease).await;
        });
    }
    Ok(response.map(Content::Incoming))
}

/// The limits of other responses hold for its heads too.
fn reader_of_long_heads() -> http1::Builder {
    let mut client = http1::Builder::new();
    client.max_headers(HYPER_FIELDS_MAX).max_buf_size(HEAD_BYTES_MAX);
    client
}

/// The request as hyper's client takes it.
fn handshake(plan: &Plan, head: &Parts, body: RequestBody) -> Request<RequestBody> {
    let mut request = Request::new(body);
    request.method_mut().clone_from(&head.method);
    request.uri_mut().clone_from(&head.uri);
    request.headers_mut().clone_from(&head.headers);
    // hyper says how the body is framed.
    for name in [header::EXPECT, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        request.headers_mut().remove(name);
    }
    plan.edit_headers(request.headers_mut());
    request
}
