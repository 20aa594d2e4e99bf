//! Latchkey core
pub mod request;
pub mod router;
