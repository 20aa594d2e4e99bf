//! A client's socket as hyper uses it, watched: what heads of requests show is noted, what they hold
//! is charged to the budget, and whoever ends a connection can know that all was sent.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use latchkey_published::limits::HELD_FREE_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::budget::Charge;
use crate::heads::{HeadWatch, Heads};
use crate::seats::Seat;

/// Read at once of a body that is held, in bytes.
const HELD_READ_BYTES: usize = 8 * 1024;
/// Head and body of a short response together, in bytes: up to this they are copied into one
/// buffer, which costs less than having the kernel gather them.
const GATHER_BYTES_MAX: usize = 2048;
/// Room that hyper has for a head, for each byte of it: it doubles its buffer to make room.
const ROOM_OF_HEAD: usize = 2;
/// Sent where hyper has no word: it only sees that reading fails.
const TOO_MUCH_HELD: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json; charset=utf-8\r\nretry-after: 1\r\nconnection: close\r\n\
    content-length: 75\r\n\r\n{\"message\":\"The gateway holds too much for others, please try again later\"}";
/// Sent when a head does not come to its end.
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\n\
    content-type: application/json; charset=utf-8\r\nconnection: close\r\n\
    content-length: 48\r\n\r\n{\"message\":\"The request's head came too slowly\"}";

/// What the socket and the task that serves it tell each other. Both are on one thread; hyper wants
/// whatever can be upgraded to be [`Send`], hence the atomics.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// A request is being answered: what comes is not of a head.
    is_in_request: AtomicBool,
    /// The body that is coming is held.
    is_held: AtomicBool,
    /// Bytes of the head that is coming.
    head_bytes: AtomicUsize,
    /// Who waits until all is sent.
    on_flushed: Mutex<Option<Waker>>,
    awaits_flush: AtomicBool,
}

impl Wire {
    /// A head has come whole.
    pub(crate) fn begin_request(&self) {
        self.is_in_request.store(true, Ordering::Relaxed);
        self.head_bytes.store(0, Ordering::Relaxed);
    }

    /// The request's body is held, or no longer.
    pub(crate) fn hold_body(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Relaxed);
    }

    /// What comes from now on is of the next head.
    pub(crate) fn end_request(&self) {
        self.is_in_request.store(false, Ordering::Relaxed);
    }

    /// Whether a request is being answered.
    pub(crate) fn is_in_request(&self) -> bool {
        self.is_in_request.load(Ordering::Relaxed)
    }

    /// Whether a part of a head has come, and no more yet.
    pub(crate) fn has_part_of_head(&self) -> bool {
        self.head_bytes.load(Ordering::Relaxed) > 0
    }

    /// Has the calling task woken when all that is to be sent so far is with the kernel.
    pub(crate) fn await_flush(&self, cx: &Context<'_>) {
        *self.on_flushed.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        self.awaits_flush.store(true, Ordering::Relaxed);
    }

    /// Whether that is still to come.
    pub(crate) fn awaits_flush(&self) -> bool {
        self.awaits_flush.load(Ordering::Relaxed)
    }

    fn flushed(&self) {
        if self.awaits_flush() {
            self.awaits_flush.store(false, Ordering::Relaxed);
            let waker = self.on_flushed.lock().unwrap_or_else(PoisonError::into_inner).take();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// A client's socket. It takes a seat as long as it is open, also in a tunnel.
pub(crate) struct ClientStream {
    stream: TcpStream,
    wire: Arc<Wire>,
    watch: HeadWatch,
    held: Charge,
    /// Whether hyper has anything in its hands that was not sent.
    is_flushed: bool,
    _seat: Seat,
}

impl ClientStream {
    /// Watches a socket; what its heads show is told to `heads`, and what they hold charged to `held`.
    pub(crate) fn new(
        stream: TcpStream,
        wire: &Arc<Wire>,
        heads: &Arc<Heads>,
        held: Charge,
        seat: Seat,
    ) -> Self {
        let (wire, watch) = (Arc::clone(wire), HeadWatch::new(Arc::clone(heads)));
        ClientStream { stream, wire, watch, held, is_flushed: true, _seat: seat }
    }

    /// Tells a client that has begun a head and does not end it.
    pub(crate) fn refuse_slow_head(&mut self) {
        if self.wire.has_part_of_head() {
            self.tell(TOO_SLOW);
        }
    }

    /// Bytes that have come and were not read.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Unless it would stand within another answer.
    fn tell(&mut self, answer: &[u8]) {
        if self.is_flushed {
            let _ = self.stream.try_write(answer);
        }
    }

    /// Counts bytes of a head; whether they may be held.
    fn hold(&mut self, bytes: usize) -> bool {
        if self.wire.is_in_request() {
            return true;
        }
        let head_bytes = self.wire.head_bytes.load(Ordering::Relaxed) + bytes;
        if head_bytes == bytes {
            // The first of a head: what was held of the one before is gone.
            self.held.clear();
        }
        self.wire.head_bytes.store(head_bytes, Ordering::Relaxed);
        head_bytes <= HELD_FREE_BYTES || self.held.grow_to(ROOM_OF_HEAD * head_bytes)
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.wire.is_held.load(Ordering::Relaxed) {
            ready!(read_little(&mut self.stream, cx, buffer))?;
        } else {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        }
        let bytes = buffer.filled().len() - before;
        if bytes > 0 && !self.hold(bytes) {
            self.tell(TOO_MUCH_HELD);
            return Poll::Ready(Err(io::Error::other("the budget for heads is used up")));
        }
        self.watch.look(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

/// Reads so little that hyper sees no reason to set more room aside: its buffers grow with what is
/// read into them, and are not counted.
fn read_little(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let mut piece = [0; HELD_READ_BYTES];
    let room = buffer.remaining().min(HELD_READ_BYTES);
    let mut part = ReadBuf::new(&mut piece[..room]);
    ready!(Pin::new(stream).poll_read(cx, &mut part))?;
    buffer.put_slice(part.filled());
    Poll::Ready(Ok(()))
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_flushed = false;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_flushed = false;
        let stream = Pin::new(&mut self.stream);
        if let [slice] = slices {
            return stream.poll_write(cx, slice);
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length > GATHER_BYTES_MAX {
            return stream.poll_write_vectored(cx, slices);
        }
        let mut buffer = [0; GATHER_BYTES_MAX];
        let mut end = 0;
        for slice in slices {
            buffer[end..end + slice.len()].copy_from_slice(slice);
            end += slice.len();
        }
        stream.poll_write(cx, &buffer[..length])
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls this when it has handed over all that it had to send.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.is_flushed = true;
        self.wire.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
