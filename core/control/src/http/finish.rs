//! What every answer at the control door has.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderValue, Response};

use super::admission::Admission;
use super::endpoints::Surface;
use super::problem::{self, Refusal};
use super::{Head, pages, routing};

impl Admission<'_> {
    /// The response, with what every answer here has.
    pub(super) fn finish(
        &self,
        answer: Result<Response<Bytes>, Refusal>,
        head: &Head<'_>,
    ) -> Response<Bytes> {
        let surface = routing::surface(head.path).map(|(surface, _)| surface);
        let front = surface.and_then(Surface::front);
        let mut response = answer.unwrap_or_else(|refusal| match front {
            Some(front) => pages::refused_at_the_door(front, &refusal, head, self.settings),
            None => problem::response(&refusal),
        });
        if front.is_some() {
            pages::guard(&mut response, self.settings);
        }
        match surface {
            Some(Surface::Admin) => self.settings.admin_origins.add(&mut response, head.headers),
            Some(Surface::Portal) => {
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                self.settings.portal_cors_origins.add_with_credentials(&mut response, head.headers);
            }
            _ => {}
        }
        if head.method == "HEAD" {
            *response.body_mut() = Bytes::new();
        }
        debug_assert!(response.status() != 405 || response.headers().contains_key(ALLOW));
        response
    }
}
