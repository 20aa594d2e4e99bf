//! Whose key is this? The key comes in a form, and no answer has it.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::answered::answered;
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::manager::shown;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::View as _;
use latchkey_pages::manager::paths::{self, Do};
use latchkey_pages::manager::{FindKey, FoundKey, Impact, KeyFault, Owner, Thing};
use latchkey_pages::parts::Time;
use latchkey_store::Store;

answered! {
    struct Found {
        credential: Credential,
        consumer: Option<Consumer>,
        application: Option<Named>,
        developer: Option<Developer>,
        which: String,
        since: u64,
        ends_at: Option<u64>,
        faults: Vec<String>,
        everywhere: bool,
        services: Vec<Named>,
        routes: Vec<Named>,
        ended_by: Option<()>,
    }

    struct Credential {
        id: String,
        name: Option<String>,
    }

    struct Consumer {
        id: String,
        username: Option<String>,
    }

    struct Named {
        id: String,
        name: Option<String>,
    }

    struct Developer {
        id: String,
        email: String,
    }
}

impl Named {
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

impl Found {
    fn owner(&self) -> Owner<'_> {
        match (&self.consumer, &self.application, &self.developer) {
            (Some(consumer), ..) => {
                let name = consumer.username.as_deref().unwrap_or(&consumer.id);
                Owner::Consumer(Thing { id: &consumer.id, name })
            }
            (None, Some(application), Some(developer)) => Owner::Application(
                Thing { id: &application.id, name: application.called() },
                Thing { id: &developer.id, name: &developer.email },
            ),
            _ => Owner::Gone,
        }
    }

    /// The page that ends it: of the credential, or of the key before its last rotation.
    fn ended_at(&self) -> Option<String> {
        self.ended_by.as_ref()?;
        let what = if self.which == "previous" { Do::EndOld } else { Do::Delete };
        match (&self.consumer, &self.application) {
            (Some(consumer), _) => Some(paths::key_do(&consumer.id, &self.credential.id, what)),
            (None, Some(application)) => {
                Some(paths::application_key_do(&application.id, &self.credential.id, what))
            }
            _ => None,
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn find_key(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let path = page.path();
        let frame = page.manager_frame(&path);
        if !page.is_post() {
            return Ok(shown(&FindKey { frame: &frame, is_unknown: false }));
        }
        let found = self.post(&["keys", "find"], object([("key", page.form.value("key"))])).await;
        let found: Found = match found {
            Ok(found) => read(&found)?,
            Err(refusal) if refusal.is_not_found() || refusal.is_of_what_was_sent() => {
                let view = FindKey { frame: &frame, is_unknown: true };
                return Ok(html(StatusCode::NOT_FOUND, view.html()));
            }
            Err(refusal) => return Err(refusal),
        };
        let faults: Vec<KeyFault> = found.faults.iter().filter_map(|name| fault(name)).collect();
        let places = found.services.iter().chain(&found.routes);
        let places: Vec<&str> = places.map(Named::called).collect();
        let end = found.ended_at();
        let credential = &found.credential;
        let view = FoundKey {
            frame: &frame,
            owner: found.owner(),
            credential: Thing {
                id: &credential.id,
                name: credential.name.as_deref().unwrap_or(&credential.id),
            },
            is_previous: found.which == "previous",
            since: Time(found.since),
            ends: found.ends_at.map(Time),
            faults: &faults,
            is_everywhere: found.everywhere,
            places: &places,
            end: end.as_deref(),
            impact: self.impact_of(&found).await?,
        };
        Ok(shown(&view))
    }

    /// What stops with the key: with the one before a rotation goes no application.
    async fn impact_of(&self, found: &Found) -> Result<Impact, Refusal> {
        match (&found.application, found.which.as_str()) {
            (Some(_), "current") => self.impact("oauth2_credentials", &found.credential.id).await,
            _ => Ok(Impact { applications: 0, within_seconds: WITHIN_SECONDS }),
        }
    }
}

fn fault(name: &str) -> Option<KeyFault> {
    Some(match name {
        "credential_ended" => KeyFault::CredentialEnded,
        "grace_ended" => KeyFault::GraceEnded,
        "credential_suspended" => KeyFault::CredentialSuspended,
        "consumer_suspended" => KeyFault::ConsumerSuspended,
        "application_suspended" => KeyFault::ApplicationSuspended,
        "developer_suspended" => KeyFault::DeveloperSuspended,
        "developer_not_approved" => KeyFault::DeveloperNotApproved,
        "owner_deleted" => KeyFault::OwnerDeleted,
        "nowhere" => KeyFault::Nowhere,
        "no_key" => KeyFault::NoKey,
        _ => return None,
    })
}
