//! The two functions of AWS Lambda, with all that their platform is here.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::any::Deployment;
use super::doors::Doors;
use crate::base::{self, ADMIN_TOKEN, fresh_text};
use crate::lambda::dynamodb::DynamoDb;
use crate::lambda::environment::{Function, Program};
use crate::lambda::front::Front;
use crate::lambda::watch::Watch;
use crate::lambda::{Trigger, Way};
use crate::raw_http::Response;

/// What a trigger puts before the names of fields that it keeps for itself.
const RENAMED: &str = "x-amzn-remapped-";

/// Settings beside those that every start has.
#[derive(Clone, Default)]
pub struct Settings {
    pub variables: Vec<(String, String)>,
    /// Environments of a function at a time; 0: one.
    pub environments_max: usize,
    /// Program to run instead of the one under test.
    pub program: Option<PathBuf>,
    /// Where the control plane is reached, where that must be known before the start; 0: somewhere. Behind a
    /// front of ours alone.
    pub control_port: u16,
    /// The same of the gateway.
    pub gateway_port: u16,
}

/// Both functions over a table of their own, each reached in the same way; all of it stopped on drop.
pub struct Lambda {
    pub way: Way,
    pub admin_token: String,
    pub pepper: String,
    pub table: String,
    pub dynamodb: Arc<DynamoDb>,
    doors: Doors,
    gateway: Running,
    control: Running,
}

/// A function, and what its requests come through.
enum Running {
    Front { front: Front, function: Arc<Function> },
    Watch(Watch),
}

impl Running {
    /// On a port of 127.0.0.1; 0: any.
    fn start(way: Way, program: Program, port: u16) -> Self {
        match way {
            Way::Watch => Self::Watch(Watch::start(&program)),
            Way::Trigger(trigger) => {
                let function = Arc::new(Function::new(program));
                let front = Front::start_on(("127.0.0.1", port), trigger, Arc::clone(&function));
                Self::Front { front: front.expect("no port for the front"), function }
            }
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Front { front, .. } => format!("http://{}", front.authority()),
            Self::Watch(watch) => format!("http://{}", watch.authority()),
        }
    }

    /// All that the program printed, and what the front found wrong with its responses.
    fn output(&self) -> String {
        match self {
            Self::Front { front, function } => {
                let complaints = front.take_complaints();
                function.log() + &complaints.iter().map(|one| format!("front: {one}\n")).collect::<String>()
            }
            Self::Watch(watch) => watch.log(),
        }
    }
}

impl Lambda {
    pub fn start(way: Way) -> Self {
        Self::with(way, &Settings::default())
    }

    pub fn with(way: Way, settings: &Settings) -> Self {
        let dynamodb = DynamoDb::shared();
        let table = dynamodb.make_table();
        let mut program = Program::new(settings.program.clone().unwrap_or_else(|| binary().to_owned()));
        program.environments_max = settings.environments_max.max(1);
        let pepper = fresh_text("pepper");
        program.variables = variables(way, &dynamodb, &table, &pepper);
        program.variables.extend(settings.variables.iter().cloned());
        let of_control = program.clone().variable("LATCHKEY_MODE", "control");
        let control = Running::start(control_way(way), of_control, settings.control_port);
        let gateway = Running::start(way, program, settings.gateway_port);
        let doors = Doors::two(&gateway.url(), &control.url());
        Self { way, admin_token: ADMIN_TOKEN.to_owned(), pepper, table, dynamodb, doors, gateway, control }
    }

    /// The gateway's function, behind a front of ours.
    pub fn function(&self) -> &Function {
        match &self.gateway {
            Running::Front { function, .. } => function,
            Running::Watch(_) => panic!("cargo lambda watch has the function to itself"),
        }
    }
}

impl Deployment for Lambda {
    fn doors(&self) -> &Doors {
        &self.doors
    }

    fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Of both functions.
    fn output(&self) -> String {
        self.control.output() + &self.gateway.output()
    }

    fn scheme(&self) -> &str {
        self.way.scheme()
    }

    fn undo_renaming(&self, answer: &mut Response) {
        for (name, _) in &mut answer.headers.0 {
            if let Some(own) = name.to_ascii_lowercase().strip_prefix(RENAMED) {
                own.clone_into(name);
            }
        }
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.dynamodb.drop_table(&self.table);
    }
}

/// Only a gateway streams.
fn control_way(way: Way) -> Way {
    match way {
        Way::Trigger(Trigger::FunctionUrlStream) => Way::Trigger(Trigger::FunctionUrl),
        way => way,
    }
}

fn variables(way: Way, dynamodb: &DynamoDb, table: &str, pepper: &str) -> Vec<(String, String)> {
    let mut variables = vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url()),
        ("LATCHKEY_TABLE", table.to_owned()),
        ("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
        ("LATCHKEY_PEPPER", pepper.to_owned()),
        // So that what one function changes acts on the next request to the other.
        ("LATCHKEY_REVOCATION_BOUND_MS", "1".to_owned()),
        // The tests' upstreams are there.
        ("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.0/8,::1".to_owned()),
    ];
    if way == Way::Trigger(Trigger::FunctionUrlStream) {
        variables.push(("LATCHKEY_RESPONSE_STREAMING", "true".to_owned()));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `LATCHKEY_LAMBDA_BIN`, else the program built beside the test executable.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| base::program("LATCHKEY_LAMBDA_BIN", "latchkey-lambda"))
}
