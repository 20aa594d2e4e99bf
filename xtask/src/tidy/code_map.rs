//! Every file that ARCHITECTURE.md names exists, and every source file is on its code map.

use anyhow::Result;

use super::finding::Finding;
use super::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";
/// What a name has that is a file's.
const ENDINGS: [&str; 10] = [".rs", ".js", ".mjs", ".ts", ".py", ".md", ".json", ".jsonc", ".toml", ".yaml"];
/// Of what is under `infra`, the programs.
const SCRIPT_ENDINGS: [&str; 5] = [".js", ".mjs", ".ts", ".py", ".sh"];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let page = tree.read(PAGE)?;
    let mut findings: Vec<Finding> = names(&page)
        .filter(|(_, name)| is_file_name(name) && !tree.paths().any(|path| is_named_by(path, name)))
        .map(|(line, name)| Finding::new(format!("{PAGE}:{line}"), format!("there is no {name}")))
        .collect();
    let map = entries(&page);
    let missing = tree.paths().filter(|path| is_source(path) && !map.iter().any(|entry| covers(entry, path)));
    findings.extend(missing.map(|path| Finding::new(path, format!("not on the code map of {PAGE}"))));
    Ok(findings)
}

/// Rust's sources in the folder `src` of a package, and scripts under `infra`.
fn is_source(path: &str) -> bool {
    let is_script = path.starts_with("infra/") && SCRIPT_ENDINGS.iter().any(|ending| path.ends_with(ending));
    is_script || (path.contains("/src/") && path.ends_with(".rs"))
}

/// What is between backticks, with its line, from 1; blocks of code are left out.
fn names(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_block = false;
    let lines = page.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    lines.flat_map(|(at, line)| line.split('`').skip(1).step_by(2).map(move |name| (at + 1, name)))
}

fn is_file_name(name: &str) -> bool {
    let is_plain = !name.contains([' ', '…', ':']) && !name.starts_with('/');
    is_plain && (name.ends_with('/') || ENDINGS.iter().any(|ending| name.ends_with(ending)))
}

/// A name may leave out the folders before it, and have a `*` or a `<word>` in place of one name.
fn is_named_by(path: &str, name: &str) -> bool {
    let wanted: Vec<&str> = name.trim_end_matches('/').split('/').collect();
    let parts: Vec<&str> = path.split('/').collect();
    let is_here = |window: &[&str]| window.iter().zip(&wanted).all(|(part, pattern)| is_match(part, pattern));
    if name.ends_with('/') {
        let folders = &parts[..parts.len() - 1];
        folders.windows(wanted.len()).any(is_here)
    } else {
        parts.windows(wanted.len()).next_back().is_some_and(is_here)
    }
}

fn is_match(part: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => part.starts_with(before) && part.ends_with(after),
        None => part == pattern || pattern.starts_with('<'),
    }
}

/// The code map's entries, from the checkout's root: a file, or a folder with `/` at its end. A heading
/// names the folders that the entries under it are in; under one that names none they are whole. The
/// first of a line may begin with a folder that the others leave out.
fn entries(page: &str) -> Vec<String> {
    let Some((_, map)) = page.split_once("\n## Code map\n") else { return vec![] };
    let map = map.split_once("\n## ").map_or(map, |(map, _)| map);
    let mut bases: Vec<String> = vec![];
    let mut entries = Vec::new();
    for line in map.lines() {
        let named: Vec<&str> = names(line).map(|(_, name)| name).collect();
        if line.starts_with("### ") {
            bases = named.iter().map(|folder| format!("{}/", folder.trim_end_matches('/'))).collect();
            continue;
        }
        let files: Vec<&str> = named.into_iter().filter(|name| is_file_name(name)).collect();
        let folder = files
            .first()
            .and_then(|first| first.trim_end_matches('/').rsplit_once('/'))
            .map_or("", |(folder, _)| folder);
        for name in &files {
            entries.push((*name).to_owned());
            for base in &bases {
                entries.push(format!("{base}{name}"));
                entries.push(format!("{base}{folder}/{name}"));
            }
        }
    }
    entries
}

fn covers(entry: &str, path: &str) -> bool {
    let (wanted, parts): (Vec<&str>, Vec<&str>) =
        (entry.trim_end_matches('/').split('/').collect(), path.split('/').collect());
    let is_long_enough =
        if entry.ends_with('/') { parts.len() > wanted.len() } else { parts.len() == wanted.len() };
    is_long_enough && parts.iter().zip(&wanted).all(|(part, pattern)| is_match(part, pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "# A\n\n## Code map\n\n### `a/src` and `b/src`\n\n| `x.rs`, `y/` | … |\n| `c/*/lib.rs`, `c/d/e.rs`, `f.rs` | … |\n| `c/h/`, `i.rs` | … |\n\n### Elsewhere\n\n\
                       `infra/z/`: scripts.\n\n## Tests\n";

    const SOURCES: [&str; 7] = [
        "a/src/x.rs",
        "b/src/c/g/lib.rs",
        "b/src/c/d/e.rs",
        "b/src/c/d/f.rs",
        "b/src/c/h/g.rs",
        "b/src/c/i.rs",
        "infra/z/w.mjs",
    ];

    fn check_page(page: &str, files: &[&str], expected: &[(&str, &str)]) {
        let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, "")).chain([(PAGE, page)]).collect();
        let findings = check(&Tree::of(&files)).unwrap();
        let expected: Vec<Finding> =
            expected.iter().map(|(place, what)| Finding::new(*place, *what)).collect();
        assert_eq!(findings, expected);
    }

    #[test]
    fn what_is_on_the_map_and_there_passes() {
        check_page(MAP, &[&SOURCES[..], &["b/src/y/z.rs", "a/tests/t.rs"]].concat(), &[]);
    }

    #[test]
    fn a_source_file_that_is_not_on_the_map_is_found() {
        let files = ["a/src/w.rs", "a/src/y/y.rs", "infra/v.js", "infra/z/z.py"];
        let missing = "not on the code map of ARCHITECTURE.md";
        check_page(
            MAP,
            &[&SOURCES[..], &files].concat(),
            &[("a/src/w.rs", missing), ("infra/v.js", missing)],
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_found() {
        check_page(MAP, &SOURCES, &[("ARCHITECTURE.md:7", "there is no y/")]);
        let page = format!(
            "{MAP}\nSee `v.rs`, `q/*.json`, `y/z.rs`, `golden/<format>/a.json`, `A::b`, `/-/admin/`.\n"
        );
        let files = [&SOURCES[..], &["a/src/y/z.rs", "golden/1/a.json"]].concat();
        check_page(
            &page,
            &[&files[..], &["q/a.json"]].concat(),
            &[("ARCHITECTURE.md:17", "there is no v.rs")],
        );
        check_page(
            &page,
            &files,
            &[("ARCHITECTURE.md:17", "there is no v.rs"), ("ARCHITECTURE.md:17", "there is no q/*.json")],
        );
    }
}
