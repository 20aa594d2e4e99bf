//! The store against AWS's own DynamoDB Local: its contract, DynamoDB's bounds, faults in between,
//! many writers, and the revocation bound.

mod contract;
mod faults;
mod support;
