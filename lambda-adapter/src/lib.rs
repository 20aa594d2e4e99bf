//! Latchkey as an AWS Lambda function over DynamoDB: core decides, this translates.

pub mod store;
