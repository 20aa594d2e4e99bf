//! Sign-up, log-in, passwords, the own account.

use bytes::Bytes;
use http::Response;

use super::PortalAsked;
use crate::http::Control;
use crate::http::endpoints::AccountCall;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn account_call(
        &self,
        call: AccountCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let _ = (call, asked.head, asked.answer);
        todo!()
    }
}
