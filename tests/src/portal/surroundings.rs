//! Where the cases run, as far as platforms differ: how a client gets an address of its own, and where mails
//! come to.

use std::env;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::mails::{Folder, Mails};
use crate::client::Client as _;
use crate::deployment::{Deployment, Doors, Elsewhere, Local, Options};
use crate::raw_http::{Connection, Request, Response};

/// What a case needs of where it runs.
pub trait Surroundings: Sync {
    fn doors(&self) -> &Doors;

    fn admin_token(&self) -> &str;

    /// What people reach the two doors by, without a slash at the end.
    fn origins(&self) -> Origins;

    /// Asks as a client of this address.
    fn exchange(&self, client: Ipv4Addr, authority: &str, request: &Request) -> io::Result<Response>;

    fn mails(&self) -> &dyn Mails;

    /// The end of what it logged, for a failure.
    fn output(&self) -> String;
}

#[derive(Clone, Debug)]
pub struct Origins {
    pub control: String,
    pub gateway: String,
}

/// An address that no other call has: 127.0.0.0/8 is large.
pub(super) fn fresh_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 0x7f01_0101;
    // Of a run of before, the addresses are still held for a while where the server runs on.
    let of_run = (std::process::id() & 0x3f) << 16;
    Ipv4Addr::from_bits(FIRST + of_run + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A server, and the folder that it writes mails to.
pub struct Place {
    deployment: Box<dyn Deployment + Sync>,
    doors: Doors,
    admin_token: String,
    mails: Folder,
    /// The field in which clients' addresses are told; `None`: by where they call from.
    address_field: Option<String>,
}

/// The folder of mails of a server that runs elsewhere.
const MAIL_DIR: &str = "LATCHKEY_TEST_MAIL_DIR";
/// Name of the field in which that server is told who the client is.
const ADDRESS_FIELD: &str = "LATCHKEY_TEST_ADDRESS_FIELD";

impl Place {
    /// The server that the environment names.
    pub fn from_env() -> Option<Self> {
        let elsewhere = Elsewhere::from_env()?;
        let folder = env::var_os(MAIL_DIR).map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| panic!("LATCHKEY_TEST_BASE_URL needs {MAIL_DIR} beside it"));
        Some(Self::of(Box::new(elsewhere), folder, env::var(ADDRESS_FIELD).ok()))
    }

    /// A local program of its own.
    pub fn local() -> Self {
        let options = Options::in_memory();
        let folder = options.data.path().join("mails");
        std::fs::create_dir(&folder).expect("no folder for mails");
        let options = options
            .env("LATCHKEY_MAIL_DIR", folder.clone())
            .env("LATCHKEY_MAIL_FROM", "portal@latchkey.test");
        Self::of(Box::new(Local::spawn(options)), folder, None)
    }

    fn of(deployment: Box<dyn Deployment + Sync>, folder: PathBuf, address_field: Option<String>) -> Self {
        let (doors, admin_token) = (deployment.doors().clone(), deployment.admin_token().to_owned());
        Self { deployment, doors, admin_token, mails: Folder(folder), address_field }
    }
}

impl Surroundings for Place {
    fn doors(&self) -> &Doors {
        &self.doors
    }

    fn admin_token(&self) -> &str {
        &self.admin_token
    }

    fn origins(&self) -> Origins {
        let origin = |authority: &str| format!("http://{authority}");
        Origins {
            control: origin(&self.doors.control("").authority),
            gateway: origin(self.doors.gateway_authority()),
        }
    }

    fn exchange(&self, client: Ipv4Addr, authority: &str, request: &Request) -> io::Result<Response> {
        match &self.address_field {
            Some(field) => {
                let request = request.clone().header(field, client.to_string());
                self.deployment.exchange(authority, &request)
            }
            None => {
                let mut answer = Connection::open_from(client, authority)?.exchange(request)?;
                self.deployment.undo_renaming(&mut answer);
                Ok(answer)
            }
        }
    }

    fn mails(&self) -> &dyn Mails {
        &self.mails
    }

    fn output(&self) -> String {
        self.deployment.output()
    }
}
