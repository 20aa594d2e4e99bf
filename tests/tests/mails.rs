//! Mails of the local program: to an SMTP server that also refuses, stalls and drops, and into a folder.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::base::{Chance, fresh_text, wait_until};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{create, id_of};
use latchkey_tests::ports::free_port;
use latchkey_tests::smtp::SmtpServer;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

/// What a developer is told who is approved.
const APPROVED: &str = "Developer portal: Your account is approved";
const SOON: Duration = Duration::from_secs(20);
/// The outbox tries again after a minute.
const AFTER_A_PAUSE: Duration = Duration::from_secs(90);

fn mailing(smtp_url: &str) -> Options {
    let options = Options::in_memory().env("LATCHKEY_SMTP_URL", smtp_url);
    options.env("LATCHKEY_MAIL_FROM", "Portal <portal@example.com>")
}

/// Has a mail sent, and returns once it is written down; answers to whom.
fn approve(gateway: &Local, local_part: &str) -> String {
    let email = format!("{}@example.org", fresh_text(local_part));
    make(gateway, &email);
    let patched = gateway.admin("PATCH", &format!("/developers/{email}"), Some(&json!({"status": 0})));
    assert_eq!(patched.status, 200);
    email
}

fn make(gateway: &Local, email: &str) {
    let developer = json!({"email": email, "status": 1, "meta": "{\"full_name\":\"Dee\"}"});
    assert!(!id_of(&create(gateway, "/developers", &developer)).is_empty());
}

#[test]
fn a_mail_goes_to_one_and_tells_of_nobody_else() {
    let server = SmtpServer::start(&[]);
    let gateway = Local::spawn(mailing(&format!("smtp://127.0.0.1:{}", server.port)));
    let printed = gateway.printed();
    let place = format!("Mails go to 127.0.0.1:{}, from Portal <portal@example.com>.", server.port);
    assert!(printed.lines().any(|line| line == place), "{printed}");
    let email = approve(&gateway, "dee");
    let mail = server.wait_for(&email, APPROVED, SOON);
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("portal@example.com", &[email.clone()][..]));
    assert_eq!(mail.field("To"), Some(email.as_str()));
    assert_eq!(mail.field("From"), Some("Portal <portal@example.com>"));
    assert_eq!((mail.hello.as_str(), mail.tls, mail.user.as_deref()), ("example.com", false, None));
    let id = mail.field("Message-ID").unwrap();
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    assert!(mail.field("Date").is_some() && mail.field("Auto-Submitted") == Some("auto-generated"));
    assert!(mail.data.contains("text/plain") && mail.data.contains("text/html"), "{}", mail.data);
    assert!(mail.field("Bcc").is_none() && mail.field("Received").is_none());
    assert!(!gateway.log().contains(&email), "{}", gateway.log());
}

/// A certificate for this machine, and what a server needs of it.
struct Certificate {
    folder: tempfile::TempDir,
}

impl Certificate {
    fn make() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("certificate"), cert.pem()).unwrap();
        fs::write(folder.path().join("key"), signing_key.serialize_pem()).unwrap();
        Certificate { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn server(&self, more: &[&str]) -> SmtpServer {
        let (certificate, key) = (self.path("certificate"), self.path("key"));
        SmtpServer::start(&[&["--certificate", &certificate, "--key", &key], more].concat())
    }
}

#[test]
fn starttls_and_tls_with_a_user_whose_name_is_escaped() {
    let certificate = Certificate::make();
    for (more, scheme, query) in [(&["--starttls"][..], "smtp", "?tls=required"), (&[], "smtps", "")] {
        let server = certificate.server(&[more, &["--user", "a@b:p/w"]].concat());
        let url = format!("{scheme}://a%40b:p%2Fw@localhost:{}{query}", server.port);
        let gateway = Local::spawn(mailing(&url).env("SSL_CERT_FILE", certificate.path("certificate")));
        let email = approve(&gateway, "dee");
        let mail = server.wait_for(&email, APPROVED, SOON);
        assert_eq!((mail.tls, mail.user.as_deref()), (true, Some("a@b")), "{scheme}");
        assert!(!(gateway.log() + &gateway.printed()).contains("p%2Fw"), "{}", gateway.log());
    }
}

/// Nobody in between reads a password or a link: not by a certificate of their own, nor by taking STARTTLS
/// out of what the server says.
#[test]
fn no_mail_goes_to_a_server_that_cannot_show_who_it_is() {
    let certificate = Certificate::make();
    let impostor = certificate.server(&["--starttls"]);
    let stripped = SmtpServer::start(&[]);
    for server in [&impostor, &stripped] {
        let url = format!("smtp://u:p@localhost:{}?tls=required", server.port);
        let gateway = Local::spawn(mailing(&url));
        let email = approve(&gateway, "dee");
        wait_until("it says so", SOON, || gateway.log().contains("a mail is sent later"));
        assert!(server.mails_to(&email).is_empty());
        assert!(!gateway.log().contains(&email), "{}", gateway.log());
    }
}

/// One that stalls or is refused holds up no other, and what was refused for good is not tried again.
#[test]
fn whoever_cannot_be_mailed_holds_up_nobody() {
    let server = SmtpServer::start(&[]);
    let gateway = Local::spawn(mailing(&format!("smtp://localhost:{}", server.port)));
    let [stalled, refused, nonsense, busy] =
        ["stall", "refuse", "nonsense", "busy"].map(|local_part| approve(&gateway, local_part));
    let begun = Instant::now();
    let email = approve(&gateway, "dee");
    server.wait_for(&email, APPROVED, Duration::from_secs(5));
    println!("beside one that stalls, a mail took {:?}", begun.elapsed());
    let says = |text: &str| gateway.log().matches(text).count();
    // Whoever an administrator makes is invited besides.
    wait_until("they are given up", SOON, || says("a mail is given up") >= 2);
    wait_until("others are tried later", SOON, || says("a mail is sent later") >= 1);
    let stalled_ids: Vec<_> =
        server.mails_to(&stalled).iter().map(|mail| mail.field("Message-ID").map(str::to_owned)).collect();
    assert!(
        !stalled_ids.is_empty() && stalled_ids.iter().collect::<BTreeSet<_>>().len() == stalled_ids.len()
    );
    // The server's answers have addresses in them.
    for email in [&stalled, &refused, &nonsense, &busy, &email] {
        assert!(!gateway.log().contains(email.as_str()), "{}", gateway.log());
    }
    let mut gateway = gateway;
    gateway.terminate();
    let status = gateway.wait(Duration::from_secs(15)).expect("what stalls does not keep it from ending");
    assert!(status.success(), "{status}");
}

/// Down at first, then killed again and again between commit and sending, and once with the answer lost.
#[test]
fn no_mail_is_lost_and_none_comes_twice_within_a_minute() {
    let port = free_port();
    let mut gateway = Local::spawn(mailing(&format!("smtp://127.0.0.1:{port}")));
    let mut chance = Chance::from_env();
    let mut expected = vec![approve(&gateway, "down"), approve(&gateway, "down")];
    wait_until("it was tried", SOON, || gateway.log().matches("a mail is sent later").count() >= 2);
    let server = SmtpServer::start(&["--port", &port.to_string()]);
    for round in 0..12 {
        // A restart finds what an earlier process left, or this one has begun to send it.
        expected.push(approve(&gateway, if round == 5 { "drop" } else { "kill" }));
        thread::sleep(Duration::from_millis(chance.below(30)));
        gateway.kill_and_restart();
    }
    for email in &expected {
        server.wait_for(email, APPROVED, AFTER_A_PAUSE);
    }
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for mail in expected.iter().flat_map(|email| server.mails_to(email)) {
        times.entry(mail.field("Message-ID").unwrap().to_owned()).or_default().push(mail.at);
    }
    for (id, times) in times {
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 59.0), "{id} came at {times:?}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_folder_gets_a_file_for_each_that_its_owner_alone_can_read() {
    let options = Options::in_memory();
    let folder = options.data.path().join("mails");
    let mut gateway = Local::spawn(options.env("LATCHKEY_MAIL_DIR", &folder));
    let mut expected = vec![approve(&gateway, "dee")];
    for _ in 0..10 {
        expected.push(approve(&gateway, "dee"));
        gateway.kill_and_restart();
    }
    let mails = || -> Vec<(String, String)> {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mails = files.filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
        mails.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
    };
    let is_of = |mail: &str, email: &str| {
        mail.contains(&format!("\r\nTo: {email}\r\n"))
            && mail.contains(&format!("\r\nSubject: {APPROVED}\r\n"))
    };
    for email in &expected {
        wait_until("a mail for each", AFTER_A_PAUSE, || mails().iter().any(|(_, mail)| is_of(mail, email)));
        // Written once more, it is the same file.
        assert_eq!(mails().iter().filter(|(_, mail)| is_of(mail, email)).count(), 1);
    }
    assert_eq!(mode(&folder), 0o700);
    for (path, mail) in mails() {
        assert_eq!(mode(Path::new(&path)), 0o600);
        assert!(mail.starts_with("From: portal@localhost\r\n"), "{mail}");
        assert!(!path.contains("lkm_"), "{path}");
    }
}
