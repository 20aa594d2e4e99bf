//! The port to durable storage, over one DynamoDB table.

use aws_sdk_dynamodb::Client;
use latchkey_core::store::{Batch, Commit, Page, RecordKey, Store, StoreError, Versioned};

/// Records in one DynamoDB table; clones share the client.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
}

impl DynamoStore {
    /// A store over a table that is there.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        DynamoStore { client, table: table.into() }
    }
}

impl Store for DynamoStore {
    async fn get(&self, _key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let _ = (&self.client, &self.table);
        Err(StoreError::Failed("not there yet".to_owned()))
    }

    async fn commit(&self, _batch: Batch) -> Result<Commit, StoreError> {
        Err(StoreError::Failed("not there yet".to_owned()))
    }

    async fn scan(
        &self,
        _partition: &str,
        _prefix: &str,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Page, StoreError> {
        Err(StoreError::Failed("not there yet".to_owned()))
    }
}
