//! Sending a request to an upstream, over an idle connection when there is one.

use std::rc::Rc;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use latchkey_core::decision::Upstream;

use crate::body::RequestBody;
use crate::connect::Connector;
use crate::failure::Failure;
use crate::idle::Idle;
use crate::link::{Broken, Link, LinkBody};
use crate::progress::Progress;

/// The connections of one thread to all upstreams.
#[derive(Default)]
pub(crate) struct Upstreams {
    /// Makes new ones.
    pub(crate) connector: Connector,
    /// Those not in use.
    pub(crate) idle: Rc<Idle>,
}

impl Upstreams {
    /// Sends a request and waits for the head of the response.
    pub(crate) async fn send(
        &self,
        upstream: &Arc<Upstream>,
        mut request: Request<RequestBody>,
        progress: &Rc<Progress>,
    ) -> Result<Response<LinkBody>, Failure> {
        while let Some(mut link) = self.idle.take(upstream) {
            let spare = replay(&request);
            match link.exchange(request, progress).await {
                Ok(response) => return self.finish(response, link, upstream, progress),
                Err(broken) => request = again(broken, spare)?,
            }
        }
        let mut link = Link::new(self.connector.connect(upstream).await?, upstream).await?;
        match link.exchange(request, progress).await {
            Ok(response) => self.finish(response, link, upstream, progress),
            Err(broken) => Err(broken.failure),
        }
    }

    fn finish(
        &self,
        response: Response<hyper::body::Incoming>,
        link: Link,
        upstream: &Arc<Upstream>,
        progress: &Rc<Progress>,
    ) -> Result<Response<LinkBody>, Failure> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Invalid("protocol switched unasked"));
        }
        let (idle, upstream) = (Rc::clone(&self.idle), Arc::clone(upstream));
        Ok(response.map(|body| LinkBody::new(body, link, upstream, idle, Rc::clone(progress))))
    }
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
