//! What is asked before a service, a route or a plugin is taken away: what stops, and within how long.

use bytes::Bytes;
use http::Response;

use super::read::{Contract, Listed};
use crate::http::pages::desk::Desk;
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{Confirm, Impact, Taking};
use latchkey_pages::parts::Typed;
use latchkey_store::Store;

/// Within how many seconds a change holds everywhere (docs/revocation.md).
const WITHIN_SECONDS: u64 = 5;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// The page that asks.
    pub(super) fn ask(&self, taking: Taking<'_>, name: &str, applications: u64) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        let impact = Impact { applications, within_seconds: WITHIN_SECONDS };
        shown(&Confirm { frame: &frame, taking, name, impact, reason: Typed::default() })
    }

    /// How many applications may use a service. Where there are more contracts than are listed at once, those
    /// without access are counted too.
    pub(super) async fn applications_with_access(&self, service: &str) -> Result<u64, Refusal> {
        let path = ["services", service, "application_instances"];
        let listed: Listed<Contract> = self.get(&path, "size=1000").await?;
        let with_access = listed.data.iter().filter(|contract| contract.gives_access()).count() as u64;
        Ok(match listed.offset {
            None => with_access,
            Some(_) => listed.total.unwrap_or(with_access),
        })
    }
}
