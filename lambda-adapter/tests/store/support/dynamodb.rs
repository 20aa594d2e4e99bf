//! DynamoDB Local: one for all tests of this program, a table for each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use latchkey_store::RecordKey;
use latchkey_tests::lambda::dynamodb::DynamoDb;

/// A table of its own in the DynamoDB Local of this program.
pub(crate) struct Table {
    pub(crate) name: String,
}

impl Table {
    pub(crate) fn create() -> Self {
        Table { name: local().make_table() }
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
    local().authority.parse().unwrap()
}

/// It ends with this process.
fn local() -> &'static DynamoDb {
    static LOCAL: OnceLock<Arc<DynamoDb>> = OnceLock::new();
    LOCAL.get_or_init(DynamoDb::shared)
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
