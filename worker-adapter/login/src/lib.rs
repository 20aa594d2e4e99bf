//! Where the Cloudflare Worker hashes passwords: what `infra/cloudflare/login/src/*.js` calls.
//!
//! A hash takes tens of milliseconds of an isolate's one thread, so it is worked neither in the
//! workspace's isolate, which answers gateways, nor in theirs.

pub mod attempts;

#[cfg(target_arch = "wasm32")]
mod entry;
