//! One connection to an upstream: HTTP/1.1, driven by the task that uses it.
//!
//! Not hyper's client: that hands requests and responses through channels to a task of its own and
//! makes maps of what is only passed on, which costs more than all the rest of a request's way.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use latchkey_gateway::decision::Plan;
use latchkey_gateway::upstream::Upstream;
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

use crate::body::{BrokenBody, Content, RequestBody};
use crate::connect::Stream;
use crate::failure::Failure;
use crate::idle::Stack;
use crate::patience::Patience;
use crate::progress::Progress;
use crate::response_body::Decoder;
use crate::response_head::{self, ResponseHead};
use crate::upload::{Unsent, Upload};

/// Room for each read.
const READ_BYTES: usize = 8 * 1024;
/// The same while a long body comes.
const LONG_READ_BYTES: usize = 64 * 1024;
/// Larger buffers are not kept with an idle connection.
const BUFFER_KEPT_MAX: usize = 2 * READ_BYTES;

/// A connection to an upstream.
pub(crate) struct Link {
    stream: Stream,
    received: BytesMut,
    upload: Upload,
    /// Whether the upstream no longer takes what is sent to it.
    upstream_closed_reading: bool,
    patience: Patience,
}

/// An exchange that failed before the response's head.
pub(crate) struct Broken {
    /// Why.
    pub(crate) failure: Failure,
    /// Whether the upstream closed the connection, as it may do with one that was idle.
    pub(crate) is_closed: bool,
}

impl Broken {
    fn invalid(why: &'static str) -> Self {
        Broken { failure: Failure::Invalid(why), is_closed: false }
    }
}

impl Link {
    /// A fresh connection.
    pub(crate) fn new(stream: Stream, upstream: &Upstream) -> Box<Self> {
        Box::new(Link {
            stream,
            received: BytesMut::new(),
            upload: Upload::default(),
            upstream_closed_reading: false,
            patience: Patience::new(upstream),
        })
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn exchange(
        &mut self,
        plan: &Plan,
        head: &Parts,
        body: RequestBody,
        progress: &Progress,
    ) -> Result<ResponseHead, Broken> {
        self.upload.start(plan, head, body);
        poll_fn(|cx| self.poll_head(cx, &head.method, progress)).await
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
        progress: &Progress,
    ) -> Poll<Result<ResponseHead, Broken>> {
        if let Err(failure) = self.poll_upload(cx) {
            return Poll::Ready(Err(Broken { failure, is_closed: false }));
        }
        loop {
            while !self.received.is_empty() {
                match response_head::parse(&mut self.received, method) {
                    Ok(None) => break,
                    Ok(Some(head)) if head.status == StatusCode::SWITCHING_PROTOCOLS => {
                        return Poll::Ready(Err(Broken::invalid("protocol switched unasked")));
                    }
                    Ok(Some(head)) if head.status.is_informational() => {}
                    Ok(Some(head)) => {
                        self.patience.reward();
                        return Poll::Ready(Ok(head));
                    }
                    Err(malformed) => return Poll::Ready(Err(Broken::invalid(malformed.0))),
                }
            }
            match self.poll_read(cx, READ_BYTES) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => {
                    let failure = Failure::Invalid("closed before a response");
                    return Poll::Ready(Err(Broken { failure, is_closed: self.received.is_empty() }));
                }
                Poll::Pending if self.patience.is_over(cx, progress) => {
                    return Poll::Ready(Err(Broken { failure: Failure::TimedOut, is_closed: false }));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends on. An upstream that takes no more may still have answered; only the client's breaking
    /// off is an error.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.upstream_closed_reading {
            return Ok(());
        }
        match self.upload.poll(&mut self.stream, cx) {
            Poll::Ready(Err(Unsent::Client(failure))) => return Err(failure),
            Poll::Ready(Err(Unsent::Upstream)) => {
                self.upstream_closed_reading = true;
                self.upload.clear();
            }
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        self.received.reserve(room);
        pin!(self.stream.read_buf(&mut self.received)).poll(cx)
    }

    /// Looks whether an idle connection is still open, and silent as it should be.
    pub(crate) fn is_alive(&mut self) -> bool {
        if let Stream::Tcp(stream) = &self.stream {
            let silent = stream.try_read(&mut [0]);
            return silent.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        }
        self.poll_read(&mut Context::from_waker(Waker::noop()), READ_BYTES).is_pending()
    }

    /// Whether another request can be sent after a response that keeps the connection open.
    fn is_ready(&self) -> bool {
        self.upload.is_done() && !self.upstream_closed_reading && self.received.is_empty()
    }
}

/// The body of a response on a link; when it has ended, the link goes back to the idle ones.
pub(crate) struct LinkBody {
    decoder: Decoder,
    keeps_alive: bool,
    link: Option<Box<Link>>,
    service_id: Uuid,
    idle: Rc<Stack>,
    progress: Rc<Progress>,
}

impl LinkBody {
    /// The body that follows `head` on `link`: held whole if it is there already, which is usual for
    /// short ones.
    pub(crate) fn content(
        head: &mut ResponseHead,
        mut link: Box<Link>,
        service_id: Uuid,
        idle: Rc<Stack>,
        progress: &Rc<Progress>,
    ) -> Content {
        let decoder = std::mem::replace(&mut head.decoder, Decoder::Ended);
        let whole = match decoder {
            Decoder::Ended => Some(Bytes::new()),
            Decoder::Length(length) if length == link.received.len() as u64 => {
                Some(crate::response_body::take(&mut link.received, length))
            }
            _ => None,
        };
        let progress = Rc::clone(progress);
        let keeps_alive = head.keeps_alive;
        let mut body = LinkBody { decoder, keeps_alive, link: Some(link), service_id, idle, progress };
        match whole {
            Some(bytes) => {
                body.release();
                Content::Whole(bytes)
            }
            None => Content::Link(body),
        }
    }

    /// Next piece of the body.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let polled = self.poll_link(cx);
        if let Poll::Ready(Some(Err(BrokenBody))) = polled {
            self.link = None;
        } else if self.decoder == Decoder::Ended {
            self.release();
        }
        polled
    }

    fn poll_link(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let Some(link) = &mut self.link else { return Poll::Ready(None) };
        if link.poll_upload(cx).is_err() {
            return self.break_off("the client broke off its request");
        }
        loop {
            match self.decoder.decode(&mut link.received) {
                Ok(Some(frame)) => {
                    link.patience.reward();
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) if self.decoder == Decoder::Ended => return Poll::Ready(None),
                Ok(None) => {}
                Err(malformed) => return self.break_off(malformed.0),
            }
            let room = match self.decoder {
                Decoder::Length(left) if left <= READ_BYTES as u64 => READ_BYTES,
                _ => LONG_READ_BYTES,
            };
            match link.poll_read(cx, room) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) if self.decoder.close() => {
                    self.keeps_alive = false;
                    return Poll::Ready(None);
                }
                Poll::Ready(_) => return self.break_off("ended too early"),
                Poll::Pending if link.patience.is_over(cx, &self.progress) => {
                    return self.break_off("fell silent");
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn break_off(&self, why: &str) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        tracing::info!(service_id = %self.service_id, why, "response broken off");
        Poll::Ready(Some(Err(BrokenBody)))
    }

    /// Whether all of it was taken.
    pub(crate) fn is_end_stream(&self) -> bool {
        self.decoder == Decoder::Ended
    }

    /// How much is to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.decoder.size_hint()
    }

    /// A connection that is not ready by now is closing, or still has a request's body to send
    /// that nobody waits for: it is dropped.
    fn release(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        if self.keeps_alive && link.is_ready() {
            link.patience.reward();
            if link.received.capacity() > BUFFER_KEPT_MAX {
                link.received = BytesMut::new();
            }
            self.idle.put(link);
        }
    }
}
