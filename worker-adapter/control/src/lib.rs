//! Latchkey's control plane as a Cloudflare Worker: what `infra/cloudflare/control/src/*.js` calls.
//!
//! The plain isolate has the [`door`], which judges heads; what it lets in, the workspace's Durable
//! Object answers (`workspace.rs`). Where an answer hangs on a password, the plain isolate has it worked
//! elsewhere, by the script `latchkey-login`, and asks again; likewise where it hangs on a call, which the
//! isolate makes at the gateway's script. Texts pass the border, because one string costs less than many
//! objects.

pub mod call;
pub mod config;
pub mod door;
pub mod mails;
pub mod password;
pub mod request;

#[cfg(target_arch = "wasm32")]
mod entry;
#[cfg(target_arch = "wasm32")]
mod workspace;
