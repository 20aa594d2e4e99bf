//! docs/backup.md: every command in it is run: back up, lose everything, restore, call with an old key.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use latchkey_tests::base::ADMIN_TOKEN;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options, local_program};
use latchkey_tests::transcript::{check, steps};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two addresses that nobody has: whoever starts next takes them.
fn free_addresses() -> [String; 2] {
    let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().to_string())
}

#[test]
fn the_document_is_true() {
    let upstream = Upstream::recording();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/backup.md");
    let document = fs::read_to_string(document).unwrap();
    let document = document.split("## What a back-up holds").next().unwrap();
    let mut steps = steps(document);
    let [door, control] = free_addresses();
    for step in &mut steps {
        let own = step.command.replace("127.0.0.1:8080", &door).replace("127.0.0.1:8081", &control);
        let own = own.replace("127.0.0.1:9001", &format!("127.0.0.1:{}", upstream.port()));
        step.command = own.replace("lkadmin_…", ADMIN_TOKEN);
    }
    assert!(steps.len() > 15, "only {} commands", steps.len());
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("bin");
    fs::create_dir(&programs).unwrap();
    symlink(local_program(), programs.join("latchkey")).unwrap();
    let path = std::env::var("PATH").unwrap();
    check(&steps, |shell| {
        shell.env("PATH", format!("{}:{path}", programs.display()));
    });
    assert_eq!(upstream.take().len(), 1, "one request came through");
}

struct House {
    gateway: Local,
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        House { gateway: Local::spawn(Options::in_memory()), folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("all.latchkey")
    }

    fn make(&self, path: &str, body: &Value) -> Value {
        let response = self.gateway.admin("POST", path, Some(body));
        assert!(matches!(response.status, 200 | 201), "{path}: {}", response.text());
        response.json().unwrap()
    }

    fn furnish(&self) {
        self.make("/consumers", &json!({"username": "bob"}));
        self.make("/consumers/bob/key-auth", &json!({"key": "s3cret-of-bob"}));
        for number in 0..200 {
            self.make("/consumers", &json!({"username": format!("c{number}"), "tags": ["many"]}));
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let control = format!("http://{}", self.gateway.doors().control("").authority);
        let mut command = Command::new(local_program());
        command.args(arguments).arg(self.file()).args(["--url", &control]);
        command.env("LATCHKEY_ADMIN_TOKEN", &self.gateway.admin_token).output().unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], sentence: &str) {
        let output = self.run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && told.contains(sentence), "{told}");
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn consumers(&self) -> usize {
        let response = self.gateway.admin("GET", "/consumers?size=1000", None);
        assert_eq!(response.status, 200, "{}", response.text());
        response.json().unwrap()["data"].as_array().unwrap().len()
    }
}

#[test]
fn a_file_is_its_owners_alone_and_is_never_written_over() {
    let house = House::new();
    house.furnish();
    house.done(&["backup"]);
    let metadata = fs::metadata(house.file()).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    house.refused(&["backup"], "is there already");
    let left: Vec<_> = fs::read_dir(house.folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let bytes = fs::read(house.file()).unwrap();
    assert!(!bytes.windows(13).any(|window| window == b"s3cret-of-bob"));
}

#[test]
fn what_cannot_be_restored_changes_nothing() {
    let house = House::new();
    house.furnish();
    house.done(&["backup"]);
    house.refused(&["restore"], "this installation is in use");
    let whole = fs::read(house.file()).unwrap();
    fs::write(house.file(), &whole[..whole.len() / 2]).unwrap();
    house
        .refused(&["restore", "--replace"], "ends too soon: it is not all of a back-up; nothing was changed");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(house.file(), changed).unwrap();
    house.refused(&["restore", "--replace"], "nothing was changed");
    assert_eq!(house.consumers(), 201);
    // Another installation has another pepper.
    let other = House::new();
    fs::write(other.file(), &whole).unwrap();
    other.refused(&["restore"], "the back-up needs the pepper of id");
    assert_eq!(other.consumers(), 0);
}

/// The gateway is killed and started again in the middle: it says what it is in the middle of, and the same
/// command goes on.
#[test]
fn a_restore_goes_on_after_a_crash() {
    let mut house = House::new();
    house.furnish();
    house.done(&["backup"]);
    let backups = house.gateway.admin("GET", "/audit?entity=backups&did=created", None).json().unwrap();
    let id = &backups["data"][0]["changes"][0]["entity_id"];
    let refused = house.gateway.admin("POST", "/restores", Some(&json!({})));
    assert_eq!(refused.status, 400);
    let output = house.run(&["restore", "--replace"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(house.consumers(), 201);

    // Begun, and no further.
    let description = description(&house.file());
    let mut asked = description.clone();
    asked["replace"] = true.into();
    let members = asked.as_object_mut().unwrap();
    members.retain(|name, _| {
        ["id", "format", "peppers", "published_format", "epoch", "replace"].contains(&name.as_str())
    });
    let begun = house.gateway.admin("POST", "/restores", Some(&asked));
    assert_eq!(begun.status, 201, "{}", begun.text());
    assert_eq!(begun.json().unwrap()["backup"], *id);
    house.gateway.kill_and_restart();
    let meanwhile = house.gateway.admin("GET", "/consumers", None);
    assert_eq!(meanwhile.status, 503);
    assert!(meanwhile.text().contains("is being restored"), "{}", meanwhile.text());
    let proxied = latchkey_tests::raw_http::Request::get("/");
    assert_eq!(house.gateway.send(&proxied).status, 503);
    house.done(&["restore"]);
    assert_eq!(house.consumers(), 201);
    assert_eq!(house.gateway.send(&proxied).status, 404);
}

/// What a file's back-up says of itself.
fn description(file: &Path) -> Value {
    let mut line = String::new();
    let unpacked = flate2::read::GzDecoder::new(fs::File::open(file).unwrap());
    BufReader::new(unpacked).read_line(&mut line).unwrap();
    serde_json::from_str::<Value>(&line).unwrap()["back_up"].take()
}
