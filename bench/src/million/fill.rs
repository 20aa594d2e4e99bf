//! Filling an installation through its Admin API, as anybody would: developers with ten applications each,
//! applications with ten credentials and an approved contract each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::Local;
use latchkey_tests::raw_http::Connection;
use serde_json::{Value, json};

/// Applications of one developer.
const APPLICATIONS_EACH: usize = 10;
/// Credentials of one application.
pub(super) const CREDENTIALS_EACH: usize = 10;
/// Developers after which a line tells how far it is.
const TOLD_EVERY: usize = 500;

/// What an installation was filled with.
pub(crate) struct Filled {
    pub(crate) applications: Vec<Application>,
    /// Calls that it took, and the rates over its first and its last tenth, in calls a second.
    pub(super) calls: usize,
    pub(super) rates: [f64; 2],
}

pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) developer: String,
    /// Id and key of each.
    pub(super) credentials: Vec<(String, String)>,
}

/// How many credentials an installation has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) credentials: usize,
    /// So many to an application.
    pub(crate) each: usize,
}

impl Size {
    /// Ten to an application.
    pub(super) fn of(credentials: usize) -> Self {
        Size { credentials, each: CREDENTIALS_EACH }
    }
}

/// What the threads that fill have in common.
struct Filling<'a> {
    gateway: &'a Local,
    service: &'a str,
    credentials_each: usize,
    developers: usize,
    next: AtomicUsize,
    calls: AtomicUsize,
    begun: Instant,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    applications: Vec<Application>,
    /// Seconds and calls at the end of each developer.
    times: Vec<(f64, usize)>,
}

/// Makes so many credentials, whose applications have contracts with a service.
pub(super) fn fill(gateway: &Local, service: &str, size: Size, connections: usize) -> Result<Filled> {
    let Size { credentials, each } = size;
    let developers = credentials.div_ceil(APPLICATIONS_EACH * each);
    eprintln!("adding {credentials} credentials");
    let filling = Filling {
        gateway,
        service,
        credentials_each: each,
        developers,
        next: AtomicUsize::new(0),
        calls: AtomicUsize::new(0),
        begun: Instant::now(),
        done: Mutex::default(),
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(|| filling.go_on())).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("threads return errors"))
    })?;
    let Done { applications, times } = filling.done.into_inner().expect("no thread has panicked");
    let (calls, seconds) = (filling.calls.into_inner(), filling.begun.elapsed().as_secs_f64());
    eprintln!("  {calls} calls, {:.0} a second", calls as f64 / seconds);
    Ok(Filled { applications, calls, rates: rates(&times) })
}

/// Calls a second over the first and the last tenth.
fn rates(times: &[(f64, usize)]) -> [f64; 2] {
    let tenth = (times.len() / 10).max(1);
    let rate = |from: (f64, usize), to: (f64, usize)| (to.1 - from.1) as f64 / (to.0 - from.0);
    let last = times[times.len() - 1];
    let before = times.len().checked_sub(tenth + 1).map_or((0.0, 0), |at| times[at]);
    [rate((0.0, 0), times[tenth - 1]), rate(before, last)]
}

impl Filling<'_> {
    fn go_on(&self) -> Result<()> {
        let mut connection = Connection::open(&self.gateway.admin_authority())?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.developers {
                return Ok(());
            }
            let made = self.developer(&mut connection, number)?;
            let mut done = self.done.lock().expect("no thread has panicked");
            done.applications.extend(made);
            done.times.push((self.begun.elapsed().as_secs_f64(), self.calls.load(Ordering::Relaxed)));
            if done.times.len().is_multiple_of(TOLD_EVERY) {
                let rate = self.calls.load(Ordering::Relaxed) as f64 / self.begun.elapsed().as_secs_f64();
                let kib = self.gateway.resident_memory_kib();
                eprintln!(
                    "  {} of {} developers, {rate:.0} calls/s, {kib} KiB",
                    done.times.len(),
                    self.developers
                );
            }
        }
    }

    fn developer(&self, connection: &mut Connection, number: usize) -> Result<Vec<Application>> {
        let body = json!({"email": format!("developer-{number}@example.com"), "status": 0});
        let developer = self.add(connection, "/developers", &body)?;
        let developer = text(&developer["id"]);
        (0..APPLICATIONS_EACH).map(|at| self.application(connection, &developer, number, at)).collect()
    }

    fn application(
        &self,
        connection: &mut Connection,
        developer: &str,
        number: usize,
        at: usize,
    ) -> Result<Application> {
        let body =
            json!({"name": format!("application-{number}-{at}"), "redirect_uri": "https://example.com/back"});
        let made = self.add(connection, &format!("/developers/{developer}/applications"), &body)?;
        let id = text(&made["id"]);
        let contract = json!({"service": {"id": self.service}});
        self.add(connection, &format!("/applications/{id}/application_instances"), &contract)?;
        let mut credentials = vec![credential(&made["credential"])];
        for _ in 1..self.credentials_each {
            let path = format!("/applications/{id}/credentials/oauth2");
            credentials.push(credential(&self.add(connection, &path, &json!({}))?));
        }
        Ok(Application { id, developer: developer.to_owned(), credentials })
    }

    fn add(&self, connection: &mut Connection, path: &str, body: &Value) -> Result<Value> {
        let request = self.gateway.admin_request("POST", path).header("Content-Type", "application/json");
        let answer = connection.exchange(&request.body(body.to_string()))?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        match answer.json() {
            Some(made) if matches!(answer.status, 200 | 201) => Ok(made),
            _ => bail!("POST {path}: {} {}", answer.status, answer.text()),
        }
    }
}

fn credential(made: &Value) -> (String, String) {
    (text(&made["id"]), text(&made["client_id"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
