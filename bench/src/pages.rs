//! What pages of the manager cost the local program: each with many applications beside the same with a few, and
//! with requests for access that wait, of both in turn.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Options as Start};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};
use xtask::workspace;

use crate::million::{self, Application, Installation, Size, median};
use crate::{document, machine};

/// Most that one form approves.
const APPROVED_AT_ONCE: usize = 500;
/// A page that takes longer is too slow.
const WANTED: Duration = Duration::from_millis(50);
/// The cookie of a session, on plain http.
const COOKIE: &str = "lk_manager";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Applications of the large installation.
    #[arg(long, default_value_t = 10_000)]
    applications: usize,
    /// Applications of the small one.
    #[arg(long, default_value_t = 100)]
    few: usize,
    /// Keys of each application.
    #[arg(long, default_value_t = 2)]
    keys: usize,
    /// Requests for access that wait at each.
    #[arg(long, default_value_t = 1_000)]
    waiting: usize,
    /// Calls of each page, of each installation in turn; the median is reported.
    #[arg(long, default_value_t = 101)]
    rounds: usize,
    /// Forms that approve up to 500 at once, of each installation in turn.
    #[arg(long, default_value_t = 7)]
    approvals: usize,
    /// Connections that the installations are filled over.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// A built `latchkey` to measure, in place of building one.
    #[arg(long, value_name = "FILE")]
    latchkey: Option<PathBuf>,
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = workspace::latchkey(options.latchkey.as_deref())?;
    let upstream = million::upstream();
    let make = |applications: usize| {
        let size = Size { credentials: applications * options.keys, each: options.keys };
        let start = Start { program: Some(program.clone()), ..Start::default() };
        let made = Installation::make(start, &upstream, size, options.connections)?;
        Manager::open(made, &upstream, options)
    };
    let mut managers = [make(options.few)?, make(options.applications)?];
    managers.iter_mut().try_for_each(Manager::connect)?;
    let pages = managers[0].pages()?.len();
    let mut rows = Vec::new();
    for at in 0..pages {
        rows.push(compare(&mut managers, at, options.rounds)?);
    }
    rows.push(compare_approvals(&mut managers, options)?);
    let kind =
        if program.ends_with("release/latchkey") { "" } else { " by a program that is not optimised;" };
    let report = render(options, &managers, &rows, kind)?;
    println!("{report}");
    if options.write {
        document::write("pages", &report)?;
    }
    Ok(())
}

/// The medians of one page, of both.
type Row = (String, [Duration; 2]);

fn compare(managers: &mut [Manager; 2], at: usize, rounds: usize) -> Result<Row> {
    let mut times = [Vec::new(), Vec::new()];
    managers.iter_mut().try_for_each(Manager::connect)?;
    let pages = [managers[0].pages()?.swap_remove(at), managers[1].pages()?.swap_remove(at)];
    let name = pages[0].name;
    eprintln!("{name}");
    for round in 0..=rounds {
        for ((manager, page), times) in managers.iter_mut().zip(&pages).zip(&mut times) {
            let (time, answer) = manager.get(&page.path)?;
            ensure!(answer.text().contains(&page.shows), "{} does not show {:?}", page.path, page.shows);
            // The first warms up.
            times.extend((round > 0).then_some(time));
        }
    }
    Ok((name.to_owned(), times.map(|times| median(times.into_iter()))))
}

/// Some requests are approved by one form; they are made anew before the next, untimed.
fn compare_approvals(managers: &mut [Manager; 2], options: &Options) -> Result<Row> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=options.approvals {
        eprintln!("approve, round {round}");
        for (manager, times) in managers.iter_mut().zip(&mut times) {
            let time = manager.approve(options.connections)?;
            times.extend((round > 0).then_some(time));
        }
    }
    let name = format!("approve {} requests at once", options.waiting.min(APPROVED_AT_ONCE));
    Ok((name, times.map(|times| median(times.into_iter()))))
}

/// A page, what it is reached by, and what must be on it.
struct Page {
    name: &'static str,
    path: String,
    shows: String,
}

/// An installation that an administrator is logged in to.
struct Manager {
    installation: Installation,
    connection: Connection,
    cookie: String,
    /// Applications and services of the contracts that wait, with the contracts' ids.
    waiting: Vec<Waiting>,
}

struct Waiting {
    application: String,
    service: String,
    contract: String,
}

impl Manager {
    /// Makes the requests that wait, and logs in.
    fn open(installation: Installation, upstream: &Upstream, options: &Options) -> Result<Self> {
        let applications = &installation.filled.applications;
        let services = options.waiting.div_ceil(applications.len());
        let services: Vec<String> = (0..services)
            .map(|number| {
                million::service(&installation.gateway, upstream, &format!("asked-{number}"), false)
            })
            .collect();
        let pairs = services.iter().flat_map(|service| applications.iter().map(move |one| (one, service)));
        let waiting = pairs.take(options.waiting).map(|(application, service)| Waiting {
            application: application.id.clone(),
            service: service.clone(),
            contract: String::new(),
        });
        let mut waiting: Vec<Waiting> = waiting.collect();
        eprintln!("adding {} requests for access", waiting.len());
        ask_for_access(&installation, &mut waiting, options.connections)?;
        let control = installation.gateway.doors().control("");
        let connection = Connection::open(&control.authority)?;
        let mut manager = Manager { installation, connection, cookie: String::new(), waiting };
        manager.log_in()?;
        Ok(manager)
    }

    /// Anew: one that was idle while the other was filled has been closed.
    fn connect(&mut self) -> Result<()> {
        let control = self.installation.gateway.doors().control("");
        self.connection = Connection::open(&control.authority)?;
        Ok(())
    }

    fn log_in(&mut self) -> Result<()> {
        let body = format!("admin_token={}", self.installation.gateway.admin_token());
        let (_, answer) = self.post("/manager/log-in", &body)?;
        let cookies = answer.headers.values("set-cookie");
        let pairs = cookies.iter().filter_map(|cookie| cookie.split(';').next());
        let session = pairs.into_iter().find(|pair| pair.starts_with(COOKIE));
        self.cookie = session.context("the log-in set no cookie")?.to_owned();
        Ok(())
    }

    /// The pages that are measured, of an application in the middle.
    fn pages(&mut self) -> Result<Vec<Page>> {
        let applications = &self.installation.filled.applications;
        let Application { id, developer, .. } = &applications[applications.len() / 2];
        let (id, developer) = (id.clone(), developer.clone());
        let list = "/manager/applications".to_owned();
        let next = next_page(&self.get(&list)?.1.text()).context("applications have one page")?;
        let page = |name, path: &str, shows: &str| {
            let (path, shows) = (path.to_owned(), shows.to_owned());
            Page { name, path, shows }
        };
        Ok(vec![
            page("start", "/manager/", "/manager/requests"),
            page("applications, first page", &list, "application-"),
            page("applications, next page", &next, "application-"),
            page(
                "applications, a search that finds some",
                &format!("{list}?q=application-3-"),
                "application-3-7",
            ),
            page("applications, a search that finds none", &format!("{list}?q=nowhere"), "nowhere"),
            page("requests for access", "/manager/requests", "name=\"contract\""),
            page("contracts", "/manager/contracts", "/manager/contracts/"),
            page("developers", "/manager/developers", "@example.com"),
            page("one application", &format!("{list}/{id}"), &id),
            page("one developer", &format!("/manager/developers/{developer}"), &developer),
        ])
    }

    fn get(&mut self, path: &str) -> Result<(Duration, Response)> {
        let (time, answer) = self.exchange(Request::get(path))?;
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.text());
        Ok((time, answer))
    }

    fn post(&mut self, path: &str, form: &str) -> Result<(Duration, Response)> {
        let request = Request::new("POST", path).header("Content-Type", "application/x-www-form-urlencoded");
        let (time, answer) = self.exchange(request.body(form))?;
        ensure!(answer.status == 303, "POST {path}: {} {}", answer.status, answer.text());
        Ok((time, answer))
    }

    /// As a browser sends it from a page of ours.
    fn exchange(&mut self, request: Request) -> Result<(Duration, Response)> {
        let origin = format!("http://{}", self.installation.gateway.doors().control("").authority);
        let request = request.header("Origin", origin).header("Sec-Fetch-Site", "same-origin");
        let request = if self.cookie.is_empty() { request } else { request.header("Cookie", &self.cookie) };
        let begun = Instant::now();
        let answer = self.connection.exchange(&request)?;
        Ok((begun.elapsed(), answer))
    }

    /// Approves some by one form, and makes them anew.
    fn approve(&mut self, connections: usize) -> Result<Duration> {
        let some = self.waiting.len().min(APPROVED_AT_ONCE);
        let fields = self.waiting[..some].iter().map(|one| format!("contract={}", one.contract));
        let form = fields.collect::<Vec<_>>().join("&");
        self.connect()?;
        let (time, _) = self.post("/manager/requests/approve", &form)?;
        let mut admin = self.installation.admin()?;
        for one in &self.waiting[..some] {
            let path = format!("/applications/{}/application_instances/{}", one.application, one.contract);
            let found = ask(&self.installation, &mut admin, "GET", &path, None)?;
            ensure!(found["status"] == 0, "{path} was not approved: {found}");
            ask(&self.installation, &mut admin, "DELETE", &path, None)?;
        }
        ask_for_access(&self.installation, &mut self.waiting[..some], connections)?;
        Ok(time)
    }
}

/// Makes a contract that waits for each, over several connections.
fn ask_for_access(installation: &Installation, waiting: &mut [Waiting], connections: usize) -> Result<()> {
    let left = Mutex::new(waiting.iter_mut());
    let go_on = || -> Result<()> {
        let mut connection = installation.admin()?;
        loop {
            let next = left.lock().expect("no thread has panicked").next();
            let Some(one) = next else { return Ok(()) };
            let path = format!("/applications/{}/application_instances", one.application);
            let body = json!({"service": {"id": one.service}, "note": "for the benchmark"});
            let made = ask(installation, &mut connection, "POST", &path, Some(&body))?;
            one.contract = made["id"].as_str().context("a contract without id")?.to_owned();
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(go_on)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("threads return errors"))
    })
}

/// A call of the Admin API that is answered well.
fn ask(
    installation: &Installation,
    connection: &mut Connection,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let mut request = installation.gateway.admin_request(method, path);
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body.to_string());
    }
    let answer = connection.exchange(&request)?;
    match answer.status {
        200..300 => Ok(answer.json().unwrap_or_default()),
        status => bail!("{method} {path}: {status} {}", answer.text()),
    }
}

/// Where the link to the next page of a list leads.
fn next_page(html: &str) -> Option<String> {
    let before = html.split_once("\" rel=\"next\"")?.0;
    let href = before.rsplit_once("href=\"")?.1;
    Some(href.replace("&amp;", "&").replace("&#38;", "&"))
}

fn render(options: &Options, managers: &[Manager; 2], rows: &[Row], kind: &str) -> Result<String> {
    let [few, many] = managers.each_ref().map(|manager| manager.installation.filled.applications.len());
    let mut table = format!(
        "| median ms | {few} applications | {many} applications | ratio |\n| --- | ---: | ---: | ---: |\n"
    );
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    for (name, [few, many]) in rows {
        let ratio = ms(*many) / ms(*few);
        table += &format!("| {name} | {:.2} | {:.2} | {ratio:.2} |\n", ms(*few), ms(*many));
    }
    let slow = rows.iter().filter(|(_, times)| times.iter().any(|time| *time > WANTED));
    let slow: Vec<&str> = slow.map(|(name, _)| name.as_str()).collect();
    let wanted = match slow.is_empty() {
        true => "All are".to_owned(),
        false => format!("All but \"{}\" are", slow.join("\", \"")),
    };
    Ok(format!(
        "{table}\n{wanted} below the {} ms that a page may take.\n\
         Each application has {} keys; {} requests for access wait at each installation; {} calls of each page, {} \
         approvals; measured{kind} {}.",
        WANTED.as_millis(),
        options.keys,
        options.waiting,
        options.rounds,
        options.approvals,
        machine::describe()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_the_next_page_is_found() {
        let html =
            r#"<a href="/x">x</a><a class="button small" href="/a?q=1&#38;page=2" rel="next">Next</a>"#;
        assert_eq!(next_page(html).as_deref(), Some("/a?q=1&page=2"));
        assert_eq!(next_page("<a href=\"/x\">x</a>"), None);
    }
}
