//! Whether times tell who has an account: the same call with a known and with an unknown address, in turn,
//! each try with an account and from an address of its own.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use latchkey_tests::raw_http::Response;
use serde_json::{Value, json};

use super::portal::{Portal, registration};
use super::{ms, percentile};

type Body = fn(&str) -> Value;

/// Before each try: what the one before has left to be written, a mail among it, is written by then.
const PAUSE: Duration = Duration::from_millis(20);

/// Name, path, body by address, expected status.
const CALLS: [(&str, &str, Body, u16); 3] = [
    ("log-in with a wrong password", "/auth", wrong, 401),
    ("forgotten password", "/forgot-password", |email| json!({"email": email}), 200),
    ("sign-up", "/register", registration, 200),
];

fn wrong(email: &str) -> Value {
    json!({"email": email, "password": "silent maple orbit 57"})
}

pub(super) fn measure(program: &Path, tries: usize) -> Result<String> {
    let portal = Portal::start(program)?;
    let known: Vec<String> = (0..tries).map(|number| format!("known-{number:06}@example.org")).collect();
    eprintln!("signing {tries} developers up");
    portal.sign_up(&known)?;
    let mut table =
        "| call | known: median ms (p10, p90) | unknown: median ms (p10, p90) | ratio of medians |\n\
                     | --- | ---: | ---: | ---: |\n"
            .to_owned();
    for (name, path, body, status) in CALLS {
        eprintln!("{name}");
        let mut connection = portal.connect()?;
        let (mut times, mut next_times) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for (number, known) in known.iter().enumerate() {
            let mut both = Vec::new();
            for (at, email) in [known, &format!("other-{number:06}@example.org")].into_iter().enumerate() {
                thread::sleep(PAUSE);
                let (time, answer) = portal.call(&mut connection, path, &body(email))?;
                let (next_time, _) =
                    portal.call(&mut connection, "/validate-reset", &json!({"token": "x"}))?;
                times[at].push(time);
                next_times[at].push(next_time);
                both.push(form(&answer, email));
            }
            if both[0] != both[1] || !both[0].starts_with(&status.to_string()) {
                bail!("{name}: {} and {}", both[0], both[1]);
            }
        }
        table += &row(name, times);
        table += &row("another call right after it", next_times);
    }
    let pause = PAUSE.as_millis();
    Ok(format!("{table}\n{tries} tries of each, {pause} ms apart; answers were the same, their fields too."))
}

fn row(name: &str, times: [Vec<Duration>; 2]) -> String {
    let [mut known, mut unknown] = times;
    let ratio = ms(percentile(&mut known, 50)) / ms(percentile(&mut unknown, 50));
    format!("| {name} | {} | {} | {ratio:.3} |\n", spread(&mut known), spread(&mut unknown))
}

/// All of an answer that is not the address that was asked with.
fn form(answer: &Response, email: &str) -> String {
    let is_time =
        |name: &str| ["date", "x-kong-admin-request-id"].contains(&name.to_ascii_lowercase().as_str());
    let fields = answer.headers.0.iter().filter(|(name, _)| !is_time(name));
    let fields: Vec<_> =
        fields.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
    format!("{} {fields:?} {}", answer.status, answer.text().replace(email, "…"))
}

fn spread(times: &mut [Duration]) -> String {
    let at = |times: &mut [Duration], hundredths| ms(percentile(times, hundredths));
    format!("{:.2} ({:.2}, {:.2})", at(times, 50), at(times, 10), at(times, 90))
}
