//! Builds the Worker: Wasm, glue, one script.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup::{self, TARGET, Tools, folder, npm_program};
use crate::workspace;

const WASM_FEATURES: [&str; 6] = [
    "bulk-memory",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];

/// What is deployed.
pub(crate) struct Built {
    /// The script.
    pub(crate) script: PathBuf,
    /// The Wasm module it imports.
    pub(crate) wasm: PathBuf,
}

/// Builds `infra/cloudflare/build`.
pub(crate) fn build() -> Result<Built> {
    let tools = setup::prepare()?;
    let wasm = compile(&tools)?;
    let output = folder().join("build");
    let glue = output.join("glue");
    fs::create_dir_all(&glue).context("create infra/cloudflare/build")?;
    bind(&tools, &wasm, &glue)?;
    shake(&glue)?;
    let built = Built { script: output.join("worker.js"), wasm: output.join("latchkey_worker_bg.wasm") };
    optimise(&glue.join("latchkey_worker_bg.wasm"), &built.wasm)?;
    bundle(&built.script)?;
    Ok(built)
}

fn compile(tools: &Tools) -> Result<PathBuf> {
    let mut build = tools.compiler.build()?;
    workspace::run(build.args(["--package", "latchkey-worker", "--profile", "worker", "--locked"]))?;
    Ok(tools.compiler.target_dir()?.join(TARGET).join("worker/latchkey_worker.wasm"))
}

fn bind(tools: &Tools, wasm: &Path, glue: &Path) -> Result<()> {
    let mut bindgen = Command::new(&tools.wasm_bindgen);
    // The state can be reset, so that a panic costs one request and not the isolate.
    bindgen.args(["--target", "web", "--no-typescript", "--omit-default-module-path"]);
    bindgen.args(["--experimental-reset-state-function", "--out-dir"]);
    workspace::run(bindgen.arg(glue).arg(wasm))
}

/// What our script takes from the glue.
const FROM_GLUE: &str = "__wbg_reset_state,ask,askWithBody,configure,failForTests,headerNames,hint,\
                         initSync,judgeField,learnFeed,learnGrant,refuse,refuseAdmin,via,Workspace";

/// Takes out what only others of the crate `worker`'s users would reach.
fn shake(glue: &Path) -> Result<()> {
    let mut shake = setup::node();
    shake.arg("shake.mjs").arg(glue.join("latchkey_worker.js")).arg(glue.join("latchkey_worker_bg.wasm"));
    let status = shake.arg(FROM_GLUE).status().context("start shake.mjs")?;
    ensure!(status.success(), "shake.mjs failed: {status}");
    Ok(())
}

fn optimise(from: &Path, to: &Path) -> Result<()> {
    // What rustc uses of newer Wasm, and no more: workerd would not compile it.
    let features = WASM_FEATURES.map(|feature| format!("--enable-{feature}"));
    let wasm_opt = |from: &Path, to: &Path, passes: &[&str]| {
        let mut wasm_opt = Command::new(npm_program("wasm-opt"));
        workspace::run(wasm_opt.args(&features).args(passes).arg(from).arg("--output").arg(to))
    };
    // More makes it smaller but, gzipped, larger (-Oz: by a twentieth), and takes a minute. What has
    // like names is alike: side by side it packs better, by a fortieth.
    let named = to.with_extension("named.wasm");
    wasm_opt(from, &named, &["-g", "-O1", "--dae-optimizing", "-O1", "--reorder-functions-by-name"])?;
    wasm_opt(&named, to, &["--strip-debug", "--strip-producers", "--strip-target-features"])?;
    fs::remove_file(named).context("remove what has names")
}

fn bundle(script: &Path) -> Result<()> {
    let mut esbuild = Command::new(npm_program("esbuild"));
    esbuild
        .arg(folder().join("src/index.js"))
        .args(["--bundle", "--format=esm", "--target=es2022", "--minify"])
        .args(["--external:*.wasm", "--external:cloudflare:*", "--log-level=warning"])
        .arg(format!("--outfile={}", script.display()));
    workspace::run(&mut esbuild)
}
