//! The cases of the Portal API against the Lambda functions, behind two triggers that have nothing in common,
//! with mails to a stand-in for SES.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use latchkey_tests::deployment::{Deployment as _, Doors, Lambda, Settings};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::portal::{Mails, Origins, Ses, Surroundings, load_all, run_around};
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

fn check(trigger: Trigger) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let report = run_around(&load_all(), &OnLambda::start(trigger));
    let summary = format!("{}: {}", Way::Trigger(trigger).name(), report.summary());
    println!("{summary}");
    assert!(report.failed.is_empty(), "{summary}");
    assert!(!report.passed.is_empty(), "no case ran");
}

#[test]
fn function_url() {
    check(Trigger::FunctionUrl);
}

#[test]
fn rest_api() {
    check(Trigger::RestApi);
}
