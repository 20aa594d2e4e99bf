//! Finds the cases.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::case::Case;

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    List(Vec<serde_json::Value>),
    Named { cases: Vec<serde_json::Value> },
}

/// What has another form: what decK asked and was answered, which the Admin API suite plays, and the cases
/// of the Portal API (`crate::portal`).
const OF_OTHER_FORMS: [&str; 3] = ["deck.json", "portal.json", "latchkey-portal.json"];

/// Every case of every `*.json` in tests/vectors and in the folder that `LATCHKEY_VECTORS` names.
pub fn load_all() -> Vec<Case> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")];
    folders.extend(std::env::var_os("LATCHKEY_VECTORS").map(PathBuf::from));
    let cases: Vec<Case> = folders.iter().flat_map(|folder| load_folder(folder)).collect();
    assert!(!cases.is_empty(), "no vectors in {folders:?}");
    cases
}

fn load_folder(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.retain(|path| {
        path.file_name().is_some_and(|name| OF_OTHER_FORMS.iter().all(|other| name != *other))
    });
    files.sort();
    files.iter().flat_map(|file| load_file(file)).collect()
}

fn load_file(file: &Path) -> Vec<Case> {
    let text = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let read = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let (File::List(cases) | File::Named { cases }) = read;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let read = |case| Case::read(&stem, case).unwrap_or_else(|e| panic!("{}: {e}: {case}", file.display()));
    cases.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = load_all().iter().map(Case::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
