//! Records as DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_store::{RecordKey, StoreError, Version, Versioned};

use super::limits;

/// What is read of an item besides its key. Short names: they count towards its size.
pub(super) const CONTENT: &str = "d, v";
/// In front of every sort key, as DynamoDB refuses empty ones; the order stays.
const SORT_MARK: char = '.';
/// Names of the four attributes and the version, in bytes, rounded up.
const ITEM_OVERHEAD_BYTES: usize = 32;

pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn key_attributes(key: &RecordKey) -> Attributes {
    attributes(&key.partition, &key.sort)
}

pub(super) fn attributes(partition: &str, sort: &str) -> Attributes {
    HashMap::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), sort_attribute(sort))])
}

/// A whole item.
pub(super) fn whole(key: &RecordKey, value: Vec<u8>, version: Version) -> Attributes {
    let mut item = key_attributes(key);
    item.insert("d".to_owned(), AttributeValue::B(Blob::new(value)));
    item.insert("v".to_owned(), number(version));
    item
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn sort_attribute(sort: &str) -> AttributeValue {
    AttributeValue::S(format!("{SORT_MARK}{sort}"))
}

/// Value and version of an item.
pub(super) fn content(item: &Attributes) -> Result<Versioned, StoreError> {
    let value = item.get("d").and_then(|value| value.as_b().ok());
    let version = item.get("v").and_then(|version| version.as_n().ok()?.parse().ok());
    match (value, version) {
        (Some(value), Some(version)) => Ok(Versioned { value: value.as_ref().to_vec(), version }),
        _ => Err(StoreError::Failed("an item is not a record".to_owned())),
    }
}

/// Sort key of an item, or of a key.
pub(super) fn sort(item: &Attributes) -> Result<String, StoreError> {
    let marked = item.get("sk").and_then(|sort| sort.as_s().ok());
    let sort = marked.and_then(|sort| sort.strip_prefix(SORT_MARK));
    sort.map(str::to_owned).ok_or_else(|| StoreError::Failed("an item has no sort key".to_owned()))
}

/// Name of the record that an item is, or a key stands for.
pub(super) fn key(item: &Attributes) -> Result<RecordKey, StoreError> {
    let partition = item.get("pk").and_then(|partition| partition.as_s().ok());
    let partition = partition.ok_or_else(|| StoreError::Failed("an item has no partition key".to_owned()))?;
    Ok(RecordKey::new(partition.as_str(), sort(item)?))
}

/// Refuses keys that DynamoDB would refuse.
pub(super) fn check_key(key: &RecordKey) -> Result<(), StoreError> {
    let sort_bytes = SORT_MARK.len_utf8() + key.sort.len();
    let fits = (1..=limits::PARTITION_BYTES_MAX).contains(&key.partition.len());
    if fits && sort_bytes <= limits::SORT_BYTES_MAX {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "key of {} and {sort_bytes} bytes for a record of {:?}: DynamoDB takes 1 to {} and {}",
        key.partition.len(),
        kind(key),
        limits::PARTITION_BYTES_MAX,
        limits::SORT_BYTES_MAX,
    )))
}

/// Size of an item as DynamoDB counts it, at most, in bytes.
pub(super) fn size(key: &RecordKey, value_bytes: usize) -> usize {
    key.partition.len() + SORT_MARK.len_utf8() + key.sort.len() + value_bytes + ITEM_OVERHEAD_BYTES
}

/// What kind of record it is, for messages: the rest of the key may be a digest or a name.
pub(super) fn kind(key: &RecordKey) -> &str {
    key.partition.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first program stored them: an item that is not found under the same names is lost.
    #[test]
    fn items_are_where_and_what_they_were() {
        let binary = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        for (key, sort) in
            [(RecordKey::new("grant/ab", ""), "."), (RecordKey::new("published", "config"), ".config")]
        {
            let stored = HashMap::from([
                ("pk".to_owned(), AttributeValue::S(key.partition.clone())),
                ("sk".to_owned(), AttributeValue::S(sort.to_owned())),
                ("d".to_owned(), binary(b"\x00value")),
                ("v".to_owned(), AttributeValue::N("7".to_owned())),
            ]);
            assert_eq!(whole(&key, b"\x00value".to_vec(), 7), stored);
            assert_eq!(super::sort(&stored).unwrap(), key.sort);
            assert_eq!(super::key(&stored).unwrap(), key);
            let content = content(&stored).unwrap();
            assert_eq!((content.value.as_slice(), content.version), (&b"\x00value"[..], 7));
        }
    }
}
