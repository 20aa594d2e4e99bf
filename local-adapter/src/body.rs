//! Bodies on their way: to the upstream, and back to the client. Neither is held, both stream.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::link::LinkBody;
use crate::progress::Progress;

/// Body of a request on its way to the upstream.
pub(crate) enum RequestBody {
    /// Held whole; empty when taken or absent.
    Whole(Bytes),
    /// As it comes from the client.
    Stream {
        /// The client's body.
        incoming: Incoming,
        /// Told of every piece.
        progress: Rc<Progress>,
    },
}

impl RequestBody {
    /// The client's body, passed on as it comes.
    pub(crate) fn stream(incoming: Incoming, progress: &Rc<Progress>) -> Self {
        if incoming.is_end_stream() {
            return RequestBody::Whole(Bytes::new());
        }
        progress.open_upload();
        RequestBody::Stream { incoming, progress: Rc::clone(progress) }
    }

    /// The same again, when it can be sent more than once.
    pub(crate) fn replay(&self) -> Option<Self> {
        match self {
            RequestBody::Whole(bytes) => Some(RequestBody::Whole(bytes.clone())),
            RequestBody::Stream { .. } => None,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            RequestBody::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            RequestBody::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            RequestBody::Stream { incoming, progress } => {
                let polled = Pin::new(incoming).poll_frame(cx);
                match &polled {
                    Poll::Ready(Some(Ok(_))) => progress.move_upload(),
                    Poll::Ready(ended) => {
                        progress.close_upload();
                        if ended.is_none() {
                            progress.end_body();
                        }
                    }
                    Poll::Pending if !progress.is_on_client() => progress.turn_to_client(),
                    Poll::Pending => {}
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            RequestBody::Whole(bytes) => bytes.is_empty(),
            RequestBody::Stream { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            RequestBody::Stream { incoming, .. } => incoming.size_hint(),
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let RequestBody::Stream { progress, .. } = self {
            progress.close_upload();
        }
    }
}

/// Body of a response on its way to the client.
pub(crate) struct ResponseBody {
    content: Content,
    progress: Rc<Progress>,
    is_broken: bool,
}

/// Where a response's body comes from.
pub(crate) enum Content {
    /// Made here.
    Whole(Bytes),
    /// From an upstream's pooled connection.
    Link(LinkBody),
    /// From a connection of its own.
    Incoming(Incoming),
}

impl ResponseBody {
    /// A body for the client whose connection reports to `progress`.
    pub(crate) fn new(content: Content, progress: Rc<Progress>) -> Self {
        ResponseBody { content, progress, is_broken: false }
    }

    /// Reports that the body has broken off, once all before it is with the kernel: hyper throws
    /// away what it has not sent when it hears of it, head and all.
    fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if self.progress.wire().awaits_flush() {
            self.progress.wire().await_flush(cx);
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(BrokenBody)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if self.is_broken {
            return self.poll_broken(cx);
        }
        let polled = match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Link(body) => body.poll_frame(cx),
            Content::Incoming(body) => {
                let polled = Pin::new(body).poll_frame(cx);
                polled.map(|frame| frame.map(|frame| frame.map_err(|_| BrokenBody)))
            }
        };
        if polled.is_pending() && !self.progress.is_upload_open() {
            self.progress.turn_to_upstream();
        }
        let frame = ready!(polled);
        self.progress.turn_to_client();
        if let Some(Err(BrokenBody)) = frame {
            self.is_broken = true;
            self.progress.wire().await_flush(cx);
            // hyper flushes after it has asked us, but for one path, from which it must come back.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Link(body) => body.is_end_stream(),
            Content::Incoming(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Link(body) => body.size_hint(),
            Content::Incoming(body) => body.size_hint(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.progress.end_request();
    }
}

/// A body that ended before its end; the connection to the client is cut, so that it notices.
#[derive(Debug)]
pub(crate) struct BrokenBody;

impl std::fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the upstream broke off")
    }
}

impl std::error::Error for BrokenBody {}
