//! The queue of requests for access: those that wait longest first, approved or rejected one or many at once.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::try_join3;
use http::{Response, StatusCode};
use serde_json::json;

use super::deciding::{Became, Decided};
use super::read::{Application, Contract, Developer, Service};
use crate::http::pages::answers::html;
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing, SIZE, encoded, within};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{PartlyDone, Request, Requests, Thing, Undecided, paths};
use latchkey_pages::parts::{State, Time, Total};
use latchkey_pages::{Frame, Message, Said, Told, View as _};
use latchkey_published::limits::DECIDED_MAX;
use latchkey_store::Store;

/// Of those that wait, so many are looked at.
const WAITING_MAX: &str = "1000";
/// Developers whose applications are looked through by a search.
const SEARCHED_DEVELOPERS: usize = 20;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn requests(&self) -> Result<Response<Bytes>, Refusal> {
        self.show_requests(&Faults::default(), false).await
    }

    pub(super) async fn requests_decide(&self, to: State) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let picked: BTreeSet<&str> = form.all("contract").filter(|id| !id.is_empty()).collect();
        if picked.is_empty() {
            return self.show_requests(&Faults::default(), true).await;
        }
        if picked.len() > DECIDED_MAX {
            return Err(Refusal::Malformed("Too many requests at once"));
        }
        let picked: Vec<&str> = picked.into_iter().collect();
        let reason = if to == State::Rejected { form.value("reason") } else { json!(null) };
        let decided = match self.decide(&picked, to, reason).await {
            Ok(decided) => decided,
            Err(refusal) => return self.show_requests(&Faults::of(refusal)?, false).await,
        };
        let done = decided.iter().filter(|one| one.became == Became::Done).count();
        if decided.iter().any(Decided::is_left) {
            return self.show_partly_done(to, &decided).await;
        }
        let said = match to {
            _ if done == 0 => return Ok(self.page.done(Said::AlreadyDone, paths::REQUESTS)),
            State::Active => Said::Approved,
            _ => Said::Rejected,
        };
        Ok(self.page.done(Told::of(said, done), paths::REQUESTS))
    }

    /// The queue, with those of the picked that could not be decided about.
    async fn show_partly_done(&self, to: State, decided: &[Decided]) -> Result<Response<Bytes>, Refusal> {
        let left = decided.iter().filter(|one| one.is_left());
        let ids = left.clone().filter(|one| one.became != Became::Gone).map(|one| one.id.as_str()).collect();
        let contracts: Vec<Contract> =
            self.find_all("application_instances", ids).await?.into_values().collect();
        let parties = self.parties(&contracts).await?;
        let undecided: Vec<Undecided<'_>> = left
            .map(|one| {
                let contract = contracts.iter().find(|contract| contract.id == one.id);
                let between = contract.map(|contract| {
                    let application = parties.application(&contract.application.id);
                    (application, parties.service(&contract.service.id))
                });
                Undecided { id: &one.id, between, state: one.state() }
            })
            .collect();
        let done = decided.len() - undecided.len();
        let partly = PartlyDone { to, done, undecided: &undecided };
        self.show_queue(&Faults::default(), false, Some(&partly)).await
    }

    async fn show_requests(
        &self,
        faults: &Faults,
        is_nothing_picked: bool,
    ) -> Result<Response<Bytes>, Refusal> {
        self.show_queue(faults, is_nothing_picked, None).await
    }

    async fn show_queue(
        &self,
        faults: &Faults,
        is_nothing_picked: bool,
        partly_done: Option<&PartlyDone<'_>>,
    ) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let (waiting, total) = self.waiting_contracts().await?;
        let number: usize = page.query.value("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        let start = within((number - 1).saturating_mul(SIZE), waiting.len());
        let shown = waiting.get(start..).unwrap_or_default();
        let next = (shown.len() > SIZE).then(|| (start / SIZE + 2).to_string());
        let shown = &shown[..shown.len().min(SIZE)];
        let parties = self.parties(shown).await?;
        let owners = parties.applications.values().map(|one| one.developer.id.as_str()).collect();
        let owners = self.find_all::<Developer>("developers", owners).await?;
        let request = |contract: &'_ Contract| {
            let owner = parties.applications.get(&contract.application.id);
            owner.and_then(|owner| owners.get(&owner.developer.id))
        };
        let requests: Vec<Request<'_>> = shown
            .iter()
            .map(|contract| Request {
                id: &contract.id,
                developer: request(contract).map_or(Thing { id: "", name: "" }, Developer::thing),
                application: parties.application(&contract.application.id),
                service: parties.service(&contract.service.id),
                note: contract.note.as_deref(),
                since: Time(contract.updated_at),
            })
            .collect();
        let listing = Listing::of(page, paths::REQUESTS, next.as_deref(), &[]);
        let picked: Vec<&str> = page.form.all("contract").collect();
        let path = page.path();
        let sentence = partly_done.map(|partly| partly.sentence(page.look.language));
        let frame = page.manager_frame(&path);
        let message = sentence.as_deref().map(Message::Failed).or(frame.message);
        let frame = Frame { message, ..frame };
        let view = Requests {
            frame: &frame,
            requests: &requests,
            paging: listing.paging(total),
            picked: &picked,
            reason: faults.typed(&page.form, "reason"),
            is_nothing_picked,
            partly_done,
        };
        let status = match partly_done {
            Some(partly) if partly.done == 0 => StatusCode::CONFLICT,
            _ if is_nothing_picked || !faults.is_empty() => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        Ok(html(status, view.html()))
    }

    /// Those that wait and are searched for, those first that wait longest; and how many there are.
    async fn waiting_contracts(&self) -> Result<(Vec<Contract>, Total), Refusal> {
        let query = [("status", "1"), ("size", WAITING_MAX), ("total", "true")];
        let listed: Listed<Contract> = self.get(&["application_instances"], &encoded(&query)).await?;
        let (all, mut waiting) = (listed.all(), listed.data);
        self.keep_searched(&mut waiting).await?;
        waiting.sort_by(|a, b| (a.updated_at, &a.id).cmp(&(b.updated_at, &b.id)));
        let total = match (all, self.page.search().is_empty()) {
            (Total::All(all), false) => Total::Found(waiting.len() as u64, Some(all)),
            (all, _) => all,
        };
        Ok((waiting, total))
    }

    /// Keeps those whose application, service, developer or note has what is searched for.
    async fn keep_searched(&self, contracts: &mut Vec<Contract>) -> Result<(), Refusal> {
        let q = self.page.search();
        if q.is_empty() {
            return Ok(());
        }
        let query = encoded(&[("q", q), ("size", "1000")]);
        let (applications, services, developers): (Listed<Application>, Listed<Service>, Listed<Developer>) =
            try_join3(
                self.get(&["applications"], &query),
                self.get(&["services"], &query),
                self.get(&["developers"], &query),
            )
            .await?;
        let lists = developers.data.iter().take(SEARCHED_DEVELOPERS);
        let lists = lists.map(|one| vec!["developers", one.id.as_str(), "applications"]);
        let own: Vec<Application> = self.all_in(&lists.collect::<Vec<_>>(), "size=1000").await?;
        let applications = applications.data.iter().chain(&own);
        let applications: BTreeSet<&str> = applications.map(|one| one.id.as_str()).collect();
        let services: BTreeSet<&str> = services.data.iter().map(|one| one.id.as_str()).collect();
        let q = q.to_lowercase();
        contracts.retain(|contract| {
            applications.contains(contract.application.id.as_str())
                || services.contains(contract.service.id.as_str())
                || contract.note.as_ref().is_some_and(|note| note.to_lowercase().contains(&q))
        });
        Ok(())
    }
}
