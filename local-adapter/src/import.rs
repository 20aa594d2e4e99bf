//! `latchkey import`: a declaration brought into a running gateway, whatever it runs on.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use http::StatusCode;
use latchkey_control::ports::Random as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin_client::{AdminClient, Call, CallError, Connection, Refusal};
use crate::declaration::{self, Declaration, Fault};
use crate::import_progress::Progress;
use crate::message;
use crate::system::SystemRandom;

const LONG_ABOUT: &str = "\
Brings a declaration (decK's and Kong's declarative form, YAML or JSON) into a running gateway: local,
Worker or Lambda. What is not there is made, what differs is changed, and nothing is deleted without
--prune. The whole is checked before anything is written.

  latchkey import kong.yaml --dry-run
  deck gateway dump -o - | latchkey import - --url https://keys.example.com

Keys may stand in the file in clear or as sha256:<hex>; the gateway keeps digests alone. Variables of the
environment (${{ env \"DECK_…\" }}) are put in as decK does.

Kinds and plugins that Latchkey does not have are refused, all at once, or left out with --skip-unknown.
The admin token is in LATCHKEY_ADMIN_TOKEN, or in a file (--token-file).

Ends with 0 when all is done, with 1 when it was refused or stopped; what stopped goes on with --resume.";

/// Bring a declaration (kong.yaml) into a running gateway
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct Options {
    /// The declaration; -: standard input
    file: PathBuf,

    #[command(flatten)]
    connection: Connection,

    /// Print what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Delete the services, routes, consumers, keys and plugins that the declaration does not have; with _info.select_tags those alone that have the tags
    #[arg(long)]
    prune: bool,

    /// Leave out kinds and plugins that Latchkey does not have; routes that lose their only guard are named
    #[arg(long)]
    skip_unknown: bool,

    /// Go on with an import of the same file that stopped half-way
    #[arg(long, value_name = "ID")]
    resume: Option<Uuid>,
}

/// Longest declaration, in bytes: a million keys are some 150 MB.
const DECLARATION_BYTES_MAX: u64 = 1 << 30;
/// Lines of one refusal; of more the rest is counted.
const LINES_MAX: usize = 1000;

/// Does it. The error is for the person at the terminal, and has no key in it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let name = shown(&options.file);
    let text = read(&options.file).map_err(|error| format!("cannot read {name}: {error}"))?;
    let declaration =
        declaration::read(&text, options.skip_unknown, &|variable| std::env::var(variable).ok())
            .map_err(|faults| refusal(&name, &faults))?;
    drop(text);
    let parts = declaration::split(&declaration).map_err(|fault| format!("{name}: {fault}"))?;
    declaration.notices.iter().for_each(|notice| message::note(notice));
    declaration.warnings.iter().for_each(|warning| message::note(&format!("warning: {warning}")));
    let client = options.connection.open()?;
    if client.is_in_clear() {
        message::note(&format!("warning: the admin token and the keys go to {} in clear", client.url()));
    }
    let id = options.resume.unwrap_or_else(|| SystemRandom.uuid());
    let count = declaration.entities.len();
    message::note(&format!("import {id}: {count} entities to {}", client.url()));
    let import = Import { client, id, path: format!("/imports/{id}"), declaration, parts, options };
    let outcome = import.send().and_then(|()| import.work());
    if !matches!(outcome, Err(Stop::HalfWay(_) | Stop::AtOnce(_))) {
        // What was sent is of no use any more. The gateway forgets it by itself if this does not reach it.
        let _ = import.client.call(&Call::delete(&import.path));
    }
    match outcome {
        Ok(sentence) => message::print(&sentence).map_err(|error| error.to_string()),
        Err(Stop::AtOnce(sentence)) => Err(sentence),
        Err(Stop::Refused(sentence)) => Err(format!("{name} {sentence}")),
        Err(Stop::HalfWay(sentence)) => Err(format!("{sentence}\n{}", import.how_to_go_on(&name))),
    }
}

fn shown(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

fn read(file: &Path) -> io::Result<String> {
    let input: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(File::open(file)?) };
    let mut text = String::new();
    input.take(DECLARATION_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > DECLARATION_BYTES_MAX {
        return Err(io::Error::other(format!("it is longer than {DECLARATION_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn refusal(name: &str, faults: &[Fault]) -> String {
    let mut sentence = format!("{name} has what cannot be brought, nothing was sent:");
    list(&mut sentence, faults.iter().map(ToString::to_string));
    if faults.iter().any(|fault| fault.is_skippable) {
        sentence += "\n--skip-unknown leaves out kinds and plugins that are not there";
    }
    sentence
}

fn list(sentence: &mut String, mut lines: impl Iterator<Item = String>) {
    for line in lines.by_ref().take(LINES_MAX) {
        let _ = write!(sentence, "\n  {line}");
    }
    let others = lines.count();
    if others > 0 {
        let _ = write!(sentence, "\n  … and {others} more");
    }
}

/// Why an import is not done.
enum Stop {
    /// Nothing was sent.
    AtOnce(String),
    /// Nothing was written. Goes on with the name of the file.
    Refused(String),
    /// Something may have been written.
    HalfWay(String),
}

struct Import<'o> {
    client: AdminClient,
    id: Uuid,
    path: String,
    declaration: Declaration,
    parts: Vec<Range<usize>>,
    options: &'o Options,
}

impl Import<'_> {
    /// Sends all parts, so that all that is wrong with them is told at once.
    fn send(&self) -> Result<(), Stop> {
        let mut progress = Progress::start("sending", self.parts.len());
        let mut faults = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            let path = format!("{}/parts/{number}", self.path);
            let call = Call::put(&path).json_text(declaration::body(&self.declaration, part));
            match self.client.call(&call) {
                Ok(_) => {}
                // They are there, and being written.
                Err(CallError::Refused(refusal))
                    if refusal.status == StatusCode::CONFLICT && self.options.resume.is_some() =>
                {
                    return Ok(());
                }
                Err(CallError::Refused(refusal)) if refusal.status == StatusCode::NOT_FOUND => {
                    let url = self.client.url();
                    return Err(Stop::AtOnce(format!(
                        "{url} knows no imports: it is older than this program"
                    )));
                }
                Err(CallError::Refused(refusal)) if refusal.status == StatusCode::BAD_REQUEST => {
                    faults.append(&mut self.part_faults(part, refusal));
                }
                Err(error) if number == 0 => return Err(Stop::AtOnce(error.to_string())),
                Err(error) => return Err(Stop::HalfWay(error.to_string())),
            }
            progress.reach(number + 1);
        }
        if faults.is_empty() { Ok(()) } else { Err(refused(faults)) }
    }

    /// What is wrong with the entities of a part, each with its line.
    fn part_faults(&self, part: &Range<usize>, refusal: Refusal) -> Vec<String> {
        let entities = refusal.body["fields"]["entities"].as_object();
        let fault = |(place, fields): (&String, &Value)| {
            let place: usize = place.parse().ok()?;
            let entity = self.declaration.entities.get(part.start + place)?;
            let sent: Value = serde_json::from_str(&entity.json).ok()?;
            let named = ["name", "username", "custom_id", "id"];
            let name = named.iter().find_map(|name| sent["entity"][name].as_str()).unwrap_or_default();
            let what = format!("{} {name}", sent["kind"].as_str().unwrap_or_default());
            Some(Fault::new(entity.line, format!("{}: {}", what.trim(), sentences("", fields))))
        };
        let mut faults: Vec<Fault> = entities.into_iter().flatten().filter_map(fault).collect();
        faults.sort_by_key(|fault| fault.line);
        match faults.is_empty() {
            true => vec![CallError::Refused(refusal).to_string()],
            false => faults.iter().map(ToString::to_string).collect(),
        }
    }

    /// Has it checked, written and pruned, a piece at a time.
    fn work(&self) -> Result<String, Stop> {
        let mut progress = Progress::default();
        let mut faults = Vec::new();
        let asked = json!({
            "parts": self.parts.len(),
            "prune": self.options.prune,
            "dry_run": self.options.dry_run,
            "select_tags": self.declaration.select_tags,
        });
        loop {
            let call = Call::post(&self.path).repeatable().json(&asked);
            let answer = self.client.json(&call).map_err(|error| Stop::HalfWay(error.to_string()))?;
            let number = |name: &str| usize::try_from(answer[name].as_u64().unwrap_or_default()).unwrap_or(0);
            let state = answer["state"].as_str().unwrap_or_default();
            progress.go_on(state, number("done"), number("total"));
            faults.extend(answer["faults"].as_array().into_iter().flatten().map(|fault| self.fault(fault)));
            if self.options.dry_run {
                let lines = answer["differences"].as_array().into_iter().flatten().map(difference);
                progress
                    .above(&lines.collect::<String>())
                    .map_err(|error| Stop::HalfWay(error.to_string()))?;
            }
            match state {
                "checking" | "writing" | "pruning" => {}
                "done" => return Ok(self.totals(&answer)),
                "refused" => return Err(refused(faults)),
                _ => return Err(Stop::HalfWay(format!("{} answers otherwise", self.client.url()))),
            }
        }
    }

    /// What is wrong with an entity, with its line.
    fn fault(&self, fault: &Value) -> String {
        let number = |name: &str| usize::try_from(fault[name].as_u64()?).ok();
        let entity = number("part").zip(number("entity")).and_then(|(part, entity)| {
            let part = self.parts.get(part)?;
            self.declaration.entities.get(part.start + entity)
        });
        let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let what = format!("{} {}", text("kind"), text("name"));
        Fault::new(entity.map_or(0, |entity| entity.line), format!("{}: {}", what.trim(), text("message")))
            .to_string()
    }

    fn totals(&self, answer: &Value) -> String {
        let [created, changed, unchanged, deleted] = ["created", "changed", "unchanged", "deleted"]
            .map(|name| answer[name].as_u64().unwrap_or_default());
        if self.options.dry_run {
            return format!(
                "{created} to be created, {changed} to be changed, {deleted} to be deleted, \
                 {unchanged} the same: nothing was written\n"
            );
        }
        format!("{created} created, {changed} changed, {deleted} deleted, {unchanged} the same\n")
    }

    fn how_to_go_on(&self, name: &str) -> String {
        let mut command = format!("latchkey import {name} --url {} --resume {}", self.client.url(), self.id);
        for (is_set, flag) in [
            (self.options.prune, "--prune"),
            (self.options.dry_run, "--dry-run"),
            (self.options.skip_unknown, "--skip-unknown"),
        ] {
            if is_set {
                command = format!("{command} {flag}");
            }
        }
        format!("it stopped half-way; to go on: {command}")
    }
}

fn refused(faults: Vec<String>) -> Stop {
    let mut sentence = "is refused, nothing was written:".to_owned();
    list(&mut sentence, faults.into_iter());
    Stop::Refused(sentence)
}

/// What Kong's error objects say of fields, in one line: `paths.1: should start with: / …`.
fn sentences(field: &str, fields: &Value) -> String {
    let below = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
    match fields {
        Value::Object(members) => {
            let each = members.iter().map(|(name, fields)| sentences(&below(name), fields));
            each.collect::<Vec<_>>().join("; ")
        }
        Value::Array(elements) => {
            let each = elements.iter().enumerate().filter(|(_, fields)| !fields.is_null());
            let each = each.map(|(number, fields)| sentences(&below(&(number + 1).to_string()), fields));
            each.collect::<Vec<_>>().join("; ")
        }
        Value::String(sentence) if field == "@entity" => sentence.clone(),
        Value::String(sentence) => format!("{field}: {sentence}"),
        other => format!("{field}: {other}"),
    }
}

/// A line of a dry run: `~ routes orders (paths, tags)`.
fn difference(difference: &Value) -> String {
    let text = |name: &str| difference[name].as_str().unwrap_or_default();
    let sign = match text("does") {
        "create" => '+',
        "delete" => '-',
        _ => '~',
    };
    let name = if text("name").is_empty() { text("id") } else { text("name") };
    let fields = difference["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = fields.collect::<Vec<_>>().join(", ");
    let fields = if sign == '~' && !fields.is_empty() { format!(" ({fields})") } else { String::new() };
    format!("{sign} {} {name}{fields}\n", text("kind"))
}
