//! Pages of what is no entity: records of one partition, in the order of their sort keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use super::list::PageRequest;

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
        let size = PageRequest::parse(size, None)?.size;
        Ok(RecordPage { size, after: offset.map(decode).transpose()? })
    }
}

/// What the page after this sort key is asked for with.
pub(super) fn encode(last: &str) -> String {
    STANDARD.encode(format!("[\"{last}\"]"))
}

fn decode(offset: &str) -> Result<String, Error> {
    let bytes = STANDARD.decode(offset).ok();
    let last = bytes.and_then(|bytes| serde_json::from_slice::<(String,)>(&bytes).ok());
    // Sort keys here are hex digits and hyphens; DynamoDB refuses long ones.
    let is_sort_key = |text: &String| text.len() <= 100 && !text.is_empty() && text.is_ascii();
    last.map(|(last,)| last).filter(is_sort_key).ok_or_else(|| Error::InvalidOffset(offset.to_owned()))
}
