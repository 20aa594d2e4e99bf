//! What answers at a door.

use std::convert::Infallible;
use std::net::IpAddr;
use std::rc::Rc;

use http::{Request, Response};
use hyper::body::Incoming;
use latchkey_request::framing::Misframed;

use crate::body::ResponseBody;
use crate::clients::Clients;
use crate::failure::ClientGone;
use crate::progress::Progress;

/// What answers the requests that come in at one door, on one thread.
pub(crate) trait Service: 'static {
    /// Whom it serves.
    fn clients(&self) -> &Clients;

    /// Answers a request. `misframed`: why it cannot be told where it ends; then its body is left
    /// unread, and its connection ends with the answer.
    async fn answer(
        self: &Rc<Self>,
        peer_ip: IpAddr,
        request: Request<Incoming>,
        misframed: Option<Misframed>,
        progress: &Rc<Progress>,
    ) -> Result<Response<ResponseBody>, ClientGone>;

    /// Looks after what it keeps, as long as it is polled.
    async fn tend(&self) -> Infallible;

    /// Lets go of what it keeps, once there are no clients.
    fn close(&self) {}
}
