//! What people's browsers meet: a local program with a folder of mails, and a service behind it.

use std::time::Duration;

use crate::base::wait_until;
use crate::client::Client as _;
use crate::deployment::{Deployment as _, Local, Options};
use crate::portal::{Folder, Mails as _};
use crate::raw_http::{Request, Response};
use crate::upstream::Upstream;

/// How long a mail may take, and a line that the program prints.
const PATIENCE: Duration = Duration::from_secs(30);

/// All of it, ended when it is dropped.
pub struct World {
    pub local: Local,
    pub upstream: Upstream,
    mails: Folder,
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

impl World {
    pub fn start() -> Self {
        let options = Options::in_memory();
        let folder = options.data.path().join("mails");
        std::fs::create_dir(&folder).expect("no folder for mails");
        let options = options.env("LATCHKEY_MAIL_DIR", folder.clone());
        let options = options.env("LATCHKEY_MAIL_FROM", "portal@latchkey.test");
        Self { local: Local::spawn(options), upstream: Upstream::recording(), mails: Folder(folder) }
    }

    /// Where a path of the control door is, for a browser.
    pub fn page(&self, path: &str) -> String {
        let place = self.local.doors().control(path);
        format!("http://{}{}", place.authority, place.target)
    }

    /// Where a path of the gateway is, for a browser.
    pub fn gateway(&self, path: &str) -> String {
        format!("http://{}{path}", self.local.doors().gateway_authority())
    }

    /// The service behind the gateway.
    pub fn upstream_url(&self) -> String {
        format!("http://{}", self.upstream.authority())
    }

    /// The link that the program printed, which logs in to the manager.
    pub fn manager_link(&self) -> String {
        self.printed("Manager  ")
    }

    /// What was printed behind a word, to the end of its line.
    fn printed(&self, word: &str) -> String {
        let find = || {
            let printed = self.local.printed();
            let line = printed.lines().find_map(|line| line.strip_prefix(word).map(str::to_owned));
            line.filter(|_| printed.contains("admin/services"))
        };
        wait_until(&format!("{word:?} is printed"), PATIENCE, || find().is_some());
        find().unwrap_or_default()
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

    /// Calls the service with a key named `apikey`.
    pub fn call(&self, path: &str, place: Place, key: &str) -> Response {
        let request = match place {
            Place::Header => Request::get(path).header("apikey", key),
            Place::Query => Request::get(&format!("{path}?apikey={key}")),
            Place::Body => Request::new("POST", path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!("apikey={key}")),
        };
        self.local.send(&request)
    }

    /// Makes something by the Admin API, which must be taken.
    #[track_caller]
    pub fn make(&self, path: &str, entity: &serde_json::Value) -> serde_json::Value {
        let answer = self.local.admin("POST", path, Some(entity));
        assert!((200..300).contains(&answer.status), "POST {path}: {}", answer.text());
        answer.json().unwrap_or_default()
    }
}
