//! Bodies of responses: held, or as they come from an upstream.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::failure::Failure;

/// Body of a response.
#[derive(Debug)]
pub enum Content {
    /// Held.
    Whole(Bytes),
    /// Still to come.
    Upstream(UpstreamBody),
}

/// What an upstream sends, as long as it does not pause for too long.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    time_to_read: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl UpstreamBody {
    /// `time_to_read`: between two reads.
    pub(crate) fn new(incoming: Incoming, time_to_read: Duration) -> Self {
        UpstreamBody { incoming, time_to_read, deadline: Box::pin(tokio::time::sleep(time_to_read)) }
    }

    /// All of it, if it is no longer than `bytes_max`.
    pub(crate) async fn collect(mut self, bytes_max: usize) -> Result<Bytes, Failure> {
        if self.incoming.size_hint().lower() > bytes_max as u64 {
            return Err(Failure::TooLong(bytes_max));
        }
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
            let Ok(bytes) = frame?.into_data() else { continue };
            if first.len() + whole.len() + bytes.len() > bytes_max {
                return Err(Failure::TooLong(bytes_max));
            }
            if first.is_empty() && whole.is_empty() {
                first = bytes;
                continue;
            }
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&bytes);
        }
        // A short body comes in one piece, which is used as it is.
        Ok(if whole.is_empty() { first } else { whole.freeze() })
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            let deadline = Instant::now() + self.time_to_read;
            self.deadline.as_mut().reset(deadline);
            return Poll::Ready(frame.map(|frame| frame.map_err(|_| Failure::Invalid)));
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(Failure::TimedOut)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match &mut *self {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Upstream(body) => match ready!(Pin::new(body).poll_frame(context)) {
                Some(Err(failure)) => break_off(&failure),
                frame => Poll::Ready(frame),
            },
        }
    }
}

/// Ends the process in the middle of a streamed response that cannot be completed.
///
/// Only so does the client see that it is broken off: the runtime sends an error as further bytes
/// of the body, which then ends as if it were whole. The platform starts a new environment.
fn break_off(failure: &Failure) -> ! {
    tracing::error!(%failure, "an upstream broke off in the middle of a streamed response");
    std::process::exit(1)
}
