//! The data plane: decides what happens to a request that carries an API key.
//!
//! Synchronous, without I/O, locks or ports (ARCHITECTURE.md). It does not know the control plane.

pub mod ablation;
mod anonymous;
mod authenticate;
mod authorize;
mod basis;
mod bearer;
pub mod config;
pub mod decision;
mod extract_key;
mod find_route;
pub mod forward;
mod freshness;
pub mod gateway;
mod grant_memory;
pub mod joined_headers;
mod json;
mod lru;
pub mod oauth2;
pub mod own_answer;
pub mod own_cookies;
pub mod places;
pub mod problem;
pub mod request;
pub mod request_ids;
pub mod response_fields;
mod right;
pub mod strip_key;
pub mod upstream;
pub mod upstream_address;
