//! Pages of lists: their sizes and offsets; and pages of what is no entity, which are records of one
//! partition in the order of their sort keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use crate::schema::Object;
use latchkey_published::limits;

/// Longest sort key here, in bytes: hex digits and hyphens.
const SORT_KEY_BYTES_MAX: usize = 100;

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The entities.
    pub data: Vec<Object>,
    /// What to ask the next page with; `None` on the last.
    pub offset: Option<String>,
}

/// The size of a page, in entities.
pub(super) fn parse_size(size: Option<&str>) -> Result<usize, Error> {
    let Some(text) = size else { return Ok(limits::PAGE_SIZE_DEFAULT) };
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| Error::InvalidSize("size must be a number".to_owned()))?;
    let most = limits::PAGE_SIZE_MAX;
    if number.fract() != 0.0 || !(1.0..=most as f64).contains(&number) {
        return Err(Error::InvalidSize(format!("size must be an integer between 1 and {most}")));
    }
    Ok(number as usize)
}

/// An offset: where a page ended, as JSON in base64.
pub(super) fn encode_offset(last: impl serde::Serialize) -> String {
    STANDARD.encode(serde_json::to_vec(&last).expect("ids and texts only"))
}

pub(super) fn decode_offset<T: for<'de> serde::Deserialize<'de>>(offset: &str) -> Result<T, Error> {
    let bytes = STANDARD.decode(offset).ok();
    let last = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    last.ok_or_else(|| Error::InvalidOffset(offset.to_owned()))
}

/// Which page of a list of records.
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

impl RecordPage {
    /// The part of what is known whole, in the order of its names, and what to ask the next page with.
    pub fn of<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        all.sort_by_cached_key(&name);
        let is_after = |one: &T| self.after.as_ref().is_none_or(|after| name(one) > *after);
        let mut rest: Vec<T> = all.into_iter().filter(is_after).collect();
        let is_more = rest.len() > self.size;
        rest.truncate(self.size);
        let next = rest.last().filter(|_| is_more).map(|last| offset_after(&name(last)));
        (rest, next)
    }
}

/// What the page after this sort key is asked for with.
pub(super) fn offset_after(sort_key: &str) -> String {
    encode_offset([sort_key])
}

/// Stores refuse sort keys that are empty, or too long.
fn sort_key(offset: &str) -> Result<String, Error> {
    let (key,) = decode_offset::<(String,)>(offset)?;
    let is_hex = key.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match is_hex && (1..=SORT_KEY_BYTES_MAX).contains(&key.len()) {
        true => Ok(key),
        false => Err(Error::InvalidOffset(offset.to_owned())),
    }
}
