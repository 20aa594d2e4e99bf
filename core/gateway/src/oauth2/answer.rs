//! What endpoints answer that refuse nothing.

use http::header::{HeaderValue, PRAGMA};

use crate::json::Object;
use crate::own_answer::{Response, unstored_json};

pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// What nobody may keep.
pub(super) fn unstored(answer: Object) -> Response {
    let mut response = unstored_json(answer);
    response.headers_mut().insert(PRAGMA, NO_CACHE);
    response
}
