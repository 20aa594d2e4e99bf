//! `latchkey import` and `latchkey export`, the whole program beside running gateways.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::fixtures::{create, list_all};
use latchkey_tests::moving::{Ran, command, run, run_with};
use latchkey_tests::raw_http::Request;
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};
use tempfile::TempDir;

const OTHER_PEPPER: &str = "another pepper, of more than thirty-two bytes";

/// What Kong has, its service being at this port.
fn declaration(port: u16) -> String {
    include_str!("../fixtures/kong.yaml").replace("port: 9001", &format!("port: {port}"))
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    file
}

fn ask(gateway: &Local, key: &str) -> u16 {
    gateway.send(&Request::get("/orders/7").header("apikey", key)).status
}

#[track_caller]
fn check_printed(ran: &Ran, expected: &str) {
    assert!(ran.is_success, "{ran:?}");
    assert_eq!(ran.printed, expected, "{}", ran.told);
}

#[test]
fn keys_stay_good_under_another_pepper() {
    let upstream = Upstream::recording();
    let (from, to) = (
        Local::spawn(Options::in_memory()),
        Local::spawn(Options::in_memory().env("LATCHKEY_PEPPER", OTHER_PEPPER)),
    );
    check_printed(
        &run_with(&from, &["import", "-"], &declaration(upstream.port())),
        "8 created, 0 changed, 0 deleted, 0 the same\n",
    );
    let made = create(&from, "/consumers/bob/key-auth", &json!({}))["key"].as_str().unwrap().to_owned();
    assert!(made.starts_with("lk_"));
    for format in ["yaml", "json"] {
        let exported = run(&from, &["export", "--format", format]);
        assert!(exported.is_success && !exported.printed.contains(&made), "{exported:?}");
        let count = if format == "yaml" {
            "9 created, 0 changed, 0 deleted, 0"
        } else {
            "0 created, 0 changed, 0 deleted, 9"
        };
        check_printed(&run_with(&to, &["import", "-"], &exported.printed), &format!("{count} the same\n"));
    }
    for gateway in [&from, &to] {
        assert_eq!(
            [ask(gateway, "s3cret-of-bob"), ask(gateway, &made), ask(gateway, "none")],
            [200, 200, 401]
        );
    }
    // A key that nobody made is refused as before.
    let forged = format!("{}x", &made[..made.len() - 1]);
    assert_eq!(ask(&to, &forged), 401);
    // What was brought says the same, and bringing it back changes nothing.
    let [first, second] = [&from, &to].map(|gateway| {
        let mut document: Value =
            serde_json::from_str(&run(gateway, &["export", "--format", "json"]).printed).unwrap();
        let tag_keys = document["_plugin_configs"].take();
        (document, tag_keys["latchkey"]["tag_keys"].as_array().unwrap().len())
    });
    assert_eq!(first.0, second.0);
    assert_eq!((first.1, second.1), (1, 2));
    check_printed(
        &run_with(&from, &["import", "-", "--prune"], &run(&to, &["export"]).printed),
        "0 created, 0 changed, 0 deleted, 9 the same\n",
    );
}

#[test]
fn a_dry_run_prints_what_would_change_and_writes_nothing() {
    let gateway = Local::spawn(Options::in_memory());
    let dry = ["import", "-", "--dry-run"];
    let ran = run_with(&gateway, &dry, "services: [{name: a, host: a.test}]");
    check_printed(
        &ran,
        "+ services a\n1 to be created, 0 to be changed, 0 to be deleted, 0 the same: nothing was written\n",
    );
    assert!(list_all(&gateway, "/services").is_empty());
    create(&gateway, "/services", &json!({"name": "a", "host": "a.test"}));
    create(&gateway, "/services", &json!({"name": "b", "host": "b.test"}));
    let changed = "services: [{name: a, host: c.test, tags: [t]}]";
    let ran = run_with(&gateway, &[&dry[..], &["--prune"]].concat(), changed);
    check_printed(
        &ran,
        "~ services a (host, tags)\n- services b\n\
         0 to be created, 1 to be changed, 1 to be deleted, 0 the same: nothing was written\n",
    );
    assert_eq!(list_all(&gateway, "/services").len(), 2);
    // Without --prune what the declaration does not have stays.
    check_printed(
        &run_with(&gateway, &["import", "-"], changed),
        "0 created, 1 changed, 0 deleted, 0 the same\n",
    );
    assert_eq!(list_all(&gateway, "/services").len(), 2);
    check_printed(
        &run_with(&gateway, &["import", "-", "--prune"], changed),
        "0 created, 0 changed, 1 deleted, 1 the same\n",
    );
    let left = list_all(&gateway, "/services");
    assert_eq!((left.len(), &left[0]["host"]), (1, &json!("c.test")));
    // Nothing of all this is left lying about.
    assert!(list_all(&gateway, "/imports").is_empty());
}

#[test]
fn with_select_tags_only_what_has_them_is_pruned() {
    let gateway = Local::spawn(Options::in_memory());
    create(&gateway, "/consumers", &json!({"username": "theirs"}));
    let declaration = |names: &str| format!("_info: {{select_tags: [ours]}}\nconsumers: [{names}]");
    let prune = |names: &str| run_with(&gateway, &["import", "-", "--prune"], &declaration(names));
    check_printed(&prune("{username: a}, {username: b}"), "2 created, 0 changed, 0 deleted, 0 the same\n");
    check_printed(&prune("{username: b}"), "0 created, 0 changed, 1 deleted, 1 the same\n");
    let names = list_all(&gateway, "/consumers");
    let mut names: Vec<&str> = names.iter().map(|one| one["username"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["b", "theirs"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_nothing_is_written() {
    let gateway = Local::spawn(Options::in_memory());
    let folder = tempfile::tempdir().unwrap();
    let file = file(
        &folder,
        "kong.yaml",
        "services:\n- name: a\n  host: a.test\n- name: b\n  port: 99999\n  host: b.test\nroutes:\n- name: r\n  paths: [r]\n",
    );
    let ran = run(&gateway, &["import", file.to_str().unwrap()]);
    assert!(!ran.is_success && ran.printed.is_empty(), "{ran:?}");
    let refusal = format!(
        "latchkey: {} is refused, nothing was written:\n  \
         line 4: services b: port: value should be between 0 and 65535\n  \
         line 8: routes r: paths.1: should start with: / (fixed path) or ~/ (regex path)\n",
        file.display()
    );
    assert!(ran.told.ends_with(&refusal), "{}", ran.told);
    // What only the whole shows is told in the same way.
    let ran = run_with(
        &gateway,
        &["import", "-"],
        "services: [{name: a, host: a.test}]\nroutes:\n- name: r\n  paths: [/r]\n  service: nowhere\n",
    );
    assert!(!ran.is_success && ran.told.contains("\n  line 3: routes r: "), "{}", ran.told);
    let ran =
        run_with(&gateway, &["import", "-"], "plugins:\n- name: key-auth\n  condition: x\n- name: jwt\n");
    assert!(
        !ran.is_success && ran.told.contains("\n  line 3: ") && ran.told.contains("\n  line 4: "),
        "{}",
        ran.told
    );
    assert!(list_all(&gateway, "/services").is_empty() && list_all(&gateway, "/imports").is_empty());
}

#[test]
fn what_only_other_kongs_have_is_left_out_and_named() {
    let gateway = Local::spawn(Options::in_memory());
    let upstream = Upstream::recording();
    let newer = declaration(upstream.port())
        .replace("    - https\n  port", "    - https\n    - ws\n    - wss\n  port")
        .replace(
            "      realm: null\n",
            "      realm: null\n      identity_realms: [{scope: cp, id: null, region: null}]\n",
        )
        .replace("consumers:\n", "_workspace: default\nupstreams: [{name: pool}]\nconsumers:\n")
        .replace(
            "    strip_path: true\n",
            "    strip_path: true\n  - name: open\n    paths: [/open]\n    plugins: [{name: jwt}]\n",
        )
        .replace("- name: key-auth", "- name: acl\n  - name: key-auth");
    let ran = run_with(&gateway, &["import", "-", "--skip-unknown"], &newer);
    check_printed(&ran, "9 created, 0 changed, 0 deleted, 0 the same\n");
    for line in [
        "left out: _workspace of the declaration: ",
        "left out: protocol wss of plugin: ",
        "left out: identity_realms of config of key-auth: ",
        "left out: upstreams pool: there is no such kind",
        "left out: plugin jwt of route open of service orders: there is no such plugin",
    ] {
        assert!(ran.told.contains(line), "{line}\n{}", ran.told);
    }
    assert!(!ran.told.contains("warning"), "the service's key-auth stays: {}", ran.told);
    assert_eq!([ask(&gateway, "s3cret-of-bob"), ask(&gateway, "none")], [200, 401]);
    let ran = run_with(
        &gateway,
        &["import", "-", "--skip-unknown", "--dry-run"],
        "routes: [{name: lone, paths: [/lone], plugins: [{name: jwt}]}]",
    );
    assert!(ran.told.contains("warning: route lone loses its only guard (jwt)"), "{}", ran.told);
}

#[test]
fn what_stopped_half_way_goes_on() {
    let mut gateway = Local::spawn(Options::in_memory());
    let folder = tempfile::tempdir().unwrap();
    let consumers =
        |number: usize| format!("- username: c{number}\n  keyauth_credentials: [{{key: key-{number}}}]\n");
    let text = format!("consumers:\n{}", (0..4000).map(consumers).collect::<String>());
    let file = file(&folder, "kong.yaml", &text);
    let mut import =
        command(&gateway, &["import", file.to_str().unwrap()]).stderr(Stdio::null()).spawn().unwrap();
    let is_written = || {
        let some = gateway.admin("GET", "/consumers?size=1", None).json().unwrap();
        !some["data"].as_array().unwrap().is_empty()
    };
    wait_until("something is written", Duration::from_secs(60), is_written);
    import.kill().unwrap();
    import.wait().unwrap();
    gateway.kill_and_restart();
    let imports = list_all(&gateway, "/imports");
    let id = imports[0]["id"].as_str().unwrap();
    let ran = run(&gateway, &["import", file.to_str().unwrap(), "--resume", id]);
    check_printed(&ran, "8000 created, 0 changed, 0 deleted, 0 the same\n");
    assert_eq!(list_all(&gateway, "/consumers").len(), 4000);
    assert_eq!(list_all(&gateway, "/key-auths").len(), 4000);
}

#[test]
fn what_cannot_be_asked_is_told() {
    let gateway = Local::spawn(Options::in_memory());
    let told = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let mut wrong = command(&gateway, &["export"]);
    let told_wrong = told(wrong.env("LATCHKEY_ADMIN_TOKEN", "x"));
    assert!(told_wrong.contains("does not take the admin token (Invalid admin token)"), "{told_wrong}");
    let mut none = command(&gateway, &["export"]);
    let told_none = told(none.env_remove("LATCHKEY_ADMIN_TOKEN").env_remove("LATCHKEY_TOKEN"));
    assert!(told_none.contains("no admin token: set LATCHKEY_ADMIN_TOKEN"), "{told_none}");
    let ran = run(&gateway, &["import", "/nowhere/kong.yaml"]);
    assert!(ran.told.starts_with("latchkey: cannot read /nowhere/kong.yaml: "), "{}", ran.told);
    let reader = create(&gateway, "/tokens", &json!({"name": "r", "read_only": true}));
    let mut reads = command(&gateway, &["export"]);
    let told_reader = told(reads.env("LATCHKEY_ADMIN_TOKEN", reader["token"].as_str().unwrap()));
    assert!(told_reader.contains("read-only"), "{told_reader}");
    // The gateway's door is no control door.
    let url = format!("http://{}", gateway.doors().gateway_authority());
    let told_other = told(&mut command(&gateway, &["export", "--url", &url]));
    assert!(told_other.contains(&url), "{told_other}");
}
