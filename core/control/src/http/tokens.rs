//! Named admin tokens.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::endpoints::Verb;
use super::lists::{Query, own_page};
use super::routing::Matched;
use super::{Control, answer};
use crate::named_token::NamedToken;
use crate::ports::{Clock, Random};
use crate::registry::{Error, RecordPage, present_token};
use crate::schema::{Input, NAMED_TOKEN, Object};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn tokens(&self, query: &Query) -> Result<Response<Bytes>, Error> {
        let page = RecordPage::parse(query.value("size"), query.value("offset"))?;
        let list = self.registry.list_named_tokens(&page).await?;
        let data = list.data.iter().map(|token| Value::Object(self.present(token))).collect();
        Ok(own_page("/tokens", query, data, list.offset))
    }

    #[expect(clippy::disallowed_methods, reason = "the one answer that shows the token")]
    pub(super) async fn make_token(
        &self,
        input: Input<'_>,
        ends_by: Option<u64>,
        id: Option<Uuid>,
    ) -> Result<Response<Bytes>, Error> {
        let input = input.typed_by(NAMED_TOKEN);
        let (made, plain) = self.registry.make_named_token_once(&input, ends_by, id).await?;
        let mut body = self.present(&made);
        body.insert("token".to_owned(), plain.reveal().into());
        Ok(answer::json(StatusCode::CREATED, &Value::Object(body)))
    }

    pub(super) async fn token(
        &self,
        verb: Verb,
        matched: &Matched,
        input: Input<'_>,
        ends_by: Option<u64>,
    ) -> Result<Response<Bytes>, Error> {
        let key = matched.text("token");
        let token = match verb {
            Verb::Read => self.registry.read_named_token(key).await?,
            Verb::Change => {
                self.registry.change_named_token(key, &input.typed_by(NAMED_TOKEN), ends_by).await?
            }
            Verb::Delete => {
                self.registry.revoke_named_token(key).await?;
                return Ok(answer::empty(StatusCode::NO_CONTENT));
            }
            // The table has no PUT: a token is made by the installation alone, never brought.
            Verb::Replace => return Err(Error::NotFound),
        };
        Ok(answer::json(StatusCode::OK, &json!(self.present(&token))))
    }

    fn present(&self, token: &NamedToken) -> Object {
        present_token(token, self.registry.peppers())
    }
}
