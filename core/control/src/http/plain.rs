//! What needs neither body nor store: the door answers it alone.

use bytes::Bytes;
use http::Response;

use super::endpoints::Plain;
use super::routing::Matched;
use super::{ControlSettings, answer, information, openapi, pages, welcome};

impl Plain {
    /// The answer at an endpoint.
    pub(super) fn answer(self, matched: &Matched, settings: &ControlSettings) -> Response<Bytes> {
        let endpoint = matched.endpoint;
        match self {
            Plain::Welcome => welcome::page(settings),
            Plain::Health => information::health(),
            Plain::OpenApi => openapi::answer(),
            Plain::Options => answer::options(endpoint),
            Plain::Asset => pages::asset(matched.text("asset")),
        }
    }
}
