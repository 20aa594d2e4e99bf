//! Answers every event with the same response: what the runtime alone costs, for
//! `cargo xtask bench lambda`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_event: LambdaEvent<Value>| {
        Ok::<_, Error>(json!({
            "statusCode": 200,
            "headers": {"content-type": "text/plain"},
            "body": "hello",
            "isBase64Encoded": false,
        }))
    }))
    .await
}
