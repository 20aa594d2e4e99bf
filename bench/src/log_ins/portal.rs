//! An installation whose portal is called from many addresses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use latchkey_tests::deployment::{Deployment as _, Local, Options as Start};
use latchkey_tests::fixtures::try_patch;
use latchkey_tests::raw_http::{Connection, Request, Response};
use serde_json::{Value, json};

pub(super) const PASSWORD: &str = "violet harbour tulip 93";
/// How long a mail may take into the folder.
const MAIL_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Portal {
    pub(super) gateway: Local,
    mails: PathBuf,
    addresses: AtomicU32,
}

impl Portal {
    /// A fresh one, whose bounds are those of addresses and accounts alone.
    pub(super) fn start(program: &Path) -> Result<Self> {
        let start = Start { program: Some(program.to_owned()), ..Start::default() }.trusting();
        let mails = start.data.path().join("mails");
        let gateway = Local::spawn(start.env("LATCHKEY_MAIL_DIR", &mails));
        let settings = json!({"mails_per_hour": 1_000_000, "auto_approve_developers": true});
        try_patch(&gateway, "/settings", &settings).map_err(anyhow::Error::msg)?;
        Ok(Portal { gateway, mails, addresses: AtomicU32::new(0) })
    }

    pub(super) fn connect(&self) -> Result<Connection> {
        Ok(Connection::open(&self.gateway.doors().control("").authority)?)
    }

    /// A call from an address that nobody else has.
    pub(super) fn request(&self, path: &str, body: &Value) -> Request {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let target = self.gateway.doors().control(&format!("/portal/api{path}")).target;
        let address = format!("10.{}.{}.{}", number[1], number[2], number[3]);
        let request = Request::new("POST", target).header("Content-Type", "application/json");
        request.header("X-Forwarded-For", address).body(body.to_string())
    }

    /// What a call is answered, and how long that takes.
    pub(super) fn call(
        &self,
        connection: &mut Connection,
        path: &str,
        body: &Value,
    ) -> Result<(Duration, Response)> {
        let request = self.request(path, body);
        let begun = Instant::now();
        let answer = connection.exchange(&request)?;
        Ok((begun.elapsed(), answer))
    }

    /// Signs developers up and confirms their addresses.
    pub(super) fn sign_up(&self, emails: &[String]) -> Result<()> {
        let mut connection = self.connect()?;
        for email in emails {
            let (_, answer) = self.call(&mut connection, "/register", &registration(email))?;
            expect(&answer, 200)?;
        }
        for email in emails {
            let token = self.token_mailed_to(email)?;
            let (_, answer) = self.call(&mut connection, "/verify-account", &json!({"token": token}))?;
            expect(&answer, 200)?;
        }
        Ok(())
    }

    fn token_mailed_to(&self, email: &str) -> Result<String> {
        let (to, deadline) = (format!("\nTo: {email}\r"), Instant::now() + MAIL_WITHIN);
        while Instant::now() < deadline {
            for entry in fs::read_dir(&self.mails)? {
                let path = entry?.path();
                let mail = fs::read_to_string(&path).unwrap_or_default();
                let token = mail.split("?token=").nth(1).filter(|_| mail.contains(&to));
                if let Some(token) = token {
                    fs::remove_file(path)?;
                    return Ok(token
                        .chars()
                        .take_while(|letter| *letter == '_' || letter.is_ascii_alphanumeric())
                        .collect());
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("no mail to {email}")
    }
}

pub(super) fn registration(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "meta": "{\"full_name\":\"Dee\"}"})
}

pub(super) fn expect(answer: &Response, status: u16) -> Result<()> {
    Some(())
        .filter(|()| answer.status == status)
        .with_context(|| format!("{} {}", answer.status, answer.text()))
}
