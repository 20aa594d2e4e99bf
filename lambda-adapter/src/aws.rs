//! Clients of AWS, made without looking anything up: Lambda gives region and credentials in the
//! environment, so no profile is read and no metadata service is asked.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::SdkConfig;

/// Connecting to a service of AWS in the same region takes a few milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(1);
/// One attempt, and all attempts of one operation.
const ATTEMPT_MAX: Duration = Duration::from_secs(2);
const OPERATION_MAX: Duration = Duration::from_secs(5);
/// Until a mail is taken.
const MAIL_MAX: Duration = Duration::from_secs(8);
/// Attempts of one operation.
const ATTEMPTS_MAX: u32 = 3;
/// Before the second attempt at most; doubled with each, with jitter.
const BACKOFF_FIRST: Duration = Duration::from_millis(25);
const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// What clients of AWS are made of.
#[derive(Clone, Debug)]
pub struct AwsEnvironment {
    region: Region,
    credentials: Credentials,
    endpoints: Endpoints,
}

/// Addresses of services other than AWS's own, for tests and development.
#[derive(Clone, Debug, Default)]
struct Endpoints {
    all: Option<String>,
    dynamodb: Option<String>,
    secrets_manager: Option<String>,
    ses: Option<String>,
    ssm: Option<String>,
}

impl AwsEnvironment {
    /// Reads the variables that Lambda sets, and those of the AWS SDKs for other addresses.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let needed = |name: &str| variable(name).ok_or_else(|| format!("{name} is not set"));
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let (key_id, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
        let token = variable("AWS_SESSION_TOKEN");
        Ok(AwsEnvironment {
            region: Region::new(region.ok_or("AWS_REGION is not set")?),
            credentials: Credentials::new(key_id, secret, token, None, "environment"),
            endpoints: Endpoints {
                all: variable("AWS_ENDPOINT_URL"),
                dynamodb: variable("AWS_ENDPOINT_URL_DYNAMODB"),
                secrets_manager: variable("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
                ses: variable("AWS_ENDPOINT_URL_SESV2"),
                ssm: variable("AWS_ENDPOINT_URL_SSM"),
            },
        })
    }

    /// A client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config(&self.endpoints.dynamodb))
    }

    /// A client of Secrets Manager.
    pub(crate) fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config(&self.endpoints.secrets_manager))
    }

    /// A client of SES, of one attempt: an answer that is late may be of a mail that was taken, and another
    /// attempt at once would send it twice.
    pub(crate) fn ses(&self) -> aws_sdk_sesv2::Client {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_MAX).operation_timeout(MAIL_MAX).build();
        let config = self.config(&self.endpoints.ses).to_builder();
        let config = config.retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        aws_sdk_sesv2::Client::new(&config)
    }

    /// A client of Systems Manager, for its Parameter Store.
    pub(crate) fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.config(&self.endpoints.ssm))
    }

    /// What a client is made of whose service may have an address of its own.
    fn config(&self, own: &Option<String>) -> SdkConfig {
        let endpoint = own.as_ref().or(self.endpoints.all.as_ref());
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(http_client(endpoint))
            .retry_config(retries())
            .timeout_config(timeouts());
        config.set_endpoint_url(endpoint.cloned());
        config.build()
    }
}

/// Certificate authorities are read with the first connection, and not at all for plain http.
fn http_client(endpoint: Option<&String>) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    match endpoint.is_some_and(|url| url.starts_with("http://")) {
        true => builder.build_http(),
        false => builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(BACKOFF_FIRST)
        .with_max_backoff(BACKOFF_MAX)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(ATTEMPT_MAX)
        .operation_timeout(OPERATION_MAX)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<AwsEnvironment, String> {
        AwsEnvironment::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_missing_is_named() {
        let all =
            [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "hidden")];
        assert!(read(&all).is_ok());
        for (at, (name, _)) in all.iter().enumerate() {
            let mut some = all.to_vec();
            some.remove(at);
            assert_eq!(read(&some).unwrap_err(), format!("{name} is not set"));
        }
    }

    #[test]
    fn credentials_do_not_print() {
        let environment = read(&[
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AWS_SESSION_TOKEN", "hidden"),
        ]);
        assert!(!format!("{environment:?}").contains("hidden"));
    }
}
