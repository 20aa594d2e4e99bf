//! Developers by state, one of them, and what is done with one.

use bytes::Bytes;
use futures_util::future::try_join;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::contracts::asked_state;
use super::read::{Application, Developer, status};
use crate::http::pages::answered::answered;
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::Error;
use latchkey_pages::manager::{
    self as views, ApplicationRow, DeveloperRow, Developers, InvitationLink, ResetLink, Taking, paths,
};
use latchkey_pages::parts::{State, Time};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

answered! {
    struct Settings {
        meta_fields: Vec<MetaField>,
    }

    struct MetaField {
        title: String,
        label: String,
    }

    /// A link that is not mailed.
    pub(super) struct Link {
        pub(super) link: String,
    }
}

impl Developer {
    /// What was asked for at the sign-up.
    fn answers(&self) -> Map<String, Value> {
        let meta = self.meta.as_deref().and_then(|meta| serde_json::from_str(meta).ok());
        meta.unwrap_or_default()
    }
}

/// Whether a button of some page leads there: who is approved is revoked, after a page that asks, and not
/// rejected by a page of before.
fn may_become(from: State, to: State) -> bool {
    match to {
        State::Active => true,
        State::Rejected => from == State::Waiting,
        _ => from == State::Active,
    }
}

/// An answer as people read it.
fn text_of(answer: &Value) -> String {
    answer.as_str().map_or_else(|| answer.to_string(), str::to_owned)
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn developers(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let state = asked_state(page.query.value("state")).unwrap_or(State::Active);
        let q = page.search();
        let status = status(state).to_string();
        let listed: Listed<Developer> = self.list(&["developers"], &[("q", q), ("status", &status)]).await?;
        let lists = listed.data.iter().map(|one| vec!["developers", one.id.as_str(), "applications"]);
        let counts = self.counts(&lists.collect::<Vec<_>>(), "size=1").await?;
        let name = |developer: &Developer| developer.answers().get("full_name").map(text_of);
        let names: Vec<Option<String>> = listed.data.iter().map(name).collect();
        let rows: Vec<DeveloperRow<'_>> = listed
            .data
            .iter()
            .zip(counts.iter().zip(&names))
            .map(|(developer, (count, name))| DeveloperRow {
                id: &developer.id,
                email: &developer.email,
                full_name: name.as_deref(),
                applications: *count,
                created: Time(developer.created_at),
            })
            .collect();
        let listing = Listing::of(page, paths::DEVELOPERS, listed.offset.as_deref(), &["state"]);
        let path = page.path();
        let frame = page.manager_frame(&path);
        let paging = listing.paging(listed.found(!q.is_empty(), None));
        Ok(shown(&Developers { frame: &frame, state, developers: &rows, paging }))
    }

    async fn one_developer(&self) -> Result<Developer, Refusal> {
        self.get(&["developers", self.page.part("developer")], "").await
    }

    pub(super) async fn developer(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let developer = self.one_developer().await?;
        let path = ["developers", developer.id.as_str(), "applications"];
        let (applications, settings): (Listed<Application>, Settings) =
            try_join(self.get(&path, "size=100"), self.get(&["settings"], "")).await?;
        let counts = self.counts_of(&applications.data).await?;
        let rows: Vec<ApplicationRow<'_>> = applications
            .data
            .iter()
            .zip(counts)
            .map(|(application, counts)| application.row(developer.thing(), counts))
            .collect();
        let answers: Vec<(String, String)> = developer
            .answers()
            .iter()
            .map(|(name, answer)| {
                let field = settings.meta_fields.iter().find(|field| field.title == *name);
                (field.map_or(name, |field| &field.label).clone(), text_of(answer))
            })
            .collect();
        let meta: Vec<(&str, &str)> =
            answers.iter().map(|(label, answer)| (label.as_str(), answer.as_str())).collect();
        let path = page.path();
        let frame = page.manager_frame(&path);
        Ok(shown(&views::Developer {
            frame: &frame,
            id: &developer.id,
            email: &developer.email,
            state: developer.state(),
            created: Time(developer.created_at),
            meta: &meta,
            applications: &rows,
            has_mail: self.control.registry.has_mail(),
        }))
    }

    /// Approves, also again, rejects or revokes; the last asks first.
    pub(super) async fn developer_decide(&self, to: State) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let developer = self.one_developer().await?;
        let path = paths::developer(&developer.id);
        if developer.state() == to {
            return Ok(page.done(Said::AlreadyDone, &path));
        }
        if !may_become(developer.state(), to) {
            let error = Error::conflict("the developer's state is another meanwhile");
            return Err(Refusal::Registry { endpoint: "developers", error });
        }
        if !page.is_post() {
            let (taking, of) =
                (Taking::RevokeDeveloper(&developer.id), ["developers", developer.id.as_str()]);
            return self.ask_before(taking, &developer.email, of, &Faults::default()).await;
        }
        self.patch(&["developers", &developer.id], object([("status", json!(status(to)))])).await?;
        let said = match to {
            State::Active => Said::Approved,
            State::Rejected => Said::Rejected,
            _ => Said::Revoked,
        };
        Ok(page.done(said, &path))
    }

    pub(super) async fn developer_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let developer = match self.one_developer().await {
            // Sent twice, or from a page of before.
            Err(refusal) if refusal.is_not_found() && page.is_post() => {
                return Ok(page.done(Said::AlreadyDone, paths::DEVELOPERS));
            }
            developer => developer?,
        };
        if !page.is_post() {
            let (taking, of) =
                (Taking::DeleteDeveloper(&developer.id), ["developers", developer.id.as_str()]);
            return self.ask_before(taking, &developer.email, of, &Faults::default()).await;
        }
        page.refuse_unless_recent()?;
        self.delete(&["developers", &developer.id]).await?;
        Ok(page.done(Said::Deleted, paths::DEVELOPERS))
    }

    /// Mails a link for a new password; where it is not mailed, it is shown, this once.
    pub(super) async fn developer_reset(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let developer = self.one_developer().await?;
        let sent = self.post(&["developers", &developer.id, "reset-password"], object([])).await?;
        if sent.status() == StatusCode::NO_CONTENT {
            return Ok(page.done(Said::Mailed, &paths::developer(&developer.id)));
        }
        let made: Link = read(&sent)?;
        let path = page.path();
        let frame = page.manager_frame(&path);
        let link = InvitationLink { address: &developer.email, link: &made.link };
        let view = ResetLink { frame: &frame, developer: &developer.id, link };
        Ok(html(StatusCode::OK, view.html()))
    }
}
