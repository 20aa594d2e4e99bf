//! Sign-up, confirmation, forgotten passwords: what needs no session.

use bytes::Bytes;
use http::header::ACCEPT_LANGUAGE;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::PortalAsked;
use crate::http::endpoints::VisitorCall;
use crate::http::problem::Refusal;
use crate::http::{Control, answer};
use crate::log_in::{PasswordAnswer, PasswordNeed, PasswordOutcome, Work};
use crate::mail::Language;
use crate::passwords::PhcString;
use crate::ports::{Clock, Random};
use crate::registry::{Error, SignUp};
use crate::schema::account_calls::{ADDRESS, MAILED_TOKEN, REGISTER, RESET_PASSWORD};
use crate::schema::{Field, Mode, Object, validate_record};
use latchkey_store::Store;

impl PortalAsked<'_> {
    /// What was sent, checked by a table.
    pub(super) fn checked(&self, fields: &[Field]) -> Result<Object, Refusal> {
        let input = self.input.typed_by(fields);
        validate_record(fields, Mode::Whole, &input).map_err(|fault| self.refusal(Error::Schema(fault)))
    }

    /// The same of what has a token. One that is not there has a sentence of its own, as in Kong.
    pub(super) fn with_token(&self, fields: &[Field]) -> Result<Object, Refusal> {
        let input = self.input.typed_by(fields);
        match input.get("token") {
            None | Some(Value::Null) => Err(Refusal::Malformed("token is required")),
            Some(Value::String(token)) if token.is_empty() => Err(Refusal::Malformed("token is required")),
            Some(_) => self.checked(fields),
        }
    }

    pub(super) fn refusal(&self, error: Error) -> Refusal {
        Refusal::Registry { endpoint: self.matched.endpoint.path, error }
    }
}

/// A text that was checked to be there.
pub(super) fn text<'o>(object: &'o Object, name: &str) -> &'o str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// An answer without body.
pub(super) fn done(status: StatusCode) -> Response<Bytes> {
    answer::empty(status)
}

/// What came of a password, unless the call ends with that.
pub(super) fn outcome(answer: &PasswordAnswer) -> Result<&PasswordOutcome, Refusal> {
    match &answer.outcome {
        PasswordOutcome::Held { retry_after_s } => Err(Refusal::Held { retry_after_s: *retry_after_s }),
        PasswordOutcome::Busy => Err(Refusal::HashingBusy),
        outcome => Ok(outcome),
    }
}

/// The hash of a password to be.
pub(super) fn made(answer: &PasswordAnswer) -> Result<&PhcString, Refusal> {
    match outcome(answer)? {
        PasswordOutcome::Made(phc) => Ok(phc),
        _ => Err(Refusal::NoSession),
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn visitor_call(
        &self,
        call: VisitorCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        match call {
            VisitorCall::Register => self.register(asked).await,
            VisitorCall::Verify => self.verify(asked).await,
            VisitorCall::ResendVerification => self.resend(asked).await,
            VisitorCall::InvalidateVerification => self.invalidate(asked).await,
            VisitorCall::ForgotPassword => self.forgot(asked).await,
            VisitorCall::ValidateReset => self.validate_reset(asked).await,
            VisitorCall::ResetPassword => self.reset(asked).await,
            VisitorCall::ConfirmEmail => self.confirm_email(asked).await,
            VisitorCall::RevertEmail => self.revert_email(asked).await,
            VisitorCall::MetaFields => self.meta_fields(asked).await,
            VisitorCall::LogIn => self.log_in(asked).await,
            VisitorCall::AskLink => self.ask_link(asked).await,
            VisitorCall::SpendLink => self.spend_link(asked).await,
            VisitorCall::SpendCode => self.spend_code(asked).await,
        }
    }

    async fn register(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.input.typed_by(REGISTER);
        let checked = self.registry.check_sign_up(&input).await.map_err(|error| asked.refusal(error))?;
        let Some(password) = asked.answer else {
            return Err(Refusal::NeedsPassword(Box::new(PasswordNeed {
                account: self.registry.mailbox(&checked.email),
                address: asked.head.client_ip,
                known_browser: None,
                work: Work::SignUp {
                    password: checked.password,
                    per_hour: checked.settings.sign_ups_per_hour,
                },
                state: None,
            })));
        };
        let sign_up = SignUp {
            email: &checked.email,
            meta: checked.meta.as_deref(),
            phc: made(password)?,
            language: wanted_language(asked),
        };
        self.registry.sign_up(&sign_up).await.map_err(|error| asked.refusal(error))?;
        // Of nothing but what was sent, so that it is the same for an address that is somebody's already.
        let status = self.registry.status_of_sign_up(&checked.settings);
        let developer = json!({"email": checked.email, "meta": checked.meta, "status": status});
        Ok(answer::json(StatusCode::OK, &json!({"developer": developer, "email": {"accepted": true}})))
    }

    async fn verify(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(MAILED_TOKEN)?;
        let verified = self.registry.verify_account(text(&input, "token")).await;
        let status = verified.map_err(|error| asked.refusal(error))?;
        Ok(answer::json(StatusCode::OK, &json!({"status": status})))
    }

    async fn resend(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.checked(ADDRESS)?;
        let sent = self.registry.resend_verification(text(&input, "email")).await;
        sent.map(|()| done(StatusCode::NO_CONTENT)).map_err(|error| asked.refusal(error))
    }

    async fn invalidate(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(MAILED_TOKEN)?;
        let voided = self.registry.invalidate_verification(text(&input, "token")).await;
        voided.map(|()| done(StatusCode::NO_CONTENT)).map_err(|error| asked.refusal(error))
    }

    async fn forgot(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.checked(ADDRESS)?;
        let sent = self.registry.forgot_password(text(&input, "email")).await;
        sent.map(|()| done(StatusCode::OK)).map_err(|error| asked.refusal(error))
    }

    async fn validate_reset(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(MAILED_TOKEN)?;
        let good = self.registry.validate_reset(text(&input, "token")).await;
        good.map(|()| done(StatusCode::OK)).map_err(|error| asked.refusal(error))
    }

    async fn reset(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(RESET_PASSWORD)?;
        let (token, password) = (text(&input, "token"), text(&input, "password"));
        let Some(answer) = asked.answer else {
            let need = self.registry.reset_need(token, password, asked.head.client_ip).await;
            let need = need.map_err(|error| asked.refusal(error))?;
            return Err(Refusal::NeedsPassword(Box::new(need)));
        };
        let set = self.registry.reset_password(token, made(answer)?).await;
        set.map(|()| done(StatusCode::OK)).map_err(|error| asked.refusal(error))
    }

    async fn confirm_email(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(MAILED_TOKEN)?;
        let developer = self.registry.confirm_address(text(&input, "token")).await;
        developer.map(moved).map_err(|error| asked.refusal(error))
    }

    async fn revert_email(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let input = asked.with_token(MAILED_TOKEN)?;
        let developer = self.registry.revert_address(text(&input, "token")).await;
        developer.map(moved).map_err(|error| asked.refusal(error))
    }

    async fn meta_fields(&self, asked: &PortalAsked<'_>) -> Result<Response<Bytes>, Refusal> {
        let settings = self.registry.read_settings().await.map_err(|error| asked.refusal(error))?;
        Ok(answer::json(StatusCode::OK, &json!(settings.meta_fields)))
    }
}

/// A developer who has another address.
fn moved(developer: Object) -> Response<Bytes> {
    answer::json(StatusCode::OK, &json!({"developer": developer}))
}

/// The language that a browser wants, of those that mails are written in.
fn wanted_language(asked: &PortalAsked<'_>) -> Option<Language> {
    let mut fields = asked.head.headers.get_all(ACCEPT_LANGUAGE).iter();
    fields.find_map(|field| Language::accepted(field.to_str().ok()?))
}
