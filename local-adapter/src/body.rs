//! The body of a response on its way to the client; it is not held, it streams.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::failure::BrokenBody;
use crate::progress::Progress;
use crate::upstream::Content;

/// Body of a response on its way to the client.
pub(crate) struct ResponseBody {
    content: Content,
    progress: Rc<Progress>,
    is_broken: bool,
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
