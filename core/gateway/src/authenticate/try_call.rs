//! Calls that the portal makes as one of a developer's credentials, without its key: by a token of the control
//! plane's.

use std::sync::Arc;

use super::Callers;
use crate::basis::Basis;
use crate::decision::Need;
use crate::find_route::Routed;
use crate::grant_memory::{CachedGrant, Remembered};
use crate::request::{Headers, RequestHead};
use latchkey_published::try_token::{TRY_TOKEN_FIELD, Tried, TryKeys};
use latchkey_router::NormalPath;

/// What a request that shows no key shows of such a token.
pub(super) enum TryCall {
    /// None that is good for this request.
    None,
    /// One: it is this credential's, if that one is good now.
    Of(Option<Arc<CachedGrant>>),
}

impl Callers {
    /// Not inlined: most requests show a key, and do not come here.
    #[inline(never)]
    pub(super) fn try_call<H: Headers>(
        &mut self,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        head: &RequestHead<'_, H>,
    ) -> Result<TryCall, Need> {
        let service = routed.rules.service.as_ref();
        let Some((token, service)) = head.header(TRY_TOKEN_FIELD).zip(service) else {
            return Ok(TryCall::None);
        };
        let path = NormalPath::new(head.path);
        let tried = Tried { method: head.method, path: &path, service_id: service.id };
        let keys = self.try_keys.get_or_insert_with(|| TryKeys::new(&self.peppers));
        let Some(digest) = keys.open(token, &tried, basis.now.unix_ms) else { return Ok(TryCall::None) };
        match self.memory.look_up(&digest) {
            Remembered::Grant(grant) => {
                Ok(TryCall::Of(Some(grant).filter(|grant| grant.is_current(basis.now))))
            }
            Remembered::Missing => Ok(TryCall::Of(None)),
            Remembered::Unknown => Err(self.memory.need(digest, true, basis.epoch, basis.now)),
        }
    }
}
