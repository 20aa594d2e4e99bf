//! The gateway never waits: no `async` and no lock in its crate.

use anyhow::Result;

use super::finding::Finding;
use super::rust_source::{each_ident, parse};
use super::tree::Tree;

/// Where the gateway is.
const FOLDER: &str = "core/gateway/src/";
const WORDS: [&str; 6] = ["async", "await", "Mutex", "RwLock", "Condvar", "block_on"];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let files: Vec<&str> =
        tree.paths().filter(|path| path.starts_with(FOLDER) && path.ends_with(".rs")).collect();
    if files.is_empty() {
        return Ok(vec![Finding::new(FOLDER, "the gateway is not here: this rule looks at nothing")]);
    }
    let mut findings = Vec::new();
    for file in files {
        each_ident(parse(file, &tree.read(file)?)?, &mut |ident| {
            if WORDS.iter().any(|word| ident == word) {
                let place = format!("{file}:{}", ident.span().start().line);
                findings.push(Finding::new(place, format!("{ident}, but the gateway never waits")));
            }
        });
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_places(files: &[(&str, &str)], expected: &[&str]) {
        let findings = check(&Tree::of(files)).unwrap();
        let places: Vec<&str> = findings.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn what_waits_is_found() {
        let source =
            "use std::sync::Mutex;\nfn f() { g! { h.await } }\n#[cfg(test)] mod tests { async fn f() {} }";
        check_places(
            &[("core/gateway/src/lib.rs", source)],
            &["core/gateway/src/lib.rs:1", "core/gateway/src/lib.rs:2"],
        );
        check_places(
            &[("core/gateway/src/lib.rs", "/// Not async.\nfn f() {}"), ("a/src/lib.rs", source)],
            &[],
        );
    }

    #[test]
    fn a_gateway_that_is_elsewhere_is_found() {
        check_places(&[("gateway/src/lib.rs", "")], &[FOLDER]);
    }
}
