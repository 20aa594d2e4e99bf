//! Gets what the Worker is built and run with. What takes long is kept outside the checkout.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{tools, workspace};

/// The target of Workers.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler with the source of its standard library, and a linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
/// `debian` uses Debian's compiler even where rustup has the target: to try that way out.
const WAY: &str = "LATCHKEY_WASM_TOOLCHAIN";

/// Everything that is needed.
pub(super) struct Tools {
    /// Compiles for the target.
    pub(super) compiler: Compiler,
    /// wasm-bindgen of the version in Cargo.lock.
    pub(super) wasm_bindgen: PathBuf,
}

/// A compiler with the target's standard library.
pub(super) enum Compiler {
    /// The one this runs under.
    Rustup,
    /// Debian's, with a standard library built here.
    Debian {
        /// Folder with the standard library, as `--sysroot` wants it.
        sysroot: PathBuf,
        /// The linker.
        linker: PathBuf,
    },
}

impl Compiler {
    /// cargo, which compiles for the target.
    pub(super) fn cargo(&self) -> Command {
        match self {
            Compiler::Rustup => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Compiler::Debian { sysroot, linker } => {
                let mut cargo = debian_cargo();
                let flags = format!("--sysroot={}", sysroot.display());
                cargo
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags)
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                cargo
            }
        }
    }

    /// Folder for what it compiles: standard libraries do not mix.
    pub(super) fn target_dir(&self) -> Result<PathBuf> {
        let target = workspace::target_dir()?;
        Ok(match self {
            Compiler::Rustup => target,
            Compiler::Debian { .. } => target.join("debian"),
        })
    }
}

/// Gets everything that is not there yet.
pub(super) fn prepare() -> Result<Tools> {
    let compiler = compiler()?;
    let wasm_bindgen = wasm_bindgen()?;
    tools::npm_packages(&folder())?;
    Ok(Tools { compiler, wasm_bindgen })
}

/// `infra/cloudflare`.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("infra/cloudflare")
}

/// A program of the npm packages; with `node` among them, as wrangler needs a recent one.
pub(super) fn npm_program(name: &str) -> PathBuf {
    folder().join("node_modules/.bin").join(name)
}

/// Node, from the packages where they have it for this platform.
pub(crate) fn node() -> Command {
    let packaged = npm_program("node");
    let mut node = Command::new(if packaged.is_file() { packaged } else { "node".into() });
    node.current_dir(folder());
    node
}

fn compiler() -> Result<Compiler> {
    if env::var_os(WAY).is_none_or(|way| way != "debian") {
        if tools::rustup_target(TARGET)? {
            return Ok(Compiler::Rustup);
        }
        println!("rustup cannot add it: trying Debian's packages");
    }
    debian()
}

/// Debian's compiler, and the standard library built from its source.
fn debian() -> Result<Compiler> {
    tools::debian_packages(&DEBIAN_PACKAGES)
        .context("the target needs either rustup's server or Debian's packages")?;
    let version = workspace::output_of(Command::new("/usr/bin/rustc").arg("--version"))?;
    let version: String = version.trim().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let cache = tools::cache()?;
    let sysroot = cache.join(format!("std-{version}"));
    let linker = cache.join("bin/rust-lld");
    link_linker(&linker)?;
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if !tools::has_std(&libraries) {
        build_std(&cache, &libraries, &linker)?;
    }
    Ok(Compiler::Debian { sysroot, linker })
}

/// Debian's cargo and rustc, whatever toolchain this runs under.
fn debian_cargo() -> Command {
    let mut path = OsString::from("/usr/bin:");
    path.push(env::var_os("PATH").unwrap_or_default());
    let mut cargo = Command::new("/usr/bin/cargo");
    for name in ["RUSTC", "RUSTDOC", "CARGO", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "LD_LIBRARY_PATH"] {
        cargo.env_remove(name);
    }
    cargo.env("PATH", path);
    cargo
}

/// rustc asks for the linker by this name, which Debian's has not.
fn link_linker(link: &Path) -> Result<()> {
    let lld = workspace::find_program("lld-22").context("find lld-22")?;
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    let _ = fs::remove_file(link);
    std::os::unix::fs::symlink(lld, link).context("link rust-lld")
}

fn build_std(cache: &Path, libraries: &Path, linker: &Path) -> Result<()> {
    println!("building the standard library for {TARGET}: about a minute");
    let package = cache.join("build-std");
    fs::create_dir_all(package.join("src"))?;
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest)?;
    fs::write(package.join("src/lib.rs"), "")?;
    let target = package.join("target");
    let mut build = debian_cargo();
    build
        .args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET, "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        // Without it link-time optimisation fails: "Can't find section .llvmbc".
        .env("RUSTFLAGS", "-Cembed-bitcode=yes");
    workspace::run(&mut build)?;
    fs::create_dir_all(libraries)?;
    for entry in fs::read_dir(target.join(TARGET).join("release/deps"))?.flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libempty-") {
            fs::copy(entry.path(), libraries.join(&name))?;
        }
    }
    ensure!(tools::has_std(libraries), "no standard library came of it");
    fs::remove_dir_all(&target).context("remove what it was built in")
}

fn wasm_bindgen() -> Result<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    let root = tools::cache()?.join(format!("wasm-bindgen-{version}"));
    let program = root.join("bin/wasm-bindgen");
    if !program.is_file() {
        println!("installing wasm-bindgen-cli {version}: some minutes, once");
        // Not --locked: a registry may lag behind the lock file of a package.
        let root = root.display().to_string();
        workspace::cargo(&["install", "wasm-bindgen-cli", "--version", &version, "--root", &root])?;
    }
    Ok(program)
}

/// The version that Cargo.lock has of a package.
fn locked_version(package: &str) -> Result<String> {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock")).context("read Cargo.lock")?;
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.with_context(|| format!("{package} is not in Cargo.lock"))?.to_owned())
}
