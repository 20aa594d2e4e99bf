//! Log-in by the link that the local program prints at its start.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::shown;
use crate::http::StartLink;
use crate::http::pages::answers::{html, see_other};
use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::TokenOf;
use latchkey_pages::View as _;
use latchkey_pages::manager::{LogIn, LogInFault, LogInLink, paths};
use latchkey_store::Store;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// A button, which spends the link: a GET changes nothing, since whatever looks at links follows them.
    pub(super) async fn log_in_link(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, control) = (self.page, self.control);
        if !control.has_manager_link() {
            return Err(Refusal::UnknownPath);
        }
        let asked = page.query.value("token").unwrap_or_default();
        let token = if page.is_post() { page.form.text("token") } else { asked };
        if control.start_link(token) != Some(StartLink::Manager) {
            return Ok(self.start_link_ended());
        }
        if !page.is_post() {
            let path = page.path();
            let frame = page.manager_frame(&path);
            return Ok(shown(&LogInLink { frame: &frame, token }));
        }
        let installation = control.settings.token.ok_or(Refusal::NoTokenConfigured)?;
        if control.take_start_link(token).is_none() {
            return Ok(self.start_link_ended());
        }
        let mut response = see_other(paths::START);
        let opened = control.open_session(page, &TokenOf::Installation(installation), &mut response).await;
        opened.inspect_err(|_| control.give_back_start_link(token))?;
        Ok(response)
    }

    fn start_link_ended(&self) -> Response<Bytes> {
        let frame = self.page.manager_frame(paths::LOG_IN);
        let view = LogIn { frame: &frame, fault: Some(LogInFault::LinkEnded), return_to: None };
        html(StatusCode::UNAUTHORIZED, view.html())
    }
}
