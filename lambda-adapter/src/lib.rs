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

pub mod after_answer;
mod authorizer;
pub mod environment;
pub mod handler;
mod proxy;

mod data_plane;
mod rehash_requests;
pub mod store;

pub mod control;
mod gateway_calls;
mod log_ins;
mod mail;

pub mod body;
mod connect;
pub mod failure;
pub mod stream;
mod upstream;

pub mod system;
