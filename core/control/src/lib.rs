//! The control plane: keeps the rules that the gateway decides by.
//!
//! `async` over small ports: a store, a clock, a source of randomness (ARCHITECTURE.md). It does not
//! know the gateway; what that must know is published in the commit that changes it.

pub mod accounts;
pub mod audit;
pub mod document;
pub mod gateway_call;
pub mod http;
pub mod log_in;
mod logo;
pub mod mail;
pub mod named_token;
pub mod passwords;
pub mod ports;
pub mod registry;
pub mod schema;
pub mod settings;
pub mod transaction;
pub mod whole_store;
