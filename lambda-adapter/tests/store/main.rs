//! The store against AWS's own DynamoDB Local: its contract, DynamoDB's bounds, faults in between,
//! many writers, and the revocation bound.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod backups;
mod concurrency;
mod contract;
mod costs;
mod faults;
mod histories;
mod revocation;
mod support;
