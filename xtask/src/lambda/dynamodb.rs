//! DynamoDB Local: started, given the table, stopped.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::setup;

/// Where the tests of the crates find `DynamoDBLocal.jar`.
pub(crate) const FOLDER_VARIABLE: &str = "LATCHKEY_DYNAMODB_LOCAL";
/// What clients of DynamoDB Local are configured with: any credentials will do.
pub(crate) const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "us-east-1")];
/// How long it may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Runs its arguments until they end or its input does.
pub(super) const UNTIL_INPUT_ENDS: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & program=$!; \
    { read -r _ <&3; kill $program; } 2>/dev/null & exec 3<&-; wait $program";
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A DynamoDB Local of its own, in memory; stopped when dropped.
pub(crate) struct DynamoDb {
    process: Child,
    address: SocketAddr,
}

impl DynamoDb {
    /// Starts one on a free port and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        let folder = setup::dynamodb_local()?;
        // A free port is only known to have been free: another process may be faster.
        for _ in 0..3 {
            let mut started = Self::spawn(&folder)?;
            if started.wait_until_ready()? {
                return Ok(started);
            }
        }
        bail!("DynamoDB Local does not start")
    }

    /// `http://127.0.0.1:port`, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes the table that the store wants.
    pub(crate) fn make_table(&self, name: &str) -> Result<()> {
        self.call(
            "CreateTable",
            &json!({
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            }),
        )
        .map(drop)
    }

    fn spawn(folder: &Path) -> Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
        let address = free.local_addr()?;
        drop(free);
        // Java ends when the pipe does, also when this process is killed.
        let process = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "sh"])
            .args(["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
            .args(["-inMemory", "-sharedDb", "-port", &address.port().to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start DynamoDB Local")?;
        Ok(DynamoDb { process, address })
    }

    /// `false`: it did not answer in time.
    fn wait_until_ready(&mut self) -> Result<bool> {
        let end = Instant::now() + START_TIMEOUT;
        while Instant::now() < end {
            if self.call("ListTables", &json!({})).is_ok() {
                return Ok(true);
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("DynamoDB Local ended: {status}");
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(false)
    }

    /// One call of the API. No SDK: that would be a large dependency for two calls.
    pub(crate) fn call(&self, action: &str, input: &Value) -> Result<Value> {
        let mut connection = TcpStream::connect(self.address)?;
        connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let body = input.to_string();
        write!(
            connection,
            "POST / HTTP/1.1\r\nHost: {}\r\nX-Amz-Target: DynamoDB_20120810.{action}\r\n\
             Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            self.address,
            body.len(),
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "DynamoDB Local answered {action} with {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer without body")?;
        serde_json::from_str(body).with_context(|| format!("DynamoDB Local answered {action} with {body}"))
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Runs one until Enter is pressed.
pub(super) fn serve() -> Result<()> {
    let dynamodb = DynamoDb::start()?;
    dynamodb.make_table("latchkey")?;
    println!("DynamoDB Local with an empty table \"latchkey\": AWS_ENDPOINT_URL_DYNAMODB={}", dynamodb.url());
    std::io::stdin().read_line(&mut String::new()).context("wait for Enter")?;
    Ok(())
}
