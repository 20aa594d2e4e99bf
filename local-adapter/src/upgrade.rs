//! WebSocket: after the handshake bytes flow both ways until a side ends or both fall silent.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use hyper::client::conn::http1;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use latchkey_core::decision::Upstream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::timeout;

use crate::body::Content;
use crate::failure::Failure;
use crate::upstream::{Outgoing, Upstreams};

/// Sends a handshake over a connection of its own and, if the upstream agrees, joins both sides.
pub(crate) async fn send(
    upstreams: &Upstreams,
    upstream: &Arc<Upstream>,
    request: &mut Outgoing,
    client: OnUpgrade,
) -> Result<Response<Content>, Failure> {
    let stream = upstreams.connector.connect(upstream).await?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Invalid("handshake"))?;
    tokio::task::spawn_local(connection.with_upgrades());
    let silence_max = Duration::from_millis(upstream.read_timeout_ms);
    let request = request.take().ok_or(Failure::Invalid("no request"))?;
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
