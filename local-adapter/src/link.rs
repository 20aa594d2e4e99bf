//! One connection to an upstream, driven by the task that uses it.
//!
//! hyper wants a connection polled beside its requests, usually by a task of its own. Here the
//! request's task does it: no hand-over between tasks, and head and body arrive in one go.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Connection, SendRequest};
use hyper_util::rt::TokioIo;
use latchkey_core::decision::Upstream;
use tokio::time::Sleep;
use uuid::Uuid;

use crate::body::{BrokenBody, RequestBody};
use crate::connect::Stream;
use crate::failure::Failure;
use crate::gather::Gathering;
use crate::idle::Stack;
use crate::progress::Progress;

type HttpConnection = Connection<TokioIo<Gathering<Stream>>, RequestBody>;

/// A connection to an upstream.
pub(crate) struct Link {
    sender: SendRequest<RequestBody>,
    /// `None` once it has ended.
    connection: Option<Pin<Box<HttpConnection>>>,
    patience: Patience,
}

/// An exchange that failed before the response's head.
pub(crate) struct Broken {
    /// Why.
    pub(crate) failure: Failure,
    /// Whether the upstream closed the connection, as it may do with one that was idle.
    pub(crate) is_closed: bool,
    /// The request, when nothing of it was sent.
    pub(crate) unsent: Option<Request<RequestBody>>,
}

impl Link {
    /// Starts HTTP/1.1 on a fresh connection.
    pub(crate) async fn new(stream: Stream, upstream: &Upstream) -> Result<Self, Failure> {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(Gathering(stream)))
            .await
            .map_err(|_| Failure::Invalid("handshake"))?;
        Ok(Link { sender, connection: Some(Box::pin(connection)), patience: Patience::new(upstream) })
    }

    /// Takes a request, sends it and waits for the head of its response.
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Option<Request<RequestBody>>,
        progress: &Progress,
    ) -> Result<Response<Incoming>, Broken> {
        let Some(request) = request.take() else {
            return Err(Broken { failure: Failure::Invalid("no request"), is_closed: false, unsent: None });
        };
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| {
            drive(&mut self.connection, cx);
            match answer.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => {
                    self.patience.reward();
                    Poll::Ready(Ok(response))
                }
                Poll::Ready(Err(mut error)) => {
                    let unsent = error.take_message();
                    Poll::Ready(Err(Broken::new(error.error(), unsent)))
                }
                Poll::Pending if self.patience.is_over(cx, progress) => {
                    Poll::Ready(Err(Broken { failure: Failure::TimedOut, is_closed: false, unsent: None }))
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Whether another request can be sent now.
    pub(crate) fn is_ready(&self) -> bool {
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Looks whether an idle connection is still open.
    pub(crate) fn is_alive(&mut self) -> bool {
        drive(&mut self.connection, &mut Context::from_waker(Waker::noop()));
        self.is_ready()
    }
}

impl Broken {
    fn new(error: &hyper::Error, unsent: Option<Request<RequestBody>>) -> Self {
        // A fault of the request's body is the client's: hyper calls it a user's.
        let failure =
            if error.is_user() { Failure::ClientGone } else { Failure::Invalid("no valid response") };
        let is_closed = unsent.is_some() || !(error.is_user() || error.is_parse());
        Broken { failure, is_closed, unsent }
    }
}

fn drive(connection: &mut Option<Pin<Box<HttpConnection>>>, cx: &mut Context<'_>) {
    if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(cx).is_ready()) {
        *connection = None;
    }
}

/// How long the upstream may keep silent. One timer for the life of the connection: it is set
/// anew only when it fires, and then looks whether the wait really was that long.
struct Patience {
    read_timeout: Duration,
    write_timeout: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    fn new(upstream: &Upstream) -> Self {
        let read_timeout = Duration::from_millis(upstream.read_timeout_ms);
        let write_timeout = Duration::from_millis(upstream.write_timeout_ms);
        let timer = Box::pin(tokio::time::sleep(read_timeout.min(write_timeout)));
        Patience { read_timeout, write_timeout, waiting_since: None, timer }
    }

    /// Something came.
    fn reward(&mut self) {
        self.waiting_since = None;
    }

    /// To be asked whenever nothing came.
    fn is_over(&mut self, cx: &mut Context<'_>, progress: &Progress) -> bool {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let deadline = self.deadline(since, now, progress);
            if deadline <= now {
                return true;
            }
            let look_again = deadline.min(now + self.read_timeout.min(self.write_timeout));
            self.timer.as_mut().reset(look_again.into());
        }
        false
    }

    /// While a body is sent its pieces must move, unless it is the client who keeps us waiting;
    /// after that the response must.
    fn deadline(&self, since: Instant, now: Instant, progress: &Progress) -> Instant {
        if progress.is_upload_open() && progress.is_on_client() {
            return now + self.write_timeout;
        }
        let timeout = if progress.is_upload_open() { self.write_timeout } else { self.read_timeout };
        since.max(progress.upload_moved_at()) + timeout
    }
}

/// A response's body; when it has ended, its connection goes back to the idle ones.
pub(crate) struct LinkBody {
    incoming: Incoming,
    link: Option<Link>,
    service_id: Uuid,
    idle: Rc<Stack>,
    progress: Rc<Progress>,
}

impl LinkBody {
    /// The body that follows a head on `link`, which goes to `idle` at its end.
    pub(crate) fn new(
        incoming: Incoming,
        link: Link,
        service_id: Uuid,
        idle: Rc<Stack>,
        progress: Rc<Progress>,
    ) -> Self {
        let mut body = LinkBody { incoming, link: Some(link), service_id, idle, progress };
        if body.incoming.is_end_stream() {
            body.release(&mut Context::from_waker(Waker::noop()));
        }
        body
    }

    /// Next piece of the body.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if let Some(link) = &mut self.link {
            drive(&mut link.connection, cx);
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(link) = &mut self.link {
                    link.patience.reward();
                }
                if self.incoming.is_end_stream() {
                    self.release(cx);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.release(cx);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(service_id = %self.service_id, %error, "response broken off");
                self.link = None;
                Poll::Ready(Some(Err(BrokenBody)))
            }
            Poll::Pending => self.wait(cx),
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let Some(link) = &mut self.link else { return Poll::Pending };
        if !link.patience.is_over(cx, &self.progress) {
            return Poll::Pending;
        }
        tracing::info!(service_id = %self.service_id, "upstream fell silent in a response");
        self.link = None;
        Poll::Ready(Some(Err(BrokenBody)))
    }

    /// Whether all of it was taken.
    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    /// How much is to come.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    /// A connection that is not ready by now is closing, or still has a request's body to send
    /// that nobody waits for: it is dropped.
    fn release(&mut self, cx: &mut Context<'_>) {
        let Some(mut link) = self.link.take() else { return };
        if !link.is_ready() {
            drive(&mut link.connection, cx);
        }
        if link.is_ready() {
            link.patience.reward();
            self.idle.put(link);
        }
    }
}
