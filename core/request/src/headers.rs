//! Header fields and scheme of a request, without a platform's type.

use http::header::HeaderName;

/// The header fields of a request, asked for by name.
pub trait Headers {
    /// Iterator over the values of one field.
    type Values<'a>: Iterator<Item = &'a [u8]>
    where
        Self: 'a;

    /// The values of every field line called `name`, in the order received, each as sent.
    ///
    /// Names compare without case; `_` and `-` are different.
    /// A platform that joins repeated lines yields the joined text once (docs/platforms.md).
    fn values<'a>(&'a self, name: &str) -> Self::Values<'a>;

    /// The same by a name that is parsed already, for maps that look it up faster so.
    fn values_of<'a>(&'a self, name: &HeaderName) -> Self::Values<'a> {
        self.values(name.as_str())
    }
}

impl Headers for http::HeaderMap {
    type Values<'a> =
        std::iter::Map<http::header::ValueIter<'a, http::HeaderValue>, fn(&'a http::HeaderValue) -> &'a [u8]>;

    fn values<'a>(&'a self, name: &str) -> Self::Values<'a> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }

    fn values_of<'a>(&'a self, name: &HeaderName) -> Self::Values<'a> {
        self.get_all(name).iter().map(http::HeaderValue::as_bytes)
    }
}

/// Scheme the client used to reach us, or that we use to reach an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}
