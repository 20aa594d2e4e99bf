//! Regexes of paths and of header values.
//!
//! They work on bytes and know ASCII only, so no Unicode tables are needed.

use std::collections::HashMap;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

/// Largest compiled regex, in bytes: far above what a path needs, and a bound on the time one match takes.
const REGEX_BYTES_MAX: usize = 256 * 1024;

/// A path regex, without its `~`.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    /// Anchored at the start.
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
    // Parsed by itself first: `/a)|(?:/b` must not close the group put around it.
    let hir = parse(pattern)?;
    let regex = build(pattern, &format!(r"\A(?:{pattern})"), false)?;
    let mut prefix = Vec::new();
    push_prefix(&hir, &mut prefix);
    Ok(PathPattern { regex: Arc::new(regex), prefix: prefix.into() })
}

/// Compiles the regex of a header value, given without its `~*`: without case, found anywhere.
pub(super) fn compile_header(pattern: &str) -> Result<Regex, String> {
    parse(pattern)?;
    build(pattern, pattern, true)
}

fn parse(pattern: &str) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).map_err(|error| {
        let (reason, offset) = match &error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
            _ => (error.to_string(), 0),
        };
        format!("invalid regex: '{pattern}' ({reason} at character {})", offset + 1)
    })
}

fn build(pattern: &str, anchored: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(anchored)
        .unicode(false)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(bytes) => {
                format!("invalid regex: '{pattern}' (takes more than {bytes} bytes compiled)")
            }
            _ => format!("invalid regex: '{pattern}' (not valid inside a group)"),
        })
}

/// Appends bytes that every match of `hir` starts with. Answers whether a match is exactly those bytes,
/// so that what follows `hir` may be appended too.
fn push_prefix(hir: &Hir, prefix: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            prefix.extend_from_slice(&literal.0);
            true
        }
        HirKind::Capture(capture) => push_prefix(&capture.sub, prefix),
        HirKind::Concat(parts) => parts.iter().all(|part| push_prefix(part, prefix)),
        HirKind::Repetition(repetition) => {
            let exact = repetition.min >= 1 && push_prefix(&repetition.sub, prefix);
            exact && repetition.min == 1 && repetition.max == Some(1)
        }
        HirKind::Alternation(branches) => {
            push_common_prefix(branches, prefix);
            false
        }
        HirKind::Class(_) => false,
    }
}

fn push_common_prefix(branches: &[Hir], prefix: &mut Vec<u8>) {
    let mut common: Option<Vec<u8>> = None;
    for branch in branches {
        let mut own = Vec::new();
        push_prefix(branch, &mut own);
        let shared = common.as_ref().map_or(own.len(), |common| {
            common.iter().zip(&own).take_while(|(left, right)| left == right).count()
        });
        own.truncate(shared);
        common = Some(own);
    }
    prefix.extend(common.unwrap_or_default());
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
