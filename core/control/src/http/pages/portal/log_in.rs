//! Log-in, by password or by a mailed link, again, and log-out.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::shown;
use super::visitor::is_wrong_token;
use crate::http::page_names::LogInPage;
use crate::http::pages::answered::answered;
use crate::http::pages::answers::{carried, held, html, see_other};
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::Typed;
use latchkey_pages::portal::{
    EndedLink, LogIn, LogInAgain, LogInFault, LogInLinkSent, Mailing, ShowCode, paths,
};
use latchkey_pages::{Said, View};
use latchkey_store::Store;

/// What is said of a code that logs nobody in.
const WRONG_CODE: &str = "is not the code, or it is too old";

answered! {
    struct Code {
        code: String,
    }
}

/// A page with a log-in, `status` before it fails.
fn logging_in(fault: Option<LogInFault>, status: StatusCode, page: &impl View) -> Response<Bytes> {
    match fault {
        None => html(status, page.html()),
        Some(LogInFault::Wrong) => html(StatusCode::UNAUTHORIZED, page.html()),
        Some(LogInFault::TooMany(seconds)) => held(seconds, page.html()),
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn log_in_page(&self, page: LogInPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            LogInPage::LogIn => self.portal_log_in().await,
            LogInPage::Again => self.log_in_again().await,
            LogInPage::Link => self.log_in_by_link().await,
            LogInPage::AskLink => self.ask_link().await,
            LogInPage::Code => self.log_in_by_code().await,
            LogInPage::LogOut => {
                let answer = self.delete(&["auth"]).await?;
                Ok(carried(&answer, self.page.done(Said::LoggedOut, paths::LOG_IN)))
            }
        }
    }

    async fn portal_log_in(&self) -> Result<Response<Bytes>, Refusal> {
        if !self.page.is_post() {
            return Ok(self.log_in_form(None, &Faults::default()));
        }
        match self.show_password(self.page.form.text("email")).await? {
            Ok(answer) => Ok(self.go_on(&answer)),
            Err(fault) => Ok(self.log_in_form(Some(fault), &Faults::default())),
        }
    }

    /// Goes on to what was asked for, with the cookies of a session.
    fn go_on(&self, answer: &Response<Bytes>) -> Response<Bytes> {
        carried(answer, see_other(self.page.return_to().unwrap_or(paths::SERVICES)))
    }

    /// Logs in with the password in the form. Whatever is wrong with it, the same is said.
    async fn show_password(&self, email: &str) -> Result<Result<Response<Bytes>, LogInFault>, Refusal> {
        let password = self.page.form.exact("password");
        match self.post(&["auth"], object([("email", json!(email)), ("password", json!(password))])).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(Refusal::Held { retry_after_s }) => Ok(Err(LogInFault::TooMany(retry_after_s.into()))),
            Err(Refusal::NoSession) => Ok(Err(LogInFault::Wrong)),
            Err(refusal) if refusal.is_of_what_was_sent() => Ok(Err(LogInFault::Wrong)),
            Err(refusal) => Err(refusal),
        }
    }

    /// The page, with what came of its form, and what is wrong with the one that asks for a link.
    fn log_in_form(&self, fault: Option<LogInFault>, of_link: &Faults) -> Response<Bytes> {
        let (known, path, form) = (self.portal_known(), self.page.path(), &self.page.form);
        let (frame, others) = (self.page.portal_frame(&path), of_link.of_others(&["email"]));
        let link = of_link.typed(form, "email");
        let view = LogIn {
            frame: &frame,
            email: form.text("email"),
            fault,
            link: Typed { fault: link.fault.or(others.as_deref()), ..link },
            return_to: self.page.return_to(),
            has_mail: known.has_mail,
            has_links: known.has_links,
        };
        let status = if of_link.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        logging_in(fault, status, &view)
    }

    async fn log_in_again(&self) -> Result<Response<Bytes>, Refusal> {
        let return_to = self.page.return_to().unwrap_or(paths::ACCOUNT);
        if !self.page.is_post() {
            return Ok(self.log_in_again_form(return_to, None, StatusCode::OK));
        }
        match self.show_password(self.page.own_address().unwrap_or_default()).await? {
            Ok(answer) => Ok(carried(&answer, see_other(return_to))),
            Err(fault) => Ok(self.log_in_again_form(return_to, Some(fault), StatusCode::OK)),
        }
    }

    /// In the place of a page that needs a log-in of lately; leads to a path from there.
    pub(super) fn ask_log_in_again(&self, return_to: &str) -> Response<Bytes> {
        self.log_in_again_form(return_to, None, StatusCode::FORBIDDEN)
    }

    fn log_in_again_form(
        &self,
        return_to: &str,
        fault: Option<LogInFault>,
        status: StatusCode,
    ) -> Response<Bytes> {
        let known = self.portal_known();
        let frame = self.page.portal_frame(return_to);
        let email = self.page.own_address().unwrap_or_default();
        let view = LogInAgain { frame: &frame, email, return_to, fault, has_links: known.has_links };
        logging_in(fault, status, &view)
    }

    async fn ask_link(&self) -> Result<Response<Bytes>, Refusal> {
        match self.post(&["auth", "link"], object([("email", self.page.form.value("email"))])).await {
            Ok(answer) => {
                let to = match self.page.return_to() {
                    Some(path) => format!(
                        "{}?{}",
                        paths::LOG_IN_CODE,
                        serde_urlencoded::to_string([("return_to", path)]).unwrap_or_default()
                    ),
                    None => paths::LOG_IN_CODE.to_owned(),
                };
                Ok(carried(&answer, see_other(&to)))
            }
            Err(refusal) => Ok(self.log_in_form(None, &Faults::of(refusal)?)),
        }
    }

    async fn log_in_by_link(&self) -> Result<Response<Bytes>, Refusal> {
        if !self.page.is_post() {
            return Ok(self.mailed_link(Mailing::LogIn));
        }
        let token = self.page.form.text("token");
        match self.post(&["auth", "link", "token"], object([("token", json!(token))])).await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                let Code { code } = read(&answer)?;
                let path = self.page.path();
                let frame = self.page.portal_frame(&path);
                Ok(shown(&ShowCode { frame: &frame, code: &code }))
            }
            Ok(answer) => Ok(self.go_on(&answer)),
            Err(refusal) if token.is_empty() || is_wrong_token(&refusal) => {
                Ok(self.link_ended(EndedLink::Mailed(Mailing::LogIn)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    async fn log_in_by_code(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let mut faults = Faults::default();
        if page.is_post() {
            match self.post(&["auth", "link", "code"], object([("code", form.value("code"))])).await {
                Ok(answer) => return Ok(self.go_on(&answer)),
                Err(refusal) if is_wrong_token(&refusal) => faults = Faults::one("code", WRONG_CODE),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let path = page.path();
        let frame = page.portal_frame(&path);
        let code = faults.typed(form, "code");
        Ok(self.form(&faults, &LogInLinkSent { frame: &frame, code, return_to: page.return_to() }))
    }
}
