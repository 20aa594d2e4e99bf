//! The store against AWS's own DynamoDB Local: its contract, DynamoDB's bounds, faults in between,
//! many writers, and the revocation bound.

mod concurrency;
mod contract;
mod faults;
mod histories;
mod revocation;
mod support;
