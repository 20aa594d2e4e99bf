//! Accounts, for who has none yet or cannot log in: sign-up, a mail once more, a forgotten password.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{meta, shown};
use crate::http::page_names::VisitorPage;
use crate::http::pages::answers::{held, html, see_other};
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::AccountFault;
use crate::schema::Object;
use latchkey_pages::portal::{
    EndedLink, Forgot, LinkEnded, LookIntoMail, Notice, ResendVerification, Reset, SignUp, paths,
};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

/// What is said of a password that is typed twice, and not alike.
const NOT_ALIKE: &str = "is not the same password";

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn visitor_page(&self, page: VisitorPage) -> Result<Response<Bytes>, Refusal> {
        match page {
            VisitorPage::SignUp => self.portal_sign_up().await,
            VisitorPage::Resend => self.portal_resend().await,
            VisitorPage::LookIntoMail => {
                let path = self.page.path();
                let frame = self.page.portal_frame(&path);
                Ok(shown(&LookIntoMail { frame: &frame }))
            }
            VisitorPage::Forgot => self.portal_forgot().await,
            VisitorPage::Reset => self.portal_reset().await,
        }
    }

    async fn portal_sign_up(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let (asked, known) = (self.meta_fields().await?, self.portal_known());
        let filled = meta::typed(asked, form);
        let (mut faults, mut wait) = (Faults::default(), None);
        if page.is_post() {
            let meta =
                if filled.is_empty() { Value::Null } else { meta::text(&filled, Object::new()).into() };
            let sent = object([
                ("email", form.value("email")),
                ("password", json!(form.exact("password"))),
                ("meta", meta),
            ]);
            match self.post(&["register"], sent).await {
                Ok(_) if known.verifies => return Ok(see_other(paths::LOOK_INTO_MAIL)),
                Ok(_) => return Ok(page.done(Said::Created, paths::LOG_IN)),
                Err(Refusal::Held { retry_after_s }) => wait = Some(retry_after_s.into()),
                Err(refusal) => faults = Faults::of(refusal)?,
            }
        }
        let path = page.path();
        let (frame, mut email) = (page.portal_frame(&path), faults.typed(form, "email"));
        email.fault = email.fault.or(meta::whole_fault(&faults));
        let fields: Vec<_> = filled.iter().map(|field| field.view(&faults)).collect();
        let view = SignUp {
            frame: &frame,
            meta: &fields,
            email,
            password_fault: faults.of_field("password"),
            password_min: known.password_min,
            wait,
        };
        Ok(match wait {
            Some(seconds) => held(seconds, view.html()),
            None => self.form(&faults, &view),
        })
    }

    async fn portal_resend(&self) -> Result<Response<Bytes>, Refusal> {
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        let faults = match self.portal_mail_to(&["resend-account-verification"]).await? {
            Ok(response) => return Ok(response),
            Err(faults) => faults,
        };
        let email = faults.typed(&self.page.form, "email");
        Ok(self.form(&faults, &ResendVerification { frame: &frame, email }))
    }

    async fn portal_forgot(&self) -> Result<Response<Bytes>, Refusal> {
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        let faults = match self.portal_mail_to(&["forgot-password"]).await? {
            Ok(response) => return Ok(response),
            Err(faults) => faults,
        };
        let email = faults.typed(&self.page.form, "email");
        Ok(self.form(&faults, &Forgot { frame: &frame, email }))
    }

    /// Has a mail sent to an address that was typed: the same is said for every address. `Err`: the form is to
    /// be shown, with what is wrong.
    async fn portal_mail_to(&self, path: &[&str]) -> Result<Result<Response<Bytes>, Faults>, Refusal> {
        if !self.portal_known().has_mail {
            return Ok(Ok(self.page.notice(StatusCode::NOT_FOUND, Notice::NoMail)));
        }
        if !self.page.is_post() {
            return Ok(Err(Faults::default()));
        }
        match self.post(path, object([("email", self.page.form.value("email"))])).await {
            Ok(_) => Ok(Ok(see_other(paths::LOOK_INTO_MAIL))),
            Err(refusal) => Ok(Err(Faults::of(refusal)?)),
        }
    }

    async fn portal_reset(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let token = form.given("token").or(page.query.value("token")).unwrap_or_default();
        let answered = match page.is_post() {
            false => self.post(&["validate-reset"], object([("token", json!(token))])).await.map(drop),
            true => match form.exact("password") == form.exact("again") {
                false => return self.portal_reset_form(token, &Faults::one("again", NOT_ALIKE)).await,
                true => {
                    let sent = object([("token", json!(token)), ("password", json!(form.exact("password")))]);
                    self.post(&["reset-password"], sent).await.map(drop)
                }
            },
        };
        match answered {
            Ok(()) if page.is_post() => Ok(page.done(Said::PasswordSet, paths::LOG_IN)),
            Ok(()) => self.portal_reset_form(token, &Faults::default()).await,
            Err(refusal) if token.is_empty() || is_wrong_token(&refusal) => {
                Ok(self.link_ended(EndedLink::Reset))
            }
            Err(refusal) => self.portal_reset_form(token, &Faults::of(refusal)?).await,
        }
    }

    async fn portal_reset_form(&self, token: &str, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let (path, known) = (self.page.path(), self.portal_known());
        let (frame, others) = (self.page.portal_frame(&path), faults.of_others(&["password", "again"]));
        let view = Reset {
            frame: &frame,
            token,
            password_fault: faults.of_field("password").or(others.as_deref()),
            again_fault: faults.of_field("again"),
            password_min: known.password_min,
        };
        Ok(self.form(faults, &view))
    }

    /// A link of a mail that was used, or that is too old.
    pub(super) fn link_ended(&self, link: EndedLink) -> Response<Bytes> {
        let path = self.page.head.path;
        let frame = self.page.portal_frame(path);
        html(StatusCode::UNAUTHORIZED, LinkEnded { frame: &frame, link }.html())
    }
}

/// Whether a token is good no more, or never was.
pub(super) fn is_wrong_token(refusal: &Refusal) -> bool {
    refusal.account_fault() == Some(AccountFault::WrongToken)
}
