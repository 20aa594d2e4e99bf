//! Whole-program tests, over sockets, against any deployed form of Latchkey.
//!
//! Everything here is test code: a failure is a panic with the reason in it.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod base;
pub mod gate;
pub mod output;
pub mod ports;

pub mod connections;
pub mod openai;
pub mod proxies;
pub mod raw_http;
pub mod scripts;
pub mod smtp;
pub mod upstream;

pub mod lambda;

pub mod deployment;

pub mod client;

pub mod fixtures;
pub mod moving;

mod nullable;
pub mod placeholders;
pub mod public_documents;

pub mod expectation;

pub mod many;
pub mod report;
pub mod transcript;
pub mod try_token;

pub mod vectors;

pub mod portal;

pub mod admin_suite;

pub mod schemathesis;

pub mod canary;

pub mod browser;
