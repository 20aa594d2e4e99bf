//! WebSocket: after the handshake bytes flow both ways until a side ends or both fall silent.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use hyper::client::conn::http1;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use latchkey_core::decision::Plan;
use latchkey_core::limits::{HEAD_BYTES_MAX, HYPER_FIELDS_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::timeout;

use crate::body::{Content, RequestBody};
use crate::failure::Failure;
use crate::upstream::Upstreams;

/// Sends a handshake over a connection of its own and, if the upstream agrees, joins both sides.
pub(crate) async fn send(
    upstreams: &Upstreams,
    plan: &Plan,
    head: &Parts,
    body: RequestBody,
    client: OnUpgrade,
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
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let server = hyper::upgrade::on(&mut response);
        tokio::task::spawn_local(join(client, server, silence_max));
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

async fn join(client: OnUpgrade, server: OnUpgrade, silence_max: Duration) {
    let (Ok(client), Ok(server)) = (client.await, server.await) else { return };
    let heard_at = Rc::new(Cell::new(Instant::now()));
    let mut client = Heard { stream: TokioIo::new(client), at: Rc::clone(&heard_at) };
    let mut server = Heard { stream: TokioIo::new(server), at: Rc::clone(&heard_at) };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = silence(&heard_at, silence_max) => tracing::debug!("silent for too long"),
    }
}

/// Ends when nothing was heard for so long.
async fn silence(heard_at: &Cell<Instant>, silence_max: Duration) {
    loop {
        let end = heard_at.get() + silence_max;
        if end <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(end.into()).await;
    }
}

/// Notes when something was last read.
struct Heard {
    stream: TokioIo<Upgraded>,
    at: Rc<Cell<Instant>>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            self.at.set(Instant::now());
        }
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
