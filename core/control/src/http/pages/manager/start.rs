//! What waits, and the first steps.

use bytes::Bytes;
use http::Response;

use super::services::first::FirstSteps;
use super::services::read::Service;
use super::shown;
use crate::http::pages::answered::answered;
use crate::http::pages::desk::Desk;
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Help;
use latchkey_pages::manager::{EndingKey, FirstRun, Start, Thing};
use latchkey_pages::parts::{Time, Typed};
use latchkey_store::Store;

answered! {
    /// What an administrator looks at first, as the Admin API answers it.
    struct Overview {
        requests_waiting: Tally,
        developers_waiting: Tally,
        keys_ending: Vec<Ending>,
    }

    struct Tally {
        count: u64,
    }

    struct Ending {
        id: String,
        start: Option<String>,
        expires_at: u64,
        owner: Owner,
    }

    struct Owner {
        kind: String,
        id: String,
        name: Option<String>,
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn start(&self) -> Result<Response<Bytes>, Refusal> {
        self.show_start(&Faults::default()).await
    }

    /// The start page, also where a form of its first steps was sent with faults.
    pub(super) async fn show_start(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        if let Some(steps) = self.first_steps().await? {
            let (nonce, others) = (self.nonce(), faults.of_others(&["name", "url", "paths"]));
            let first_run = Some(self.first_run(&steps, faults, others.as_deref(), &nonce));
            let page = Start { frame: &frame, requests: 0, developers: 0, ending: &[], first_run };
            return Ok(self.form(faults, &page));
        }
        let overview: Overview = self.get(&["overview"], "").await?;
        let ending: Vec<EndingKey<'_>> = overview.keys_ending.iter().map(Ending::row).collect();
        let (requests, developers) = (overview.requests_waiting.count, overview.developers_waiting.count);
        Ok(shown(&Start { frame: &frame, requests, developers, ending: &ending, first_run: None }))
    }

    fn first_run<'a>(
        &'a self,
        steps: &'a FirstSteps,
        faults: &'a Faults,
        others: Option<&'a str>,
        nonce: &'a str,
    ) -> FirstRun<'a> {
        let form = &self.page.form;
        let last = |field: &str, known_as: &str| Typed {
            value: form.text(field),
            fault: faults.of_field(known_as).or(others),
        };
        FirstRun {
            service: steps.service.as_ref().map(Service::thing),
            has_route: steps.has_route,
            has_key_auth: false,
            name: faults.typed(form, "name"),
            url: last("url", "url"),
            path: last("path", "paths"),
            curl: "",
            nonce,
        }
    }

    /// What the words of the manager mean.
    pub(super) fn manager_help(&self) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        shown(&Help { frame: &frame })
    }
}

impl Ending {
    fn row(&self) -> EndingKey<'_> {
        let name = self.owner.name.as_deref().unwrap_or(&self.owner.id);
        EndingKey {
            start: self.start.as_deref().unwrap_or(&self.id),
            owner: Thing { id: &self.owner.id, name },
            is_of_application: self.owner.kind == "applications",
            ends: Time(self.expires_at),
        }
    }
}
