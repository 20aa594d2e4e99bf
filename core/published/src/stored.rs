//! Reads stored objects field by field.
//!
//! Readers that are derived would do, but each brings code of its own for every form of input: in the
//! Worker, where size is start-up time, that is a twentieth of everything.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::setting::{Setting, Texts};

/// A stored object that is not of the shape it must have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A member that is missing, or not what it must be.
    #[error("field '{field}' is not {wanted}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
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
}

/// An object; `null` counts as absent.
#[derive(Clone, Copy)]
pub struct Stored<'a>(&'a Map<String, Value>);

impl<'a> Stored<'a> {
    /// Views a value as an object.
    pub fn new(value: &'a Value) -> Result<Self, Unreadable> {
        value.as_object().map(Stored).ok_or(Unreadable::Field { field: "", wanted: "an object" })
    }

    /// A field as it is.
    pub fn value(self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A text, if there is one.
    pub fn text(self, field: &'static str) -> Result<Option<&'a str>, Unreadable> {
        self.read(field, "a string", Value::as_str)
    }

    /// A flag, if there is one.
    pub fn flag(self, field: &'static str) -> Result<Option<bool>, Unreadable> {
        self.read(field, "a boolean", Value::as_bool)
    }

    /// A whole number that a `T` holds.
    pub fn number<T: TryFrom<i64>>(self, field: &'static str) -> Result<Option<T>, Unreadable> {
        self.read(field, "a number in its range", |value| T::try_from(value.as_i64()?).ok())
    }

    /// An id, if there is one.
    pub fn id(self, field: &'static str) -> Result<Option<Uuid>, Unreadable> {
        self.read(field, "a UUID", |value| Uuid::try_parse(value.as_str()?).ok())
    }

    /// The id in `{"id": "…"}`, as Kong writes a reference to another entity.
    pub fn reference(self, field: &'static str) -> Result<Option<Uuid>, Unreadable> {
        self.read(field, "a reference", |value| Uuid::try_parse(value.get("id")?.as_str()?).ok())
    }

    /// Texts, if there are some.
    pub fn texts(self, field: &'static str) -> Result<Option<Vec<String>>, Unreadable> {
        self.read(field, "a list of strings", texts)
    }

    /// What `read` makes of a field; `None` where there is none.
    pub fn read<T>(
        self,
        field: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Unreadable> {
        match self.value(field) {
            Some(value) => read(value).map(Some).ok_or(Unreadable::Field { field, wanted }),
            None => Ok(None),
        }
    }

    /// A truth value, or its default.
    pub fn flag_or(self, setting: Setting<bool>) -> Result<bool, Unreadable> {
        Ok(self.flag(setting.name)?.unwrap_or(setting.default))
    }

    /// A whole number that a `T` holds, or its default.
    pub fn number_or<T: TryFrom<i64>>(self, setting: Setting<i64>) -> Result<T, Unreadable> {
        let found = self.number(setting.name)?;
        required(setting.name, found.or_else(|| T::try_from(setting.default).ok()))
    }

    /// Text, or its default.
    pub fn text_or(self, setting: Setting<&'static str>) -> Result<&'a str, Unreadable> {
        Ok(self.text(setting.name)?.unwrap_or(setting.default))
    }

    /// Texts, or their default.
    pub fn texts_or(self, setting: Setting<Texts>) -> Result<Vec<String>, Unreadable> {
        let default = || setting.default.iter().map(|text| (*text).to_owned()).collect();
        Ok(self.texts(setting.name)?.unwrap_or_else(default))
    }

    /// Refuses a member that is none of `known`: a newer program may mean a restriction by it.
    /// One that is null means nothing.
    pub fn has_only(self, known: &[&str]) -> Result<(), Unreadable> {
        let unknown = |(name, value): &(&String, &Value)| !value.is_null() && !known.contains(&name.as_str());
        match self.0.iter().find(unknown) {
            Some((name, _)) => Err(Unreadable::unknown("setting", name.as_str())),
            None => Ok(()),
        }
    }
}

/// The strings of a list.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// What must be there.
pub fn required<T>(field: &'static str, found: Option<T>) -> Result<T, Unreadable> {
    found.ok_or(Unreadable::Field { field, wanted: "there" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_read_or_named() {
        let value =
            json!({"a": "x", "n": 70_000, "null": null, "r": {"id": Uuid::nil()}, "l": ["p", "q"], "m": [1]});
        let stored = Stored::new(&value).unwrap();
        assert_eq!(stored.text("a"), Ok(Some("x")));
        assert_eq!(stored.text("null"), Ok(None));
        assert_eq!(stored.flag("absent"), Ok(None));
        assert_eq!(stored.number::<u32>("n"), Ok(Some(70_000)));
        assert_eq!(stored.reference("r"), Ok(Some(Uuid::nil())));
        assert_eq!(stored.texts("l").unwrap().unwrap(), ["p", "q"]);
        for (error, message) in [
            (stored.number::<u16>("n").unwrap_err(), "field 'n' is not a number in its range"),
            (stored.texts("m").unwrap_err(), "field 'm' is not a list of strings"),
            (stored.id("a").unwrap_err(), "field 'a' is not a UUID"),
            (required("b", stored.text("b").unwrap()).unwrap_err(), "field 'b' is not there"),
        ] {
            assert_eq!(error.to_string(), message);
        }
        assert!(Stored::new(&json!([])).is_err());
    }
}
