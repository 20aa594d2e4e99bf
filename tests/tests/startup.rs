//! With which secrets the program starts, and what it says when it does not.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options, run_to_end};

const LONG: &str = "a secret of thirty-two bytes, ok";
const TIMEOUT: Duration = Duration::from_secs(20);

/// Starts over a fresh folder with one variable more.
fn with(name: &str, value: &str) -> Options {
    Options { admin_token: None, ..Options::default() }.env(name, value)
}

/// The program does not start, and says all of `parts`.
fn check_refused(options: &Options, parts: &[&str]) {
    let (status, printed) = run_to_end(options, TIMEOUT).expect("the program runs");
    assert!(!status.success(), "{printed}");
    assert!(!printed.contains("listening"), "{printed}");
    for part in parts {
        assert!(printed.contains(part), "{part} is not in: {printed}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn short_secrets_are_refused_with_a_way_out() {
    for (name, value) in [
        ("LATCHKEY_ADMIN_TOKEN", "a"),
        ("LATCHKEY_ADMIN_TOKEN", &LONG[1..]),
        ("LATCHKEY_ADMIN_TOKEN", "                                        "),
        ("LATCHKEY_PEPPER", "p"),
        ("LATCHKEY_PEPPER", &LONG[1..]),
    ] {
        let options = with(name, value);
        check_refused(&options, &[name, "shorter than 32 bytes", "openssl rand -hex 32"]);
        // Nothing was made on the way, whose making would have had to be told.
        assert_eq!(fs::read_dir(options.data.path()).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn secrets_that_are_long_enough_start_it() {
    for (name, value) in [
        ("LATCHKEY_ADMIN_TOKEN", LONG),
        ("LATCHKEY_ADMIN_TOKEN", ""),
        ("LATCHKEY_PEPPER", LONG),
        ("LATCHKEY_PEPPER", ""),
        ("LATCHKEY_PEPPER_PREVIOUS", "p"),
    ] {
        drop(Local::spawn(with(name, value)));
    }
    // The token is what is sent: no header field carries the line end of the file it came from.
    let mut gateway = Local::spawn(with("LATCHKEY_ADMIN_TOKEN", &format!("{LONG}\n")));
    gateway.admin_token = LONG.to_owned();
    assert_eq!(gateway.admin("GET", "/services", None).status, 200);
}

#[test]
fn secrets_that_are_not_utf8_are_refused() {
    for name in ["LATCHKEY_ADMIN_TOKEN", "LATCHKEY_PEPPER", "LATCHKEY_PEPPER_PREVIOUS"] {
        let value = OsString::from_vec([LONG.as_bytes(), b"\xff"].concat());
        let options = Options { admin_token: None, ..Options::default() }.env(name, value);
        check_refused(&options, &[name, "is not UTF-8: make one with `openssl rand -hex 32`"]);
    }
}

/// Others who can read the pepper, or put another in its place.
#[test]
fn a_pepper_that_others_can_reach_is_refused_until_it_is_closed() {
    let options = Options::default();
    drop(Local::spawn(options.clone()));
    let (folder, file) = (options.data.path(), options.data.path().join("pepper"));
    for (folder_mode, file_mode, parts) in [
        (0o700, 0o644, ["mode 0644", "chmod 600", "pepper"]),
        (0o700, 0o640, ["mode 0640", "chmod 600", "pepper"]),
        (0o777, 0o600, ["mode 0777", "chmod go-w", "folder"]),
        (0o770, 0o600, ["mode 0770", "chmod go-w", "folder"]),
    ] {
        set_mode(folder, folder_mode);
        set_mode(&file, file_mode);
        check_refused(&options, &parts);
    }
    for (folder_mode, file_mode) in [(0o700, 0o600), (0o755, 0o400), (0o1777, 0o600)] {
        set_mode(folder, folder_mode);
        set_mode(&file, file_mode);
        drop(Local::spawn(options.clone()));
    }
}

#[test]
fn a_pepper_file_is_as_long_as_a_variable() {
    let options = Options::default();
    let file = options.data.path().join("pepper");
    for (content, fault) in [("p\n", "shorter than 32 bytes"), ("\n", "is empty")] {
        fs::write(&file, content).unwrap();
        set_mode(&file, 0o600);
        check_refused(&options, &[fault, "pepper"]);
    }
    fs::write(&file, format!("{LONG}\n")).unwrap();
    drop(Local::spawn(options.clone()));
    // The line end is no part of it.
    drop(Local::spawn(options.env("LATCHKEY_PEPPER", LONG)));
}
