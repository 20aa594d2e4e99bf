//! The own account, of a developer who is logged in.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::accounts::{done, outcome, text};
use super::{CLEAR_CACHE, CLEAR_SITE_DATA, OwnCookie, PortalAsked, PortalCaller, browsers};
use crate::http::endpoints::OwnAccountCall;
use crate::http::problem::Refusal;
use crate::http::{Control, answer};
use crate::log_in::PasswordOutcome;
use crate::ports::{Clock, Random};
use crate::registry::{AccountFault, Error, RecordPage, SessionSeen};
use crate::schema::account_calls::{ADDRESS, CHANGE_META, CHANGE_PASSWORD};
use crate::schema::{Object, parse_uuid};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn own_account_call(
        &self,
        call: OwnAccountCall,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let caller = asked.caller.as_ref().ok_or(Refusal::NoSession)?;
        let answered = match call {
            OwnAccountCall::Session => Ok(session(caller)),
            OwnAccountCall::Read => {
                Ok(answer::json(StatusCode::OK, &Value::Object(caller.seen.developer.clone())))
            }
            OwnAccountCall::LogOut => self.log_out(caller, asked).await,
            OwnAccountCall::Delete => self.delete_account(caller, asked).await,
            OwnAccountCall::ChangeEmail => {
                let input = asked.checked(ADDRESS)?;
                let asked_for = self.registry.ask_for_address(&caller.session, text(&input, "email")).await;
                asked_for.map(shown)
            }
            OwnAccountCall::ChangeMeta => {
                let input = asked.checked(CHANGE_META)?;
                self.registry.change_meta(&caller.session, text(&input, "meta")).await.map(shown)
            }
            OwnAccountCall::Sessions => self.sessions(caller, asked).await,
            OwnAccountCall::EndSessions => {
                let ended = self.registry.end_sessions(&caller.session, None).await;
                ended.map(|()| done(StatusCode::NO_CONTENT))
            }
            OwnAccountCall::EndSession => self.end_session(caller, asked).await,
            OwnAccountCall::ChangePassword => return self.change_password(caller, asked).await,
        };
        answered.map_err(|error| asked.refusal(error))
    }

    async fn log_out(
        &self,
        caller: &PortalCaller,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Error> {
        self.registry.log_out(&caller.session).await?;
        let mut response = done(StatusCode::OK);
        OwnCookie::Session.take_away(&mut response, asked.site);
        response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
        Ok(response)
    }

    async fn delete_account(
        &self,
        caller: &PortalCaller,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Error> {
        self.registry.delete_account(&caller.session).await?;
        let mut response = done(StatusCode::NO_CONTENT);
        OwnCookie::Session.take_away(&mut response, asked.site);
        OwnCookie::KnownBrowser.take_away(&mut response, asked.site);
        Ok(response)
    }

    #[expect(clippy::disallowed_methods, reason = "the one answer that gives the cookie")]
    async fn change_password(
        &self,
        caller: &PortalCaller,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let input = asked.checked(CHANGE_PASSWORD)?;
        let (old, new) = (text(&input, "old_password"), text(&input, "password"));
        let Some(password) = asked.answer else {
            let client = asked.head.client_ip;
            let need = self.registry.change_password_need(&caller.session, old, new, client).await;
            let need = need.map_err(|error| asked.refusal(error))?;
            return Err(Refusal::NeedsPassword(Box::new(need)));
        };
        let PasswordOutcome::Made(phc) = outcome(password)? else {
            return Err(asked.refusal(Error::Account(AccountFault::OldPassword)));
        };
        let session = self.registry.new_session(browsers::family(asked.head.headers));
        let changed = self.registry.change_password(&caller.session, password.state, phc, &session).await;
        changed.map_err(|error| asked.refusal(error))?;
        let mut response = done(StatusCode::NO_CONTENT);
        OwnCookie::Session.set(&mut response, asked.site, session.cookie.reveal(), None);
        Ok(response)
    }

    /// They are few: every page is read of all of them.
    async fn sessions(
        &self,
        caller: &PortalCaller,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let (size, offset) = (asked.query.value("size"), asked.query.value("offset"));
        let page = RecordPage::parse(size, offset)?;
        let all = self.registry.sessions(&caller.session).await?;
        let total = all.len();
        let (seen, next) = page.of(all, |seen| seen.session.id.to_string());
        let next =
            next.map(|offset| format!("/portal/api/developer/sessions?{}", asked.query.with_offset(&offset)));
        let data: Vec<Value> = seen.iter().map(shown_session).collect();
        Ok(answer::json(StatusCode::OK, &json!({"data": data, "next": next, "total": total})))
    }

    async fn end_session(
        &self,
        caller: &PortalCaller,
        asked: &PortalAsked<'_>,
    ) -> Result<Response<Bytes>, Error> {
        let id = parse_uuid(asked.matched.text("session")).ok_or(Error::NotFound)?;
        self.registry.end_sessions(&caller.session, Some(id)).await?;
        let mut response = done(StatusCode::NO_CONTENT);
        if id == caller.seen.session.id {
            OwnCookie::Session.take_away(&mut response, asked.site);
        }
        Ok(response)
    }
}

fn shown(developer: Object) -> Response<Bytes> {
    answer::json(StatusCode::OK, &Value::Object(developer))
}

fn session(caller: &PortalCaller) -> Response<Bytes> {
    let seen = &caller.seen;
    let body = json!({
        "developer": seen.developer,
        "created_at": seen.session.created_ms / 1000,
        "authenticated_at": seen.session.authenticated_ms / 1000,
        "ends_at": seen.ends_ms / 1000,
    });
    answer::json(StatusCode::OK, &body)
}

/// Never its cookie, nor what that digests to.
fn shown_session(seen: &SessionSeen) -> Value {
    json!({
        "id": seen.session.id,
        "created_at": seen.session.created_ms / 1000,
        "last_seen": seen.session.last_seen_ms / 1000,
        "browser": seen.session.browser,
        "current": seen.is_current,
    })
}
