//! Latchkey as an AWS Lambda function: reads its settings and serves invocations.

use std::process::ExitCode;
use std::rc::Rc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use latchkey_lambda::aws::AwsEnvironment;
use latchkey_lambda::config::Settings;
use latchkey_lambda::environment::Environment;
use latchkey_lambda::handler::{Reply, handle};
use latchkey_lambda::secrets::{Secrets, SecretsFrom};
use latchkey_lambda::store::DynamoStore;
use serde_json::value::RawValue;
use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

fn main() -> ExitCode {
    start_logging();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    if variable("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda".to_owned());
    }
    let settings = Settings::read(variable)?;
    let secrets_from = SecretsFrom::read(variable)?;
    let aws = AwsEnvironment::read(variable)?;
    let store = DynamoStore::new(aws.dynamodb(), &settings.table);
    let secrets = Secrets::get(&secrets_from, variable, &aws).await?;
    let environment = Rc::new(Environment::start(settings, secrets, store));
    let serve = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let environment = Rc::clone(&environment);
        async move { handle(&environment, &event.payload).await as Result<Reply, Diagnostic> }
    });
    lambda_runtime::run(serve).await.map_err(|error| error.to_string())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `RUST_LOG` says what is logged. Of other crates it is never more than `info`: the runtime would
/// log whole events, keys and all. Nor does the runtime log each error that an authorizer refuses by.
fn start_logging() {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let harmless = filter_fn(|metadata| {
        metadata.target().starts_with("latchkey")
            || (*metadata.level() <= Level::INFO && metadata.target() != "lambda_runtime::layers::panic")
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // The platform's log has times of its own.
        .without_time()
        .with_filter(chosen.and(harmless));
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
}
