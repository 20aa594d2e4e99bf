//! Canary: secrets put in by every way must not come out in logs, stored files, errors or later answers.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::canary::{self, Canaries, files_in, files_under, leaks_in};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::fixtures::create;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn secrets_come_out_nowhere() {
    let token = Some(canary::ADMIN_TOKEN.to_owned());
    let options = Options { admin_token: token, outlives_full_disk: true, ..Options::default() }
        .env("LATCHKEY_PEPPER", canary::PEPPER)
        .env("LATCHKEY_VERIFY_TOKEN", canary::VERIFY_TOKEN)
        .trusting()
        .env("RUST_LOG", "trace");
    let mut local = Local::spawn(options);
    let canaries = Canaries::release(&mut local);
    println!("{:?}", canaries.statuses);
    local.terminate();
    local.wait(PATIENCE).expect("no end after SIGTERM");
    let leaks = canaries.leaks(&local);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// Without one configured, the program makes an admin token, prints it once and stores only a digest.
#[test]
fn made_admin_token_is_printed_once_and_not_stored() {
    let mut gateway = Local::spawn(Options { admin_token: None, ..Options::default() });
    wait_until("a word printed is an admin token", PATIENCE, || {
        let printed = gateway.output();
        let mut words = printed.split(|c: char| !(c.is_ascii_alphanumeric() || "_-+/.".contains(c)));
        words.any(|word| {
            word.clone_into(&mut gateway.admin_token);
            word.len() >= 16 && gateway.admin("GET", "/consumers", None).status == 200
        })
    });
    let token = gateway.admin_token.clone();
    let secrets = [("made admin token", token.clone())];
    for (name, bytes) in files_in(gateway.data()) {
        assert_eq!(leaks_in(&bytes, &secrets), Vec::<String>::new(), "{name}");
    }

    gateway.kill_and_restart();
    gateway.admin_token.clone_from(&token);
    assert_eq!(gateway.admin("GET", "/consumers", None).status, 200, "the token is lost with a restart");
    gateway.terminate();
    gateway.wait(PATIENCE).expect("no end after SIGTERM");
    assert!(!gateway.output_to_end().contains(&token), "printed again");
}

/// A made pepper has to be in a file; nobody else may read that file, and it is not the one from the environment.
#[test]
fn made_pepper_is_kept_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = Local::fresh();
    create(&gateway, "/consumers", &json!({"username": "bob"}));
    let pepper_files: Vec<_> = files_under(gateway.data())
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("pepper")))
        .collect();
    assert!(!pepper_files.is_empty(), "no pepper file in {:?}", files_under(gateway.data()));
    for path in pepper_files {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}
