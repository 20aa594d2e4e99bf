//! DynamoDB Local: got, started, given the table.

use anyhow::{Context, Result};
use latchkey_tests::lambda::dynamodb::DynamoDb;

use super::setup;

/// What clients of DynamoDB Local are configured with: any credentials will do.
pub(crate) const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "us-east-1")];

/// Starts one on a free port; it is stopped when dropped.
pub fn start() -> Result<DynamoDb> {
    DynamoDb::start(&setup::dynamodb_local()?).context("start DynamoDB Local")
}

/// Runs one until Enter is pressed.
pub(super) fn serve() -> Result<()> {
    let dynamodb = start()?;
    dynamodb.make_table_named("latchkey");
    println!("DynamoDB Local with an empty table \"latchkey\": AWS_ENDPOINT_URL_DYNAMODB={}", dynamodb.url());
    std::io::stdin().read_line(&mut String::new()).context("wait for Enter")?;
    Ok(())
}
