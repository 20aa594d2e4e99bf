//! A commit: one `TransactWriteItems`, repeated under one token until its outcome is known.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem,
};
use latchkey_published::limits::BATCH_RECORDS_MAX;
use latchkey_store::{Batch, Check, Commit, RecordKey, StoreError, Version, Write};

use super::attempt::{Attempts, Failure, judge, random_u64};
use super::item;
use super::limits::{ITEM_BYTES_MAX, Patience, TRANSACTION_BYTES_MAX};

/// Commits.
///
/// Every attempt carries the same token and the same items, so that DynamoDB applies one at most
/// and answers a repeat as it answered the attempt that took effect (for ten minutes, far longer
/// than is tried here). A lone unconditional write is a transaction too: a bare `PutItem` that is
/// repeated after a lost reply could undo a write that came between.
pub(super) async fn commit(
    client: &Client,
    table: &str,
    patience: Patience,
    batch: Batch,
) -> Result<Commit, StoreError> {
    let records = join(batch)?;
    if records.is_empty() {
        return Ok(Commit::Committed);
    }
    // A version that a read saw never comes back.
    let lasting: Vec<bool> =
        records.values().map(|record| matches!(record.expected, Some(Expected::Version(_)))).collect();
    let items = to_items(table, records)?;
    let token = format!("{:016x}{:016x}", random_u64()?, random_u64()?);
    let mut attempts = Attempts::new(patience);
    loop {
        let write = client.transact_write_items().client_request_token(&token);
        let failure = match write.set_transact_items(Some(items.clone())).send().await {
            Ok(_) => return Ok(Commit::Committed),
            Err(error) => match Refusal::of(&error) {
                Refusal::Conflict(failed) => {
                    let stays = failed.iter().any(|&place| lasting.get(place).is_some_and(|lasts| *lasts));
                    return conflict(stays, attempts.may_be_applied());
                }
                Refusal::Other(failure) => failure,
            },
        };
        attempts.failed(failure).await?;
    }
}

/// An attempt that is still on its way could find what was missing now. It cannot where a version
/// has gone.
fn conflict(stays: bool, may_be_applied: bool) -> Result<Commit, StoreError> {
    match stays || !may_be_applied {
        true => Ok(Commit::Conflict),
        false => Err(StoreError::Unknown("a check failed after an attempt without answer".to_owned())),
    }
}

/// One record of a batch: DynamoDB takes one action for each item.
#[derive(Default)]
struct Record {
    expected: Option<Expected>,
    write: Option<Option<Vec<u8>>>,
}

enum Expected {
    Absent,
    Version(Version),
}

/// Joins checks and writes by record, within DynamoDB's bounds.
fn join(batch: Batch) -> Result<BTreeMap<RecordKey, Record>, StoreError> {
    let mut records: BTreeMap<RecordKey, Record> = BTreeMap::new();
    for check in batch.checks {
        let (key, expected) = match check {
            Check::Absent(key) => (key, Expected::Absent),
            Check::VersionIs(key, version) => (key, Expected::Version(version)),
        };
        if records.entry(key).or_default().expected.replace(expected).is_some() {
            return Err(StoreError::Failed("two checks of one record in a batch".to_owned()));
        }
    }
    for write in batch.writes {
        let (key, value) = match write {
            Write::Put(key, value) => (key, Some(value)),
            Write::Delete(key) => (key, None),
        };
        if records.entry(key).or_default().write.replace(value).is_some() {
            return Err(StoreError::Failed("two writes of one record in a batch".to_owned()));
        }
    }
    check_bounds(&records)?;
    Ok(records)
}

fn check_bounds(records: &BTreeMap<RecordKey, Record>) -> Result<(), StoreError> {
    if records.len() > BATCH_RECORDS_MAX {
        let number = records.len();
        return Err(StoreError::Failed(format!(
            "{number} records in a batch: DynamoDB takes {BATCH_RECORDS_MAX}"
        )));
    }
    let mut total = 0;
    for (key, record) in records {
        item::check_key(key)?;
        let value_bytes = record.write.as_ref().and_then(Option::as_ref).map_or(0, Vec::len);
        let size = item::size(key, value_bytes);
        if size > ITEM_BYTES_MAX {
            let kind = item::kind(key);
            return Err(StoreError::Failed(format!(
                "record of {kind:?} with {size} bytes: DynamoDB takes {ITEM_BYTES_MAX}"
            )));
        }
        total += size;
    }
    if total > TRANSACTION_BYTES_MAX {
        return Err(StoreError::Failed(format!(
            "batch of {total} bytes: DynamoDB takes {TRANSACTION_BYTES_MAX}"
        )));
    }
    Ok(())
}

fn to_items(table: &str, records: BTreeMap<RecordKey, Record>) -> Result<Vec<TransactWriteItem>, StoreError> {
    // Drawn, not counted: it differs from that of every other commit, also after a deletion.
    let version = random_u64()? >> 1;
    records.into_iter().map(|(key, record)| to_item(table, &key, record, version)).collect()
}

fn to_item(
    table: &str,
    key: &RecordKey,
    record: Record,
    version: Version,
) -> Result<TransactWriteItem, StoreError> {
    let condition = record.expected.as_ref().map(Expected::condition);
    let values = record.expected.as_ref().and_then(Expected::values);
    let item = TransactWriteItem::builder();
    let item = match record.write {
        Some(Some(value)) => Put::builder()
            .table_name(table)
            .set_item(Some(item::whole(key, value, version)))
            .set_condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map(|put| item.put(put)),
        Some(None) => Delete::builder()
            .table_name(table)
            .set_key(Some(item::key_attributes(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map(|delete| item.delete(delete)),
        None => ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(item::key_attributes(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map(|check| item.condition_check(check)),
    };
    let item = item.map_err(|error| StoreError::Failed(format!("cannot make a transaction: {error}")))?;
    Ok(item.build())
}

impl Expected {
    fn condition(&self) -> String {
        match self {
            Expected::Absent => "attribute_not_exists(pk)".to_owned(),
            Expected::Version(_) => "v = :v".to_owned(),
        }
    }

    fn values(&self) -> Option<item::Attributes> {
        match self {
            Expected::Absent => None,
            Expected::Version(version) => {
                let version: AttributeValue = item::number(*version);
                Some([(":v".to_owned(), version)].into())
            }
        }
    }
}

/// Why DynamoDB did not commit.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// Checks failed: those at these places.
    Conflict(Vec<usize>),
    /// Another reason.
    Other(Failure),
}

impl Refusal {
    fn of(error: &SdkError<TransactWriteItemsError, aws_sdk_dynamodb::config::http::HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Refusal::by_reasons(cancelled.cancellation_reasons())
            }
            _ => Refusal::Other(judge(error)),
        }
    }

    /// A transaction that was cancelled was not applied; the reasons are in the order of its items.
    fn by_reasons(reasons: &[CancellationReason]) -> Self {
        let codes = || reasons.iter().map(|reason| reason.code().unwrap_or("None"));
        let failed: Vec<usize> = codes()
            .enumerate()
            .filter_map(|(place, code)| (code == "ConditionalCheckFailed").then_some(place))
            .collect();
        if !failed.is_empty() {
            return Refusal::Conflict(failed);
        }
        let mut causes: Vec<String> = reasons
            .iter()
            .filter(|reason| reason.code().is_some_and(|code| code != "None"))
            .map(|reason| {
                format!("{} {}", reason.code().unwrap_or_default(), reason.message().unwrap_or_default())
            })
            .collect();
        causes.dedup();
        let text = format!("DynamoDB cancelled the transaction: {}", causes.join(", "));
        let is_final = codes().any(|code| {
            !matches!(
                code,
                "None"
                    | "TransactionConflict"
                    | "ProvisionedThroughputExceeded"
                    | "ThrottlingError"
                    | "RequestLimitExceeded"
            )
        });
        Refusal::Other(if is_final { Failure::Final(text) } else { Failure::NotApplied(text) })
    }
}
