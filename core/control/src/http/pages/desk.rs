//! How a page asks the endpoints: in process, as its caller, with what they would be sent.

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::{Response, StatusCode};
use serde_json::Value;

use super::PageAsked;
use super::answered::Answered;
use super::answers::html;
use super::faults::Faults;
use crate::http::admission::Asked;
use crate::http::authenticate::Identified;
use crate::http::endpoints::{Action, Surface, Who};
use crate::http::lists::Query;
use crate::http::portal::{Once, PortalAsked, PortalCaller};
use crate::http::problem::Refusal;
use crate::http::uploads::Upload;
use crate::http::{Control, Given, Head, on_heap, routing};
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::View;
use latchkey_pages::parts::Typed;
use latchkey_store::Store;

/// Where a page asks.
pub(super) struct Desk<'a, S, C, R> {
    /// What acts for the caller.
    pub(super) control: &'a Control<S, C, R>,
    pub(super) page: &'a PageAsked<'a>,
    pub(super) caller: &'a Identified,
}

/// What a page sends.
pub(super) struct Sent<'a> {
    pub(super) method: &'static str,
    /// Of the endpoint, below its surface: texts, not escaped.
    pub(super) path: &'a [&'a str],
    /// `size=50&offset=…`
    pub(super) query: &'a str,
    pub(super) object: Object,
    pub(super) file: Option<&'a Upload>,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Drawn for a form that makes something: the id of what it makes. What was sent with faults is sent again
    /// with the same.
    pub(super) fn nonce(&self) -> String {
        let sent = self.page.form.nonce();
        sent.unwrap_or_else(|| self.control.registry.random_id()).to_string()
    }

    /// Now, in seconds since the Unix epoch.
    pub(super) fn now_s(&self) -> u64 {
        self.control.registry.clock().unix_ms() / 1000
    }

    /// What a field holds: what was typed, once the form was sent, and what is stored before.
    pub(super) fn typed<'t>(&'t self, faults: &'t Faults, name: &str, stored: Option<&'t str>) -> Typed<'t> {
        match self.page.is_post() {
            true => faults.typed(&self.page.form, name),
            false => Typed { value: stored.unwrap_or_default(), fault: None },
        }
    }

    /// A page with a form: 400 where it was sent with faults.
    pub(super) fn form(&self, faults: &Faults, page: &impl View) -> Response<Bytes> {
        let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        html(status, page.html())
    }

    /// What an endpoint of the page's own API shows.
    pub(super) async fn get<T: Answered>(&self, path: &[&str], query: &str) -> Result<T, Refusal> {
        self.show(path, query).await.and_then(of)
    }

    /// The same, of no kind yet.
    async fn show(&self, path: &[&str], query: &str) -> Result<Value, Refusal> {
        let sent = Sent { method: "GET", path, query, object: Object::new(), file: None };
        read(&self.send(sent).await?)
    }

    /// The same; `None` where there is no such thing.
    pub(super) async fn find<T: Answered>(&self, path: &[&str]) -> Result<Option<T>, Refusal> {
        match self.get(path, "").await {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.is_not_found() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// What several endpoints show, asked at once; null where there is no such thing, or it has gone since.
    pub(super) async fn each(&self, paths: &[Vec<&str>], query: &str) -> Result<Vec<Value>, Refusal> {
        try_join_all(paths.iter().map(|path| self.show_or_null(path, query))).await
    }

    async fn show_or_null(&self, path: &[&str], query: &str) -> Result<Value, Refusal> {
        match self.show(path, query).await {
            Err(refusal) if refusal.is_not_found() => Ok(Value::Null),
            shown => shown,
        }
    }

    /// Sends an object, of which what an endpoint answers is left unread.
    pub(super) async fn post(&self, path: &[&str], object: Object) -> Result<Response<Bytes>, Refusal> {
        self.send(Sent { method: "POST", path, query: "", object, file: None }).await
    }

    pub(super) async fn patch(&self, path: &[&str], object: Object) -> Result<Response<Bytes>, Refusal> {
        self.send(Sent { method: "PATCH", path, query: "", object, file: None }).await
    }

    pub(super) async fn delete(&self, path: &[&str]) -> Result<Response<Bytes>, Refusal> {
        self.send(Sent { method: "DELETE", path, query: "", object: Object::new(), file: None }).await
    }

    /// Sends a file in the place of what there is.
    pub(super) async fn put_file(&self, path: &[&str], file: &Upload) -> Result<Response<Bytes>, Refusal> {
        self.send(Sent { method: "PUT", path, query: "", object: Object::new(), file: Some(file) }).await
    }

    /// Makes something, or does what cannot be undone, once however often the form is sent.
    pub(super) async fn post_once(
        &self,
        path: &[&str],
        object: Object,
        once: Once<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let sent = Sent { method: "POST", path, query: "", object, file: None };
        on_heap(|| self.ask(sent, once)).await
    }

    pub(super) async fn send(&self, sent: Sent<'_>) -> Result<Response<Bytes>, Refusal> {
        on_heap(|| self.ask(sent, Once::default())).await
    }

    async fn ask(&self, sent: Sent<'_>, once: Once<'_>) -> Result<Response<Bytes>, Refusal> {
        let surface = match self.page.matched.endpoint.surface {
            Surface::Manager => Surface::Admin,
            _ => Surface::Portal,
        };
        let segments: Vec<String> = sent.path.iter().map(|segment| (*segment).to_owned()).collect();
        let matched = routing::at(surface, &segments).ok_or(Refusal::UnknownPath)?;
        let call = matched.endpoint.call(sent.method).ok_or(Refusal::UnknownMethod(matched.endpoint))?;
        let asked = Asked { matched, call };
        self.caller.refuse_unless_permitted(call)?;
        let query = Query::parse(Some(sent.query))?;
        match call.action {
            Action::Portal(_) => self.ask_portal(&asked, &query, &sent, once).await,
            _ => {
                let input = (&sent.object).into();
                let given = Given { input, query: &query, file: sent.file, once };
                let perform = || self.control.perform_with(&asked, self.caller, &given);
                on_heap(perform).await
            }
        }
    }

    async fn ask_portal(
        &self,
        asked: &Asked,
        query: &Query,
        sent: &Sent<'_>,
        once: Once<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        let (endpoint, who) = (asked.matched.endpoint, asked.call.who(Surface::Portal));
        // Who waits to be approved is shown what strangers are.
        let is_let = |caller: &&PortalCaller| who != Who::NotWaiting || caller.is_approved();
        let caller = self.page.developer.as_ref().filter(is_let);
        PortalCaller::refuse_unless_let(caller, who, endpoint.path)?;
        let Action::Portal(call) = asked.call.action else { return Err(Refusal::UnknownPath) };
        let refusal = |error| Refusal::Registry { endpoint: endpoint.path, error };
        self.control.registry.refuse_while_restoring().await.map_err(refusal)?;
        let head = Head { method: sent.method, ..*self.page.head };
        let asked = PortalAsked {
            matched: &asked.matched,
            query,
            input: (&sent.object).into(),
            head: &head,
            site: self.page.site,
            caller: caller.cloned(),
            answer: self.page.password,
            once,
        };
        on_heap(|| self.control.portal(call, &asked)).await
    }
}

/// What an endpoint answered.
pub(super) fn read<T: Answered>(response: &Response<Bytes>) -> Result<T, Refusal> {
    // An endpoint answers with what its table says.
    of(serde_json::from_slice(response.body()).map_err(|_| Refusal::Unreadable)?)
}

/// A value as one of a kind.
pub(super) fn of<T: Answered>(value: Value) -> Result<T, Refusal> {
    T::of(value).ok_or(Refusal::Unreadable)
}

/// An object of these members, without those that are null.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Object {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(name, value)| (name.to_owned(), value)).collect()
}
