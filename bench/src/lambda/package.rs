//! What is uploaded, zipped.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::contenders::{Contender, Kind, Stage};
use xtask::workspace;

/// Zips files as named, and whole packages with all they depend on.
const ZIP: &str = r#"
import importlib.util, os, sys, zipfile
archive, *given = sys.argv[1:]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
    for path in given:
        if path.startswith("package:"):
            spec = importlib.util.find_spec(path[8:])
            if not spec.submodule_search_locations:
                target.write(spec.origin, os.path.basename(spec.origin))
                continue
            root = list(spec.submodule_search_locations)[0]
            for folder, _, files in os.walk(root):
                for file in files:
                    if not file.endswith(".pyc"):
                        whole = os.path.join(folder, file)
                        target.write(whole, os.path.relpath(whole, os.path.dirname(root)))
        else:
            name, file = path.split("=", 1)
            target.write(file, name)
"#;
const BOTO3: [&str; 7] = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"];

pub(super) fn zipped_bytes(stage: &Stage, contender: &Contender) -> Result<u64> {
    let python_script = contender.program.arguments.first();
    let files = match contender.kind {
        Kind::Latchkey => vec![format!("bootstrap={}", stage.latchkey.display())],
        Kind::Constant => vec![format!("bootstrap={}", stage.constant.display())],
        Kind::Node => vec![format!("index.mjs={}", stage.bundle.display())],
        Kind::Python => {
            let mut files = vec![format!("handler.py={}", python_script.context("no script")?)];
            files.extend(BOTO3.map(|package| format!("package:{package}")));
            files
        }
    };
    let archive = workspace::target_dir()?.join("bench-lambda/package.zip");
    let mut zip = Command::new(&stage.python);
    workspace::output_of(zip.arg("-c").arg(ZIP).arg(&archive).args(files))?;
    Ok(fs::metadata(&archive)?.len())
}
