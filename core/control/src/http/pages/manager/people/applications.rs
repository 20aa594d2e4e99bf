//! Applications: the list, one of them, and what is done with one.

use bytes::Bytes;
use futures_util::future::{try_join, try_join3};
use http::Response;
use serde_json::json;

use super::read::{Application, ById, Contract, Developer};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::{Listed, Listing};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{
    self as views, ApplicationRow, Applications, ContractRow, HeldKey, MoveApplication, Taking, Thing, paths,
};
use latchkey_pages::parts::Time;
use latchkey_pages::{Language, Said};
use latchkey_store::Store;

impl Application {
    /// As lists show it. `counts`: of its contracts and its keys.
    pub(super) fn row<'a>(&'a self, owner: Thing<'a>, (services, keys): (u64, u64)) -> ApplicationRow<'a> {
        ApplicationRow { id: &self.id, name: &self.name, owner, services, keys, is_enabled: self.enabled }
    }

    /// Whose it is; by the id where that one has gone meanwhile.
    fn owner<'a>(&'a self, owners: &'a ById<Developer>) -> Thing<'a> {
        let id = self.developer.id.as_str();
        owners.get(id).map_or(Thing { id, name: id }, Developer::thing)
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// How many contracts and keys each of some applications has.
    pub(super) async fn counts_of(&self, applications: &[Application]) -> Result<Vec<(u64, u64)>, Refusal> {
        let lists = applications.iter().flat_map(|one| {
            let of = |list: &[&'static str]| [&["applications", one.id.as_str()], list].concat();
            [of(&["application_instances"]), of(&["credentials", "oauth2"])]
        });
        let lists: Vec<Vec<&str>> = lists.collect();
        let counts = self.counts(&lists, "size=1").await?;
        Ok(counts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    pub(super) async fn applications(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let q = page.search();
        let listed: Listed<Application> = self.list(&["applications"], &[("q", q)]).await?;
        let whole = match q.is_empty() {
            true => None,
            // Of its counter.
            false => self.get::<Listed<()>>(&["applications"], "size=1").await?.total,
        };
        let owners = listed.data.iter().map(|application| application.developer.id.as_str()).collect();
        let (owners, counts) =
            try_join(self.find_all::<Developer>("developers", owners), self.counts_of(&listed.data)).await?;
        let rows: Vec<ApplicationRow<'_>> = listed
            .data
            .iter()
            .zip(counts)
            .map(|(application, counts)| application.row(application.owner(&owners), counts))
            .collect();
        let listing = Listing::of(page, paths::APPLICATIONS, listed.offset.as_deref(), &[]);
        let path = page.path();
        let frame = page.manager_frame(&path);
        let paging = listing.paging(listed.found(!q.is_empty(), whole));
        Ok(shown(&Applications { frame: &frame, applications: &rows, paging }))
    }

    pub(super) async fn one_application(&self) -> Result<Application, Refusal> {
        self.get(&["applications", self.page.part("application")], "").await
    }

    /// The developer whose it is.
    async fn owners_of(&self, application: &Application) -> Result<ById<Developer>, Refusal> {
        self.find_all("developers", [application.developer.id.as_str()].into()).await
    }

    pub(super) async fn application(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let application = self.one_application().await?;
        let path = ["applications", application.id.as_str(), "application_instances"];
        let (owners, contracts, keys) = try_join3(
            self.owners_of(&application),
            self.get::<Listed<Contract>>(&path, "size=1000"),
            self.application_keys(&application.id),
        )
        .await?;
        let parties = self.parties(&contracts.data).await?;
        let contracts: Vec<ContractRow<'_>> =
            contracts.data.iter().map(|contract| contract.row(&parties)).collect();
        let now_s = self.now_s();
        let keys: Vec<HeldKey<'_>> = keys.iter().map(|key| key.view(now_s)).collect();
        let path = page.path();
        let frame = page.manager_frame(&path);
        Ok(shown(&views::Application {
            frame: &frame,
            application: application.thing(),
            owner: application.owner(&owners),
            description: None,
            redirect_uri: application.redirect_uri.as_deref(),
            created: Time(application.created_at),
            is_enabled: application.enabled,
            contracts: &contracts,
            keys: &keys,
        }))
    }

    pub(super) async fn application_set_enabled(&self, is_enabled: bool) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let application = self.one_application().await?;
        if !page.is_post() {
            let taking = Taking::SuspendApplication(&application.id);
            let of = ["applications", application.id.as_str()];
            return self.ask_before(taking, &application.name, of, &Faults::default()).await;
        }
        self.patch(&["applications", &application.id], object([("enabled", json!(is_enabled))])).await?;
        let said = match application.enabled == is_enabled {
            true => Said::AlreadyDone,
            false if is_enabled => Said::Resumed,
            false => Said::Suspended,
        };
        Ok(page.done(said, &paths::application(&application.id)))
    }

    pub(super) async fn application_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let application = match self.one_application().await {
            // Sent twice, or from a page of before.
            Err(refusal) if refusal.is_not_found() && page.is_post() => {
                return Ok(page.done(Said::AlreadyDone, paths::APPLICATIONS));
            }
            application => application?,
        };
        if !page.is_post() {
            let taking = Taking::DeleteApplication(&application.id);
            let of = ["applications", application.id.as_str()];
            return self.ask_before(taking, &application.name, of, &Faults::default()).await;
        }
        self.delete(&["applications", &application.id]).await?;
        Ok(page.done(Said::Deleted, paths::APPLICATIONS))
    }

    pub(super) async fn application_move(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let application = self.one_application().await?;
        let mut faults = Faults::default();
        if page.is_post() {
            match self.move_to(&application, form.text("email")).await? {
                Ok(said) => return Ok(page.done(said, &paths::application(&application.id))),
                Err(found) => faults = found,
            }
        }
        let owners = self.owners_of(&application).await?;
        let path = page.path();
        let frame = page.manager_frame(&path);
        let view = MoveApplication {
            frame: &frame,
            application: application.thing(),
            owner: application.owner(&owners),
            email: faults.typed_as(form, "email", "developer"),
        };
        Ok(self.form(&faults, &view))
    }

    async fn move_to(&self, application: &Application, email: &str) -> Result<Result<Said, Faults>, Refusal> {
        let nobody = || Err(Faults::one("email", no_developer(self.page.look.language)));
        if email.is_empty() {
            return Ok(nobody());
        }
        let found: Option<Developer> = match self.find(&["developers", email]).await {
            Err(refusal) if refusal.is_of_what_was_sent() => None,
            found => found?,
        };
        let Some(developer) = found else { return Ok(nobody()) };
        if developer.id == application.developer.id {
            return Ok(Ok(Said::AlreadyDone));
        }
        let sent = object([("developer", json!({"id": developer.id}))]);
        match self.patch(&["applications", &application.id], sent).await {
            Ok(_) => Ok(Ok(Said::Moved)),
            Err(refusal) => Faults::of(refusal).map(Err),
        }
    }
}

fn no_developer(language: Language) -> &'static str {
    match language {
        Language::En => "There is no developer with this address.",
        Language::Ja => "このメールアドレスの開発者は登録されていません。",
    }
}
