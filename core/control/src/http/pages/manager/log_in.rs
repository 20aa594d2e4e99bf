//! Log-in with an admin token, which is exchanged for a session and never kept.

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};

use super::{ManagerCaller, shown};
use crate::audit::Who;
use crate::http::authenticate::judge_token;
use crate::http::pages::PageAsked;
use crate::http::pages::answers::{held, html, see_other};
use crate::http::pages::desk::Desk;
use crate::http::pages::look::say;
use crate::http::pages::own_path::is_own_path;
use crate::http::portal::{CLEAR_CACHE, CLEAR_SITE_DATA, OwnCookie};
use crate::http::problem::Refusal;
use crate::http::{Control, answer};
use crate::log_in::{PasswordNeed, PasswordOutcome, Work};
use crate::passwords::Password;
use crate::ports::{Clock, Random};
use crate::registry::TokenOf;
use latchkey_pages::manager::{LogIn, LogInFault, paths};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

/// What wrong tokens are counted for: they are guesses at one thing.
const COUNTED_AS: &str = "admin token";

/// The field of a form that a token is shown in.
pub(super) const TOKEN_FIELD: &str = "admin_token";

/// What becomes of a token that was shown.
pub(super) enum Shown {
    Right(TokenOf),
    Wrong(LogInFault),
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn log_in(&self) -> Result<Response<Bytes>, Refusal> {
        let page = self.page;
        let return_to = page.query.value("return_to").or(page.form.given("return_to"));
        let return_to = return_to.filter(|path| is_own_path(path, paths::START));
        let fault = match page.is_post() {
            false => None,
            true => match self.control.judge_shown_token(page).await? {
                Shown::Right(token) => return self.logged_in(&token, return_to).await,
                Shown::Wrong(fault) => Some(fault),
            },
        };
        let path = page.path();
        let frame = page.manager_frame(&path);
        let view = LogIn { frame: &frame, fault, return_to };
        Ok(match fault {
            None => shown(&view),
            Some(LogInFault::TooMany(seconds)) => held(seconds, view.html()),
            Some(_) => html(StatusCode::UNAUTHORIZED, view.html()),
        })
    }

    async fn logged_in(&self, token: &TokenOf, to: Option<&str>) -> Result<Response<Bytes>, Refusal> {
        let mut response = see_other(to.unwrap_or(paths::START));
        self.control.open_session(self.page, token, &mut response).await?;
        Ok(response)
    }

    pub(super) async fn log_out(&self) -> Result<Response<Bytes>, Refusal> {
        let refusal = |error| Refusal::Registry { endpoint: "manager session", error };
        if let Some(ManagerCaller { session, .. }) = &self.page.administrator {
            self.control.registry.end_manager_session(&session.digest).await.map_err(refusal)?;
        }
        let mut response = see_other(paths::LOG_IN);
        OwnCookie::ManagerSession.take_away(&mut response, self.page.site);
        response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
        say(&mut response, Said::LoggedOut, self.page.site);
        Ok(response)
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// Judges the token in a form. A right one passes whatever was counted; wrong ones are counted and slowed as
    /// wrong passwords are.
    pub(super) async fn judge_shown_token(&self, page: &PageAsked<'_>) -> Result<Shown, Refusal> {
        if let Some(answer) = page.password {
            return Ok(Shown::Wrong(match answer.outcome {
                PasswordOutcome::Held { retry_after_s } => LogInFault::TooMany(retry_after_s.into()),
                PasswordOutcome::Busy => return Err(Refusal::HashingBusy),
                _ => LogInFault::Wrong,
            }));
        }
        let token = page.form.text(TOKEN_FIELD);
        if let Some(right) = self.right_token(token.as_bytes()).await? {
            return Ok(Shown::Right(right));
        }
        Err(Refusal::NeedsPassword(Box::new(PasswordNeed {
            account: self.registry.mailbox(COUNTED_AS),
            address: page.head.client_ip,
            known_browser: None,
            work: Work::LogIn { password: Password::new(token), stored: None },
            state: None,
        })))
    }

    async fn right_token(&self, token: &[u8]) -> Result<Option<TokenOf>, Refusal> {
        let (registry, settings) = (&self.registry, &self.settings);
        if let Some(digest) = registry.token_tags().recognise(registry.peppers(), token) {
            let found = registry.named_token(&digest).await;
            let found = found.map_err(|error| Refusal::Registry { endpoint: "admin token", error })?;
            return Ok(found.map(|_| TokenOf::Named(digest)));
        }
        let expected = settings.token.as_ref().ok_or(Refusal::NoTokenConfigured)?;
        let is_right = judge_token(expected, registry.peppers(), token).is_ok();
        Ok(is_right.then_some(TokenOf::Installation(*expected)))
    }

    /// Takes a token that is shown again with a form, and opens a session in the place of the one that there is,
    /// whose cookie every answer gives from here on.
    pub(in crate::http::pages) async fn take_token_again(
        &self,
        asked: &mut PageAsked<'_>,
    ) -> Result<(), Refusal> {
        let is_due = asked.administrator.as_ref().is_some_and(|caller| !caller.session.is_recent);
        if !is_due || asked.form.given(TOKEN_FIELD).is_none() {
            return Ok(());
        }
        match self.judge_shown_token(asked).await? {
            Shown::Wrong(fault) => asked.token_fault = Some(fault),
            Shown::Right(token) => {
                let mut carrier = answer::empty(StatusCode::OK);
                self.open_session(asked, &token, &mut carrier).await?;
                asked.renewed = carrier.headers().get_all(SET_COOKIE).iter().cloned().collect();
                if let Some(caller) = &mut asked.administrator {
                    caller.session.is_recent = true;
                }
            }
        }
        Ok(())
    }

    /// Whom the audit names for a token.
    async fn who_shows(&self, token: &TokenOf) -> Result<Who, Refusal> {
        let TokenOf::Named(digest) = token else { return Ok(Who::admin_token()) };
        let found = self.registry.named_token(digest).await;
        let found = found.map_err(|error| Refusal::Registry { endpoint: "admin token", error })?;
        Ok(found.map_or_else(Who::visitor, |token| Who::named_token(token.id, &token.name)))
    }

    /// Opens a session in the place of the one that there is, with another cookie.
    #[expect(clippy::disallowed_methods, reason = "the one answer that gives the cookie")]
    pub(super) async fn open_session(
        &self,
        page: &PageAsked<'_>,
        token: &TokenOf,
        response: &mut Response<Bytes>,
    ) -> Result<(), Refusal> {
        let cookie = OwnCookie::ManagerSession.value(page.head.headers, page.site);
        let before = cookie
            .and_then(|cookie| self.registry.account_tags().recognise_manager_session(cookie.as_bytes()));
        let who = self.who_shows(token).await?;
        let control = self.acting_for(&who, page.head);
        let new = control.registry.new_manager_session();
        let opened = control.registry.open_manager_session(&new, token, before).await;
        opened.map_err(|error| Refusal::Registry { endpoint: "manager session", error })?;
        OwnCookie::ManagerSession.set(response, page.site, new.cookie.reveal(), None);
        Ok(())
    }
}
