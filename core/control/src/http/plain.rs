//! What needs neither body nor store: the door answers it alone.

use bytes::Bytes;
use http::Response;

use super::endpoints::{Endpoint, Plain};
use super::{ControlSettings, answer, information, openapi, welcome};

impl Plain {
    /// The answer at an endpoint.
    pub(super) fn answer(self, endpoint: &Endpoint, settings: &ControlSettings) -> Response<Bytes> {
        match self {
            Plain::Welcome => welcome::page(settings),
            Plain::Health => information::health(),
            Plain::OpenApi => openapi::answer(),
            Plain::Options => answer::options(endpoint),
        }
    }
}
