//! Portal and manager in headless Chromium, with scripts and without.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]

mod people;

mod keyboard;
mod sites;
mod story;
mod twice;

mod gallery;
mod pages;
