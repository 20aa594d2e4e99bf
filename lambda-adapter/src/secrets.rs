//! Peppers and admin token: from the environment, or from AWS Secrets Manager or Parameter Store.

use std::collections::HashMap;

use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};

use crate::aws::AwsEnvironment;
use crate::config::Mode;

/// What the function must know and nobody else.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Keys are digested under these.
    pub peppers: Peppers,
    /// Digest of the admin token; `None`: the Admin API is refused. Gateways are not told it.
    pub admin_token: Option<KeyDigest>,
    /// Digest of the token that a gateway is asked with whether a key is good. Others are not told it.
    pub verify_token: Option<KeyDigest>,
}

/// Where the secrets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsFrom {
    /// In variables of their names.
    Environment,
    /// In secrets of AWS Secrets Manager: JSON objects with these names.
    SecretsManager(Vec<String>),
    /// In parameters of AWS Systems Manager: this path, `/` and the names.
    Ssm(String),
}

impl SecretsFrom {
    /// Reads `LATCHKEY_SECRETS_FROM`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = variable("LATCHKEY_SECRETS_FROM").unwrap_or_default();
        match text.split_once(':') {
            None if text.is_empty() => Ok(SecretsFrom::Environment),
            Some(("secretsmanager", ids)) if ids.split(',').all(|id| !id.is_empty()) => {
                Ok(SecretsFrom::SecretsManager(ids.split(',').map(str::to_owned).collect()))
            }
            Some(("ssm", path)) if !path.is_empty() => {
                Ok(SecretsFrom::Ssm(path.trim_end_matches('/').to_owned()))
            }
            _ => Err("LATCHKEY_SECRETS_FROM must be secretsmanager:<id>,… or ssm:<path>".to_owned()),
        }
    }
}

impl Secrets {
    /// Gets the secrets that a function needs for its mode. The error is for whoever deploys the
    /// function, and shows none of them.
    pub async fn get(
        from: &SecretsFrom,
        mode: Mode,
        variable: impl Fn(&str) -> Option<String>,
        aws: &AwsEnvironment,
    ) -> Result<Self, String> {
        let needed = needed(mode);
        match from {
            SecretsFrom::Environment => Secrets::new(needed, variable),
            SecretsFrom::SecretsManager(ids) => {
                let mut texts = HashMap::new();
                for id in ids {
                    let read = Box::pin(from_secrets_manager(id, aws)).await;
                    texts.extend(read.map_err(|error| format!("secret {id} cannot be read: {error}"))?);
                }
                Secrets::new(needed, |name| texts.get(name).cloned())
                    .map_err(|error| format!("secret {}: {error}", ids.join(",")))
            }
            SecretsFrom::Ssm(path) => {
                let texts = Box::pin(from_ssm(path, needed, aws)).await;
                let texts = texts.map_err(|error| format!("parameters {path}/… cannot be read: {error}"))?;
                Secrets::new(needed, |name| texts.get(name).cloned())
                    .map_err(|error| format!("parameters {path}/…: {error}"))
            }
        }
    }

    /// What is not `needed` is not looked at, wherever it is.
    fn new(needed: &[SecretSetting], text: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let secret = |setting: SecretSetting| {
            if !needed.contains(&setting) {
                return Ok(None);
            }
            let value = text(setting.name()).unwrap_or_default();
            setting.admit(value.as_bytes()).map(|text| text.map(str::to_owned))
        };
        let pepper = |setting| Ok::<_, String>(secret(setting)?.map(|text| Pepper::new(text.as_bytes())));
        let unset = || format!("{} is not set", SecretSetting::Pepper.name());
        let current = pepper(SecretSetting::Pepper)?.ok_or_else(unset)?;
        let peppers = Peppers { current, previous: pepper(SecretSetting::PepperPrevious)? };
        let token = |setting| {
            let text = secret(setting)?;
            Ok::<_, String>(text.map(|text| peppers.current.digest(text.as_bytes())))
        };
        let (admin_token, verify_token) =
            (token(SecretSetting::AdminToken)?, token(SecretSetting::VerifyToken)?);
        Ok(Secrets { peppers, admin_token, verify_token })
    }
}

/// What a function of this mode is told. A role may not read the parameters of others: asking for them
/// all would fail.
fn needed(mode: Mode) -> &'static [SecretSetting] {
    match mode {
        Mode::Proxy => &[SecretSetting::Pepper, SecretSetting::PepperPrevious, SecretSetting::VerifyToken],
        Mode::Authorizer => &[SecretSetting::Pepper, SecretSetting::PepperPrevious],
        Mode::Control => &[SecretSetting::Pepper, SecretSetting::PepperPrevious, SecretSetting::AdminToken],
    }
}

async fn from_secrets_manager(id: &str, aws: &AwsEnvironment) -> Result<HashMap<String, String>, String> {
    let answer = aws.secrets_manager().get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| describe(&error))?;
    object(answer.secret_string().unwrap_or_default())
}

async fn from_ssm(
    path: &str,
    needed: &[SecretSetting],
    aws: &AwsEnvironment,
) -> Result<HashMap<String, String>, String> {
    let names = needed.iter().map(|secret| format!("{path}/{}", secret.name())).collect();
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
        assert_eq!(read(text), Ok(SecretsFrom::SecretsManager(vec![arn.to_owned()])));
        let two = SecretsFrom::SecretsManager(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(read("secretsmanager:a,b"), Ok(two));
        assert_eq!(read("ssm:/latchkey/prod/"), Ok(SecretsFrom::Ssm("/latchkey/prod".to_owned())));
        for wrong in ["ssm:", "secretsmanager:", "secretsmanager:a,", "vault:x", "x"] {
            assert!(read(wrong).unwrap_err().contains("LATCHKEY_SECRETS_FROM"), "{wrong}");
        }
    }

    /// As the control plane reads them.
    fn all(variables: impl Fn(&str) -> Option<String>) -> Result<Secrets, String> {
        Secrets::new(needed(Mode::Control), variables)
    }

    #[test]
    fn gateways_are_not_told_the_admin_token() {
        let set = [(PEPPER, LONG), (PEPPER_PREVIOUS, "q"), (ADMIN_TOKEN, "short")];
        for mode in [Mode::Proxy, Mode::Authorizer] {
            let secrets = Secrets::new(needed(mode), variables(&set)).unwrap();
            assert!(secrets.admin_token.is_none() && secrets.peppers.previous.is_some());
        }
    }

    #[test]
    fn only_the_pepper_must_be_there() {
        assert_eq!(all(variables(&[(PEPPER, "")])).unwrap_err(), "LATCHKEY_PEPPER is not set");
        let secrets = all(variables(&[(PEPPER, LONG)])).unwrap();
        assert!(secrets.admin_token.is_none() && secrets.peppers.previous.is_none());
        let set = variables(&[(PEPPER, LONG), (PEPPER_PREVIOUS, "q"), (ADMIN_TOKEN, TOKEN)]);
        let secrets = all(set).unwrap();
        assert_eq!(secrets.admin_token, Some(Pepper::new(LONG.as_bytes()).digest(TOKEN.as_bytes())));
        assert_eq!(secrets.peppers.previous.unwrap().id(), Pepper::new(b"q").id());
    }

    #[test]
    fn short_secrets_are_refused_with_a_hint() {
        for (name, set) in [
            (PEPPER, [(PEPPER, "p"), (ADMIN_TOKEN, TOKEN)]),
            (ADMIN_TOKEN, [(PEPPER, LONG), (ADMIN_TOKEN, "a")]),
        ] {
            let error = all(variables(&set)).unwrap_err();
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
