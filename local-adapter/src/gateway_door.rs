//! The gateway's door: every request is decided by core, and most are passed on.

use std::convert::Infallible;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use latchkey_request::framing::Misframed;
use tokio::time::interval;

use crate::body::ResponseBody;
use crate::clients::Clients;
use crate::failure::ClientGone;
use crate::progress::Progress;
use crate::proxy::proxy;
use crate::service::Service;
use crate::worker::Worker;

/// How often idle upstream connections are looked through.
const SWEEP: Duration = Duration::from_secs(10);

impl Service for Worker {
    fn clients(&self) -> &Clients {
        &self.clients
    }

    async fn answer(
        self: &Rc<Self>,
        peer_ip: IpAddr,
        request: Request<Incoming>,
        misframed: Option<Misframed>,
        progress: &Rc<Progress>,
    ) -> Result<Response<ResponseBody>, ClientGone> {
        proxy(self, peer_ip, request, misframed, progress).await
    }

    async fn tend(&self) -> Infallible {
        let mut sweep = interval(SWEEP);
        loop {
            tokio::select! {
                () = self.upstreams.shed() => self.upstreams.idle.clear(),
                _ = sweep.tick() => self.upstreams.idle.sweep(),
            }
        }
    }

    fn close(&self) {
        self.upstreams.idle.clear();
    }
}
