//! Latchkey as an AWS Lambda function over DynamoDB: core decides, this translates.

pub mod aws;
pub mod config;
pub mod secrets;

mod answer;
mod event;
mod fields;
mod request;
mod text;
mod trigger;

mod authorizer;
pub mod environment;
pub mod handler;
mod own;
mod proxy;

mod data_plane;
pub mod store;

mod admin;

pub mod body;
mod connect;
pub mod failure;
pub mod stream;
mod upstream;

pub mod system;
