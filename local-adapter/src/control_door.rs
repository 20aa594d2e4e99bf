//! The control door: requests are judged by their heads, read whole, and answered by the control
//! thread.
//!
//! It has a thread of its own, so that nothing that is asked here takes time from proxied requests,
//! and seats and shares of the budget of its own, so that no flood at one door closes the other.

use std::convert::Infallible;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use latchkey_control::http::{Fault, Knock};
use latchkey_request::framing::Misframed;
use tokio::time::interval;

use crate::body::ResponseBody;
use crate::budget::Kind;
use crate::clients::{Clients, Terms};
use crate::control::Control;
use crate::control_plane::ControlRequest;
use crate::failure::{ClientGone, Failure};
use crate::hold::{ReadBody, Unheld};
use crate::progress::Progress;
use crate::request_head::says_host;
use crate::service::Service;
use crate::upstream::Content;

/// How often wrong admin tokens are looked for that are due for the log.
const SWEEP: Duration = Duration::from_secs(10);

/// The control door on its thread.
pub(crate) struct ControlDoor {
    clients: Clients,
    control: Control,
}

impl Service for ControlDoor {
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
        let response = match misframed {
            Some(fault) => Fault::Misframed(fault).respond(),
            None if !says_host(request.version(), request.headers()) => Fault::NoHost.respond(),
            None => self.admit(peer_ip, request, progress).await?,
        };
        Ok(response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(progress))))
    }

    async fn tend(&self) -> Infallible {
        let mut sweep = interval(SWEEP);
        loop {
            sweep.tick().await;
            self.control.log_guesses();
        }
    }
}

impl ControlDoor {
    /// Nobody served yet.
    pub(crate) fn new(clients: Terms, control: Control) -> Self {
        ControlDoor { clients: Clients::new(clients), control }
    }

    /// Nothing is held for whoever may not come in.
    async fn admit(
        &self,
        peer_ip: IpAddr,
        request: Request<Incoming>,
        progress: &Progress,
    ) -> Result<Response<Bytes>, ClientGone> {
        let (parts, body) = request.into_parts();
        let client_ip = self.clients.client(peer_ip, &parts.headers).ip;
        let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
        let request = ControlRequest { method, uri, headers, client_ip: Some(client_ip), body: Bytes::new() };
        let body_bytes_max = match self.control.knock(&request.head()) {
            Knock::Answer(response) => return Ok(response),
            Knock::Read { body_bytes_max, .. } => body_bytes_max,
        };
        let refused = |fault| Ok(self.control.fault(&request.head(), fault));
        let holding = self.clients.holding();
        let body = match holding.collect(body, body_bytes_max, Kind::ControlBody, client_ip, progress).await {
            Ok(ReadBody::Whole(body)) => body.into_bytes(),
            Ok(ReadBody::TooLarge | ReadBody::Unread(_)) => return refused(Fault::BodyTooLarge),
            Ok(ReadBody::Refused(Unheld::TooSlow)) => return refused(Fault::BodyTooSlow),
            Ok(ReadBody::Refused(Unheld::TooMuch)) => return refused(Fault::TooMuchHeld),
            Err(Failure::ClientGone) => return Err(ClientGone),
            Err(_) => return refused(Fault::BodyBroken),
        };
        Ok(self.control.serve(ControlRequest { body, ..request }).await)
    }
}
