//! Which endpoint a path is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::endpoints::{ENDPOINTS, Endpoint, Surface, variable};
use super::page_rows::PAGES;
use crate::registry::Step;
use crate::schema::EntityKind;

/// What of a text stays as it is in a segment of a path (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An endpoint that a path has matched, and the texts in the places of its braces.
#[derive(Debug)]
pub struct Matched {
    /// The endpoint.
    pub endpoint: &'static Endpoint,
    captured: Vec<(&'static str, String)>,
}

impl Matched {
    /// The entities in the path.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let step = |(name, key)| EntityKind::parse(name).map(|kind| Step { kind, key });
        self.captured.iter().map(|(name, key)| (*name, key.as_str())).filter_map(step).collect()
    }

    /// Whether it is below an entity.
    pub fn is_nested(&self) -> bool {
        !self.captured.is_empty()
    }

    /// The path as it was asked, escaped anew, without a slash at the end.
    pub fn path(&self) -> String {
        let mut path = self.endpoint.path.to_owned();
        for (name, text) in &self.captured {
            path = path.replace(&format!("{{{name}}}"), &utf8_percent_encode(text, SEGMENT).to_string());
        }
        path
    }

    /// The text in a pair of braces.
    pub fn text(&self, name: &str) -> &str {
        self.captured.iter().find(|(captured, _)| *captured == name).map_or("", |(_, text)| text)
    }
}

/// The surface that a path of the control door belongs to, and the path below its prefix: `/` at
/// least. `None`: it is no path.
pub fn surface(path: &str) -> Option<(Surface, &str)> {
    let below = |surface: Surface| match path.strip_prefix(surface.prefix())? {
        "" => Some((surface, "/")),
        rest => rest.starts_with('/').then_some((surface, rest)),
    };
    below(Surface::Admin)
        .or_else(|| below(Surface::Portal))
        .or_else(|| below(Surface::PortalPages))
        .or_else(|| below(Surface::Manager))
        .or_else(|| path.starts_with('/').then_some((Surface::Open, path)))
}

/// The endpoint at a path below its surface's prefix.
pub fn find(surface: Surface, path: &str) -> Option<Matched> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = path.split('/').map(|segment| percent_decode_str(segment).decode_utf8().ok());
    let segments: Vec<String> = segments.map(|text| text.map(String::from)).collect::<Option<_>>()?;
    at(surface, &segments)
}

/// The endpoint at the segments of a path, as texts.
pub(super) fn at(surface: Surface, segments: &[String]) -> Option<Matched> {
    let all = ENDPOINTS.iter().chain(PAGES.into_iter().flatten());
    all.filter(|endpoint| endpoint.surface == surface).find_map(|endpoint| {
        let captured = matches(endpoint.path, segments)?;
        Some(Matched { endpoint, captured })
    })
}

fn matches(pattern: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let pattern: Vec<&'static str> = pattern[1..].split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut captured = Vec::new();
    for (expected, segment) in pattern.into_iter().zip(segments) {
        match variable(expected) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => captured.push((name, segment.clone())),
            None if expected == segment => {}
            None => return None,
        }
    }
    Some(captured)
}
