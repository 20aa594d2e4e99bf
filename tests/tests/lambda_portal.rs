//! The cases of the Portal API against the Lambda functions, behind two triggers that have nothing in common,
//! with mails to a stand-in for SES; and a service that is tried out in the portal there, by a call of the one
//! function at the other.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use latchkey_tests::deployment::{Deployment as _, Doors, Lambda, Settings};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::portal::{Mails, Origins, Ses, Surroundings, Trial, load_all, run_around};
use latchkey_tests::ports::free_port;
use latchkey_tests::raw_http::{Connection, Request, Response};

/// One way at a time: each has a Java of its own, and answers in time only with processors to itself.
static TURN: Mutex<()> = Mutex::new(());

/// As many as the template reserves.
const ENVIRONMENTS_MAX: usize = 5;

struct OnLambda {
    lambda: Lambda,
    ses: Ses,
    control_origin: String,
}

impl OnLambda {
    fn start(trigger: Trigger) -> Self {
        let (ses, control_port) = (Ses::start(), free_port());
        let control_origin = format!("http://127.0.0.1:{control_port}");
        let variables = [
            ("AWS_ENDPOINT_URL_SESV2", ses.url()),
            ("LATCHKEY_CONTROL_ORIGIN", control_origin.clone()),
            ("LATCHKEY_MAIL_FROM", "Portal <portal@latchkey.test>".to_owned()),
        ];
        let settings = Settings {
            variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            environments_max: ENVIRONMENTS_MAX,
            control_port,
            ..Settings::default()
        };
        OnLambda { lambda: Lambda::with(Way::Trigger(trigger), &settings), ses, control_origin }
    }
}

impl Surroundings for OnLambda {
    fn doors(&self) -> &Doors {
        self.lambda.doors()
    }

    fn admin_token(&self) -> &str {
        self.lambda.admin_token()
    }

    fn origins(&self) -> Origins {
        let gateway = format!("http://{}", self.doors().gateway_authority());
        Origins { control: self.control_origin.clone(), gateway }
    }

    fn exchange(&self, client: Ipv4Addr, authority: &str, request: &Request) -> io::Result<Response> {
        let mut answer = Connection::open_from(client, authority)?.exchange(request)?;
        self.lambda.undo_renaming(&mut answer);
        Ok(answer)
    }

    fn mails(&self) -> &dyn Mails {
        &self.ses
    }

    fn output(&self) -> String {
        self.lambda.output()
    }
}

/// `exceptions`: ids of cases that the trigger does not let hold, as docs/platforms.md says why; they are run,
/// and must fail.
fn check(trigger: Trigger, exceptions: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut report = run_around(&load_all(), &OnLambda::start(trigger));
    let is_exception = |name: &str| exceptions.iter().any(|id| name.contains(&format!("/{id}:")));
    let holds: Vec<_> = report.passed.iter().filter(|name| is_exception(name)).collect();
    assert!(holds.is_empty(), "listed as exceptions and hold nevertheless: {holds:?}");
    report.failed.retain(|(name, _)| !is_exception(name));
    let summary = format!("{}: {}", Way::Trigger(trigger).name(), report.summary());
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no case ran");
}

/// The control function calls the gateway where clients do: by its origin, through its trigger.
fn check_tries(trigger: Trigger) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (control_port, gateway_port) = (free_port(), free_port());
    let variables = [
        // Browsers are at the platform's https; the stand-in for the gateway's end of it is without.
        ("LATCHKEY_CONTROL_ORIGIN", format!("{}://127.0.0.1:{control_port}", trigger.scheme())),
        ("LATCHKEY_GATEWAY_ORIGIN", format!("http://127.0.0.1:{gateway_port}")),
        ("RUST_LOG", "trace".to_owned()),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let settings = Settings { variables, control_port, gateway_port, ..Settings::default() };
    let lambda = Lambda::with(Way::Trigger(trigger), &settings);
    let pepper = lambda.pepper.clone();
    let trial = Trial::begin(lambda, &pepper);
    trial.check();
    let log = trial.deployment.output();
    assert!(!log.contains(&trial.digest()) && !log.contains(&trial.key), "it is in the log");
}

/// Cookies arrive in a list, and so not with the white space that was between them.
#[test]
fn function_url() {
    check(Trigger::FunctionUrl, &["PG-17"]);
}

#[test]
fn rest_api() {
    check(Trigger::RestApi, &[]);
}

#[test]
fn a_service_is_tried_behind_a_function_url() {
    check_tries(Trigger::FunctionUrl);
}

#[test]
fn a_service_is_tried_behind_a_rest_api() {
    check_tries(Trigger::RestApi);
}

#[test]
fn a_service_is_tried_behind_a_load_balancer() {
    check_tries(Trigger::AlbMultiValue);
}
