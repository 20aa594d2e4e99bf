//! What both scripts of the Cloudflare Worker need: their variables, and texts that pass between Rust
//! and JavaScript, and from the control script to the gateway's. It knows neither plane.

pub mod answer;
pub mod feed_text;
pub mod target;
pub mod variables;
