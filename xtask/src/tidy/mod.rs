//! `cargo xtask tidy`: absences that no compiler enforces. A file for each rule.

mod finding;

mod graph;
mod modules;
mod rust_source;
mod script_source;
mod tree;

mod circles;
mod code_map;
mod duplicates;
mod layers;
mod licences;
mod lint_settings;
mod literals;
mod synchronous;
mod worker_graph;

use anyhow::{Result, ensure};

use finding::Finding;
use graph::Graph;
use tree::Tree;

/// What is built for: the local program and the Lambda on Linux, the Worker.
const NATIVE: &str = "x86_64-unknown-linux-gnu";
const LAMBDA: &str = "aarch64-unknown-linux-gnu";
const WASM: &str = "wasm32-unknown-unknown";

/// Checks every rule and prints each offence.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::of_checkout()?;
    let graphs = [Graph::read(NATIVE)?, Graph::read(LAMBDA)?, Graph::read(WASM)?];
    let [native, _, wasm] = &graphs;
    let roots = native.crate_roots();
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(literals::check(&tree, &roots)?);
    findings.extend(circles::check(&tree, &roots)?);
    findings.extend(code_map::check(&tree)?);
    findings.extend(synchronous::check(&tree)?);
    findings.extend(lint_settings::check(&tree)?);
    findings.extend(layers::check(native));
    findings.extend(licences::check(&graphs));
    findings.extend(duplicates::check(&graphs));
    findings.extend(worker_graph::check(wasm));
    for finding in &findings {
        eprintln!("{finding}");
    }
    ensure!(findings.is_empty(), "tidy: {} offences", findings.len());
    Ok(())
}
