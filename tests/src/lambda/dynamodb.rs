//! AWS's own DynamoDB Local, in memory, one for all tests of a process.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::base::fresh_text;
use crate::ports::free_port;
use crate::raw_http::{Request, Response, exchange};

/// Names the folder of the jar.
pub const FOLDER_VARIABLE: &str = "LATCHKEY_DYNAMODB_LOCAL";
const JAR: &str = "DynamoDBLocal.jar";
/// Runs its arguments until they end or its input does.
pub const UNTIL_INPUT_ENDS: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & program=$!; \
    { read -r _ <&3; kill $program; } 2>/dev/null & exec 3<&-; wait $program";
const START_TIMEOUT: Duration = Duration::from_secs(60);
const SET_UP: &str =
    "`cargo xtask lambda setup` gets it and `cargo xtask lambda test` runs these tests with it";

/// Stopped on drop.
pub struct DynamoDb {
    pub authority: String,
    process: Child,
}

static RUNNING: OnceLock<Arc<DynamoDb>> = OnceLock::new();

impl DynamoDb {
    /// The one of this process, started by whoever asks first; it ends with the process.
    pub fn shared() -> Arc<Self> {
        let start = || {
            let folder = std::env::var_os(FOLDER_VARIABLE)
                .unwrap_or_else(|| panic!("{FOLDER_VARIABLE} must name the folder of {JAR}: {SET_UP}"));
            let started = Self::start(Path::new(&folder));
            Arc::new(started.unwrap_or_else(|error| panic!("{error}: {SET_UP}")))
        };
        Arc::clone(RUNNING.get_or_init(start))
    }

    /// Starts one of the jar in `folder` and waits until it answers.
    pub fn start(folder: &Path) -> io::Result<Self> {
        if !folder.join(JAR).is_file() {
            return Err(io::Error::new(ErrorKind::NotFound, format!("no {JAR} in {}", folder.display())));
        }
        // A free port is only known to have been free: another process may be faster.
        let started = (0..3).find_map(|_| Self::try_start(folder).transpose()).transpose()?;
        started.ok_or_else(|| io::Error::other("DynamoDB Local does not come up; is there a Java?"))
    }

    /// `None`: it ended, or did not answer in time.
    fn try_start(folder: &Path) -> io::Result<Option<Self>> {
        let port = free_port();
        // The emulator ends with the pipe, also when this process is killed.
        let process = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "dynamodb"])
            .args(["java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", JAR])
            .args(["-inMemory", "-sharedDb", "-port", &port.to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut started = Self { authority: format!("127.0.0.1:{port}"), process };
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline && started.process.try_wait()?.is_none() {
            if started.try_call("ListTables", &json!({})).is_ok() {
                return Ok(Some(started));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(None)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// An empty table as the function needs it; returns its name.
    pub fn make_table(&self) -> String {
        let name = fresh_text("latchkey");
        self.make_table_named(&name);
        name
    }

    /// The same with this name.
    pub fn make_table_named(&self, name: &str) {
        self.call(
            "CreateTable",
            &json!({
                "TableName": name,
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "BillingMode": "PAY_PER_REQUEST",
            }),
        );
    }

    pub fn drop_table(&self, name: &str) {
        let _ = self.try_call("DeleteTable", &json!({"TableName": name}));
    }

    /// Every item of a table, as stored.
    pub fn items(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": table});
        loop {
            let page = self.call("Scan", &request);
            items.extend(page["Items"].as_array().into_iter().flatten().cloned());
            match page.get("LastEvaluatedKey") {
                Some(key) => request["ExclusiveStartKey"] = key.clone(),
                None => return items,
            }
        }
    }

    /// One call of the API; anything but 200 is a failure.
    pub fn call(&self, operation: &str, input: &Value) -> Value {
        let response = self.try_call(operation, input).unwrap_or_else(|error| panic!("{operation}: {error}"));
        assert_eq!(response.status, 200, "{operation} {input}: {}", response.text());
        response.json().unwrap_or_default()
    }

    fn try_call(&self, operation: &str, input: &Value) -> std::io::Result<Response> {
        // DynamoDB Local reads the key id and region of a signature and checks nothing else.
        let authorization = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host, Signature=0";
        let request = Request::new("POST", "/")
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
            .header("X-Amz-Date", "20260101T000000Z")
            .header("Authorization", authorization)
            .body(input.to_string());
        exchange(&self.authority, &request)
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        // The shell ends with its input, and the emulator with it.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
