//! Packages from elsewhere come from the registry, under licences that ours may be combined with.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::graph::{Graph, Package};

/// Permissive, and asked for by at least one package.
const ALLOWED: [&str; 8] =
    ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Zlib"];
/// As cargo names the registry of all public crates.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(graphs: &[Graph]) -> Vec<Finding> {
    let packages: BTreeMap<String, &Package> = graphs
        .iter()
        .flat_map(|graph| graph.packages.values())
        .map(|package| (format!("{} {}", package.name, package.version), package))
        .collect();
    let mut findings = Vec::new();
    for (name, package) in &packages {
        if let Some(source) = package.source.as_deref().filter(|source| *source != REGISTRY) {
            findings.push(Finding::new(name, format!("comes from {source}")));
        }
        if !is_allowed(package, &ALLOWED) {
            let licence = package.licence.as_deref().unwrap_or("none that it names");
            findings.push(Finding::new(name, format!("its licence is not on the list: {licence}")));
        }
    }
    for one in ALLOWED {
        let others: Vec<&str> = ALLOWED.into_iter().filter(|other| *other != one).collect();
        if packages.values().all(|package| is_allowed(package, &others)) {
            let what = "no package needs this licence any more: delete it from xtask/src/tidy/licences.rs";
            findings.push(Finding::new(one, what));
        }
    }
    findings
}

fn is_allowed(package: &Package, allowed: &[&str]) -> bool {
    package.licence.as_deref().is_some_and(|licence| is_satisfied(licence, allowed))
}

/// Whether an SPDX expression holds where those licences are accepted. `/` is an old way to write `OR`;
/// `X WITH Y` gives more than `X`.
fn is_satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, allowed) && rest.is_empty()
}

fn any_of(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut holds = all_of(rest, allowed);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        holds |= all_of(rest, allowed);
    }
    holds
}

fn all_of(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut holds = one_of(rest, allowed);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        holds &= one_of(rest, allowed);
    }
    holds
}

fn one_of(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let Some((first, others)) = rest.split_first() else { return false };
    *rest = others;
    if *first == "(" {
        let holds = any_of(rest, allowed);
        *rest = rest.strip_prefix(&[")"]).unwrap_or_default();
        return holds;
    }
    if let [with, _, others @ ..] = *rest
        && *with == "WITH"
    {
        *rest = others;
    }
    allowed.contains(first)
}

#[cfg(test)]
mod tests {
    use super::super::graph::drawn;
    use super::*;

    #[test]
    fn expressions() {
        let check = |expression: &str, expected: bool| {
            assert_eq!(is_satisfied(expression, &["MIT", "Apache-2.0"]), expected, "{expression}");
        };
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("MIT OR GPL-3.0-only", true);
        check("GPL-3.0-only/MIT", true);
        check("MIT AND GPL-3.0-only", false);
        check("(MIT OR GPL-3.0-only) AND Apache-2.0", true);
        check("(GPL-3.0-only OR Zlib) AND MIT", false);
        check("Apache-2.0 WITH LLVM-exception OR Zlib", true);
        check("MIT MIT", false);
        check("", false);
    }

    /// One package for each allowed licence, so that none is needless.
    fn graph() -> Graph {
        let names: [&str; ALLOWED.len()] = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut graph = drawn(&names);
        for (name, licence) in names.into_iter().zip(ALLOWED) {
            graph.packages.get_mut(name).unwrap().licence = Some(licence.to_owned());
        }
        graph
    }

    fn check_graph(graph: Graph, expected: &[&str]) {
        let shown: Vec<String> = check(&[graph]).iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_allowed_passes() {
        check_graph(graph(), &[]);
    }

    #[test]
    fn licences_and_sources_that_are_not_allowed_are_found() {
        let mut graph = graph();
        graph.packages.get_mut("a").unwrap().licence = Some("Apache-2.0 AND GPL-3.0-only".to_owned());
        graph.packages.get_mut("d").unwrap().source = Some("git+https://example.org/d".to_owned());
        graph.packages.get_mut("e").unwrap().licence = None;
        check_graph(
            graph,
            &[
                "a 1.0.0: its licence is not on the list: Apache-2.0 AND GPL-3.0-only",
                "d 1.0.0: comes from git+https://example.org/d",
                "e 1.0.0: its licence is not on the list: none that it names",
            ],
        );
    }

    #[test]
    fn a_licence_that_nothing_needs_is_found() {
        let mut graph = graph();
        graph.packages.get_mut("c").unwrap().licence = Some("MIT OR BSD-3-Clause".to_owned());
        let findings = check(&[graph]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].place, "BSD-3-Clause");
    }
}
