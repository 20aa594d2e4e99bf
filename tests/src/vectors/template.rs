//! Parts of a case that may hold placeholders anywhere.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

use crate::placeholders::Placeholders;

/// Of the form of `T` as it stands, and again when it is filled.
#[derive(Clone, Debug)]
pub(super) struct Template<T> {
    json: Value,
    form: PhantomData<T>,
}

impl<T: DeserializeOwned> Template<T> {
    pub(super) fn fill(&self, placeholders: &mut Placeholders) -> Result<T, String> {
        T::deserialize(placeholders.fill(&self.json)?).map_err(|error| error.to_string())
    }
}

impl<T: DeserializeOwned> Template<T> {
    /// With its placeholders in it.
    pub(super) fn as_written(&self) -> T {
        T::deserialize(&self.json).expect("it was read once")
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Template<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        T::deserialize(&json).map_err(D::Error::custom)?;
        Ok(Self { json, form: PhantomData })
    }
}
