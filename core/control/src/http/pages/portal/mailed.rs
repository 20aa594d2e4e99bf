//! Where links of mails lead: a page with one button, which spends the token.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::shown;
use super::visitor::is_wrong_token;
use crate::http::page_names::MailedPage;
use crate::http::pages::desk::{Desk, object};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::Said;
use latchkey_pages::portal::{EndedLink, MailedLink, Mailing, paths};
use latchkey_store::Store;

impl MailedPage {
    /// What it is for, the endpoint that its button asks, and what came of it.
    fn of(self) -> (Mailing, &'static str, Said) {
        match self {
            MailedPage::Verify => (Mailing::Verify, "verify-account", Said::Confirmed),
            MailedPage::NotMe => (Mailing::NotMe, "invalidate-account-verification", Said::Ended),
            MailedPage::ConfirmAddress => (Mailing::ConfirmAddress, "confirm-email", Said::Confirmed),
            MailedPage::RevertAddress => (Mailing::RevertAddress, "revert-email", Said::Saved),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn mailed_page(&self, page: MailedPage) -> Result<Response<Bytes>, Refusal> {
        let (mailing, endpoint, said) = page.of();
        if !self.page.is_post() {
            return Ok(self.mailed_link(mailing));
        }
        let token = self.page.form.text("token");
        match self.post(&[endpoint], object([("token", json!(token))])).await {
            Ok(_) => Ok(self.page.done(said, paths::LOG_IN)),
            Err(refusal) if token.is_empty() || is_wrong_token(&refusal) => {
                Ok(self.link_ended(EndedLink::Mailed(mailing)))
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// The page with the button. A GET looks at no token: scanners of mails follow links.
    pub(super) fn mailed_link(&self, mailing: Mailing) -> Response<Bytes> {
        let Some(token) = self.page.query.value("token").filter(|token| !token.is_empty()) else {
            return self.link_ended(EndedLink::Mailed(mailing));
        };
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        shown(&MailedLink { frame: &frame, token, mailing })
    }
}
