//! Latchkey's core: decides what happens to a request that carries an API key.
//!
//! Two planes (ARCHITECTURE.md): the data plane (`gateway` and what it uses) is synchronous and
//! does no I/O; the control plane (`registry`, `admin`) works over the [`store::Store`] port.
//! Neither reads a clock or a random source of its own.

pub mod admin;
pub mod admit_secret;
pub mod authority;
pub mod client;
pub mod config;
pub mod decision;
mod extract_key;
pub mod feed;
pub mod field_name;
pub mod forward;
pub mod framing;
mod freshness;
pub mod gateway;
pub mod grant;
mod grant_memory;
pub mod joined_headers;
pub mod keys;
pub mod limits;
mod lru;
pub mod network;
pub mod places;
pub mod ports;
pub mod problem;
mod published;
pub mod registry;
pub mod replica;
pub mod replica_mac;
pub mod request;
pub mod request_ids;
pub mod router;
pub mod schema;
pub mod snapshot;
pub mod store;
pub mod stored;
pub mod strip_key;
pub mod surface;
pub mod transaction;
pub mod upstream_address;
