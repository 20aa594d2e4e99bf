//! A declaration in parts, as the Admin API takes those of an import.

use std::ops::Range;

use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;
use serde_json::json;

use super::flatten::{Declaration, Entity, Fault};

/// What stands around the entities of a part.
const OPENING: &str = "{\"entities\":[";
const CLOSING: &str = "]}";

/// Which entities go together: each part is as long as a body may be, at most. There is one at least.
pub(crate) fn split(declaration: &Declaration) -> Result<Vec<Range<usize>>, Fault> {
    let first = OPENING.len() + tag_keys(declaration).len() + CLOSING.len();
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, first);
    for (number, Entity { json, line }) in declaration.entities.iter().enumerate() {
        // With the comma.
        let own = json.len() + 1;
        if bytes + own > ADMIN_BODY_BYTES_MAX {
            parts.push(start..number);
            (start, bytes) = (number, OPENING.len() + CLOSING.len());
        }
        bytes += own;
        if bytes > ADMIN_BODY_BYTES_MAX {
            return Err(Fault::new(*line, format!("an entity is longer than {ADMIN_BODY_BYTES_MAX} bytes")));
        }
    }
    parts.push(start..declaration.entities.len());
    Ok(parts)
}

/// A part as it is sent. The tag keys are in the one that begins the declaration.
pub(crate) fn body(declaration: &Declaration, part: &Range<usize>) -> String {
    let entities: Vec<&str> =
        declaration.entities[part.clone()].iter().map(|entity| entity.json.as_str()).collect();
    let tag_keys = if part.start == 0 { tag_keys(declaration) } else { String::new() };
    let entities = entities.join(",");
    format!("{OPENING}{entities}]{tag_keys}}}")
}

fn tag_keys(declaration: &Declaration) -> String {
    let keys = &declaration.tag_keys;
    if keys.is_empty() { String::new() } else { format!(",\"tag_keys\":{}", json!(keys)) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn declaration(lengths: &[usize]) -> Declaration {
        let entity = |length: &usize| Entity { json: format!("\"{}\"", "x".repeat(length - 2)), line: 7 };
        let tag_keys = vec!["0123".to_owned()];
        Declaration { entities: lengths.iter().map(entity).collect(), tag_keys, ..Declaration::default() }
    }

    #[track_caller]
    fn check(lengths: &[usize], expected: &[(usize, usize)]) {
        let declaration = declaration(lengths);
        let parts = split(&declaration).unwrap();
        let found: Vec<(usize, usize)> = parts.iter().map(|part| (part.start, part.end)).collect();
        assert_eq!(found, expected);
        for (number, part) in parts.iter().enumerate() {
            let body = body(&declaration, part);
            assert!(body.len() <= ADMIN_BODY_BYTES_MAX, "{}", body.len());
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["entities"].as_array().unwrap().len(), part.len());
            assert_eq!(body.get("tag_keys").is_some(), number == 0);
        }
    }

    #[test]
    fn parts_are_as_long_as_bodies_may_be() {
        const HALF: usize = ADMIN_BODY_BYTES_MAX / 2;
        check(&[], &[(0, 0)]);
        check(&[10, 20], &[(0, 2)]);
        check(&[HALF, HALF, 10], &[(0, 1), (1, 3)]);
        check(&[HALF - 40, HALF - 40, 10], &[(0, 3)]);
        check(&[10, ADMIN_BODY_BYTES_MAX - 16], &[(0, 1), (1, 2)]);
    }

    #[test]
    fn an_entity_that_is_longer_is_refused_with_its_line() {
        let fault = split(&declaration(&[10, ADMIN_BODY_BYTES_MAX])).unwrap_err();
        assert_eq!(fault.line, 7);
    }
}
