//! Latchkey's gateway as a Cloudflare Worker: what `infra/cloudflare/gateway/src/*.js` calls.
//!
//! The JavaScript there is thin: it asks [`data_plane`] by one synchronous call, fetches what is
//! needed, and edits the platform's own headers by the plan. Texts pass the border, because one
//! string costs less than many objects.

pub mod answer;
pub mod config;
pub mod data_plane;
pub mod request;

#[cfg(target_arch = "wasm32")]
mod entry;
