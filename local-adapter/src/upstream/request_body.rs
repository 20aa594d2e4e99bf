//! The body of a request on its way to the upstream; it is not held unless it was searched.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

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
