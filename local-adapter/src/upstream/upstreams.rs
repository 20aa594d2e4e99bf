//! Sending a request to an upstream, over an idle connection when there is one.

use std::rc::Rc;
use std::time::{Duration, Instant};

use http::Response;
use http::request::Parts;
use latchkey_gateway::decision::Plan;
use latchkey_gateway::upstream::Upstream;
use latchkey_gateway::upstream_address::UpstreamAddresses;

use super::connect::{Connector, Stream};
use super::content::Content;
use super::idle::Idle;
use super::link::Link;
use super::link_body::LinkBody;
use super::request_body::RequestBody;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::seats::Shed;

/// How often idle connections are closed for want of a file handle, before the request fails.
const SHEDS_MAX: u32 = 3;
/// How long other threads get to close theirs.
const SHED_WAIT: Duration = Duration::from_millis(10);

/// The connections of one thread to all upstreams.
pub(crate) struct Upstreams {
    /// Makes new ones.
    pub(crate) connector: Connector,
    /// Those not in use.
    pub(crate) idle: Idle,
    shed: Shed,
}

impl Upstreams {
    /// None yet, and none but to addresses that are allowed; of idle ones there will be `idle_max` at
    /// most.
    pub(crate) fn new(allowed: UpstreamAddresses, idle_max: usize, shed: Shed) -> Self {
        Upstreams { connector: Connector::new(allowed), idle: Idle::new(idle_max), shed }
    }

    /// Ends when idle connections are to be closed, because some thread found no file handle.
    pub(crate) async fn shed(&self) {
        self.shed.notified().await;
    }

    /// A new connection. When no file handle is left for it, idle ones are closed, on all threads.
    pub(crate) async fn connect(&self, upstream: &Upstream) -> Result<Stream, Failure> {
        for _ in 0..SHEDS_MAX {
            match self.connector.connect(upstream).await {
                Err(Failure::NoHandle) => {
                    self.idle.clear();
                    self.shed.notify_waiters();
                    tokio::time::sleep(SHED_WAIT).await;
                }
                outcome => return outcome,
            }
        }
        self.connector.connect(upstream).await
    }

    /// Sends a request as planned and waits for the head of the response. `now` may be a little
    /// past.
    pub(crate) async fn send(
        &self,
        plan: &Plan,
        head: &Parts,
        mut body: RequestBody,
        progress: &Rc<Progress>,
        now: Instant,
    ) -> Result<Response<Content>, Failure> {
        let upstream = &plan.upstream;
        let idle = self.idle.stack(upstream);
        let (mut link, mut is_fresh) = match idle.take(now) {
            Some(link) => (link, false),
            None => (Link::new(self.connect(upstream).await?, upstream), true),
        };
        loop {
            // A second copy of what may be sent twice (RFC 9110 §9.2.2).
            let again = (!is_fresh && head.method.is_idempotent()).then(|| body.replay()).flatten();
            let broken = match link.exchange(plan, head, body, progress).await {
                Ok(mut answer) => {
                    let body = LinkBody::new(&mut answer, link, upstream.service_id, idle, progress);
                    let mut response = Response::new(Content::of_link(body));
                    *response.status_mut() = answer.status;
                    *response.headers_mut() = answer.headers;
                    answer.reason.map(|reason| response.extensions_mut().insert(reason));
                    return Ok(response);
                }
                Err(broken) => broken,
            };
            // One that was idle may have been closed meanwhile.
            body = again.filter(|_| broken.is_closed).ok_or(broken.failure)?;
            (link, is_fresh) = match idle.take(now) {
                Some(link) => (link, false),
                None => (Link::new(self.connect(upstream).await?, upstream), true),
            };
        }
    }
}
