//! Reads stored objects member by member.
//!
//! Not by derived code: for each struct that is some kilobytes of the Worker's script, and a reader of numbers
//! that no member is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::keys::{KeyDigest, PepperId};
use crate::setting::{Setting, Texts};

/// A stored object that is not of the shape it must have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It, or a member of it, is missing or not what it must be.
    #[error("{0}")]
    Shape(String),
    /// Something that only a newer program knows.
    #[error("{what} '{name}' is not known to this version")]
    Unknown {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl Unreadable {
    /// Something that only a newer program knows.
    pub fn unknown(what: &'static str, name: impl Into<String>) -> Self {
        Unreadable::Unknown { what, name: name.into() }
    }

    /// Text that is to be JSON.
    pub(crate) fn no_json() -> Self {
        Unreadable::Shape("it is no JSON".to_owned())
    }

    fn member(name: &str, must: &str) -> Self {
        Unreadable::Shape(format!("field '{name}' {must}"))
    }
}

/// What a member may be.
pub trait Member<'a>: Sized {
    /// What it must be, for the log.
    const IS: &'static str;

    /// Reads it; `None`: it is not that.
    fn read(value: &'a Value) -> Option<Self>;
}

impl<'a> Member<'a> for &'a str {
    const IS: &'static str = "a string";

    fn read(value: &'a Value) -> Option<Self> {
        value.as_str()
    }
}

impl Member<'_> for String {
    const IS: &'static str = "a string";

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Member<'_> for bool {
    const IS: &'static str = "a boolean";

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Member<'_> for i64 {
    const IS: &'static str = "an integer";

    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Member<'_> for u64 {
    const IS: &'static str = "an integer from 0";

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Member<'_> for u32 {
    const IS: &'static str = "an integer from 0 to 4294967295";

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Member<'_> for u16 {
    const IS: &'static str = "an integer from 0 to 65535";

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Member<'_> for Uuid {
    const IS: &'static str = "a UUID";

    fn read(value: &Value) -> Option<Self> {
        Uuid::try_parse(value.as_str()?).ok()
    }
}

impl Member<'_> for KeyDigest {
    const IS: &'static str = "a digest";

    fn read(value: &Value) -> Option<Self> {
        KeyDigest::from_hex(value.as_str()?)
    }
}

impl Member<'_> for PepperId {
    const IS: &'static str = "a pepper's number";

    fn read(value: &Value) -> Option<Self> {
        u32::read(value).map(PepperId::from)
    }
}

impl Member<'_> for Vec<String> {
    const IS: &'static str = "a list of strings";

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(String::read).collect()
    }
}

impl Member<'_> for Vec<Uuid> {
    const IS: &'static str = "a list of UUIDs";

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(Uuid::read).collect()
    }
}

impl Member<'_> for Vec<KeyDigest> {
    const IS: &'static str = "a list of digests";

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(KeyDigest::read).collect()
    }
}

impl Member<'_> for BTreeMap<String, Vec<String>> {
    const IS: &'static str = "an object of lists of strings";

    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?.iter();
        members.map(|(name, texts)| Some((name.clone(), Vec::read(texts)?))).collect()
    }
}

impl<'a> Member<'a> for Stored<'a> {
    const IS: &'static str = "an object";

    fn read(value: &'a Value) -> Option<Self> {
        value.as_object().map(Stored)
    }
}

/// An object; a member that is `null` counts as absent, and means nothing where it is not known.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(&'a Map<String, Value>);

impl<'a> Stored<'a> {
    /// Views a value as an object.
    pub fn new(value: &'a Value) -> Result<Self, Unreadable> {
        Stored::read(value).ok_or_else(|| Unreadable::Shape("it is not an object".to_owned()))
    }

    /// Views an object.
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Stored(object)
    }

    /// A member as it is.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member, if it is there.
    pub fn member<T: Member<'a>>(self, name: &str) -> Result<Option<T>, Unreadable> {
        let Some(value) = self.value(name) else { return Ok(None) };
        T::read(value).map(Some).ok_or_else(|| Unreadable::member(name, &format!("must be {}", T::IS)))
    }

    /// A member that must be there.
    pub fn required<T: Member<'a>>(self, name: &str) -> Result<T, Unreadable> {
        self.member(name)?.ok_or_else(|| Unreadable::member(name, "is not there"))
    }

    /// The id in `{"id": "…"}`, as Kong writes a reference to another entity.
    pub fn reference(self, name: &str) -> Result<Option<Uuid>, Unreadable> {
        let Some(of) = self.member::<Stored<'_>>(name)? else { return Ok(None) };
        of.required("id").map(Some).map_err(|error| Unreadable::member(name, &format!("is none: {error}")))
    }

    /// What is set or not; absent, it has its default. So do the settings of the other kinds.
    pub fn flag(self, setting: &Setting<bool>) -> Result<bool, Unreadable> {
        Ok(self.member(setting.name)?.unwrap_or(setting.default))
    }

    /// A number.
    pub fn number<T>(self, setting: &Setting<i64>) -> Result<T, Unreadable>
    where
        T: Member<'a> + TryFrom<i64> + Default,
    {
        let default = || T::try_from(setting.default).unwrap_or_default();
        Ok(self.member(setting.name)?.unwrap_or_else(default))
    }

    /// A text.
    pub fn text(self, setting: &Setting<&'static str>) -> Result<&'a str, Unreadable> {
        Ok(self.member(setting.name)?.unwrap_or(setting.default))
    }

    /// Several texts.
    pub fn texts(self, setting: &Setting<Texts>) -> Result<Vec<String>, Unreadable> {
        Ok(self.member(setting.name)?.unwrap_or_else(|| setting.default_texts()))
    }

    /// Refuses a member that is none of `known`.
    pub fn has_only(self, known: &[&str]) -> Result<(), Unreadable> {
        let unknown = |(name, value): &(&String, &Value)| !value.is_null() && !known.contains(&name.as_str());
        match self.0.iter().find(unknown) {
            Some((name, _)) => Err(Unreadable::unknown("setting", name.as_str())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXTS: Setting<Texts> = Setting::new("texts", &["a"]);
    const FLAG: Setting<bool> = Setting::new("flag", true);
    const PORT: Setting<i64> = Setting::new("port", 80);
    const TEXT: Setting<&str> = Setting::new("text", "t");

    type Settings = (String, bool, u16, Vec<String>);

    fn read(value: &Value) -> Result<Settings, String> {
        let read = |stored: Stored<'_>| {
            stored.has_only(&[TEXT.name, FLAG.name, PORT.name, TEXTS.name])?;
            let text = stored.text(&TEXT)?.to_owned();
            Ok((text, stored.flag(&FLAG)?, stored.number(&PORT)?, stored.texts(&TEXTS)?))
        };
        Stored::new(value).and_then(read).map_err(|error: Unreadable| error.to_string())
    }

    #[test]
    fn absent_and_null_are_the_default() {
        let whole = json!({"text": "x", "flag": false, "port": 65_535, "texts": []});
        assert_eq!(read(&whole), Ok(("x".to_owned(), false, 65_535, vec![])));
        for value in [
            json!({}),
            json!({"text": null, "flag": null, "port": null, "texts": null}),
            json!({"unknown": null}),
        ] {
            assert_eq!(read(&value), Ok(("t".to_owned(), true, 80, vec!["a".to_owned()])), "{value}");
        }
    }

    #[test]
    fn what_is_not_as_it_must_be_is_named() {
        for (value, message) in [
            (json!([]), "it is not an object"),
            (json!({"unknown": 1}), "setting 'unknown' is not known to this version"),
            (json!({"text": 1}), "field 'text' must be a string"),
            (json!({"flag": "true"}), "field 'flag' must be a boolean"),
            (json!({"port": "80"}), "field 'port' must be an integer from 0 to 65535"),
            (json!({"port": 80.0}), "field 'port' must be an integer from 0 to 65535"),
            (json!({"port": 65_536}), "field 'port' must be an integer from 0 to 65535"),
            (json!({"port": -1}), "field 'port' must be an integer from 0 to 65535"),
            (json!({"texts": [1]}), "field 'texts' must be a list of strings"),
            (json!({"texts": [null]}), "field 'texts' must be a list of strings"),
            (json!({"texts": {}}), "field 'texts' must be a list of strings"),
        ] {
            assert_eq!(read(&value), Err(message.to_owned()), "{value}");
        }
    }

    #[test]
    fn members_are_read_one_by_one() {
        let (id, not_there) = (Uuid::from_u128(7), |name: &str| format!("field '{name}' is not there"));
        let value = json!({"text": "x", "null": null, "by": {"id": id, "name": "y"}, "empty": {}, "id": [7]});
        let stored = Stored::new(&value).unwrap();
        assert_eq!(stored.member("text"), Ok(Some("x")));
        assert_eq!(stored.member::<&str>("null"), Ok(None));
        assert_eq!(stored.required::<&str>("null").unwrap_err().to_string(), not_there("null"));
        assert!(stored.required::<Uuid>("id").is_err());
        assert_eq!(stored.reference("by"), Ok(Some(id)));
        assert_eq!(stored.reference("null"), Ok(None));
        let unnamed = format!("field 'empty' is none: {}", not_there("id"));
        assert_eq!(stored.reference("empty").unwrap_err().to_string(), unnamed);
        assert!(stored.reference("text").is_err());
    }

    #[test]
    fn kinds_are_told_apart() {
        let id = Uuid::from_u128(7);
        let value =
            json!({"n": -1, "ids": [id, id], "of": {"x": ["1"], "y": []}, "bad": {"x": [1]}, "e": [""]});
        let stored = Stored::new(&value).unwrap();
        assert_eq!(stored.required::<i64>("n"), Ok(-1));
        assert!(stored.required::<u64>("n").is_err() && stored.required::<u32>("n").is_err());
        assert_eq!(stored.required::<Vec<Uuid>>("ids"), Ok(vec![id, id]));
        assert!(stored.required::<Vec<Uuid>>("e").is_err());
        let of = BTreeMap::from([("x".to_owned(), vec!["1".to_owned()]), ("y".to_owned(), vec![])]);
        assert_eq!(stored.required("of"), Ok(of));
        assert!(stored.required::<BTreeMap<String, Vec<String>>>("bad").is_err());
    }
}
