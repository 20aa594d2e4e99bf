//! Applications, contracts and credentials of the developer who is logged in.

use bytes::Bytes;
use http::Response;

use super::PortalAsked;
use crate::http::Control;
use crate::http::endpoints::ApplicationCall;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn application_call(
        &self,
        call: ApplicationCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let _ = (call, asked.matched, asked.query, &asked.input, &asked.caller);
        todo!()
    }
}
