//! Which of core's packages may need which. What runs them may know all.

use super::finding::Finding;
use super::graph::{Graph, Kind, Package};

/// A package, and those of the workspace that it may need; what its tests need is not looked at.
const LAYERS: [(&str, &[&str]); 8] = [
    ("latchkey-published", &[]),
    ("latchkey-request", &["latchkey-published"]),
    ("latchkey-router", &["latchkey-published", "latchkey-request"]),
    ("latchkey-gateway", &["latchkey-published", "latchkey-request", "latchkey-router"]),
    ("latchkey-store", &["latchkey-published"]),
    ("latchkey-pages", &[]),
    (
        "latchkey-control",
        &["latchkey-pages", "latchkey-published", "latchkey-request", "latchkey-router", "latchkey-store"],
    ),
    ("latchkey-both-planes", &[]),
];
/// Where those packages are.
const FOLDER: &str = "core/";

/// Packages that run no future, and those that could, of which they need none, however indirectly.
const WITHOUT_WAITING: [&str; 4] =
    ["latchkey-published", "latchkey-request", "latchkey-router", "latchkey-gateway"];
const RUNTIMES: [&str; 6] = ["tokio", "futures", "futures-util", "futures-executor", "async-trait", "smol"];

pub(super) fn check(graph: &Graph) -> Vec<Finding> {
    let is_unknown = |package: &&Package| {
        let is_here = package.roots.iter().any(|root| root.starts_with(FOLDER));
        is_here && !LAYERS.iter().any(|(name, _)| *name == package.name)
    };
    let unknown = graph.members().map(|(_, package)| package).filter(is_unknown);
    let mut findings: Vec<Finding> = unknown
        .map(|package| Finding::new(&package.name, "has no layer in xtask/src/tidy/layers.rs"))
        .collect();
    for (name, allowed) in LAYERS {
        let Some((id, package)) = graph.members().find(|(_, package)| package.name == name) else {
            findings.push(Finding::new(
                name,
                "there is no such package: its rule in xtask/src/tidy guards nothing",
            ));
            continue;
        };
        let too_many = needed_members(graph, package).filter(|needed| !allowed.contains(needed));
        findings.extend(too_many.map(|needed| Finding::new(name, format!("may not need {needed}"))));
        if WITHOUT_WAITING.contains(&name) {
            let runtimes = graph.needed_by(id, "").into_iter().filter(|needed| RUNTIMES.contains(needed));
            findings.extend(
                runtimes.map(|needed| Finding::new(name, format!("needs {needed}, but never waits"))),
            );
        }
    }
    findings
}

/// Of the workspace's packages those that one names, but for its tests.
fn needed_members<'a>(graph: &'a Graph, package: &'a Package) -> impl Iterator<Item = &'a str> {
    let needed = package.dependencies.iter().filter(|(kind, _)| *kind != Kind::Dev);
    let members = needed.filter_map(|(_, id)| graph.members().find(|(member, _)| *member == id));
    members.map(|(_, package)| package.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::graph::drawn;
    use super::*;

    const AS_IT_SHOULD_BE: [&str; 10] = [
        "latchkey-gateway -> latchkey-request",
        "latchkey-both-planes => latchkey-gateway",
        "latchkey-router -> latchkey-published",
        "latchkey-gateway -> latchkey-router",
        "latchkey-store -> latchkey-published",
        "latchkey-control -> latchkey-store",
        "latchkey-control -> latchkey-pages",
        "latchkey-control -> tokio",
        "latchkey-gateway => latchkey-control",
        "latchkey -> latchkey-gateway",
    ];

    fn check_with(more: &[&str], expected: &[&str]) {
        let findings = check(&drawn(&[&AS_IT_SHOULD_BE[..], more].concat()));
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn needing_what_one_may_not_is_found() {
        check_with(&[], &[]);
        check_with(
            &["latchkey-gateway -> latchkey-control"],
            &[
                "latchkey-gateway: may not need latchkey-control",
                "latchkey-gateway: needs tokio, but never waits",
            ],
        );
        check_with(
            &["latchkey-control -> latchkey-gateway"],
            &["latchkey-control: may not need latchkey-gateway"],
        );
        check_with(&["latchkey-store -> latchkey"], &["latchkey-store: may not need latchkey"]);
        check_with(
            &["latchkey-published -> a", "a -> async-trait"],
            &[
                "latchkey-published: needs async-trait, but never waits",
                "latchkey-router: needs async-trait, but never waits",
                "latchkey-gateway: needs async-trait, but never waits",
            ],
        );
    }

    #[test]
    fn a_package_without_a_layer_is_found() {
        check_with(
            &["latchkey-core/pages -> a"],
            &["latchkey-core/pages: has no layer in xtask/src/tidy/layers.rs"],
        );
    }

    #[test]
    fn a_rule_for_no_package_is_found() {
        let findings = check(&drawn(&["latchkey-router -> latchkey-published"]));
        assert_eq!(findings.len(), 6, "{findings:?}");
    }
}
