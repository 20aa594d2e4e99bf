//! Services that are open for registration, and what services are called.

use bytes::Bytes;
use http::Response;

use super::entities::{Contract, OpenService};
use super::shown;
use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::{Error, Step};
use crate::schema::EntityKind;
use latchkey_pages::portal::{ServiceRow, Services, paths};
use latchkey_store::Store;

/// What services are called.
#[derive(Default)]
pub(super) struct Called {
    /// Those that are open.
    pub(super) open: Vec<OpenService>,
    /// Ids and names of those that are not, and that an application has a contract with.
    closed: Vec<(String, String)>,
}

impl Called {
    pub(super) fn name<'a>(&'a self, id: &'a str) -> &'a str {
        let open = self.open.iter().find(|service| service.id == id).map(OpenService::called);
        let closed = || self.closed.iter().find(|(closed, _)| closed == id).map(|(_, name)| name.as_str());
        open.or_else(closed).unwrap_or(id)
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_services(&self) -> Result<Response<Bytes>, Refusal> {
        let text = |service: &OpenService| {
            format!("{}\n{}", service.called(), service.description().unwrap_or_default())
        };
        let listed = self.portal_listed(&["application_services"], &[], paths::SERVICES, text).await?;
        let rows: Vec<ServiceRow<'_>> = listed
            .rows
            .iter()
            .map(|service| ServiceRow {
                id: &service.id,
                name: service.called(),
                description: service.description(),
            })
            .collect();
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        let is_waiting = self.page.is_waiting();
        Ok(shown(&Services { frame: &frame, services: &rows, is_waiting, paging: listed.paging() }))
    }

    pub(super) async fn open_services(&self) -> Result<Vec<OpenService>, Refusal> {
        self.portal_all(&["application_services"], &[]).await
    }

    /// What the services are called that are open and those of contracts.
    pub(super) async fn portal_called<'c>(
        &self,
        contracts: impl Iterator<Item = &'c Contract>,
    ) -> Result<Called, Refusal> {
        let open = self.open_services().await?;
        let is_closed = |id: &&str| !open.iter().any(|service| service.id == **id);
        let mut ids: Vec<&str> = contracts.map(|one| one.service.id.as_str()).filter(is_closed).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut closed = Vec::with_capacity(ids.len());
        for id in ids {
            closed.push(self.portal_closed(id).await?);
        }
        Ok(Called { open, closed })
    }

    async fn portal_closed(&self, id: &str) -> Result<(String, String), Refusal> {
        match self.control.registry.read(&[Step { kind: EntityKind::Services, key: id }]).await {
            Ok(service) => {
                let name = service.get("name").and_then(serde_json::Value::as_str).unwrap_or(id);
                Ok((id.to_owned(), name.to_owned()))
            }
            // Gone since.
            Err(Error::NotFound) => Ok((id.to_owned(), id.to_owned())),
            Err(error) => Err(Refusal::Registry { endpoint: "services", error }),
        }
    }
}
