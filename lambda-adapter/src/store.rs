//! The store: one DynamoDB table. An item is one record: `pk` is its partition, `sk` its sort key
//! behind one constant character, `d` its bytes, `v` its version.
//!
//! Reads are strongly consistent, every commit is one `TransactWriteItems`, and a scan of the port is
//! a query of one partition. The table is scanned for back-ups and restores alone.

mod attempt;
mod item;
mod limits;
mod transact;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use latchkey_store::{AllPage, Batch, Commit, Page, RecordKey, Store, StoreError, Versioned};

use attempt::Attempts;
pub use limits::Patience;

/// Records in one DynamoDB table; clones share the client.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
    patience: Patience,
    /// Conflicts since a commit succeeded.
    conflicts: Arc<AtomicU32>,
}

impl DynamoStore {
    /// A store over a table that is there.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self::with_patience(client, table, Patience::default())
    }

    /// The same with other time-outs.
    ///
    /// Whatever the client's configuration says of retries and time-outs is replaced: attempts are
    /// counted here, where it is known what an error means for a commit, and nowhere else.
    pub fn with_patience(client: Client, table: impl Into<String>, patience: Patience) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience.attempt)
            .operation_attempt_timeout(patience.attempt)
            .disable_operation_timeout()
            .build();
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        DynamoStore {
            client: Client::from_conf(config),
            table: table.into(),
            patience,
            conflicts: Arc::default(),
        }
    }
}

impl Store for DynamoStore {
    async fn get(&self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        item::check_key(key)?;
        let mut attempts = Attempts::new(self.patience);
        loop {
            let read = self.client.get_item().table_name(&self.table).consistent_read(true);
            let read = read.set_key(Some(item::key_attributes(key))).projection_expression(item::CONTENT);
            match read.send().await {
                Ok(found) => return found.item.as_ref().map(item::content).transpose(),
                Err(error) => attempts.failed_read(&error).await?,
            }
        }
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let outcome = transact::commit(&self.client, &self.table, self.patience, batch).await?;
        match outcome {
            Commit::Committed => self.conflicts.store(0, Ordering::Relaxed),
            // The caller decides again at once, as everyone does who lost: they are spread here.
            Commit::Conflict => {
                let conflicts = self.conflicts.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                tokio::time::sleep(attempt::pause_after(conflicts, self.patience)?).await;
            }
        }
        Ok(outcome)
    }

    async fn scan(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut start = match after {
            Some(after) if after.starts_with(prefix) => Some(after.to_owned()),
            Some(after) if after > prefix => return Ok(Page::default()),
            _ => None,
        };
        item::check_key(&RecordKey::new(partition, start.as_deref().unwrap_or(prefix)))?;
        let mut page = Page::default();
        // One more than asked for shows whether there is more.
        let wanted = limit.saturating_add(1);
        loop {
            let reply = self.query(partition, prefix, start.as_deref(), wanted - page.records.len()).await?;
            for found in reply.items() {
                page.records.push((item::sort(found)?, item::content(found)?));
            }
            // DynamoDB ends a page at 1 MB, whatever was asked for.
            start = reply.last_evaluated_key.as_ref().map(item::sort).transpose()?;
            if start.is_none() || page.records.len() >= wanted {
                page.more = page.records.len() > limit;
                page.records.truncate(limit);
                return Ok(page);
            }
        }
    }

    async fn scan_all(&self, after: Option<&RecordKey>, limit: usize) -> Result<AllPage, StoreError> {
        let mut start = after.cloned();
        loop {
            let reply = self.scan_table(start.as_ref(), limit).await?;
            let whole = |item| Ok((item::key(item)?, item::content(item)?));
            let records = reply.items().iter().map(whole).collect::<Result<Vec<_>, StoreError>>()?;
            start = reply.last_evaluated_key.as_ref().map(item::key).transpose()?;
            if start.is_none() || !records.is_empty() {
                return Ok(AllPage { records, more: start.is_some() });
            }
        }
    }
}

impl DynamoStore {
    async fn scan_table(
        &self,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<aws_sdk_dynamodb::operation::scan::ScanOutput, StoreError> {
        let mut attempts = Attempts::new(self.patience);
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true);
            let scan = scan
                .set_exclusive_start_key(after.map(item::key_attributes))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX));
            match scan.send().await {
                Ok(reply) => return Ok(reply),
                Err(error) => attempts.failed_read(&error).await?,
            }
        }
    }

    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, StoreError> {
        let mut attempts = Attempts::new(self.patience);
        loop {
            let query = self.client.query().table_name(&self.table).consistent_read(true);
            let query = query.key_condition_expression("pk = :p AND begins_with(sk, :s)");
            let query = query
                .expression_attribute_values(":p", item::text(partition))
                .expression_attribute_values(":s", item::sort_attribute(prefix))
                .set_exclusive_start_key(after.map(|after| item::attributes(partition, after)))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX));
            match query.send().await {
                Ok(reply) => return Ok(reply),
                Err(error) => attempts.failed_read(&error).await?,
            }
        }
    }
}
