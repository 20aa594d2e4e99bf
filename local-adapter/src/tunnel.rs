//! A WebSocket after its handshake: bytes flow both ways until a side ends, both fall silent, or the
//! caller has lost the right to it.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::request::Parts;
use latchkey_gateway::decision::Plan;
use latchkey_gateway::gateway::{Right, Standing};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{sleep, sleep_until, timeout};

use crate::frames::{CLOSE, Frames, masked_close};
use crate::request_head::head;
use crate::worker::Worker;

/// Room for what one side has sent and the other has not taken.
const BUFFER_BYTES: usize = 8 * 1024;
/// How long a side gets to take leave.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// Shortest time between two looks at what has changed; a shorter bound is not kept.
const LOOK_MIN: Duration = Duration::from_millis(10);

/// By what a tunnel is open: the request that opened it, and the right that it had.
pub(crate) struct Lease {
    worker: Rc<Worker>,
    head: Parts,
    peer_ip: IpAddr,
    right: Right,
    request_id: u128,
}

impl Lease {
    /// Of a handshake as the client sent it; `None`: it passes as an ordinary request.
    pub(crate) fn new(
        worker: &Rc<Worker>,
        plan: &Plan,
        head: &Parts,
        peer_ip: IpAddr,
        request_id: u128,
    ) -> Option<Self> {
        let right = **plan.upgrade.as_ref()?;
        let (mut copy, ()) = http::Request::new(()).into_parts();
        copy.method.clone_from(&head.method);
        copy.uri.clone_from(&head.uri);
        copy.version = head.version;
        copy.headers.clone_from(&head.headers);
        Some(Lease { worker: Rc::clone(worker), head: copy, peer_ip, right, request_id })
    }

    /// Ends when the caller has lost the right, or it cannot be told any longer whether they have.
    ///
    /// Core says how long an answer is good for. Changes are looked for twice in that time, which is
    /// one atomic read while there are none.
    async fn lost(&self) {
        let published = &self.worker.data_plane.published;
        let mut good_until = Instant::now();
        loop {
            let epoch = published.epoch();
            let now = Instant::now();
            let good_for = match self.ask(now) {
                Standing::Lost => return,
                Standing::Holds { ms } => Duration::from_millis(ms),
                // The store cannot be read: again, while the answer before is good.
                Standing::Untold => good_until.saturating_duration_since(now).min(LOOK_MIN),
            };
            if good_for.is_zero() {
                return;
            }
            good_until = good_until.max(now + good_for);
            let (end, look) = (now + good_for, (good_for / 2).max(LOOK_MIN));
            while Instant::now() < end && epoch == published.epoch() {
                sleep(look.min(end.saturating_duration_since(Instant::now()))).await;
            }
        }
    }

    fn ask(&self, now: Instant) -> Standing {
        let data_plane = &self.worker.data_plane;
        let now = data_plane.timer.now(now);
        let head = head(&self.worker.clients, &self.head, self.peer_ip, now, self.request_id);
        data_plane.stands(&head, &self.right, now)
    }
}

/// Joins both sides until the end.
pub(crate) async fn relay<S>(mut client: S, mut server: S, silence_max: Duration, lease: Lease)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let heard_at = Cell::new(Instant::now());
    let (mut up, mut down) = (Direction::new(), Direction::new());
    let flow = poll_fn(|cx| {
        let up = up.poll(cx, &mut client, &mut server, &heard_at)?;
        let down = down.poll(cx, &mut server, &mut client, &heard_at)?;
        if up.is_ready() && down.is_ready() { Poll::Ready(io::Result::Ok(())) } else { Poll::Pending }
    });
    tokio::select! {
        _ = flow => return,
        () = silence(&heard_at, silence_max) => return tracing::debug!("silent for too long"),
        () = lease.lost() => {}
    }
    let request_id = latchkey_gateway::problem::request_id_text(lease.request_id);
    tracing::info!(request_id, "a tunnel is closed: its caller has lost the right to it");
    let mask = (lease.worker.request_ids.draw() as u32).to_ne_bytes();
    let to_client = down.frames.is_between().then_some(&CLOSE[..]);
    let to_server = masked_close(mask);
    let to_server = up.frames.is_between().then_some(&to_server[..]);
    tokio::join!(take_leave(&mut client, to_client), take_leave(&mut server, to_server));
}

/// Says why, between two frames, and ends. What still comes is read away: a connection that is closed
/// with something unread is reset, and what was said last is lost.
async fn take_leave<S: AsyncRead + AsyncWrite + Unpin>(side: &mut S, close: Option<&[u8]>) {
    let leave = async {
        if let Some(close) = close {
            side.write_all(close).await?;
        }
        side.shutdown().await?;
        let mut unread = [0; 1024];
        while side.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(LEAVE_MAX, leave).await;
}

/// Ends when nothing was heard for so long.
async fn silence(heard_at: &Cell<Instant>, silence_max: Duration) {
    loop {
        let end = heard_at.get() + silence_max;
        if end <= Instant::now() {
            return;
        }
        sleep_until(end.into()).await;
    }
}

/// From one side to the other.
struct Direction {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    is_flushed: bool,
    has_ended: bool,
    is_done: bool,
    /// Of what the other side was given.
    frames: Frames,
}

impl Direction {
    fn new() -> Self {
        Direction {
            buffer: vec![0; BUFFER_BYTES].into(),
            start: 0,
            end: 0,
            is_flushed: true,
            has_ended: false,
            is_done: false,
            frames: Frames::default(),
        }
    }

    /// Ready when one side has ended and the other was told.
    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut S,
        to: &mut S,
        heard_at: &Cell<Instant>,
    ) -> Poll<io::Result<()>> {
        while !self.is_done {
            while self.start < self.end {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.buffer[self.start..self.end]))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.frames.pass(&self.buffer[self.start..self.start + written]);
                self.start += written;
                self.is_flushed = false;
            }
            if self.has_ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.is_done = true;
                break;
            }
            let mut room = ReadBuf::new(&mut self.buffer);
            match Pin::new(&mut *from).poll_read(cx, &mut room)? {
                Poll::Ready(()) => {
                    heard_at.set(Instant::now());
                    (self.start, self.end) = (0, room.filled().len());
                    self.has_ended = self.end == 0;
                }
                Poll::Pending => {
                    if !self.is_flushed {
                        ready!(Pin::new(&mut *to).poll_flush(cx))?;
                        self.is_flushed = true;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
