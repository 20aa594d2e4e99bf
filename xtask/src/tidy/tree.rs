//! The files of the checkout: what git tracks or would, by their path from its root, with `/`.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace;

/// Paths in order, and how their text is got.
pub(super) struct Tree {
    paths: Vec<String>,
    texts: Texts,
}

enum Texts {
    OnDisk,
    #[cfg_attr(not(test), expect(dead_code, reason = "made by tests alone"))]
    Given(BTreeMap<String, String>),
}

impl Tree {
    pub(super) fn of_checkout() -> Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        let printed = workspace::output_of(&mut git).context("list the files of the checkout")?;
        let mut paths: Vec<String> = printed.lines().map(str::to_owned).collect();
        // What is deleted but not committed is still listed.
        paths.retain(|path| workspace::root().join(path).is_file());
        paths.sort();
        paths.dedup();
        Ok(Self { paths, texts: Texts::OnDisk })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { paths: texts.keys().cloned().collect(), texts: Texts::Given(texts) }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.paths.binary_search_by(|known| known.as_str().cmp(path)).is_ok()
    }

    /// # Errors
    /// A file that is not there or is no text.
    pub(super) fn read(&self, path: &str) -> Result<String> {
        match &self.texts {
            Texts::OnDisk => {
                fs::read_to_string(workspace::root().join(path)).with_context(|| format!("read {path}"))
            }
            Texts::Given(texts) => texts.get(path).cloned().with_context(|| format!("no {path}")),
        }
    }
}
