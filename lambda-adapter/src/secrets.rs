//! Peppers and admin token: from the environment, or from AWS Secrets Manager or Parameter Store.

use std::collections::HashMap;

use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};

use crate::aws::AwsEnvironment;

/// What the function must know and nobody else.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Keys are digested under these.
    pub peppers: Peppers,
    /// Digest of the admin token; `None`: the Admin API is refused.
    pub admin_token: Option<KeyDigest>,
}

/// Where the secrets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsFrom {
    /// In variables of their names.
    Environment,
    /// In one secret of AWS Secrets Manager: a JSON object with these names.
    SecretsManager(String),
    /// In parameters of AWS Systems Manager: this path, `/` and the names.
    Ssm(String),
}

impl SecretsFrom {
    /// Reads `LATCHKEY_SECRETS_FROM`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = variable("LATCHKEY_SECRETS_FROM").unwrap_or_default();
        match text.split_once(':') {
            None if text.is_empty() => Ok(SecretsFrom::Environment),
            Some(("secretsmanager", id)) if !id.is_empty() => Ok(SecretsFrom::SecretsManager(id.to_owned())),
            Some(("ssm", path)) if !path.is_empty() => {
                Ok(SecretsFrom::Ssm(path.trim_end_matches('/').to_owned()))
            }
            _ => Err("LATCHKEY_SECRETS_FROM must be secretsmanager:<id> or ssm:<path>".to_owned()),
        }
    }
}

impl Secrets {
    /// Gets the secrets. The error is for whoever deploys the function, and shows none of them.
    pub async fn get(
        from: &SecretsFrom,
        variable: impl Fn(&str) -> Option<String>,
        aws: &AwsEnvironment,
    ) -> Result<Self, String> {
        match from {
            SecretsFrom::Environment => Secrets::new(variable),
            SecretsFrom::SecretsManager(id) => {
                let texts = Box::pin(from_secrets_manager(id, aws)).await;
                let texts = texts.map_err(|error| format!("secret {id} cannot be read: {error}"))?;
                Secrets::new(|name| texts.get(name).cloned()).map_err(|error| format!("secret {id}: {error}"))
            }
            SecretsFrom::Ssm(path) => {
                let texts = Box::pin(from_ssm(path, aws)).await;
                let texts = texts.map_err(|error| format!("parameters {path}/… cannot be read: {error}"))?;
                Secrets::new(|name| texts.get(name).cloned())
                    .map_err(|error| format!("parameters {path}/…: {error}"))
            }
        }
    }

    fn new(text: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let secret = |setting: SecretSetting| {
            let value = text(setting.name()).unwrap_or_default();
            setting.admit(value.as_bytes()).map(|text| text.map(str::to_owned))
        };
        let pepper = |setting| Ok::<_, String>(secret(setting)?.map(|text| Pepper::new(text.as_bytes())));
        let unset = || format!("{} is not set", SecretSetting::Pepper.name());
        let current = pepper(SecretSetting::Pepper)?.ok_or_else(unset)?;
        let peppers = Peppers { current, previous: pepper(SecretSetting::PepperPrevious)? };
        let admin_token = secret(SecretSetting::AdminToken)?;
        let admin_token = admin_token.map(|token| peppers.current.digest(token.as_bytes()));
        Ok(Secrets { peppers, admin_token })
    }
}

async fn from_secrets_manager(id: &str, aws: &AwsEnvironment) -> Result<HashMap<String, String>, String> {
    let answer = aws.secrets_manager().get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| describe(&error))?;
    object(answer.secret_string().unwrap_or_default())
}

async fn from_ssm(path: &str, aws: &AwsEnvironment) -> Result<HashMap<String, String>, String> {
    let names = SecretSetting::ALL.iter().map(|secret| format!("{path}/{}", secret.name())).collect();
    let answer = aws.ssm().get_parameters().set_names(Some(names)).with_decryption(true).send().await;
    let answer = answer.map_err(|error| describe(&error))?;
    let pair = |parameter: &aws_sdk_ssm::types::Parameter| {
        let (_, name) = parameter.name()?.rsplit_once('/')?;
        Some((name.to_owned(), parameter.value()?.to_owned()))
    };
    Ok(answer.parameters().iter().filter_map(pair).collect())
}

/// What serde finds wrong is not passed on: it could be a part of the secret.
fn object(json: &str) -> Result<HashMap<String, String>, String> {
    serde_json::from_str(json).map_err(|_| "it is not a JSON object of texts".to_owned())
}

fn describe(error: &(impl std::error::Error + 'static)) -> String {
    aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEPPER: &str = SecretSetting::Pepper.name();
    const PEPPER_PREVIOUS: &str = SecretSetting::PepperPrevious.name();
    const ADMIN_TOKEN: &str = SecretSetting::AdminToken.name();
    const LONG: &str = "a pepper of thirty-two bytes, ok";
    const TOKEN: &str = "a token of more than thirty-two bytes";

    fn variables(pairs: &[(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        let pairs = pairs.to_vec();
        move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn sources_are_told_apart() {
        let read = |text: &'static str| SecretsFrom::read(variables(&[("LATCHKEY_SECRETS_FROM", text)]));
        assert_eq!(read(""), Ok(SecretsFrom::Environment));
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:latchkey-a1b2c3";
        let text: &'static str = Box::leak(format!("secretsmanager:{arn}").into_boxed_str());
        assert_eq!(read(text), Ok(SecretsFrom::SecretsManager(arn.to_owned())));
        assert_eq!(read("ssm:/latchkey/prod/"), Ok(SecretsFrom::Ssm("/latchkey/prod".to_owned())));
        for wrong in ["ssm:", "secretsmanager:", "vault:x", "x"] {
            assert!(read(wrong).unwrap_err().contains("LATCHKEY_SECRETS_FROM"), "{wrong}");
        }
    }

    #[test]
    fn only_the_pepper_must_be_there() {
        assert_eq!(Secrets::new(variables(&[(PEPPER, "")])).unwrap_err(), "LATCHKEY_PEPPER is not set");
        let secrets = Secrets::new(variables(&[(PEPPER, LONG)])).unwrap();
        assert!(secrets.admin_token.is_none() && secrets.peppers.previous.is_none());
        let all = variables(&[(PEPPER, LONG), (PEPPER_PREVIOUS, "q"), (ADMIN_TOKEN, TOKEN)]);
        let secrets = Secrets::new(all).unwrap();
        assert_eq!(secrets.admin_token, Some(Pepper::new(LONG.as_bytes()).digest(TOKEN.as_bytes())));
        assert_eq!(secrets.peppers.previous.unwrap().id(), Pepper::new(b"q").id());
    }

    #[test]
    fn short_secrets_are_refused_with_a_hint() {
        for (name, set) in [
            (PEPPER, [(PEPPER, "p"), (ADMIN_TOKEN, TOKEN)]),
            (ADMIN_TOKEN, [(PEPPER, LONG), (ADMIN_TOKEN, "a")]),
        ] {
            let error = Secrets::new(variables(&set)).unwrap_err();
            assert!(error.starts_with(name) && error.contains("openssl rand -hex 32"), "{error}");
        }
    }

    #[test]
    fn a_secret_that_is_no_object_is_not_shown() {
        let error = object("hunter2").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(object(r#"{"LATCHKEY_PEPPER": 7}"#).is_err());
        assert_eq!(object(r#"{"LATCHKEY_PEPPER": "p"}"#).unwrap()["LATCHKEY_PEPPER"], "p");
    }
}
