//! Latchkey as one local process.
#![allow(dead_code)]
mod admin;
mod body;
mod config;
mod connect;
mod control;
mod failure;
mod idle;
mod link;
mod progress;
mod published;
mod secrets;
mod store;
mod system;
mod tls;
mod upstream;
fn main() {}
