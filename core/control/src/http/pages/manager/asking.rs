//! What is asked before access is taken away: what stops, and within how long.

use bytes::Bytes;
use http::Response;

use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::answered::answered;
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{Confirm, Impact, Taking};
use latchkey_store::Store;

answered! {
    /// What would stop, as the Admin API says it.
    struct Stops {
        applications: Tally,
        within_s: u64,
    }

    struct Tally {
        count: u64,
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// What would stop without the entity of an id.
    pub(super) async fn impact(&self, kind: &str, id: &str) -> Result<Impact, Refusal> {
        let stops: Stops = self.get(&["impact", kind, id], "").await?;
        Ok(Impact { applications: stops.applications.count, within_seconds: stops.within_s })
    }

    /// The page that asks; with what is wrong with what was typed on it, where it was sent.
    pub(super) async fn ask_before(
        &self,
        taking: Taking<'_>,
        name: &str,
        of: [&str; 2],
        faults: &Faults,
    ) -> Result<Response<Bytes>, Refusal> {
        let [kind, id] = of;
        Ok(self.ask_with(taking, name, self.impact(kind, id).await?, faults))
    }

    /// The page that asks before something is taken away with which no application stops that is counted.
    pub(super) fn ask_alone(&self, taking: Taking<'_>, name: &str) -> Response<Bytes> {
        let impact = Impact { applications: 0, within_seconds: WITHIN_SECONDS };
        self.ask_with(taking, name, impact, &Faults::default())
    }

    fn ask_with(&self, taking: Taking<'_>, name: &str, impact: Impact, faults: &Faults) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        let reason = faults.typed(&self.page.form, "reason");
        self.form(faults, &Confirm { frame: &frame, taking, name, impact, reason })
    }
}
