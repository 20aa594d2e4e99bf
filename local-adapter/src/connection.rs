//! One client connection: HTTP/1.1, watched so that a client that stalls is dropped.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use latchkey_core::surface::{Surface, surface};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::body::ResponseBody;
use crate::config::PREFIX;
use crate::gather::Gathering;
use crate::own;
use crate::progress::Progress;
use crate::proxy::{Abandoned, proxy};
use crate::worker::Worker;

/// A client that owes us something, the next request or taking a response, has between four and
/// five of these: 60 to 75 seconds, as nginx has it by default.
const TICK: Duration = Duration::from_secs(15);
const TICKS_MAX: u32 = 5;

/// Serves a connection until it ends.
pub(crate) async fn serve(worker: Rc<Worker>, stream: TcpStream, peer: SocketAddr) {
    let progress = Rc::new(Progress::new());
    let presence = worker.enter();
    let service = service_fn(|request| {
        let (worker, progress) = (Rc::clone(&worker), Rc::clone(&progress));
        async move { handle(&worker, peer.ip().to_canonical(), request, &progress).await }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(Gathering(stream)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut watch = Watch::new();
    let mut is_draining = false;
    poll_fn(|cx| {
        presence.wake_on_drain(cx);
        if worker.is_draining() && !is_draining {
            is_draining = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(outcome) = connection.as_mut().poll(cx) {
            if let Err(error) = outcome {
                tracing::debug!(%error, "connection ended");
            }
            return Poll::Ready(());
        }
        watch.poll(cx, &progress)
    })
    .await;
}

/// A request for this panics, in tests.
#[cfg(test)]
pub(crate) const PANIC_PATH: &str = "/-/panic";

async fn handle(
    worker: &Worker,
    peer_ip: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
) -> Result<Response<ResponseBody>, Abandoned> {
    #[cfg(test)]
    assert_ne!(request.uri().path(), PANIC_PATH);
    progress.turn_to_upstream();
    // Cloned only for our own surfaces: the proxy consumes the request whole.
    if surface(PREFIX, request.uri().path()) == Surface::Proxy {
        return proxy(worker, peer_ip, request, progress).await;
    }
    let path = request.uri().path().to_owned();
    let client_ip = worker.client(peer_ip, request.headers()).ip;
    own::answer(worker, surface(PREFIX, &path), client_ip, request, progress).await
}

/// Ends when the client has owed us something for too long: one timer for the whole connection,
/// looked at a few times a minute.
struct Watch {
    timer: Pin<Box<Sleep>>,
    steps_seen: u64,
    ticks: u32,
}

impl Watch {
    fn new() -> Self {
        Watch { timer: Box::pin(tokio::time::sleep(TICK)), steps_seen: 0, ticks: 0 }
    }

    fn poll(&mut self, cx: &mut Context<'_>, progress: &Progress) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(Instant::now() + TICK);
            let stalls = progress.is_on_client() && progress.steps() == self.steps_seen;
            self.ticks = if stalls { self.ticks + 1 } else { 0 };
            self.steps_seen = progress.steps();
            if self.ticks >= TICKS_MAX {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
