//! Log-in, by password or by a mailed link.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{done, outcome, text};
use super::{OwnCookie, PortalAsked, browsers};
use crate::http::basic::address_and_password;
use crate::http::problem::Refusal;
use crate::http::{Control, StartLink, answer};
use crate::log_in::PasswordOutcome;
use crate::passwords::Password;
use crate::ports::{Clock, Random};
use crate::registry::{AccountFault, Error, LogIn, NewSession, SpentLink};
use crate::schema::account_calls::{ADDRESS, LINK_CODE, LOG_IN, MAILED_TOKEN};
use latchkey_published::limits::{KNOWN_BROWSER_S, LOG_IN_LINK_MS};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    /// By `Authorization: Basic`, or by what is sent. Whatever is wrong with it, the answer is the same.
    pub(super) async fn log_in(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let (address, password) = shown(asked)?;
        let known_browser = OwnCookie::KnownBrowser.value(asked.head.headers, asked.site);
        let Some(password_answer) = asked.answer else {
            let (password, client) = (Password::new(&password), asked.head.client_ip);
            let need = self.registry.log_in_need(&address, password, client, known_browser).await;
            let need = need.map_err(|error| asked.refusal(error))?;
            return Err(Refusal::NeedsPassword(Box::new(need)));
        };
        let PasswordOutcome::Right { renewed, failures_before } = outcome(password_answer)? else {
            return Err(Refusal::NoSession);
        };
        let new = self.registry.new_session(browsers::family(asked.head.headers));
        let log_in = LogIn {
            address: &address,
            state: password_answer.state,
            renewed: renewed.as_ref(),
            failures_before: *failures_before,
            new: &new,
            before: self.session_digest(asked.site, asked.head),
            known_browser,
        };
        match self.registry.log_in(&log_in).await {
            Ok(developer) => Ok(self.logged_in(asked, &new, developer)),
            Err(Error::Account(AccountFault::NoSession)) => Err(Refusal::NoSession),
            Err(error) => Err(asked.refusal(error)),
        }
    }

    /// Mails a link. The answer is the same whether or not somebody has the address.
    #[expect(clippy::disallowed_methods, reason = "the one answer that gives the cookie")]
    pub(super) async fn ask_link(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        self.registry.refuse_unless_links().await.map_err(|error| asked.refusal(error))?;
        let input = asked.checked(ADDRESS)?;
        let cookie = self.registry.ask_for_link(text(&input, "email")).await;
        let cookie = cookie.map_err(|error| asked.refusal(error))?;
        let mut response = done(StatusCode::NO_CONTENT);
        let kept_s = LOG_IN_LINK_MS / 1000;
        OwnCookie::AskedLink.set(&mut response, asked.site, cookie.reveal(), Some(kept_s));
        Ok(response)
    }

    pub(super) async fn spend_link(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        if let Some(response) = self.spend_start_link(asked).await? {
            return Ok(response);
        }
        self.registry.refuse_unless_links().await.map_err(|error| asked.refusal(error))?;
        let input = asked.with_token(MAILED_TOKEN)?;
        let asking = OwnCookie::AskedLink.value(asked.head.headers, asked.site);
        let new = self.registry.new_session(browsers::family(asked.head.headers));
        let before = self.session_digest(asked.site, asked.head);
        let spent = self.registry.spend_link(text(&input, "token"), asking, &new, before).await;
        match spent.map_err(|error| asked.refusal(error))? {
            SpentLink::LoggedIn(developer) => Ok(self.logged_in_by_link(asked, &new, developer)),
            SpentLink::Code(code) => Ok(answer::json(StatusCode::OK, &json!({"code": code}))),
        }
    }

    /// Logs in by the token of a link that the local program has printed: without a mail, and in whichever
    /// browser. `None`: it is no such token.
    async fn spend_start_link(&self, asked: &PortalAsked<'_>) -> Result<Option<Response<Bytes>>, Refusal> {
        let sent = asked.input.typed_by(MAILED_TOKEN);
        let token = sent.get("token").and_then(Value::as_str).unwrap_or_default();
        if self.registry.account_tags().recognise_start_link(token.as_bytes()).is_none() {
            return Ok(None);
        }
        let wrong = || asked.refusal(Error::Account(AccountFault::WrongToken));
        let Some(StartLink::Portal(developer)) = self.start_link(token) else { return Err(wrong()) };
        self.take_start_link(token).ok_or_else(wrong)?;
        let new = self.registry.new_session(browsers::family(asked.head.headers));
        let before = self.session_digest(asked.site, asked.head);
        let opened = self.registry.log_in_by_start_link(developer, &new, before).await;
        let opened = opened.inspect_err(|_| self.give_back_start_link(token));
        opened.map_err(|error| asked.refusal(error))?;
        Ok(Some(self.logged_in_by_link(asked, &new, developer)))
    }

    pub(super) async fn spend_code(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        self.registry.refuse_unless_links().await.map_err(|error| asked.refusal(error))?;
        let input = asked.checked(LINK_CODE)?;
        let Some(asking) = OwnCookie::AskedLink.value(asked.head.headers, asked.site) else {
            return Err(asked.refusal(Error::Account(AccountFault::WrongToken)));
        };
        let new = self.registry.new_session(browsers::family(asked.head.headers));
        let before = self.session_digest(asked.site, asked.head);
        let developer = self.registry.spend_code(text(&input, "code"), asking, &new, before).await;
        let developer = developer.map_err(|error| asked.refusal(error))?;
        Ok(self.logged_in_by_link(asked, &new, developer))
    }

    fn logged_in_by_link(
        &self,
        asked: &PortalAsked<'_>,
        new: &NewSession,
        developer: Uuid,
    ) -> Response<Bytes> {
        let mut response = self.logged_in(asked, new, developer);
        OwnCookie::AskedLink.take_away(&mut response, asked.site);
        response
    }

    /// 204, with the session's cookie, and the one by which the browser is known.
    #[expect(clippy::disallowed_methods, reason = "the one answer that gives the cookies")]
    fn logged_in(&self, asked: &PortalAsked<'_>, new: &NewSession, developer: Uuid) -> Response<Bytes> {
        let mut response = done(StatusCode::NO_CONTENT);
        OwnCookie::Session.set(&mut response, asked.site, new.cookie.reveal(), None);
        let known = self.registry.new_known_browser(developer);
        OwnCookie::KnownBrowser.set(&mut response, asked.site, known.reveal(), Some(KNOWN_BROWSER_S));
        response
    }
}

/// Address and password as they were shown.
fn shown(asked: &PortalAsked<'_>) -> Result<(String, String), Refusal> {
    if asked.head.method == "POST" {
        let input = asked.checked(LOG_IN)?;
        return Ok((text(&input, "email").to_owned(), text(&input, "password").to_owned()));
    }
    address_and_password(asked.head.headers).ok_or(Refusal::NoSession)
}
