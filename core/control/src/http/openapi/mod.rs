//! `/openapi.json`: what the control door takes and answers, in OpenAPI 3.1.
//!
//! All of it comes from the table of endpoints and the tables of entities; nothing that they say is
//! said here once more.

mod answers;
mod names;
mod operations;
mod schemas;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::authenticate::TOKEN_HEADER;
use super::endpoints::{Call, Endpoint, Permission, Who};

/// The version of the OpenAPI Specification that is followed.
const OPENAPI_VERSION: &str = "3.1.0";

const DESCRIPTION: &str = "Kong's Admin API below `/admin`, for the gateway, Kong's Portal API below \
    `/portal/api`, for developers, and what else the control door answers. Every path takes OPTIONS, which tells its methods, and with GET also HEAD, which is GET without \
    a body; methods that it does not take are answered 405.";

/// What there is, whatever the installation: its text is made once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| super::answer::text_of(&document()));

/// The answer of `/openapi.json`.
pub(super) fn answer() -> Response<Bytes> {
    super::answer::json_text(StatusCode::OK, DOCUMENT.clone())
}

/// The document. It names no server, which stands for the one that it was read from.
pub fn document() -> Value {
    json!({
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "Latchkey: control door",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "paths": operations::paths(),
        "components": {
            "schemas": schemas::all(),
            "responses": answers::refusals(),
            "securitySchemes": {
                "admin_token": {
                    "type": "apiKey", "in": "header", "name": TOKEN_HEADER,
                    "description": "The admin token.",
                },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-lk_portal",
                    "description": "A session of the portal; on plain http and loopback its name is `lk_portal`.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The admin token."},
            },
        },
    })
}

/// Every status that a call may be answered with.
pub fn statuses(endpoint: &Endpoint, call: &Call) -> BTreeSet<u16> {
    let is_for_some = endpoint.surface.who() == Who::Administrator && call.permission() > Permission::Read;
    let forbidden = is_for_some.then_some(&403);
    endpoint.surface.refusals().iter().chain(call.answers).chain(forbidden).copied().collect()
}
