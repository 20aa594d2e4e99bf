//! What the tests need: DynamoDB Local, and a proxy in front of it that makes things go wrong.

pub(crate) mod admin;
pub(crate) mod dynamodb;
pub(crate) mod fault_proxy;
