//! The Portal API (`/portal/api`): what developers do themselves.

mod accounts;
mod applications;

use bytes::Bytes;
use http::Response;
use uuid::Uuid;

use super::endpoints::{Matched, PortalCall};
use super::lists::Query;
use super::problem::Refusal;
use super::{Control, Head};
use crate::log_in::PasswordAnswer;
use crate::ports::{Clock, Random};
use crate::schema::Input;
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;

/// What a call of the Portal API is answered by.
pub(super) struct PortalAsked<'a> {
    pub(super) matched: &'a Matched,
    pub(super) query: &'a Query,
    pub(super) input: Input<'a>,
    pub(super) head: &'a Head<'a>,
    /// Who is logged in.
    pub(super) caller: Option<PortalCaller>,
    /// What came of the password that this call hangs on, once that is known.
    pub(super) answer: Option<&'a PasswordAnswer>,
}

/// A developer who is logged in.
#[derive(Clone, Debug)]
pub(super) struct PortalCaller {
    pub(super) developer: Uuid,
    /// Digest of the session's cookie.
    pub(super) session: KeyDigest,
    /// When password or link was last shown, in milliseconds since the Unix epoch.
    pub(super) authenticated_ms: u64,
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn portal(
        &self,
        call: PortalCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        match call {
            PortalCall::Account(call) => self.account_call(call, asked).await,
            PortalCall::Application(call) => self.application_call(call, asked).await,
        }
    }
}
