//! With which secrets the program starts, and what it says when it does not.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use latchkey_tests::canary::files_in;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options, run_to_end};
use latchkey_tests::raw_http::Request;

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
    assert!(!printed.contains("Gateway"), "{printed}");
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

#[test]
fn both_addresses_are_told_with_lines_to_paste() {
    let gateway = Local::spawn(Options { admin_token: None, ..Options::default() });
    let doors = gateway.doors();
    let (gateway_url, control_url) =
        (format!("http://{}", doors.gateway_authority()), format!("http://{}", doors.control("").authority));
    let printed = gateway.printed_to(&format!("curl -i {gateway_url}/\n"));
    assert_ne!(gateway_url, control_url);
    assert!(control_url.starts_with("http://127.0.0.1:"), "{control_url}");
    for line in [
        format!("Gateway  {gateway_url}"),
        format!("Control  {control_url}"),
        format!("Portal   {control_url}/portal/"),
        format!("curl -i -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" {control_url}/admin/services"),
        format!("curl -i {gateway_url}/"),
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is not in: {printed}");
    }
    let token = printed.lines().find_map(|line| line.strip_prefix("export LATCHKEY_TOKEN=")).unwrap();
    let services = Request::get(&doors.admin("/services").target).header("Kong-Admin-Token", token);
    assert_eq!(gateway.send_to(&gateway.admin_authority(), &services).status, 200);
}

/// A link is printed once, and what it logs in with is nowhere else: not in the log, not in what is stored.
#[test]
fn the_managers_link_logs_in_once() {
    let gateway = Local::spawn(Options::default().env("RUST_LOG", "trace"));
    let (authority, printed) = (gateway.admin_authority(), gateway.printed_to("\nPortal "));
    let link = printed.lines().find_map(|line| line.strip_prefix("Manager  http://")).unwrap();
    let (path, token) = link.strip_prefix(&authority).unwrap().split_once("?token=").unwrap();
    let page = gateway.send_to(&authority, &Request::get(&format!("{path}?token={token}")));
    assert_eq!(page.status, 200, "{}", page.text());
    let press = Request::new("POST", path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "same-origin")
        .body(format!("token={token}"));
    let pressed = gateway.send_to(&authority, &press);
    assert_eq!((pressed.status, pressed.headers.values("set-cookie").len()), (303, 1));
    let again = gateway.send_to(&authority, &press);
    assert_eq!((again.status, again.headers.values("set-cookie").len()), (401, 0));
    assert_eq!(gateway.output().matches(token).count(), 1, "{}", gateway.output());
    for (name, bytes) in files_in(gateway.data()) {
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "{name}");
    }
}

#[test]
fn a_port_that_is_taken_names_the_flag_that_moves_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let options = Options::default().env("LATCHKEY_CONTROL_LISTEN", &address);
    check_refused(&options, &[&format!("cannot listen on {address}"), "--control-listen"]);
}

#[test]
fn origins_are_those_that_are_set_or_where_it_listens() {
    let gateway = Local::fresh();
    let page = gateway.get(&gateway.doors().control("/"));
    assert_eq!(page.status, 200);
    for door in [gateway.doors().gateway_authority(), &gateway.doors().control("").authority] {
        assert!(page.text().contains(&format!("http://{door}")), "{door}: {}", page.text());
    }
    let set = Options::default()
        .env("LATCHKEY_GATEWAY_ORIGIN", "https://API.example.com:443")
        .env("LATCHKEY_CONTROL_ORIGIN", "http://127.0.0.1:7")
        .env("LATCHKEY_ADMIN_ORIGINS", "https://a.example.com, https://b.example.com");
    let gateway = Local::spawn(set);
    let page = gateway.get(&gateway.doors().control("/")).text();
    assert!(page.contains("https://api.example.com<") || page.contains("https://api.example.com/"), "{page}");
    assert!(page.contains("http://127.0.0.1:7"), "{page}");
    for (origin, expected) in [("https://b.example.com", 1), ("https://c.example.com", 0)] {
        let preflight = Request::new("OPTIONS", gateway.doors().admin("/services").target)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "GET");
        let answer = gateway.send_to(&gateway.admin_authority(), &preflight);
        assert_eq!(answer.headers.values("access-control-allow-origin").len(), expected, "{origin}");
    }
    for name in ["LATCHKEY_GATEWAY_ORIGIN", "LATCHKEY_CONTROL_ORIGIN", "LATCHKEY_ADMIN_ORIGINS"] {
        check_refused(&Options::default().env(name, "api.example.com"), &["is no origin"]);
    }
}
