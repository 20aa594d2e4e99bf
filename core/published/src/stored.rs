//! Reads stored objects into derived types.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess};
use serde::{Deserialize, de};
use serde_json::{Map, Value};
use uuid::Uuid;

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

    fn member(name: &str, error: serde_json::Error) -> Self {
        Unreadable::Shape(format!("field '{name}': {error}"))
    }
}

impl de::Error for Unreadable {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Unreadable::Shape(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Unreadable::Shape(format!("field '{name}' is not there"))
    }

    /// A newer program may mean a restriction by it.
    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Unreadable::unknown("setting", name)
    }
}

/// An object; a member that is `null` counts as absent, and means nothing where it is not known.
#[derive(Clone, Copy)]
pub struct Stored<'a>(&'a Map<String, Value>);

impl<'a> Stored<'a> {
    /// Views a value as an object.
    pub fn new(value: &'a Value) -> Result<Self, Unreadable> {
        value.as_object().map(Stored).ok_or_else(|| Unreadable::Shape("it is not an object".to_owned()))
    }

    /// Views an object.
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Stored(object)
    }

    /// All of it. What is absent has the default that `T` gives it; members that `T` does not have are
    /// passed over, or [`Unreadable::Unknown`] where it has `deny_unknown_fields`.
    pub fn read<T: Deserialize<'a>>(self) -> Result<T, Unreadable> {
        let (left, next) = (self.0.iter(), None);
        T::deserialize(MapAccessDeserializer::new(Members { left, next }))
    }

    /// A member as it is.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member, if it is there.
    pub fn member<T: Deserialize<'a>>(self, name: &str) -> Result<Option<T>, Unreadable> {
        let read = |value| T::deserialize(value).map_err(|error| Unreadable::member(name, error));
        self.value(name).map(read).transpose()
    }

    /// A member that must be there.
    pub fn required<T: Deserialize<'a>>(self, name: &'static str) -> Result<T, Unreadable> {
        self.member(name)?.ok_or_else(|| de::Error::missing_field(name))
    }

    /// The id in `{"id": "…"}`, as Kong writes a reference to another entity.
    pub fn reference(self, name: &str) -> Result<Option<Uuid>, Unreadable> {
        let id = |value| Stored::new(value)?.required("id");
        let in_member = |error| Unreadable::Shape(format!("field '{name}': {error}"));
        self.value(name).map(id).transpose().map_err(in_member)
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

/// The members of an object that are not null, for derived types: with errors that name the member.
struct Members<'a> {
    left: serde_json::map::Iter<'a>,
    /// Whose name was read, and whose value was not.
    next: Option<(&'a str, &'a Value)>,
}

impl<'a> MapAccess<'a> for Members<'a> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        let next = self.left.find(|(_, value)| !value.is_null());
        self.next = next.map(|(name, value)| (name.as_str(), value));
        self.next.map(|(name, _)| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        let (name, value) = self.next.take().ok_or_else(|| de::Error::custom("a value without a name"))?;
        seed.deserialize(value).map_err(|error| Unreadable::member(name, error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        text: Option<String>,
        flag: bool,
        port: u16,
        texts: Vec<String>,
    }

    impl Default for Settings {
        fn default() -> Self {
            Settings { text: None, flag: true, port: 80, texts: vec!["a".to_owned()] }
        }
    }

    fn read(value: &Value) -> Result<Settings, String> {
        Stored::new(value).and_then(Stored::read).map_err(|error| error.to_string())
    }

    #[test]
    fn absent_and_null_are_the_default() {
        let whole = json!({"text": "x", "flag": false, "port": 65_535, "texts": []});
        let expected = Settings { text: Some("x".to_owned()), flag: false, port: 65_535, texts: vec![] };
        assert_eq!(read(&whole), Ok(expected));
        for value in [
            json!({}),
            json!({"text": null, "flag": null, "port": null, "texts": null}),
            json!({"unknown": null}),
        ] {
            assert_eq!(read(&value), Ok(Settings::default()), "{value}");
        }
    }

    #[test]
    fn what_is_not_as_it_must_be_is_named() {
        for (value, message) in [
            (json!([]), "it is not an object"),
            (json!({"unknown": 1}), "setting 'unknown' is not known to this version"),
            (json!({"text": 1}), "field 'text': invalid type: integer `1`, expected a string"),
            (json!({"flag": "true"}), "field 'flag': invalid type: string \"true\", expected a boolean"),
            (json!({"port": "80"}), "field 'port': invalid type: string \"80\", expected u16"),
            (json!({"port": 80.0}), "field 'port': invalid type: floating point `80.0`, expected u16"),
            (json!({"port": 65_536}), "field 'port': invalid value: integer `65536`, expected u16"),
            (json!({"port": -1}), "field 'port': invalid value: integer `-1`, expected u16"),
            (json!({"texts": [1]}), "field 'texts': invalid type: integer `1`, expected a string"),
            (json!({"texts": [null]}), "field 'texts': invalid type: null, expected a string"),
            (json!({"texts": {}}), "field 'texts': invalid type: map, expected a sequence"),
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
        let unnamed = format!("field 'empty': {}", not_there("id"));
        assert_eq!(stored.reference("empty").unwrap_err().to_string(), unnamed);
        assert!(stored.reference("text").is_err());
    }
}
