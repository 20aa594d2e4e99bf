//! Admin tokens.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use crate::http::pages::answered::answered;
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::ends::expires_at;
use crate::http::pages::faults::Faults;
use crate::http::pages::listing::Listed;
use crate::http::pages::manager::shown;
use crate::http::portal::Once;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::SessionToken;
use latchkey_pages::manager::{Taking, TokenNew, TokenRow, TokenShown, TokenShownAlready, Tokens, paths};
use latchkey_pages::parts::{Ends, Time};
use latchkey_pages::{Said, View as _};
use latchkey_store::Store;

answered! {
    /// A token, as the Admin API shows it.
    struct Token {
        id: String,
        name: String,
        start: String,
        read_only: bool,
        created_at: u64,
        expires_at: Option<u64>,
    }

    struct Made {
        name: String,
        token: String,
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn tokens(&self) -> Result<Response<Bytes>, Refusal> {
        let listed: Listed<Token> = self.get(&["tokens"], "size=1000").await?;
        let now_s = self.now_s();
        let own = match self.page.administrator.as_ref().map(|caller| &caller.session.token) {
            Some(SessionToken::Named(token)) => Some(token.id.to_string()),
            _ => None,
        };
        let rows: Vec<TokenRow<'_>> = listed
            .data
            .iter()
            .map(|token| TokenRow {
                id: &token.id,
                name: &token.name,
                start: &token.start,
                is_read_only: token.read_only,
                created: Time(token.created_at),
                expires: token.expires_at.map(Time),
                is_expired: token.expires_at.is_some_and(|end| end <= now_s),
                is_own: own.as_ref() == Some(&token.id),
            })
            .collect();
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(shown(&Tokens { frame: &frame, tokens: &rows }))
    }

    pub(super) async fn token_new(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let mut faults = Faults::default();
        if page.is_post() {
            page.refuse_unless_recent()?;
            match expires_at(form, self.now_s(), page.look.language) {
                Err(found) => faults = found,
                Ok(ends) => {
                    let is_read_only = json!(form.is_ticked("read_only"));
                    let sent =
                        [("name", form.value("name")), ("read_only", is_read_only), ("expires_at", ends)];
                    let once = Once { id: form.nonce(), ..Once::default() };
                    match self.post_once(&["tokens"], object(sent), once).await {
                        Ok(made) => return self.show_token(&made),
                        Err(refusal) if refusal.is_made_already() => return Ok(self.token_was_shown()),
                        Err(refusal) => faults = Faults::of(refusal)?,
                    }
                }
            }
        }
        let (path, nonce) = (page.path(), self.nonce());
        let frame = page.manager_frame(&path);
        let ends = Ends { ends: faults.typed_as(form, "ends", "expires_at"), own: faults.typed(form, "own") };
        let view = TokenNew {
            frame: &frame,
            name: faults.typed(form, "name"),
            is_read_only: form.is_ticked("read_only"),
            ends,
            nonce: &nonce,
        };
        Ok(self.form(&faults, &view))
    }

    fn show_token(&self, made: &Response<Bytes>) -> Result<Response<Bytes>, Refusal> {
        let made: Made = read(made)?;
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(html(StatusCode::OK, TokenShown { frame: &frame, name: &made.name, token: &made.token }.html()))
    }

    /// The answer to a form that was sent once more.
    fn token_was_shown(&self) -> Response<Bytes> {
        let (path, id) = (self.page.path(), self.nonce());
        let frame = self.page.manager_frame(&path);
        html(StatusCode::CONFLICT, TokenShownAlready { frame: &frame, token: &id }.html())
    }

    pub(super) async fn token_delete(&self) -> Result<Response<Bytes>, Refusal> {
        let token: Option<Token> = self.find(&["tokens", self.page.part("token")]).await?;
        match token {
            None if self.page.is_post() => Ok(self.page.done(Said::AlreadyDone, paths::TOKENS)),
            None => Err(Refusal::UnknownPath),
            Some(token) if self.page.is_post() => {
                self.page.refuse_unless_recent()?;
                self.delete(&["tokens", &token.id]).await?;
                Ok(self.page.done(Said::Deleted, paths::TOKENS))
            }
            Some(token) => Ok(self.ask_alone(Taking::DeleteToken(&token.id), &token.name)),
        }
    }
}
