//! What the Worker's scripts with a Durable Object have in common: records in its SQLite, the platform's
//! clock and random source. There is nothing of it elsewhere.

#[cfg(target_arch = "wasm32")]
pub mod store;
#[cfg(target_arch = "wasm32")]
pub mod system;
