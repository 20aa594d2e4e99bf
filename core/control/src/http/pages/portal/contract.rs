//! An application's contract with a service.

use bytes::Bytes;
use futures_util::future::try_join3;
use http::{Response, StatusCode};

use super::entities::{Contract, access};
use super::shown;
use crate::http::page_names::ContractPage;
use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::calls::{HowToCall, Key};
use latchkey_pages::parts::State;
use latchkey_pages::portal::{self as views, Notice, RequestFields, Thing, paths};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_contract_page(&self, page: ContractPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            ContractPage::Show => self.portal_contract(&Faults::default()).await,
            ContractPage::Request => self.portal_request_contract().await,
            ContractPage::Withdraw => self.portal_end_contract(State::Waiting, Said::Withdrawn).await,
            ContractPage::End if self.page.is_post() => {
                self.portal_end_contract(State::Active, Said::Ended).await
            }
            ContractPage::End => self.portal_confirm_end().await,
        }
    }

    fn application_and_service(&self) -> (&str, &str) {
        (self.page.part("application"), self.page.part("service"))
    }

    async fn portal_contracts(&self) -> Result<Vec<Contract>, Refusal> {
        self.portal_all(&["applications", self.page.part("application"), "application_instances"], &[]).await
    }

    /// The page, with what is wrong with its form.
    async fn portal_contract(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let (id, service) = self.application_and_service();
        let (application, contracts, facts) =
            try_join3(self.own_application(), self.portal_contracts(), self.facts(service)).await?;
        let contract = contracts.iter().find(|contract| contract.service.id == service);
        let called = self.portal_called(contract.into_iter()).await?;
        if contract.is_none() && !called.open.iter().any(|open| open.id == service) {
            return Err(Refusal::UnknownPath);
        }
        let path = paths::contract(id, service);
        let frame = self.page.portal_frame(&path);
        let headers = facts.as_ref().map(|facts| facts.headers()).unwrap_or_default();
        let how_to_call = facts.as_ref().map(|facts| HowToCall {
            language: frame.language,
            id: "call",
            facts: facts.facts(&headers),
            key: Key::Variable,
        });
        let (others, nonce) = (faults.of_others(&["note"]), self.nonce());
        let view = views::Contract {
            frame: &frame,
            application: application.thing(),
            access: access(Thing { id: service, name: called.name(service) }, contract),
            how_to_call,
            note: contract.and_then(|contract| contract.note.as_deref()),
            request: RequestFields {
                note: faults.typed(&self.page.form, "note"),
                fault: others.as_deref(),
                ..RequestFields::default()
            },
            nonce: &nonce,
        };
        Ok(self.form(faults, &view))
    }

    async fn portal_request_contract(&self) -> Result<Response<Bytes>, Refusal> {
        let (application, service) = self.application_and_service();
        match self.ask_access(application, service).await? {
            Ok(said) => Ok(self.page.done(said, &paths::contract(application, service))),
            Err(faults) => self.portal_contract(&faults).await,
        }
    }

    /// Removes the contract, if it is in the state in which the form was shown: what was approved meanwhile is
    /// not withdrawn.
    async fn portal_end_contract(&self, in_state: State, said: Said) -> Result<Response<Bytes>, Refusal> {
        let (application, service) = self.application_and_service();
        let contracts = self.portal_contracts().await?;
        let back = paths::application(application);
        let Some(contract) = contracts.iter().find(|contract| contract.service.id == service) else {
            return Ok(self.page.done(Said::AlreadyDone, &back));
        };
        if contract.state() != in_state {
            return Ok(self.page.notice(StatusCode::CONFLICT, Notice::Conflict));
        }
        let path = ["applications", application, "application_instances", &contract.id];
        match self.delete(&path).await {
            Ok(_) => Ok(self.page.done(said, &back)),
            Err(refusal) if refusal.is_not_found() => Ok(self.page.done(Said::AlreadyDone, &back)),
            Err(refusal) => Err(refusal),
        }
    }

    async fn portal_confirm_end(&self) -> Result<Response<Bytes>, Refusal> {
        let (_, service) = self.application_and_service();
        let (application, contracts) =
            futures_util::future::try_join(self.own_application(), self.portal_contracts()).await?;
        let contract = contracts.iter().find(|contract| contract.service.id == service);
        let contract = contract.ok_or(Refusal::UnknownPath)?;
        let called = self.portal_called([contract].into_iter()).await?;
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&views::AccessEnd {
            frame: &frame,
            application: application.thing(),
            service: Thing { id: service, name: called.name(service) },
            within_seconds: WITHIN_SECONDS,
        }))
    }
}
