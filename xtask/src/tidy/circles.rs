//! No modules of a crate import one another in a circle.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::finding::{Exception, Finding, Offence, sift};
use super::modules::{Import, ModulePath, display, read_all};
use super::tree::Tree;

/// `place` is the file of the crate's root, `subject` the modules in order.
const EXCEPTIONS: &[Exception] = &[Exception {
    place: "core/both-planes/tests/simulation.rs",
    subject: "replica, world",
    reason: "the replica is simulated within the world",
}];

/// Of the crates whose roots are in those files.
pub(super) fn check(tree: &Tree, roots: &[String]) -> Result<Vec<Finding>> {
    Ok(sift(offences(tree, roots)?, EXCEPTIONS))
}

fn offences(tree: &Tree, roots: &[String]) -> Result<Vec<Offence>> {
    let mut offences = Vec::new();
    for (root, read) in read_all(tree, roots)? {
        offences.extend(circles(&read.imports()).into_iter().map(|circle| circle.offence(&root)));
    }
    Ok(offences)
}

/// Modules each of which reaches every other, and the imports among them.
struct Circle {
    modules: BTreeSet<ModulePath>,
    ties: Vec<Import>,
}

impl Circle {
    fn offence(&self, root: &str) -> Offence {
        let modules: Vec<String> = self.modules.iter().map(display).collect();
        let ties: Vec<String> = self
            .ties
            .iter()
            .map(|tie| format!("\n  {} takes from {} ({})", display(&tie.from), display(&tie.to), tie.place))
            .collect();
        let subject = modules.join(", ");
        let finding = Finding::new(root, format!("a circle of imports: {subject}{}", ties.concat()));
        Offence { place: root.to_owned(), subject, finding }
    }
}

fn circles(imports: &[Import]) -> Vec<Circle> {
    let mut targets: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
    for import in imports {
        targets.entry(&import.from).or_default().insert(&import.to);
    }
    let reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> =
        targets.keys().map(|from| (*from, reach(&targets, from))).collect();
    let mut circles: Vec<Circle> = Vec::new();
    for (from, reaches) in &reached {
        let is_known = circles.iter().any(|circle| circle.modules.contains(*from));
        if is_known || !reaches.contains(from) {
            continue;
        }
        let returns = |to: &&ModulePath| reached.get(to).is_some_and(|back| back.contains(from));
        let modules: BTreeSet<ModulePath> = reaches.iter().copied().filter(returns).cloned().collect();
        let is_tie = |tie: &&Import| modules.contains(&tie.from) && modules.contains(&tie.to);
        let ties = imports.iter().filter(is_tie).cloned().collect();
        circles.push(Circle { modules, ties });
    }
    circles
}

/// All that one imports, and what that imports, and so on.
fn reach<'a>(
    targets: &BTreeMap<&'a ModulePath, BTreeSet<&'a ModulePath>>,
    from: &ModulePath,
) -> BTreeSet<&'a ModulePath> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for to in targets.get(module).into_iter().flatten() {
            if reached.insert(*to) {
                next.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_circles(files: &[(&str, &str)], expected: &[&str]) {
        let offences = offences(&Tree::of(files), &["src/lib.rs".to_owned()]).unwrap();
        let shown: Vec<&str> =
            offences.iter().map(|offence| offence.finding.what.lines().next().unwrap()).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_circle_of_three_is_found() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "fn f() { crate::c::f() }"),
            ("src/c.rs", "use super::a;"),
            ("src/d.rs", "use crate::a;"),
        ];
        check_circles(&files, &["a circle of imports: a, b, c"]);
    }

    #[test]
    fn one_way_is_no_circle() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "#[cfg(test)] mod tests { use crate::a; }"),
        ];
        check_circles(&files, &[]);
    }
}
