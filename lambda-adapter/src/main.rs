//! Latchkey as an AWS Lambda function: reads its settings and serves invocations.

use std::ffi::OsString;
use std::process::ExitCode;
use std::rc::Rc;

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use latchkey_lambda::after_answer::AfterAnswer;
use latchkey_lambda::aws::AwsEnvironment;
use latchkey_lambda::config::{Mode, Settings};
use latchkey_lambda::environment::Environment;
use latchkey_lambda::handler::{Reply, handle};
use latchkey_lambda::secrets::{Secrets, SecretsFrom};
use latchkey_lambda::store::DynamoStore;
use latchkey_published::admit_secret::SecretSetting;
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
    refuse_what_is_not_text(std::env::vars_os())?;
    let settings = Settings::read(variable)?;
    let secrets_from = SecretsFrom::read(variable)?;
    let aws = AwsEnvironment::read(variable)?;
    let store = DynamoStore::new(aws.dynamodb(), &settings.table);
    let secrets = Secrets::get(&secrets_from, settings.mode, variable, &aws).await?;
    let mode = settings.mode;
    let environment = Rc::new(Environment::start(settings, secrets, store, &aws));
    let after = AfterAnswer(Rc::clone(&environment));
    let serve = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let environment = Rc::clone(&environment);
        async move { handle(&environment, &event.payload).await as Result<Reply, Diagnostic> }
    });
    let runtime = Runtime::new(serve).layer(TracingLayer::new());
    let ended = match mode {
        Mode::Control => runtime.layer(after).run().await,
        Mode::Proxy | Mode::Authorizer => runtime.run().await,
    };
    ended.map_err(|error| error.to_string())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A value that is not UTF-8 would count as unset.
fn refuse_what_is_not_text(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<(), String> {
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with("LATCHKEY_")) else { continue };
        if value.to_str().is_none() {
            let secret = SecretSetting::ALL.into_iter().find(|secret| secret.name() == name);
            secret.map_or(Ok(None), |secret| secret.admit(value.as_encoded_bytes()))?;
            return Err(format!("{name} is not UTF-8"));
        }
    }
    Ok(())
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn what_is_not_utf8_is_not_unset() {
        let value = || OsString::from_vec(b"thirty-two bytes and then one \xff".to_vec());
        let refuse = |name: &str| refuse_what_is_not_text([(OsString::from(name), value())].into_iter());
        for secret in SecretSetting::ALL {
            let error = refuse(secret.name()).unwrap_err();
            assert!(error.starts_with(secret.name()) && error.contains("openssl rand -hex 32"), "{error}");
        }
        assert_eq!(refuse("LATCHKEY_TABLE").unwrap_err(), "LATCHKEY_TABLE is not UTF-8");
        assert_eq!(refuse("PATH"), Ok(()));
        let text = [(OsString::from("LATCHKEY_PEPPER"), OsString::from("ü"))];
        assert_eq!(refuse_what_is_not_text(text.into_iter()), Ok(()));
    }
}
