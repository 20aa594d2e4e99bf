//! The queue of requests for access: those that wait longest first, approved or rejected one or many at once.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::try_join3;
use http::{Response, StatusCode};
use serde_json::json;

use super::read::{Application, Contract, Developer, Service, status};
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing, SIZE};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{Request, Requests, Thing, paths};
use latchkey_pages::parts::{State, Time};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

/// Of those that wait, so many are looked at.
const WAITING_MAX: usize = 1000;
/// Most that are approved or rejected at once.
const PICKED_MAX: usize = 500;
/// Developers whose applications are looked through by a search.
const SEARCHED_DEVELOPERS: usize = 20;

/// What became of one of those that were picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    Done,
    /// It was so before.
    Already,
    /// It waits no more, or has gone.
    Failed,
}

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
        if picked.len() > PICKED_MAX {
            return Err(Refusal::Malformed("Too many requests at once"));
        }
        let mut became = Vec::with_capacity(picked.len());
        for id in picked {
            match self.decide(id, to).await? {
                Ok(one) => became.push(one),
                Err(faults) => return self.show_requests(&faults, false).await,
            }
        }
        let said = match to {
            _ if became.contains(&Became::Failed) => Said::SomeFailed,
            _ if !became.contains(&Became::Done) => Said::AlreadyDone,
            State::Active => Said::Approved,
            _ => Said::Rejected,
        };
        Ok(self.page.done(said, paths::REQUESTS))
    }

    /// Approves or rejects one that waits. `Err`: what is wrong with the reason.
    async fn decide(&self, id: &str, to: State) -> Result<Result<Became, Faults>, Refusal> {
        let path = ["application_instances", id];
        let contract: Option<Contract> = match self.find(&path).await {
            Err(refusal) if refusal.is_of_what_was_sent() => None,
            found => found?,
        };
        match contract.map(|contract| contract.state()) {
            Some(state) if state == to => return Ok(Ok(Became::Already)),
            Some(State::Waiting) => {}
            _ => return Ok(Ok(Became::Failed)),
        }
        let reason = if to == State::Rejected { self.page.form.value("reason") } else { json!(null) };
        let sent = object([("status", json!(status(to))), ("reason", reason)]);
        let refusal = match self.patch(&path, sent).await {
            Ok(_) => return Ok(Ok(Became::Done)),
            Err(refusal) if refusal.is_not_found() => return Ok(Ok(Became::Failed)),
            Err(refusal) => refusal,
        };
        let faults = Faults::of(refusal)?;
        // Somebody else was faster.
        Ok(if faults.of_field("reason").is_some() { Err(faults) } else { Ok(Became::Failed) })
    }

    async fn show_requests(
        &self,
        faults: &Faults,
        is_nothing_picked: bool,
    ) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let waiting = self.waiting_contracts().await?;
        let number: usize = page.query.value("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        let shown = waiting.get((number - 1).saturating_mul(SIZE)..).unwrap_or_default();
        let next = (shown.len() > SIZE).then(|| (number + 1).to_string());
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
        let frame = page.manager_frame(&path);
        let view = Requests {
            frame: &frame,
            requests: &requests,
            paging: listing.paging(waiting.len() as u64),
            picked: &picked,
            reason: faults.typed(&page.form, "reason"),
            is_nothing_picked,
        };
        let is_wrong = is_nothing_picked || !faults.is_empty();
        Ok(html(if is_wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, view.html()))
    }

    /// Those that wait and are searched for, those first that wait longest.
    async fn waiting_contracts(&self) -> Result<Vec<Contract>, Refusal> {
        let (mut waiting, mut offset) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("status", "1"), ("size", "1000")];
            query.extend(offset.as_deref().map(|offset| ("offset", offset)));
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            let listed: Listed<Contract> = self.get(&["application_instances"], &query).await?;
            waiting.extend(listed.data);
            offset = listed.offset;
            if offset.is_none() || waiting.len() >= WAITING_MAX {
                break;
            }
        }
        self.keep_searched(&mut waiting).await?;
        waiting.sort_by(|a, b| (a.updated_at, &a.id).cmp(&(b.updated_at, &b.id)));
        Ok(waiting)
    }

    /// Keeps those whose application, service, developer or note has what is searched for.
    async fn keep_searched(&self, contracts: &mut Vec<Contract>) -> Result<(), Refusal> {
        let q = self.page.search();
        if q.is_empty() {
            return Ok(());
        }
        let query = serde_urlencoded::to_string([("q", q), ("size", "1000")]).unwrap_or_default();
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
