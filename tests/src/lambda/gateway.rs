//! The whole of the Lambda form, ready for requests.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::dynamodb::DynamoDb;
use super::environment::{Function, Program};
use super::front::Front;
use super::trigger::Trigger;
use super::watch::Watch;
use crate::fixtures::fresh_text;
use crate::gateway::{ADMIN_TOKEN, build_binary};

/// How requests reach the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through a front of ours.
    Trigger(Trigger),
    /// Through `cargo lambda watch`, which makes events of an HTTP API.
    Watch,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigger(trigger) => trigger.name(),
            Self::Watch => "watch",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        if name == "watch" { Some(Self::Watch) } else { Trigger::named(name).map(Self::Trigger) }
    }

    /// The scheme that its clients are taken to use.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Trigger(trigger) => trigger.scheme(),
            // It says nothing of the scheme, and an HTTP API has no other.
            Self::Watch => "https",
        }
    }
}

/// Settings beside those that every start has.
#[derive(Clone, Default)]
pub struct Settings {
    pub variables: Vec<(String, String)>,
    /// Environments at a time; 0: one.
    pub environments_max: usize,
    /// Program to run instead of the one under test.
    pub program: Option<PathBuf>,
}

/// The function over a table of its own; all of it stopped on drop.
pub struct LambdaGateway {
    pub way: Way,
    pub base_url: String,
    pub admin_token: String,
    pub pepper: String,
    pub table: String,
    pub dynamodb: Arc<DynamoDb>,
    running: Running,
}

enum Running {
    Front { front: Front, function: Arc<Function> },
    Watch(Watch),
}

impl LambdaGateway {
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
        let running = match way {
            Way::Watch => Running::Watch(Watch::start(&program)),
            Way::Trigger(trigger) => {
                let function = Arc::new(Function::new(program));
                Running::Front { front: Front::start(trigger, Arc::clone(&function)), function }
            }
        };
        let authority = match &running {
            Running::Front { front, .. } => front.authority(),
            Running::Watch(watch) => watch.authority(),
        };
        let base_url = format!("http://{authority}");
        Self { way, base_url, admin_token: ADMIN_TOKEN.to_owned(), pepper, table, dynamodb, running }
    }

    /// The function behind a front of ours.
    pub fn function(&self) -> &Function {
        match &self.running {
            Running::Front { function, .. } => function,
            Running::Watch(_) => panic!("cargo lambda watch has the function to itself"),
        }
    }

    /// All that the program printed, and what the front found wrong with its responses.
    pub fn log(&self) -> String {
        match &self.running {
            Running::Front { front, function } => {
                let complaints = front.take_complaints();
                function.log() + &complaints.iter().map(|one| format!("front: {one}\n")).collect::<String>()
            }
            Running::Watch(watch) => watch.log(),
        }
    }
}

impl Drop for LambdaGateway {
    fn drop(&mut self) {
        self.dynamodb.drop_table(&self.table);
    }
}

fn variables(way: Way, dynamodb: &DynamoDb, table: &str, pepper: &str) -> Vec<(String, String)> {
    let mut variables = vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url()),
        ("LATCHKEY_TABLE", table.to_owned()),
        ("LATCHKEY_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
        ("LATCHKEY_PEPPER", pepper.to_owned()),
        // The tests' upstreams are there.
        ("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.0/8,::1".to_owned()),
    ];
    if way == Way::Trigger(Trigger::FunctionUrlStream) {
        variables.push(("LATCHKEY_RESPONSE_STREAMING", "true".to_owned()));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `LATCHKEY_LAMBDA_BIN`, else the program beside the test executable, built first.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("LATCHKEY_LAMBDA_BIN") {
        Some(given) => {
            let path = PathBuf::from(given);
            assert!(path.is_file(), "LATCHKEY_LAMBDA_BIN names no file: {}", path.display());
            path
        }
        None => build_binary("latchkey-lambda"),
    })
}
