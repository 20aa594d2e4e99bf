//! `latchkey backup` and `latchkey restore`: all that a gateway has stored, to a file and back, over its
//! control door.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::admin_client::{AdminClient, Call, Connection};
use crate::backup_file::{Fault, Reader, Writer};
use crate::message;
use crate::private_file::{self, sync_folder_of};

const ABOUT_BACKUP: &str = "\
Writes all that a running gateway has stored to a file: it is of one moment, though writes go on.
The file holds no key in clear, and is worth nothing without the pepper, which is not in it: keep a
copy of that somewhere else. It does hold names, addresses and the audit: encrypt it where others can
read it.";

const ABOUT_RESTORE: &str = "\
Makes a running gateway hold what a back-up holds, whichever platform either is on. The gateway must
have the pepper that the back-up was made under, and hold nothing yet, unless --replace is given.
Until all is done it serves nothing. What was interrupted goes on when the same is asked again.";

/// Write all that is stored to a file
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = ABOUT_BACKUP)]
pub(crate) struct BackupOptions {
    /// The file, which must not be there yet
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

/// Bring back what a back-up holds
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = ABOUT_RESTORE)]
pub(crate) struct RestoreOptions {
    /// The file
    file: PathBuf,
    /// Remove all that is stored there first
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Records asked for at once, at most; the gateway answers fewer where they are large.
const PAGE_SIZE: usize = 1_000;

/// Takes a back-up. The error is for the person at the terminal.
pub(crate) fn back_up(options: &BackupOptions) -> Result<(), String> {
    let file = &options.file;
    let failed = |error: io::Error| format!("cannot write {}: {error}", file.display());
    if fs::exists(file).map_err(failed)? {
        return Err(format!("{} is there already", file.display()));
    }
    let client = connect(&options.connection)?;
    let part = part_of(file);
    let out = private_file::create_anew(&part).map_err(failed)?;
    let begun = client.json(&Call::post("/backups"))?;
    let id = begun["id"].as_str().unwrap_or_default().to_owned();
    let written = write_pages(&client, &begun, out);
    // It ends by itself, too, after an hour.
    let ended = client.call(&Call::delete(&format!("/backups/{id}")));
    let records = match written {
        Ok(records) => records,
        Err(error) => {
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, file).and_then(|()| sync_folder_of(file)).map_err(failed)?;
    let peppers = ids_of_peppers(&begun);
    let told = format!(
        "{}: {records} records of {}, as they were on {}.\nIt is worth nothing without the pepper ({peppers}), \
         which is not in it: keep a copy of that somewhere else.\n",
        file.display(),
        client.url(),
        date(begun["created_at"].as_u64().unwrap_or_default())
    );
    message::print(&told).map_err(|error| error.to_string())?;
    ended.map(drop).map_err(String::from)
}

/// Writes all pages. Answers how many records there were.
fn write_pages(client: &AdminClient, begun: &Value, out: File) -> Result<u64, String> {
    let failed = |error: io::Error| format!("the file cannot be written: {error}");
    let mut writer = Writer::new(BufWriter::new(out), begun).map_err(failed)?;
    let progress = Progress::counting();
    let mut next =
        Some(format!("/backups/{}/pages?size={PAGE_SIZE}", begun["id"].as_str().unwrap_or_default()));
    while let Some(path) = next.take() {
        let page = client.json(&Call::get(&path))?;
        let records = page["data"].as_array().ok_or("the gateway answers no page of a back-up")?;
        writer.page(records).map_err(failed)?;
        progress.reach(writer.records());
        next = page["next"].as_str().map(str::to_owned);
    }
    let records = writer.records();
    let out = writer.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error));
    out.and_then(|out| out.sync_all()).map_err(failed)?;
    Ok(records)
}

/// Restores a back-up. The error is for the person at the terminal.
pub(crate) fn restore(options: &RestoreOptions) -> Result<(), String> {
    let name = options.file.display();
    let broken = |fault: Fault| format!("{name} {fault}; nothing was changed");
    // All of it is read before anything is asked.
    let mut whole = open(&options.file)?;
    while whole.page().map_err(broken)?.is_some() {}
    let (pages, records) = whole.read();
    let client = connect(&options.connection)?;
    let (id, first) = begin(&client, whole.description(), options.replace)?;
    let mut reader = open(&options.file)?;
    let progress = Progress::to(pages);
    for number in 0..pages {
        let changed = || format!("{name} has changed meanwhile: restore it again");
        let page = reader.page().ok().flatten().ok_or_else(changed)?;
        if number >= first {
            let part = format!("/restores/{id}/parts/{number}");
            client.call(&Call::put(&part).json_text(format!("{{\"data\":{page}}}"))).map_err(go_on)?;
        }
        progress.reach(number + 1);
    }
    let finish = format!("/restores/{id}/finish");
    client.call(&Call::post(&finish).repeatable().json(&json!({"parts": pages}))).map_err(go_on)?;
    drop(progress);
    let told = format!("{records} records of {name} are at {}, and act from now on.\n", client.url());
    message::print(&told).map_err(|error| error.to_string())
}

fn go_on(error: impl std::fmt::Display) -> String {
    format!(
        "{error}\nThe restore is not complete, and the gateway serves nothing: restore the same file again to go on."
    )
}

/// Begins a restore, or goes on with it. Answers its id, and which part comes next.
fn begin(client: &AdminClient, description: &Value, replace: bool) -> Result<(String, u64), String> {
    let mut asked = json!({"replace": replace});
    for member in ["id", "format", "peppers", "published_format", "epoch"] {
        asked[member] = description[member].clone();
    }
    loop {
        let restore = client.json(&Call::post("/restores").repeatable().json(&asked))?;
        if restore["stage"] == "loading" {
            let id = restore["id"].as_str().unwrap_or_default().to_owned();
            return Ok((id, restore["next_part"].as_u64().unwrap_or_default()));
        }
    }
}

fn open(file: &Path) -> Result<Reader<File>, String> {
    let opened = File::open(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Reader::open(opened).map_err(|fault| format!("{} {fault}; nothing was changed", file.display()))
}

fn connect(connection: &Connection) -> Result<AdminClient, String> {
    let client = connection.open()?;
    if client.is_in_clear() {
        let _ = writeln!(
            io::stderr(),
            "latchkey: the token and all that is stored pass unencrypted to {}",
            client.url()
        );
    }
    Ok(client)
}

/// A time in seconds since the Unix epoch, as HTTP says it: `Fri, 27 Nov 2026 05:51:09 GMT`.
fn date(unix_s: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix_s))
}

fn ids_of_peppers(begun: &Value) -> String {
    let ids = begun["peppers"].as_array().into_iter().flatten().map(Value::to_string);
    format!("id {}", ids.collect::<Vec<_>>().join(" and "))
}

fn part_of(file: &Path) -> PathBuf {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// How far it is: a bar at a terminal, nothing elsewhere.
struct Progress(Option<ProgressBar>);

impl Progress {
    /// Of what has no end that is known.
    fn counting() -> Self {
        Progress::shown(ProgressBar::no_length(), "{spinner} {human_pos} records ({elapsed})")
    }

    /// Of so many pages.
    fn to(pages: u64) -> Self {
        Progress::shown(ProgressBar::new(pages), "{bar:40} {human_pos} of {human_len} pages ({eta} left)")
    }

    fn shown(bar: ProgressBar, template: &str) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Progress(is_terminal.then(|| {
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.with_style(ProgressStyle::with_template(template).expect("it is well-formed"))
        }))
    }

    fn reach(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
