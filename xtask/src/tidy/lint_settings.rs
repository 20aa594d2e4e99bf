//! clippy reads the nearest `clippy.toml` above a package and no other: the one in `core` must say all
//! that the root's says.

use std::collections::BTreeSet;

use anyhow::Result;

use super::finding::Finding;
use super::tree::Tree;

const EVERYWHERE: &str = "clippy.toml";
const CORE: &str = "core/clippy.toml";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let core = tree.read(CORE)?;
    let said: BTreeSet<&str> = settings(&core).collect();
    let everywhere = tree.read(EVERYWHERE)?;
    let mut findings: Vec<Finding> = settings(&everywhere)
        .filter(|line| !said.contains(line))
        .map(|line| Finding::new(CORE, format!("lacks a line of {EVERYWHERE}: {line}")))
        .collect();
    let others =
        tree.paths().filter(|path| path.ends_with("clippy.toml") && ![EVERYWHERE, CORE].contains(path));
    findings.extend(others.map(|path| Finding::new(path, format!("hides {EVERYWHERE} and {CORE}"))));
    Ok(findings)
}

/// Lines that are no comments.
fn settings(file: &str) -> impl Iterator<Item = &str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        let findings = check(&Tree::of(files)).unwrap();
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_core_lacks_is_found() {
        let root = (EVERYWHERE, "a = 1\nb = [\n    { c },\n]\n");
        check_files(&[root, (CORE, "# why\na = 1\nb = [\n    { c },\n    { d },\n]\n")], &[]);
        check_files(
            &[root, (CORE, "a = 2\nb = [\n    { c },\n]\n")],
            &["core/clippy.toml: lacks a line of clippy.toml: a = 1"],
        );
    }

    #[test]
    fn a_third_file_is_found() {
        let files = [(EVERYWHERE, ""), (CORE, ""), ("core/router/clippy.toml", "")];
        check_files(&files, &["core/router/clippy.toml: hides clippy.toml and core/clippy.toml"]);
    }
}
