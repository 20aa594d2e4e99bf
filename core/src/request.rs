//! What core sees of a request.

/// The header fields of a request, however the platform keeps them.
pub trait Headers {
    /// Iterator over the values of one field.
    type Values<'a>: Iterator<Item = &'a [u8]>
    where
        Self: 'a;

    /// Every value of the field `name`, in the order they came; nothing when the field is absent.
    ///
    /// `name` is in lower case; an implementation compares names without case.
    fn values<'a>(&'a self, name: &str) -> Self::Values<'a>;
}

/// Values of one field of an [`http::HeaderMap`].
pub type HeaderMapValues<'a> =
    std::iter::Map<http::header::ValueIter<'a, http::HeaderValue>, fn(&'a http::HeaderValue) -> &'a [u8]>;

impl Headers for http::HeaderMap {
    type Values<'a> = HeaderMapValues<'a>;

    fn values<'a>(&'a self, name: &str) -> HeaderMapValues<'a> {
        self.get_all(name).into_iter().map(http::HeaderValue::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_map_gives_every_value_of_a_field() {
        let mut headers = http::HeaderMap::new();
        headers.append("x-plan", "a".parse().unwrap());
        headers.append("x-plan", "b".parse().unwrap());
        let values = |name: &str| Headers::values(&headers, name).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(values("X-Plan"), [b"a", b"b"]);
        assert!(values("x-other").is_empty());
        assert!(values("no such name").is_empty());
    }
}
