//! The own account. What changes it needs a log-in of lately, by the endpoints' rule.

use bytes::Bytes;
use futures_util::future::try_join3;
use http::Response;
use serde_json::Value;

use super::{meta, shown};
use crate::http::page_names::AccountPage;
use crate::http::pages::WITHIN_SECONDS;
use crate::http::pages::answered::answered;
use crate::http::pages::answers::{carried, held};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::Listed;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::AccountFault;
use crate::schema::Object;
use latchkey_pages::parts::{Time, Typed};
use latchkey_pages::portal::{Account, AccountDelete, PasswordFields, Session, paths};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

answered! {
    struct Developer {
        email: String,
        meta: Option<String>,
    }
}

impl Developer {
    fn meta(&self) -> Object {
        self.meta.as_deref().and_then(|meta| serde_json::from_str(meta).ok()).unwrap_or_default()
    }
}

answered! {
    struct SessionRow {
        id: String,
        created_at: u64,
        last_seen: u64,
        browser: Option<String>,
        current: bool,
    }
}

/// What came of one of the forms.
#[derive(Default)]
struct Came {
    faults: Faults,
    /// Seconds until a password may be tried again.
    wait: Option<u64>,
}

const FIELD_OLD: &str = "old_password";

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn portal_account_page(&self, page: AccountPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            AccountPage::Show => self.portal_account(page, Came::default()).await,
            AccountPage::Meta => self.portal_change_meta().await,
            AccountPage::Email => self.portal_change_email().await,
            AccountPage::Password => self.portal_change_password().await,
            AccountPage::EndOthers => {
                self.delete(&["developer", "sessions"]).await?;
                Ok(self.page.done(Said::Ended, paths::ACCOUNT))
            }
            AccountPage::EndSession => self.portal_end_session().await,
            AccountPage::Delete => self.portal_delete_account().await,
        }
    }

    /// The page, with what came of the form of one of its parts.
    async fn portal_account(&self, of: AccountPage, came: Came) -> Result<Response<Bytes>, Refusal> {
        let (form, Came { faults, wait }) = (&self.page.form, &came);
        let known = self.portal_known();
        let (developer, asked, sessions) = try_join3(
            self.get::<Developer>(&["developer"], ""),
            self.meta_fields(),
            self.get::<Listed<SessionRow>>(&["developer", "sessions"], ""),
        )
        .await?;
        let filled = match of {
            AccountPage::Meta => meta::typed(asked, form),
            _ => meta::stored(asked, &developer.meta()),
        };
        let fields: Vec<_> = filled.iter().map(|field| field.view(faults)).collect();
        let frame = self.page.portal_frame(paths::ACCOUNT);
        let sessions: Vec<Session<'_>> = sessions.data.iter().map(session).collect();
        let view = Account {
            frame: &frame,
            email: &developer.email,
            meta: &fields,
            new_email: match of {
                AccountPage::Email => faults.typed(form, "email"),
                // From before a log-in that was asked for in between.
                _ => Typed { value: self.page.query.value("email").unwrap_or_default(), fault: None },
            },
            password: PasswordFields {
                old_fault: faults.of_field(FIELD_OLD),
                new_fault: faults.of_field("password"),
                wait: *wait,
            },
            password_min: known.password_min,
            sessions: &sessions,
        };
        Ok(match wait {
            Some(seconds) => held(*seconds, view.html()),
            None => self.form(faults, &view),
        })
    }

    async fn portal_change_meta(&self) -> Result<Response<Bytes>, Refusal> {
        let (developer, asked) =
            futures_util::future::try_join(self.get::<Developer>(&["developer"], ""), self.meta_fields())
                .await?;
        let text = meta::text(&meta::typed(asked, &self.page.form), developer.meta());
        match self.patch(&["developer", "meta"], object([("meta", text.into())])).await {
            Ok(_) => Ok(self.page.done(Said::Saved, paths::ACCOUNT)),
            Err(refusal) => {
                let faults = Faults::of(refusal)?;
                self.portal_account(AccountPage::Meta, Came { faults, wait: None }).await
            }
        }
    }

    async fn portal_change_email(&self) -> Result<Response<Bytes>, Refusal> {
        let sent = object([("email", self.page.form.value("email"))]);
        match self.patch(&["developer", "email"], sent).await {
            Ok(_) => Ok(self.page.done(Said::Mailed, paths::ACCOUNT)),
            Err(refusal) => {
                let faults = Faults::of(refusal)?;
                self.portal_account(AccountPage::Email, Came { faults, wait: None }).await
            }
        }
    }

    async fn portal_change_password(&self) -> Result<Response<Bytes>, Refusal> {
        let exact = |name: &str| Value::from(self.page.form.exact(name));
        let sent = object([(FIELD_OLD, exact(FIELD_OLD)), ("password", exact("password"))]);
        let came = match self.patch(&["developer", "password"], sent).await {
            Ok(answer) => return Ok(carried(&answer, self.page.done(Said::Saved, paths::ACCOUNT))),
            Err(Refusal::Held { retry_after_s }) => {
                Came { wait: Some(retry_after_s.into()), ..Came::default() }
            }
            Err(refusal) if refusal.account_fault() == Some(AccountFault::OldPassword) => {
                let said = Faults::of(refusal)?.of_others(&[]).unwrap_or_default();
                Came { faults: Faults::one(FIELD_OLD, &said), wait: None }
            }
            Err(refusal) => Came { faults: Faults::of(refusal)?, wait: None },
        };
        self.portal_account(AccountPage::Password, came).await
    }

    async fn portal_end_session(&self) -> Result<Response<Bytes>, Refusal> {
        match self.delete(&["developer", "sessions", self.page.part("session")]).await {
            Ok(answer) => Ok(carried(&answer, self.page.done(Said::Ended, paths::ACCOUNT))),
            Err(refusal) if refusal.is_not_found() => Ok(self.page.done(Said::AlreadyDone, paths::ACCOUNT)),
            Err(refusal) => Err(refusal),
        }
    }

    async fn portal_delete_account(&self) -> Result<Response<Bytes>, Refusal> {
        if self.page.is_post() {
            let answer = self.delete(&["developer"]).await?;
            return Ok(carried(&answer, self.page.done(Said::Deleted, paths::SERVICES)));
        }
        let counted = self.get::<Listed<Value>>(&["applications"], "size=1").await;
        let applications = match counted {
            Ok(answered) => answered.count(),
            // Who waits has none that may be seen.
            Err(refusal) if refusal.account_fault() == Some(AccountFault::NotApproved) => 0,
            Err(refusal) => return Err(refusal),
        };
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        Ok(shown(&AccountDelete { frame: &frame, applications, within_seconds: WITHIN_SECONDS }))
    }
}

fn session(row: &SessionRow) -> Session<'_> {
    Session {
        id: &row.id,
        browser: row.browser.as_deref(),
        created: Time(row.created_at),
        last_seen: Time(row.last_seen),
        is_this: row.current,
    }
}
