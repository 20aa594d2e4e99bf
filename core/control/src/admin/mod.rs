//! The Admin API: Kong's conventions over the [`Registry`].

mod answer;
mod authenticate;
mod body;
mod door;
pub mod endpoints;
mod guesses;
mod information;
mod lists;
mod problem;
mod resources;
#[cfg(test)]
mod tests;

pub use door::Door;
pub use guesses::{Guesser, Report};
pub use problem::InternalCause;

use bytes::Bytes;
use http::{HeaderMap, Response};
use uuid::Uuid;

use crate::ports::{Clock, Random};
use crate::registry::Registry;
use crate::schema::Object;
use latchkey_published::keys::KeyDigest;
use latchkey_store::Store;
use lists::Query;
use problem::Refusal;

/// What an installation sets.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// Digest of the admin token, under the current pepper or the one before. `None`: the Admin
    /// API answers 503.
    pub token: Option<KeyDigest>,
    /// Version of Kong whose conventions are kept, as clients ask for it: `3.9.1`.
    pub version: String,
    /// Name of this installation.
    pub hostname: String,
    /// Id of this installation.
    pub node_id: Uuid,
}

/// A request to the Admin API.
#[derive(Clone, Copy, Debug)]
pub struct AdminRequest<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path after the `/-/admin` prefix, percent-encoded; empty is `/`.
    pub path: &'a str,
    /// Raw query, without `?`.
    pub query: Option<&'a str>,
    /// Header fields.
    pub headers: &'a HeaderMap,
    /// Whole body: at most [`latchkey_published::limits::ADMIN_BODY_BYTES_MAX`]; the adapter answers 413 beyond.
    pub body: &'a [u8],
}

/// The Admin API over a registry.
#[derive(Debug)]
pub struct Admin<S, C, R> {
    registry: Registry<S, C, R>,
    settings: AdminSettings,
}

impl<S: Store, C: Clock, R: Random> Admin<S, C, R> {
    /// The API of `registry`.
    pub fn new(registry: Registry<S, C, R>, settings: AdminSettings) -> Self {
        Admin { registry, settings }
    }

    /// The registry.
    pub fn registry(&self) -> &Registry<S, C, R> {
        &self.registry
    }

    /// Takes another admin token from now on.
    pub fn set_token(&mut self, token: Option<KeyDigest>) {
        self.settings.token = token;
    }

    /// Answers a request.
    ///
    /// The token is looked at before anything else. An answer to a failure has an
    /// [`InternalCause`] among its extensions, for the log.
    pub async fn handle(&self, request: AdminRequest<'_>) -> Response<Bytes> {
        let answer = match self.authenticate(request.headers) {
            Ok(moved) => {
                if let Some(digest) = moved {
                    self.move_token(digest).await;
                }
                self.route(request).await
            }
            Err(refusal) => Err(refusal),
        };
        let mut response = finish(answer, request.method, request.headers);
        if let Some(cause) = response.extensions_mut().get_mut::<InternalCause>() {
            cause.endpoint = endpoints::find(request.path).map_or("", |matched| matched.endpoint.path);
        }
        response
    }

    async fn route(&self, request: AdminRequest<'_>) -> Result<Response<Bytes>, Refusal> {
        let matched = endpoints::find(request.path).ok_or(Refusal::UnknownPath)?;
        let method = if request.method == "HEAD" { "GET" } else { request.method };
        if method == "OPTIONS" {
            return Ok(answer::options(matched.endpoint));
        }
        if !matched.endpoint.methods.contains(&method) {
            return Err(Refusal::UnknownMethod(matched.endpoint));
        }
        let input = match method {
            "POST" | "PUT" | "PATCH" => body::parse(request.headers, request.body)?,
            _ => Object::new(),
        };
        let query = Query::parse(request.query)?;
        Ok(self.resource(method, &matched, &query, &input).await?)
    }
}

/// The response, with what every answer of this API has.
fn finish(answer: Result<Response<Bytes>, Refusal>, method: &str, headers: &HeaderMap) -> Response<Bytes> {
    let mut response = answer.unwrap_or_else(|refusal| problem::response(&refusal));
    answer::add_cors(&mut response, headers);
    if method == "HEAD" {
        *response.body_mut() = Bytes::new();
    }
    response
}
