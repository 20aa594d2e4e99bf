//! What a request's URL says, as the platform hands it over.

/// The parts of a URL, as they are written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Whether the scheme is `https`; else it is `http`.
    pub is_https: bool,
    /// Host, maybe with a port. The platform makes the URL of the `Host` field as it comes, with a
    /// `/` in it too: only where the field is no more than an authority is the path what the client
    /// sent.
    pub authority: &'a str,
    /// At least `/`.
    pub path: &'a str,
    /// Without `?`.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Reads a URL; `None`: of another scheme.
    pub fn of(url: &'a str) -> Option<Self> {
        let (is_https, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        let rest = rest.split('#').next()?;
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        Some(Target { is_https, authority, path, query })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_taken_as_it_is() {
        let check = |url, is_https, authority, path, query| {
            assert_eq!(Target::of(url), Some(Target { is_https, authority, path, query }), "{url}");
        };
        check("http://a/b/../c%2f?", false, "a", "/b/../c%2f", Some(""));
        check("https://a", true, "a", "/", None);
        check("http://A:99/?a?b#c", false, "A:99", "/", Some("a?b"));
        check("http://[::1]:8080?x", false, "[::1]:8080", "/", Some("x"));
        assert_eq!(Target::of("ftp://a/"), None);
    }
}
