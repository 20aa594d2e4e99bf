//! DynamoDB Local: one for all tests of this program, a table for each.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use latchkey_core::store::RecordKey;

/// Folder with `DynamoDBLocal.jar`, as `cargo xtask` sets it.
const FOLDER_VARIABLE: &str = "LATCHKEY_DYNAMODB_LOCAL";
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Runs its arguments until they end or its input does: it does when this process ends, however.
const UNTIL_INPUT_ENDS: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & program=$!; \
    { read -r _ <&3; kill $program; } 2>/dev/null & exec 3<&-; wait $program";

struct Local {
    address: SocketAddr,
    /// Ends when its input is closed, which this process's end does.
    _process: Child,
}

static LOCAL: OnceLock<Local> = OnceLock::new();

/// A table of its own in the DynamoDB Local of this program.
pub(crate) struct Table {
    pub(crate) name: String,
}

impl Table {
    pub(crate) async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("table-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let attribute = |name| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap()
        };
        let key =
            |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        client(address())
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk"))
            .attribute_definitions(attribute("sk"))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .send()
            .await
            .unwrap();
        Table { name }
    }

    /// Every record, read past the store and the proxy.
    pub(crate) async fn dump(&self) -> BTreeMap<RecordKey, Vec<u8>> {
        let pages = client(address()).scan().table_name(&self.name).consistent_read(true).into_paginator();
        let mut items = pages.items().send();
        let mut records = BTreeMap::new();
        while let Some(item) = items.next().await {
            let item = item.unwrap();
            let (partition, sort) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
            let key = RecordKey::new(partition, sort.strip_prefix('.').unwrap());
            records.insert(key, item["d"].as_b().unwrap().as_ref().to_vec());
        }
        records
    }
}

/// Where DynamoDB Local listens.
pub(crate) fn address() -> SocketAddr {
    LOCAL.get_or_init(start).address
}

/// A client of its own, with its own connections.
pub(crate) fn client(address: SocketAddr) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url(format!("http://{address}"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

fn start() -> Local {
    let folder: PathBuf = std::env::var_os(FOLDER_VARIABLE)
        .unwrap_or_else(|| panic!("{FOLDER_VARIABLE} is not set: run `cargo xtask lambda test`"))
        .into();
    assert!(
        folder.join("DynamoDBLocal.jar").is_file(),
        "no DynamoDBLocal.jar in {}: run `cargo xtask lambda setup`",
        folder.display()
    );
    // A free port is only known to have been free.
    (0..3).find_map(|_| try_to_start(&folder)).expect("DynamoDB Local starts")
}

fn try_to_start(folder: &Path) -> Option<Local> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut process = Command::new("sh")
        .args(["-c", UNTIL_INPUT_ENDS, "sh"])
        .args(["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .args(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
        .args(["-inMemory", "-sharedDb", "-port", &address.port().to_string()])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start DynamoDB Local");
    let end = Instant::now() + START_TIMEOUT;
    while Instant::now() < end && process.try_wait().unwrap().is_none() {
        // Jetty listens once it can answer.
        if std::net::TcpStream::connect(address).is_ok() {
            return Some(Local { address, _process: process });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}
