//! One connection to an upstream: HTTP/1.1, driven by the task that uses it.
//!
//! Not hyper's client: that hands requests and responses through channels to a task of its own and
//! makes maps of what is only passed on, which costs more than all the rest of a request's way.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use http::request::Parts;
use http::{Method, StatusCode};
use latchkey_gateway::decision::Plan;
use latchkey_gateway::upstream::Upstream;
use tokio::io::AsyncReadExt as _;

use super::connect::Stream;
use super::patience::Patience;
use super::request_body::RequestBody;
use super::response_head::{self, ResponseHead};
use super::upload::{Unsent, Upload};
use crate::failure::Failure;
use crate::progress::Progress;

/// Room for each read.
pub(super) const READ_BYTES: usize = 8 * 1024;
/// The same while a long body comes.
pub(super) const LONG_READ_BYTES: usize = 64 * 1024;
/// Larger buffers are not kept with an idle connection.
pub(super) const BUFFER_KEPT_MAX: usize = 2 * READ_BYTES;

/// A connection to an upstream.
pub(crate) struct Link {
    stream: Stream,
    /// What came and was not taken yet.
    pub(super) received: BytesMut,
    upload: Upload,
    /// Whether the upstream no longer takes what is sent to it.
    upstream_closed_reading: bool,
    pub(super) patience: Patience,
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
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
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

    /// Reads on into `received`, for which `room` bytes are made.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
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
    pub(super) fn is_ready(&self) -> bool {
        self.upload.is_done() && !self.upstream_closed_reading && self.received.is_empty()
    }
}
