//! What people's browsers meet: the local program, or the Worker, with a folder of mails, and a service behind
//! it.

use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::base::wait_until;
use crate::client::Client as _;
use crate::deployment::{Deployment, Local, Options, Worker};
use crate::portal::{Folder, Mails as _};
use crate::raw_http::{Request, Response};
use crate::upstream::Upstream;

/// How long a mail may take, and a line that the program prints.
const PATIENCE: Duration = Duration::from_secs(30);

/// All of it, ended when it is dropped.
pub struct World<D = Local> {
    pub deployment: D,
    pub upstream: Upstream,
    mails: Folder,
    /// Within what a change acts at the gateway.
    bound: Duration,
    _files: Option<TempDir>,
}

/// Where a key stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Header,
    Query,
    Body,
}

impl Place {
    pub const ALL: [Place; 3] = [Place::Header, Place::Query, Place::Body];
}

impl World<Local> {
    pub fn start() -> Self {
        let options = Options::in_memory();
        let mails = folder_in(options.data.path());
        let options = options.env("LATCHKEY_MAIL_DIR", mails.0.clone());
        let options = options.env("LATCHKEY_MAIL_FROM", "portal@latchkey.test");
        let (deployment, upstream) = (Local::spawn(options), Upstream::recording());
        Self { deployment, upstream, mails, bound: Duration::ZERO, _files: None }
    }

    /// The link that the program printed, which logs in to the manager.
    pub fn manager_link(&self) -> String {
        self.printed("Manager  ")
    }

    /// What was printed behind a word, to the end of its line.
    fn printed(&self, word: &str) -> String {
        let find = || {
            let printed = self.deployment.printed();
            let line = printed.lines().find_map(|line| line.strip_prefix(word).map(str::to_owned));
            line.filter(|_| printed.contains("admin/services"))
        };
        wait_until(&format!("{word:?} is printed"), PATIENCE, || find().is_some());
        find().unwrap_or_default()
    }
}

impl World<Worker> {
    /// Over what `cargo xtask worker build` made.
    pub fn on_the_worker() -> Self {
        let files =
            tempfile::Builder::new().prefix("latchkey-mails-").tempdir().expect("no temporary folder");
        let mails = folder_in(files.path());
        let (deployment, bound) = Worker::with_mails(&mails.0);
        Self { deployment, upstream: Upstream::recording(), mails, bound, _files: Some(files) }
    }
}

fn folder_in(files: &Path) -> Folder {
    let folder = files.join("mails");
    std::fs::create_dir(&folder).expect("no folder for mails");
    Folder(folder)
}

impl<D: Deployment> World<D> {
    /// Where a path of the control door is, for a browser.
    pub fn page(&self, path: &str) -> String {
        let place = self.deployment.doors().control(path);
        format!("http://{}{}", place.authority, place.target)
    }

    /// Where a path of the gateway is, for a browser.
    pub fn gateway(&self, path: &str) -> String {
        format!("http://{}{path}", self.deployment.doors().gateway_authority())
    }

    /// The service behind the gateway.
    pub fn upstream_url(&self) -> String {
        format!("http://{}", self.upstream.authority())
    }

    /// The newest link to a page that was mailed to an address.
    pub fn mailed_link(&self, address: &str, path: &str) -> String {
        self.page(&format!("{path}?token={}", self.mailed_token(address, path)))
    }

    /// The token in it.
    pub fn mailed_token(&self, address: &str, path: &str) -> String {
        let token = || {
            let mails = self.mails.all();
            let mut to_address = mails.iter().rev().filter(|mail| mail.to.iter().any(|to| to == address));
            to_address.find_map(|mail| mail.token_at(path))
        };
        wait_until(&format!("a mail to {address} with a link to {path}"), PATIENCE, || token().is_some());
        token().unwrap_or_default()
    }

    /// Waits until what was changed acts at the gateway.
    pub fn settle(&self) {
        thread::sleep(self.bound);
    }

    /// Calls the service with a key named `apikey`; what was changed before acts.
    pub fn call(&self, path: &str, place: Place, key: &str) -> Response {
        let request = match place {
            Place::Header => Request::get(path).header("apikey", key),
            Place::Query => Request::get(&format!("{path}?apikey={key}")),
            Place::Body => Request::new("POST", path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("apikey={key}")),
        };
        self.settle();
        self.deployment.send(&request)
    }

    /// Makes something by the Admin API, which must be taken.
    #[track_caller]
    pub fn make(&self, path: &str, entity: &serde_json::Value) -> serde_json::Value {
        let answer = self.deployment.admin("POST", path, Some(entity));
        assert!((200..300).contains(&answer.status), "POST {path}: {}", answer.text());
        answer.json().unwrap_or_default()
    }
}
