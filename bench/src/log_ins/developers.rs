//! What many developers cost: calls beside a few and beside many, in turn.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use latchkey_tests::client::Client as _;
use latchkey_tests::raw_http::Connection;
use serde_json::{Value, json};

use super::portal::{PASSWORD, Portal, expect};
use super::{ms, percentile};

/// Calls of each kind, of each installation.
const ROUNDS: usize = 101;
/// Connections that developers are made over.
const CONNECTIONS: usize = 8;

pub(super) fn measure(program: &Path, few: usize, many: usize) -> Result<String> {
    let portals = [make(program, few)?, make(program, many)?];
    let emails: Vec<String> = (0..ROUNDS).map(|number| format!("dee-{number}@example.org")).collect();
    for portal in &portals {
        portal.sign_up(&emails)?;
    }
    let calls: [(&str, Measure); 3] = [
        ("log-in", log_in),
        ("list 100 developers, with their total", list),
        ("approve a developer", approve),
    ];
    let mut table = format!(
        "| median ms | {few} developers | {many} developers | ratio |\n| --- | ---: | ---: | ---: |\n"
    );
    for (name, call) in calls {
        eprintln!("{name}");
        let mut times = [Vec::new(), Vec::new()];
        for (round, email) in emails.iter().enumerate() {
            for (portal, times) in portals.iter().zip(&mut times) {
                let time = call(portal, email)?;
                // The first warms up.
                times.extend((round > 0).then_some(time));
            }
        }
        let [few, many] = times.map(|mut times| ms(percentile(&mut times, 50)));
        table += &format!("| {name} | {few:.2} | {many:.2} | {:.2} |\n", many / few);
    }
    Ok(table.trim_end().to_owned())
}

type Measure = fn(&Portal, &str) -> Result<Duration>;

/// With so many developers that wait.
fn make(program: &Path, developers: usize) -> Result<Portal> {
    let portal = Portal::start(program)?;
    eprintln!("adding {developers} developers");
    let next = AtomicUsize::new(0);
    let go_on = || -> Result<()> {
        let mut connection = Connection::open(&portal.gateway.admin_authority())?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= developers {
                return Ok(());
            }
            let body = json!({"email": format!("developer-{number}@example.com"), "status": 1});
            admin(&portal, &mut connection, "POST", "/developers", Some(&body))?;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(go_on)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("threads return errors"))
    })?;
    Ok(portal)
}

fn log_in(portal: &Portal, email: &str) -> Result<Duration> {
    let body = json!({"email": email, "password": PASSWORD});
    let (time, answer) = portal.call(&mut portal.connect()?, "/auth", &body)?;
    expect(&answer, 204).map(|()| time)
}

fn list(portal: &Portal, _: &str) -> Result<Duration> {
    let mut connection = Connection::open(&portal.gateway.admin_authority())?;
    admin(portal, &mut connection, "GET", "/developers?size=100", None)
}

fn approve(portal: &Portal, email: &str) -> Result<Duration> {
    let mut connection = Connection::open(&portal.gateway.admin_authority())?;
    let path = format!("/developers/{email}");
    admin(portal, &mut connection, "PATCH", &path, Some(&json!({"status": 1})))?;
    admin(portal, &mut connection, "PATCH", &path, Some(&json!({"status": 0})))
}

fn admin(
    portal: &Portal,
    connection: &mut Connection,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Duration> {
    let mut request = portal.gateway.admin_request(method, path);
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body.to_string());
    }
    let begun = Instant::now();
    let answer = connection.exchange(&request)?;
    match answer.status {
        200 | 201 => Ok(begun.elapsed()),
        status => bail!("{method} {path}: {status} {}", answer.text()),
    }
}
