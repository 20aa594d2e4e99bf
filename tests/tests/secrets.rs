//! Canary: secrets put in by every way must not come out in logs, stored files, errors or later answers.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;

use latchkey_tests::canary::{self, Canaries, Deployment, files_in, files_under, leaks_in};
use latchkey_tests::fixtures::create;
use latchkey_tests::gateway::{Gateway, Options};
use serde_json::json;

/// The local program over a folder.
struct Local(Gateway);

impl Deployment for Local {
    fn gateway(&self) -> &Gateway {
        &self.0
    }

    fn output(&self) -> String {
        self.0.process().log() + &self.0.process().printed()
    }

    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        files_in(self.0.process().data())
    }

    fn break_store(&mut self) {
        self.0.process().fill_disk();
    }
}

#[test]
fn secrets_come_out_nowhere() {
    let token = Some(canary::ADMIN_TOKEN.to_owned());
    let options = Options { admin_token: token, outlives_full_disk: true, ..Options::default() }
        .env("LATCHKEY_PEPPER", canary::PEPPER)
        .env("RUST_LOG", "trace");
    let mut local = Local(Gateway::spawn(options));
    let canaries = Canaries::release(&mut local);
    println!("{:?}", canaries.statuses);
    local.0.process().terminate();
    local.0.process_mut().wait(std::time::Duration::from_secs(10)).expect("no end after SIGTERM");
    let leaks = canaries.leaks(&local);
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// Without one configured, the program makes an admin token, prints it once and stores only a digest.
#[test]
fn made_admin_token_is_printed_once_and_not_stored() {
    let mut gateway = Gateway::spawn(Options { admin_token: None, ..Options::default() });
    std::thread::sleep(std::time::Duration::from_millis(300));
    let printed = gateway.process().printed() + &gateway.process().log();
    let words = printed.split(|c: char| !(c.is_ascii_alphanumeric() || "_-+/.".contains(c)));
    let candidates: Vec<String> = words.filter(|word| word.len() >= 16).map(str::to_owned).collect();
    let token = candidates
        .iter()
        .find(|word| {
            gateway.admin_token.clone_from(word);
            gateway.admin("GET", "/consumers", None).status == 200
        })
        .unwrap_or_else(|| panic!("no word printed is an admin token: {printed}"))
        .clone();
    let secrets = [("made admin token", token.clone())];
    for (name, bytes) in files_in(gateway.process().data()) {
        assert_eq!(leaks_in(&bytes, &secrets), Vec::<String>::new(), "{name}");
    }

    gateway.kill_and_restart();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!(gateway.process().printed() + &gateway.process().log()).contains(&token), "printed again");
    gateway.admin_token = token;
    assert_eq!(gateway.admin("GET", "/consumers", None).status, 200, "the token is lost with a restart");
}

/// A made pepper has to be in a file; nobody else may read that file, and it is not the one from the environment.
#[test]
fn made_pepper_is_kept_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = Gateway::local();
    create(&gateway, "/consumers", &json!({"username": "bob"}));
    let pepper_files: Vec<_> = files_under(gateway.process().data())
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("pepper")))
        .collect();
    assert!(!pepper_files.is_empty(), "no pepper file in {:?}", files_under(gateway.process().data()));
    for path in pepper_files {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}
