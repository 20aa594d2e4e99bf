//! Regexes of paths and of header values.
//!
//! They work on bytes and know ASCII only, so no Unicode tables are needed.

use std::collections::HashMap;
use std::sync::Arc;

use super::regex::{BYTES_MAX, Place, Refusal, Regex};

/// A path regex, without its `~`.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    pub(super) regex: Arc<Regex>,
    /// What every match starts with.
    pub(super) prefix: Arc<[u8]>,
}

/// Compiled regexes by pattern, so that a new router can take over those of the last one.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    paths: HashMap<String, PathPattern>,
    headers: HashMap<String, Arc<Regex>>,
}

impl Patterns {
    pub(super) fn path(&mut self, pattern: &str, previous: Option<&Patterns>) -> Result<PathPattern, String> {
        let known = self.paths.get(pattern).or_else(|| previous?.paths.get(pattern));
        let compiled = known.cloned().map_or_else(|| compile_path(pattern), Ok)?;
        self.paths.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }

    pub(super) fn header(
        &mut self,
        pattern: &str,
        previous: Option<&Patterns>,
    ) -> Result<Arc<Regex>, String> {
        let known = self.headers.get(pattern).or_else(|| previous?.headers.get(pattern));
        let compiled = known.cloned().map_or_else(|| compile_header(pattern).map(Arc::new), Ok)?;
        self.headers.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

#[cfg(test)]
impl Patterns {
    /// Whether both hold the very same regexes.
    pub(super) fn same(&self, other: &Patterns) -> bool {
        let mut paths = self.paths.iter();
        let mut headers = self.headers.iter();
        paths.all(|(pattern, own)| {
            other.paths.get(pattern).is_some_and(|others| Arc::ptr_eq(&own.regex, &others.regex))
        }) && headers
            .all(|(pattern, own)| other.headers.get(pattern).is_some_and(|others| Arc::ptr_eq(own, others)))
    }
}

/// Compiles the regex of a path, given without its `~`.
pub(super) fn compile_path(pattern: &str) -> Result<PathPattern, String> {
    let regex = compile(pattern, Place::Start)?;
    Ok(PathPattern { prefix: regex.prefix().into(), regex: Arc::new(regex) })
}

/// Compiles the regex of a header value, given without its `~*`: without case, found anywhere.
pub(super) fn compile_header(pattern: &str) -> Result<Regex, String> {
    compile(pattern, Place::Anywhere)
}

fn compile(pattern: &str, place: Place) -> Result<Regex, String> {
    Regex::new(pattern, place).map_err(|refusal| match refusal {
        Refusal::Syntax { reason, offset } => {
            format!("invalid regex: '{pattern}' ({reason} at character {})", offset + 1)
        }
        Refusal::NotInGroup => format!("invalid regex: '{pattern}' (not valid inside a group)"),
        Refusal::TooBig => format!("invalid regex: '{pattern}' (takes more than {BYTES_MAX} bytes compiled)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_prefix_is_what_every_match_starts_with() {
        for (pattern, prefix) in [
            ("/orders", "/orders"),
            (r"/orders/(?<id>\d+)$", "/orders/"),
            ("^/a", "/a"),
            ("/a(/b)c", "/a/bc"),
            ("/a(/b)?c", "/a"),
            ("/a+b", "/a"),
            ("/(?:ab){2,}c", "/ab"),
            ("/(?:abc|abd|ab)x", "/ab"),
            ("/a|/b", "/"),
            ("/x|", ""),
            ("(?i)/AB", "/"),
            (r"/a\.b", "/a.b"),
            (".*", ""),
            (r"/a\b/c", "/a/c"),
            ("/é", "/é"),
        ] {
            let compiled = compile_path(pattern).unwrap();
            assert_eq!(&*compiled.prefix, prefix.as_bytes(), "{pattern}");
        }
    }

    #[test]
    fn a_bad_regex_is_refused_in_a_sentence() {
        for (pattern, message) in [
            ("/users/(foo/profile", "invalid regex: '/users/(foo/profile' (unclosed group at character 8)"),
            ("/a)|(?:/b", "invalid regex: '/a)|(?:/b' (unopened group at character 3)"),
            ("(?x)/a #", "invalid regex: '(?x)/a #' (not valid inside a group)"),
            (
                r"/(\w{1000}){1000}",
                r"invalid regex: '/(\w{1000}){1000}' (takes more than 262144 bytes compiled)",
            ),
        ] {
            assert_eq!(compile_path(pattern).unwrap_err(), message);
        }
        assert!(compile_path(r"/\p{L}").unwrap_err().starts_with("invalid regex: '/\\p{L}' ("));
    }
}
