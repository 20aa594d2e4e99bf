//! Members that may be null.

use serde::Deserialize;
use serde::de::Deserializer;

/// With `default` and `deserialize_with`: `None` is only what is not there at all.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
