//! One client connection: HTTP/1.1, watched so that a client that stalls is dropped.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use latchkey_published::limits::{HEAD_BYTES_MAX, HYPER_FIELDS_MAX};
use latchkey_request::framing;
use latchkey_request::framing::Misframed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::body::ResponseBody;
use crate::client_stream::ClientStream;
use crate::failure::ClientGone;
use crate::heads::Heads;
use crate::progress::Progress;
use crate::seats::Seat;
use crate::service::Service;

/// How often a connection is looked at.
const TICK: Duration = Duration::from_secs(15);
/// A client that owes us something, the next request or taking a response, has between four and
/// five of these: 60 to 75 seconds, as nginx has it by default.
const TICKS_MAX: u32 = 5;
/// A client that has begun the head of a request has between one and two to end it: 15 to 30
/// seconds, at whatever pace. Apache grants 20 to 40.
const HEAD_TICKS_MAX: u32 = 2;
/// A client that was answered before it had sent everything gets so long to take the answer:
/// closing at once would have the kernel throw it away (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection is not served any longer.
enum End {
    /// Both sides agree.
    Agreed,
    /// What the client sent cannot be read, or the answer cannot be sent to its end.
    Broken,
    /// The client owes us something for too long.
    Stalled,
    /// Others want its place.
    GivesWay,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<S: Service>(service: Rc<S>, stream: TcpStream, peer: SocketAddr, seat: Seat) {
    let peer = peer.ip().to_canonical();
    let clients = service.clients();
    let (presence, progress) = clients.enter();
    let heads = Arc::new(Heads::default());
    let answer = service_fn(|request| {
        let (service, progress, heads) = (Rc::clone(&service), Rc::clone(&progress), Arc::clone(&heads));
        async move { handle(&service, peer, request, &progress, &heads).await }
    });
    let stream = ClientStream::new(stream, progress.wire(), &heads, clients.charge_heads(peer), seat);
    let mut connection = http1::Builder::new()
        .half_close(true)
        .max_headers(HYPER_FIELDS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        // hyper may read more at once than that.
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let mut watch = Watch::new();
    let mut is_draining = false;
    let end = poll_fn(|cx| {
        presence.wake_on_drain(cx);
        let mut connection = Pin::new(&mut connection);
        if clients.is_draining() && !is_draining {
            is_draining = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(outcome) = connection.poll(cx) {
            return Poll::Ready(match outcome {
                Ok(()) => End::Agreed,
                Err(error) => {
                    tracing::debug!(%error, "connection ended");
                    End::Broken
                }
            });
        }
        if progress.has_to_give_way() {
            return Poll::Ready(End::GivesWay);
        }
        watch.poll(cx, &progress).map(|()| End::Stalled)
    })
    .await;
    // Without it, the stream is in a tunnel.
    if let Some(parts) = connection.into_parts() {
        leave(parts.io.into_inner(), &end, &progress, clients.is_draining()).await;
    }
}

/// Closes a connection, giving the client time to take what it was sent.
async fn leave(mut stream: ClientStream, end: &End, progress: &Progress, is_draining: bool) {
    if matches!(end, End::Stalled) {
        stream.refuse_slow_head();
    }
    let socket = stream.socket();
    let mut unread = [0; 4096];
    let has_more = socket.try_read(&mut unread).is_ok_and(|bytes| bytes > 0);
    let may_send = matches!(end, End::Broken | End::Stalled) || progress.is_unread();
    if is_draining || !(has_more || may_send) {
        return;
    }
    let drained = async {
        if socket.shutdown().await.is_ok() {
            while socket.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {}
        }
    };
    let _ = tokio::time::timeout(LINGER, drained).await;
}

/// A request for this panics, in tests.
#[cfg(test)]
pub(crate) const PANIC_PATH: &str = "/-/panic";

async fn handle<S: Service>(
    service: &Rc<S>,
    peer_ip: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
    heads: &Heads,
) -> Result<Response<ResponseBody>, ClientGone> {
    #[cfg(test)]
    assert_ne!(request.uri().path(), PANIC_PATH);
    progress.begin_request(!request.body().is_end_stream());
    let fault = misframed(heads, &request);
    let response = service.answer(peer_ip, request, fault, progress).await;
    if response.as_ref().is_ok_and(|response| response.status() == StatusCode::SWITCHING_PROTOCOLS) {
        heads.stop();
    }
    response
}

/// Why it cannot be told where a request ends. Asked of every request, since heads are counted.
fn misframed(heads: &Heads, request: &Request<Incoming>) -> Option<Misframed> {
    let hidden = heads.next_fault();
    // One without a body has no framing that hyper has not judged.
    let has_body = !request.body().is_end_stream();
    hidden.or_else(|| has_body.then(|| framing::judge(request.headers()).err())?)
}

/// Ends when the client has owed us something for too long, or does not end a head: one timer for
/// the whole connection, looked at a few times a minute.
struct Watch {
    timer: Pin<Box<Sleep>>,
    steps_seen: u64,
    ticks: u32,
    head_ticks: u32,
}

impl Watch {
    fn new() -> Self {
        Watch { timer: Box::pin(tokio::time::sleep(TICK)), steps_seen: 0, ticks: 0, head_ticks: 0 }
    }

    fn poll(&mut self, cx: &mut Context<'_>, progress: &Progress) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(Instant::now() + TICK);
            let stalls = progress.is_on_client() && progress.steps() == self.steps_seen;
            self.ticks = if stalls { self.ticks + 1 } else { 0 };
            self.steps_seen = progress.steps();
            self.head_ticks = if progress.wire().has_part_of_head() { self.head_ticks + 1 } else { 0 };
            if self.ticks >= TICKS_MAX || self.head_ticks >= HEAD_TICKS_MAX {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
