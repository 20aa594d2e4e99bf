//! Sending a request to an upstream, over an idle connection when there is one.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use latchkey_core::decision::Upstream;

use crate::body::RequestBody;
use crate::connect::Connector;
use crate::failure::Failure;
use crate::idle::{Idle, Stack};
use crate::link::{Broken, Link, LinkBody};
use crate::progress::Progress;

/// The connections of one thread to all upstreams.
#[derive(Default)]
pub(crate) struct Upstreams {
    /// Makes new ones.
    pub(crate) connector: Connector,
    /// Those not in use.
    pub(crate) idle: Idle,
}

/// A request on its way out; in an `Option` so that it need not be moved from call to call.
pub(crate) type Outgoing = Option<Request<RequestBody>>;

impl Upstreams {
    /// Takes a request, sends it and waits for the head of the response. `now` may be a little
    /// past.
    pub(crate) async fn send(
        &self,
        upstream: &Arc<Upstream>,
        request: &mut Outgoing,
        progress: &Rc<Progress>,
        now: Instant,
    ) -> Result<Response<LinkBody>, Failure> {
        let idle = self.idle.stack(upstream);
        while let Some(mut link) = idle.take(now) {
            let spare = request.as_ref().and_then(replay);
            match link.exchange(request, progress).await {
                Ok(response) => return finish(response, link, upstream, idle, progress),
                Err(broken) => *request = Some(again(broken, spare)?),
            }
        }
        let mut link = Link::new(self.connector.connect(upstream).await?, upstream).await?;
        match link.exchange(request, progress).await {
            Ok(response) => finish(response, link, upstream, idle, progress),
            Err(broken) => Err(broken.failure),
        }
    }
}

fn finish(
    response: Response<Incoming>,
    link: Link,
    upstream: &Upstream,
    idle: Rc<Stack>,
    progress: &Rc<Progress>,
) -> Result<Response<LinkBody>, Failure> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::Invalid("protocol switched unasked"));
    }
    Ok(response.map(|body| LinkBody::new(body, link, upstream.service_id, idle, Rc::clone(progress))))
}

/// The request to send over another connection, after one that was idle turned out to be closed.
fn again(broken: Broken, spare: Option<Request<RequestBody>>) -> Result<Request<RequestBody>, Failure> {
    if !broken.is_closed {
        return Err(broken.failure);
    }
    broken.unsent.or(spare).ok_or(broken.failure)
}

/// A second copy of a request that may be sent twice (RFC 9110 §9.2.2).
fn replay(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    if !request.method().is_idempotent() {
        return None;
    }
    let mut copy = Request::new(request.body().replay()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}
