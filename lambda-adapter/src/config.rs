//! Settings, from the environment; secrets are in `secrets.rs`.

use latchkey_control::http::{AdminOrigins, ControlSettings};
use latchkey_control::mail::admit_sender;
use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits::{ADMIN_GUESSES_PER_SECOND_DEFAULT, AUDIT_DAYS_DEFAULT, AUDIT_DAYS_MAX};
use latchkey_request::network::parse_networks;
use latchkey_request::origin::{NoOrigin, Origin};
use latchkey_router::OwnPaths;
use uuid::Uuid;

/// What the Admin API calls an installation of this kind.
const HOSTNAME: &str = "lambda";
const TABLE_DEFAULT: &str = "latchkey";

/// What a function is set to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// Where upstreams may be. The machine's own addresses are the platform's: its Runtime API, which
    /// hands out events, is there.
    pub upstreams: UpstreamAddresses,
    /// Of the control door.
    pub control: ControlDoor,
    /// What responses are added.
    pub response_fields: ResponseFields,
    /// Name of the DynamoDB table.
    pub table: String,
    /// What the function is for.
    pub mode: Mode,
    /// Form of an authorizer's answers to payload 2.0.
    pub authorizer_response: AuthorizerResponse,
    /// Whether responses are streamed where the trigger can: Function URLs whose invoke mode is
    /// `RESPONSE_STREAM`, and REST APIs whose integration streams.
    pub response_streaming: bool,
}

/// What is set for the control door.
#[derive(Clone, Debug)]
pub struct ControlDoor {
    /// Wrong admin tokens of one address in a second that are answered 401, the others 429; 0: all.
    pub guesses_per_second: u32,
    /// Whose pages may call the Admin API in a browser.
    pub admin_origins: AdminOrigins,
    /// Whose pages may call the Portal API in a browser, with its cookie.
    pub portal_cors_origins: AdminOrigins,
    /// Whom mails come from; `None`: there is no mail.
    pub mail_from: Option<String>,
    /// Where the control door is, as people reach it.
    pub control_origin: Option<Origin>,
    /// Where the gateway is, as its clients reach it.
    pub gateway_origin: Option<Origin>,
    /// How many days audit records are kept.
    pub audit_days: u32,
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes requests on.
    Proxy,
    /// Tells API Gateway whether a request may pass.
    Authorizer,
    /// Answers at the control door.
    Control,
}

/// Form of an authorizer's answers to payload 2.0, as the HTTP API is set to expect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizerResponse {
    /// `isAuthorized`.
    Simple,
    /// An IAM policy.
    Iam,
}

impl Settings {
    /// Reads the variables that `variable` gives by their names. The error is for whoever deploys
    /// the function.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let defaults = GatewaySettings::default();
        let gateway = GatewaySettings {
            revocation_bound_ms: number(
                &variable,
                "LATCHKEY_REVOCATION_BOUND_MS",
                defaults.revocation_bound_ms,
            )?,
            outage_grace_ms: number(&variable, "LATCHKEY_OUTAGE_GRACE_MS", defaults.outage_grace_ms)?,
            body_search_bytes: number(&variable, "LATCHKEY_BODY_SEARCH_BYTES", defaults.body_search_bytes)?,
            grant_cache_bytes: number(&variable, "LATCHKEY_GRANT_CACHE_BYTES", defaults.grant_cache_bytes)?,
            own_paths: match variable("LATCHKEY_GATEWAY_PREFIX") {
                Some(prefix) => {
                    OwnPaths::new(&prefix).map_err(|error| format!("LATCHKEY_GATEWAY_PREFIX: {error}"))?
                }
                None => defaults.own_paths,
            },
            control_origin: origin(&variable, "LATCHKEY_CONTROL_ORIGIN")?,
            ..defaults
        };
        let response_fields = match variable("LATCHKEY_HEADERS") {
            Some(text) => {
                ResponseFields::parse(&text).map_err(|error| format!("LATCHKEY_HEADERS: {error}"))?
            }
            None => ResponseFields::default(),
        };
        let modes = [("proxy", Mode::Proxy), ("authorizer", Mode::Authorizer), ("control", Mode::Control)];
        let mode = choice(&variable, "LATCHKEY_MODE", modes)?;
        let authorizer_response = choice(
            &variable,
            "LATCHKEY_AUTHORIZER_RESPONSE",
            [("simple", AuthorizerResponse::Simple), ("iam", AuthorizerResponse::Iam)],
        )?;
        let response_streaming =
            choice(&variable, "LATCHKEY_RESPONSE_STREAMING", [("false", false), ("true", true)])?;
        let allowed = parse_networks(&variable("LATCHKEY_UPSTREAM_ALLOW").unwrap_or_default())
            .map_err(|error| format!("LATCHKEY_UPSTREAM_ALLOW: {error}"))?;
        let upstreams = UpstreamAddresses::new(allowed).without_loopback();
        let table = variable("LATCHKEY_TABLE").unwrap_or_else(|| TABLE_DEFAULT.to_owned());
        Ok(Settings {
            gateway,
            upstreams,
            control: ControlDoor::read(&variable)?,
            response_fields,
            table,
            mode,
            authorizer_response,
            response_streaming,
        })
    }
}

/// An origin, if it is set.
fn origin(variable: &impl Fn(&str) -> Option<String>, name: &'static str) -> Result<Option<Origin>, String> {
    let parse = |text: String| Origin::parse(&text).map_err(|error| format!("{name}: {error}"));
    variable(name).map(parse).transpose()
}

impl ControlDoor {
    fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let wrong = |name: &'static str| move |error: NoOrigin| format!("{name}: {error}");
        let origins = |name| AdminOrigins::parse(&variable(name).unwrap_or_default()).map_err(wrong(name));
        let control_origin = origin(variable, "LATCHKEY_CONTROL_ORIGIN")?;
        Ok(ControlDoor {
            guesses_per_second: number(
                variable,
                "LATCHKEY_ADMIN_GUESSES_PER_SECOND",
                ADMIN_GUESSES_PER_SECOND_DEFAULT,
            )?,
            admin_origins: origins("LATCHKEY_ADMIN_ORIGINS")?,
            portal_cors_origins: origins("LATCHKEY_PORTAL_CORS_ORIGINS")?,
            mail_from: mail_from(variable, control_origin.is_some())?,
            control_origin,
            gateway_origin: origin(variable, "LATCHKEY_GATEWAY_ORIGIN")?,
            audit_days: audit_days(variable)?,
        })
    }

    /// As core wants it. `token`: digest of the admin token; `None`: the Admin API answers 503.
    pub(crate) fn with_token(self, token: Option<KeyDigest>, node_id: Uuid) -> ControlSettings {
        ControlSettings {
            guesses_per_second: self.guesses_per_second,
            admin_origins: self.admin_origins,
            portal_cors_origins: self.portal_cors_origins,
            mail_from: self.mail_from,
            control_origin: self.control_origin,
            gateway_origin: self.gateway_origin,
            audit_days: self.audit_days,
            ..ControlSettings::new(token, HOSTNAME, node_id)
        }
    }
}

fn mail_from(
    variable: &impl Fn(&str) -> Option<String>,
    has_control_origin: bool,
) -> Result<Option<String>, String> {
    let name = "LATCHKEY_MAIL_FROM";
    let admitted = variable(name).map(|text| admit_sender(&text, has_control_origin));
    admitted.transpose().map_err(|error| format!("{name}: {error}"))
}

fn audit_days(variable: &impl Fn(&str) -> Option<String>) -> Result<u32, String> {
    let name = "LATCHKEY_AUDIT_DAYS";
    let days = number(variable, name, AUDIT_DAYS_DEFAULT)?;
    match (1..=AUDIT_DAYS_MAX).contains(&days) {
        true => Ok(days),
        false => Err(format!("{name}: must be 1 to {AUDIT_DAYS_MAX}")),
    }
}

fn number<T: std::str::FromStr>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
    default: T,
) -> Result<T, String> {
    let text = variable(name);
    text.map_or(Ok(default), |text| text.parse().map_err(|_| format!("{name} is not a number")))
}

/// The first choice is the default.
fn choice<T: Copy, const N: usize>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
    choices: [(&str, T); N],
) -> Result<T, String> {
    let text = variable(name).unwrap_or_else(|| choices[0].0.to_owned());
    let found = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
    let words = || choices.map(|(word, _)| word).join(" or ");
    found.ok_or_else(|| format!("{name} must be {}", words()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_not_set_has_a_default() {
        for settings in [read(&[]).unwrap(), read(&[("LATCHKEY_TABLE", ""), ("LATCHKEY_MODE", "")]).unwrap()]
        {
            assert_eq!(settings.table, "latchkey");
            assert_eq!(settings.mode, Mode::Proxy);
            assert_eq!(settings.authorizer_response, AuthorizerResponse::Simple);
            assert!(!settings.response_streaming);
            for refused in ["127.0.0.1", "169.254.169.254"] {
                assert!(settings.upstreams.judge(refused.parse().unwrap()).is_err(), "{refused}");
            }
            assert_eq!(settings.gateway.revocation_bound_ms, 5_000);
            assert_eq!(settings.gateway.outage_grace_ms, 60_000);
            assert_eq!((settings.control.guesses_per_second, settings.control.audit_days), (10, 90));
        }
    }

    #[test]
    fn variables_are_read() {
        let settings = read(&[
            ("LATCHKEY_TABLE", "keys"),
            ("LATCHKEY_MODE", "authorizer"),
            ("LATCHKEY_AUTHORIZER_RESPONSE", "iam"),
            ("LATCHKEY_RESPONSE_STREAMING", "true"),
            ("LATCHKEY_UPSTREAM_ALLOW", "127.0.0.0/8, ::1"),
            ("LATCHKEY_REVOCATION_BOUND_MS", "700"),
            ("LATCHKEY_OUTAGE_GRACE_MS", "0"),
            ("LATCHKEY_BODY_SEARCH_BYTES", "9"),
            ("LATCHKEY_GRANT_CACHE_BYTES", "10"),
            ("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "0"),
            ("LATCHKEY_AUDIT_DAYS", "7"),
            ("LATCHKEY_CONTROL_ORIGIN", "https://keys.example.com"),
            ("LATCHKEY_GATEWAY_ORIGIN", "https://api.example.com/"),
            ("LATCHKEY_HEADERS", "off"),
            ("LATCHKEY_GATEWAY_PREFIX", "/gateway"),
            ("LATCHKEY_MAIL_FROM", "Portal <portal@example.com>"),
            ("LATCHKEY_PORTAL_CORS_ORIGINS", "https://pages.example.com"),
        ])
        .unwrap();
        assert_eq!(settings.control.mail_from.as_deref(), Some("Portal <portal@example.com>"));
        assert_eq!((settings.table.as_str(), settings.mode), ("keys", Mode::Authorizer));
        assert_eq!(settings.authorizer_response, AuthorizerResponse::Iam);
        assert!(settings.response_streaming);
        assert_eq!(settings.upstreams.judge("127.0.0.1".parse().unwrap()), Ok(()));
        assert!(settings.upstreams.judge("169.254.169.254".parse().unwrap()).is_err());
        assert_eq!((settings.control.guesses_per_second, settings.control.audit_days), (0, 7));
        assert_eq!(settings.response_fields, ResponseFields::NONE);
        assert_eq!(settings.gateway.own_paths, OwnPaths::new("/gateway").unwrap());
        let GatewaySettings {
            revocation_bound_ms,
            outage_grace_ms,
            body_search_bytes,
            grant_cache_bytes,
            ..
        } = settings.gateway;
        assert_eq!(
            (revocation_bound_ms, outage_grace_ms, body_search_bytes, grant_cache_bytes),
            (700, 0, 9, 10)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("LATCHKEY_REVOCATION_BOUND_MS", "soon"),
            ("LATCHKEY_OUTAGE_GRACE_MS", "-1"),
            ("LATCHKEY_MODE", "Proxy"),
            ("LATCHKEY_UPSTREAM_ALLOW", "10.0.0.0/33"),
            ("LATCHKEY_AUTHORIZER_RESPONSE", "2.0"),
            ("LATCHKEY_RESPONSE_STREAMING", "1"),
            ("LATCHKEY_CONTROL_ORIGIN", "keys.example.com"),
            ("LATCHKEY_GATEWAY_ORIGIN", "https://api.example.com/a"),
            ("LATCHKEY_ADMIN_ORIGINS", "https://a.example.com,*"),
            ("LATCHKEY_AUDIT_DAYS", "0"),
            ("LATCHKEY_AUDIT_DAYS", "3651"),
            ("LATCHKEY_HEADERS", "all"),
            ("LATCHKEY_GATEWAY_PREFIX", "gateway"),
            ("LATCHKEY_PORTAL_CORS_ORIGINS", "*"),
            // Links in mails could not be written.
            ("LATCHKEY_MAIL_FROM", "portal@example.com"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
