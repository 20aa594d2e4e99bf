//! Builds the three scripts of the Worker, each of a Wasm module, its glue and our JavaScript.

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

/// What is deployed: one of the three scripts.
pub(crate) struct Script {
    /// `gateway`, `control` or `login`: its folder in `infra/cloudflare` and in `build` there.
    pub(crate) name: &'static str,
    /// Gzipped, in KiB, at most. The gateway's: what starts within its time; the control script's: with
    /// the pages of portal and manager, less than half of the 3 MB that the platform takes of whoever pays
    /// nothing; the log-in script's: the hash, Unicode's composition and the counters, with nothing of
    /// the registry.
    pub(crate) gzipped_kib_max: f64,
    /// Whether it may work a hash of a password: in the others a hash would keep everything else waiting.
    hashes: bool,
    /// From the module's bytes to a script that can answer, in milliseconds, where that is bounded.
    pub(crate) start_ms_max: Option<f64>,
}

/// In the order in which they are deployed.
pub(crate) const SCRIPTS: [Script; 3] = [
    Script { name: "login", gzipped_kib_max: 150.0, hashes: true, start_ms_max: None },
    Script { name: "control", gzipped_kib_max: 1280.0, hashes: false, start_ms_max: None },
    Script { name: "gateway", gzipped_kib_max: 250.0, hashes: false, start_ms_max: Some(20.0) },
];

/// What the names of the functions of the crate `argon2` have in them, as wasm-bindgen writes names.
const OF_HASH: [&[u8]; 2] = [b"argon2[", b"argon2::"];

impl Script {
    /// Where it is built.
    fn folder(&self) -> PathBuf {
        folder().join("build").join(self.name)
    }

    /// Its JavaScript, bundled.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.folder().join("worker.js")
    }

    /// The Wasm module it imports.
    pub(crate) fn wasm(&self) -> PathBuf {
        self.folder().join(format!("{}_bg.wasm", self.crate_name()))
    }

    fn crate_name(&self) -> String {
        format!("latchkey_worker_{}", self.name)
    }

    fn build(&self, tools: &Tools, compiled: &Path) -> Result<()> {
        let glue = self.folder().join("glue");
        fs::create_dir_all(&glue).with_context(|| format!("create {}", glue.display()))?;
        bind(tools, &compiled.join(format!("{}.wasm", self.crate_name())), &glue)?;
        self.optimise(&glue.join(format!("{}_bg.wasm", self.crate_name())))?;
        bundle(&folder().join(self.name).join("src/index.js"), &self.bundle())
    }

    fn optimise(&self, from: &Path) -> Result<()> {
        let to = self.wasm();
        // More makes it smaller but, gzipped, larger (-Oz: by a twentieth), and takes a minute. What has
        // like names is alike: side by side it packs better, by a fortieth.
        let named = to.with_extension("named.wasm");
        wasm_opt(from, &named, &["-g", "-O1", "--dae-optimizing", "-O1", "--reorder-functions-by-name"])?;
        self.check_hash(&named)?;
        wasm_opt(&named, &to, &["--strip-debug", "--strip-producers", "--strip-target-features"])?;
        fs::remove_file(named).context("remove what has names")
    }

    /// No hash is worked where it is not to be: there is no code for it.
    fn check_hash(&self, named: &Path) -> Result<()> {
        let module = fs::read(named).context("read what has names")?;
        let has = |name: &[u8]| module.windows(name.len()).any(|window| window == name);
        let has_hash = OF_HASH.into_iter().any(has);
        ensure!(has_hash == self.hashes, "{}: whether it hashes passwords: {has_hash}", self.name);
        Ok(())
    }
}

/// Builds the scripts into `infra/cloudflare/build`.
pub(crate) fn build() -> Result<()> {
    let tools = setup::prepare()?;
    let compiled = compile(&tools)?;
    SCRIPTS.iter().try_for_each(|script| script.build(&tools, &compiled))
}

/// The folder of the modules. Compiled one by one: together, each would have the features of crates
/// that only another asks for.
fn compile(tools: &Tools) -> Result<PathBuf> {
    for script in &SCRIPTS {
        let mut build = tools.compiler.build()?;
        let package = format!("latchkey-worker-{}", script.name);
        workspace::run(build.args(["--package", &package, "--profile", "worker", "--locked"]))?;
    }
    Ok(tools.compiler.target_dir()?.join(TARGET).join("worker"))
}

fn bind(tools: &Tools, wasm: &Path, glue: &Path) -> Result<()> {
    let mut bindgen = Command::new(&tools.wasm_bindgen);
    // The state can be reset, so that a panic costs one request and not the isolate.
    bindgen.args(["--target", "web", "--no-typescript", "--omit-default-module-path"]);
    bindgen.args(["--experimental-reset-state-function", "--out-dir"]);
    workspace::run(bindgen.arg(glue).arg(wasm))
}

fn wasm_opt(from: &Path, to: &Path, passes: &[&str]) -> Result<()> {
    // What rustc uses of newer Wasm, and no more: workerd would not compile it.
    let features = WASM_FEATURES.map(|feature| format!("--enable-{feature}"));
    let mut wasm_opt = Command::new(npm_program("wasm-opt"));
    workspace::run(wasm_opt.args(&features).args(passes).arg(from).arg("--output").arg(to))
}

fn bundle(entry: &Path, output: &Path) -> Result<()> {
    let mut esbuild = Command::new(npm_program("esbuild"));
    esbuild
        .arg(entry)
        .args(["--bundle", "--format=esm", "--target=es2022", "--minify"])
        .args(["--external:*.wasm", "--external:cloudflare:*", "--log-level=warning"])
        .arg(format!("--outfile={}", output.display()));
    workspace::run(&mut esbuild)
}
