//! Gets what the Worker is built and run with. What takes long is kept outside the checkout.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{tools, workspace};

/// The target of Workers.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler with the source of its standard library, and a linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
/// `debian` uses Debian's compiler even where rustup has what is needed: to try that way out.
const WAY: &str = "LATCHKEY_WASM_TOOLCHAIN";

/// Everything that is needed.
pub(super) struct Tools {
    /// Compiles for the target.
    pub(super) compiler: Compiler,
    /// wasm-bindgen of the version in Cargo.lock.
    pub(super) wasm_bindgen: PathBuf,
}

/// A compiler, with the source of its standard library: that is compiled along with the Worker, for
/// size and without the text of panics.
pub(super) enum Compiler {
    /// The one this runs under.
    Rustup,
    /// Debian's.
    Debian {
        /// The linker.
        linker: PathBuf,
    },
}

/// What a panic would say, where, and what only `Debug` shows is not compiled: a tenth of the size.
/// The shim logs that a call trapped. Inlining a little more than `opt-level = "z"` does packs better.
const RUSTFLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none \
                         -Zfmt-debug=none -Cllvm-args=-inline-threshold=20";

impl Compiler {
    /// `cargo build` for the target, the standard library included.
    pub(super) fn build(&self) -> Result<Command> {
        let mut cargo = match self {
            Compiler::Rustup => Command::new(workspace::cargo_program()),
            Compiler::Debian { linker } => {
                let mut cargo = debian_cargo();
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                cargo
            }
        };
        cargo
            .args(["build", "--target", TARGET, "-Zbuild-std=std", "-Zbuild-std-features=optimize_for_size"])
            .arg("--target-dir")
            .arg(self.target_dir()?)
            // Stable compilers know these options too, but ask to be told that they may change.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", RUSTFLAGS);
        Ok(cargo)
    }

    /// Folder for what it compiles: what two compilers make does not mix.
    pub(super) fn target_dir(&self) -> Result<PathBuf> {
        let target = workspace::target_dir()?;
        Ok(match self {
            Compiler::Rustup => target.join("worker"),
            Compiler::Debian { .. } => target.join("worker-debian"),
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

/// The compiler this runs under, if the source of its standard library is there or can be had from
/// rustup's server; else Debian's.
fn compiler() -> Result<Compiler> {
    let debian_is_wanted = env::var_os(WAY).is_some_and(|way| way == "debian");
    if debian_is_wanted {
        return debian();
    }
    if has_source()? {
        return Ok(Compiler::Rustup);
    }
    // Once they are there, nobody waits for rustup's server again.
    if tools::has_debian_packages(&DEBIAN_PACKAGES) {
        return debian();
    }
    println!("adding the source of the standard library with rustup");
    if tools::rustup(&["component", "add", "rust-src"]) && has_source()? {
        return Ok(Compiler::Rustup);
    }
    println!("rustup cannot add it: trying Debian's packages");
    debian()
}

fn has_source() -> Result<bool> {
    let sysroot = workspace::output_of(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").is_file())
}

/// Debian's compiler.
fn debian() -> Result<Compiler> {
    tools::debian_packages(&DEBIAN_PACKAGES).context(
        "the Worker needs the source of the standard library, from rustup's server or Debian's packages",
    )?;
    let linker = tools::cache()?.join("bin/rust-lld");
    link_linker(&linker)?;
    Ok(Compiler::Debian { linker })
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
