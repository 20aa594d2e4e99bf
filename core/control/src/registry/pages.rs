//! Pages of what is no entity: records of one partition, in the order of their sort keys.

use super::error::Error;
use super::list::{decode, encode, parse_size};

/// Longest sort key here, in bytes: hex digits and hyphens.
const SORT_KEY_BYTES_MAX: usize = 100;

/// Which page of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPage {
    /// Most records it may have.
    pub size: usize,
    /// The sort key that it comes after.
    pub(super) after: Option<String>,
}

impl RecordPage {
    /// The page that `size` and `offset` of a query ask for.
    pub fn parse(size: Option<&str>, offset: Option<&str>) -> Result<Self, Error> {
        let size = parse_size(size)?;
        let after = offset.map(sort_key).transpose()?;
        Ok(RecordPage { size, after })
    }
}

/// What the page after this sort key is asked for with.
pub(super) fn offset_after(sort_key: &str) -> String {
    encode([sort_key])
}

/// Stores refuse sort keys that are empty, or too long.
fn sort_key(offset: &str) -> Result<String, Error> {
    let (key,) = decode::<(String,)>(offset)?;
    let is_hex = key.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match is_hex && (1..=SORT_KEY_BYTES_MAX).contains(&key.len()) {
        true => Ok(key),
        false => Err(Error::InvalidOffset(offset.to_owned())),
    }
}
