//! The packages that are built for a target, as `cargo metadata` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// An id of cargo's, opaque.
pub(super) type PackageId = String;

/// What a package needs another for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: Option<String>,
    /// None for a path of the workspace.
    pub(super) source: Option<String>,
    pub(super) dependencies: BTreeSet<(Kind, PackageId)>,
    /// Files with a crate's root, from the workspace's root; only of members.
    pub(super) roots: Vec<String>,
}

pub(super) struct Graph {
    pub(super) packages: BTreeMap<PackageId, Package>,
    members: BTreeSet<PackageId>,
}

impl Graph {
    pub(super) fn read(target: &str) -> Result<Self> {
        let mut cargo = Command::new(workspace::cargo_program());
        cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]);
        let printed = workspace::output_of(&mut cargo)?;
        let metadata = serde_json::from_str(&printed).context("cargo metadata is no JSON")?;
        Self::parse(&metadata).context("cargo metadata lacks what it is known to have")
    }

    /// None if a member is missing that cargo documents.
    pub(super) fn parse(metadata: &Value) -> Option<Self> {
        let base = format!("{}/", metadata["workspace_root"].as_str()?);
        let mut dependencies: BTreeMap<&str, BTreeSet<(Kind, PackageId)>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array()? {
            dependencies.insert(node["id"].as_str()?, node_dependencies(node)?);
        }
        let members: BTreeSet<PackageId> = strings(&metadata["workspace_members"])?.collect();
        let mut packages = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            let id = package["id"].as_str()?;
            let text = |name: &str| package[name].as_str().map(str::to_owned);
            let roots = if members.contains(id) { roots(package, &base)? } else { vec![] };
            let read = Package {
                name: text("name")?,
                version: text("version")?,
                licence: text("license"),
                source: text("source"),
                dependencies: dependencies.remove(id).unwrap_or_default(),
                roots,
            };
            packages.insert(id.to_owned(), read);
        }
        Some(Self { packages, members })
    }

    /// Packages of the workspace.
    pub(super) fn members(&self) -> impl Iterator<Item = (&PackageId, &Package)> {
        self.packages.iter().filter(|(id, _)| self.members.contains(*id))
    }

    /// The files with the roots of the workspace's crates, from its root.
    pub(super) fn crate_roots(&self) -> Vec<String> {
        self.members().flat_map(|(_, package)| package.roots.iter().cloned()).collect()
    }

    /// What a package needs when it runs, itself included, but for what only packages named `without`
    /// bring.
    pub(super) fn needed_by(&self, root: &PackageId, without: &str) -> BTreeSet<&str> {
        let mut needed: BTreeSet<&PackageId> = BTreeSet::new();
        let mut next = vec![root];
        while let Some(id) = next.pop() {
            let Some(package) = self.packages.get(id) else { continue };
            if package.name == without || !needed.insert(id) {
                continue;
            }
            next.extend(
                package.dependencies.iter().filter(|(kind, _)| *kind == Kind::Normal).map(|(_, id)| id),
            );
        }
        needed.into_iter().map(|id| self.packages[id].name.as_str()).collect()
    }
}

fn node_dependencies(node: &Value) -> Option<BTreeSet<(Kind, PackageId)>> {
    let mut dependencies = BTreeSet::new();
    for dependency in node["deps"].as_array()? {
        let id = dependency["pkg"].as_str()?;
        for kind in dependency["dep_kinds"].as_array()? {
            let kind = match kind["kind"].as_str() {
                None => Kind::Normal,
                Some("build") => Kind::Build,
                Some(_) => Kind::Dev,
            };
            dependencies.insert((kind, id.to_owned()));
        }
    }
    Some(dependencies)
}

fn roots(package: &Value, base: &str) -> Option<Vec<String>> {
    let targets = package["targets"].as_array()?;
    targets.iter().map(|target| Some(target["src_path"].as_str()?.strip_prefix(base)?.to_owned())).collect()
}

fn strings(list: &Value) -> Option<impl Iterator<Item = String> + '_> {
    Some(list.as_array()?.iter().filter_map(|one| one.as_str().map(str::to_owned)))
}

/// A graph of packages by name: `a -> b` is needed when it runs, `a => b` when it is tested. What is
/// named `latchkey…` is a member of the workspace, in the folder of its name without `latchkey-`.
#[cfg(test)]
pub(super) fn drawn(arrows: &[&str]) -> Graph {
    let mut packages: BTreeMap<PackageId, Package> = BTreeMap::new();
    let mut add = |name: &str| {
        let source = "registry+https://github.com/rust-lang/crates.io-index".to_owned();
        packages.entry(name.to_owned()).or_insert_with(|| Package {
            name: name.split('@').next().unwrap_or(name).to_owned(),
            version: name.split_once('@').map_or("1.0.0", |(_, version)| version).to_owned(),
            licence: Some("MIT".to_owned()),
            source: (!name.starts_with("latchkey")).then_some(source),
            dependencies: BTreeSet::new(),
            roots: vec![format!("{}/src/lib.rs", name.trim_start_matches("latchkey-"))],
        });
    };
    let parsed: Vec<(&str, Kind, &str)> = arrows
        .iter()
        .map(|arrow| match (arrow.split_once(" -> "), arrow.split_once(" => ")) {
            (Some((from, to)), _) => (from, Kind::Normal, to),
            (_, Some((from, to))) => (from, Kind::Dev, to),
            _ => (*arrow, Kind::Normal, *arrow),
        })
        .collect();
    for (from, _, to) in &parsed {
        add(from);
        add(to);
    }
    for (from, kind, to) in parsed.into_iter().filter(|(from, _, to)| from != to) {
        let package = packages.get_mut(from).expect("added above");
        package.dependencies.insert((kind, to.to_owned()));
    }
    let members = packages.keys().filter(|id| id.starts_with("latchkey")).cloned().collect();
    Graph { packages, members }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_read() {
        let metadata = json!({
            "workspace_root": "/w",
            "workspace_members": ["a#1"],
            "packages": [
                {"id": "a#1", "name": "a", "version": "1", "license": "MIT", "source": null,
                 "targets": [{"src_path": "/w/a/src/lib.rs"}]},
                {"id": "b#2", "name": "b", "version": "2", "license": null, "source": "registry+x",
                 "targets": [{"src_path": "/home/b/src/lib.rs"}]},
            ],
            "resolve": {"nodes": [
                {"id": "a#1", "deps": [{"pkg": "b#2", "dep_kinds": [{"kind": null}, {"kind": "dev"}]}]},
                {"id": "b#2", "deps": []},
            ]},
        });
        let graph = Graph::parse(&metadata).unwrap();
        assert_eq!(graph.crate_roots(), ["a/src/lib.rs"]);
        let expected = [(Kind::Normal, "b#2".to_owned()), (Kind::Dev, "b#2".to_owned())];
        assert_eq!(graph.packages["a#1"].dependencies, expected.into());
        assert_eq!(graph.packages["b#2"].licence, None);
        assert!(Graph::parse(&json!({})).is_none());
    }

    #[test]
    fn what_is_needed_when_it_runs() {
        let graph = drawn(&["latchkey-a -> b", "b -> c", "latchkey-a => d", "c -> e"]);
        let needed = |without| graph.needed_by(&"latchkey-a".to_owned(), without);
        assert_eq!(needed(""), ["b", "c", "e", "latchkey-a"].into());
        assert_eq!(needed("c"), ["b", "latchkey-a"].into());
    }
}
