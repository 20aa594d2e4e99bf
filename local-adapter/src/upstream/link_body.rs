//! The body of a response on a pooled connection.

use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use uuid::Uuid;

use super::idle::Stack;
use super::link::{BUFFER_KEPT_MAX, LONG_READ_BYTES, Link, READ_BYTES};
use super::response_body::{self, Decoder};
use super::response_head::ResponseHead;
use crate::failure::BrokenBody;
use crate::progress::Progress;

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
    /// The body that follows `head` on `link`.
    pub(super) fn new(
        head: &mut ResponseHead,
        link: Box<Link>,
        service_id: Uuid,
        idle: Rc<Stack>,
        progress: &Rc<Progress>,
    ) -> Self {
        let decoder = std::mem::replace(&mut head.decoder, Decoder::Ended);
        let (keeps_alive, progress) = (head.keeps_alive, Rc::clone(progress));
        LinkBody { decoder, keeps_alive, link: Some(link), service_id, idle, progress }
    }

    /// All of it, if it is there already; then the link is given back.
    pub(super) fn take_whole(&mut self) -> Option<Bytes> {
        let received = &mut self.link.as_mut()?.received;
        let bytes = match self.decoder {
            Decoder::Ended => Bytes::new(),
            Decoder::Length(length) if length == received.len() as u64 => {
                response_body::take(received, length)
            }
            _ => return None,
        };
        self.release();
        Some(bytes)
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
