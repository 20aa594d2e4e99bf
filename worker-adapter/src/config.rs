//! Settings, from the Worker's variables and secrets.

use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::{KeyDigest, Pepper, Peppers};
use latchkey_published::limits::ADMIN_GUESSES_PER_SECOND_DEFAULT;
use latchkey_request::network::parse_networks;
use latchkey_router::OwnPaths;
use serde_json::{Map, Value};

/// How old a replica's record may be, in milliseconds, unless a setting says otherwise: Workers KV
/// shows a change everywhere within a minute "or more"; twice that is assumed.
const REPLICA_HORIZON_MS_DEFAULT: u64 = 120_000;

/// What the Worker is set to do.
#[derive(Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// What responses are added.
    pub response_fields: ResponseFields,
    /// How long Workers KV may show an old state, in milliseconds.
    pub replica_horizon_ms: u64,
    /// Where upstreams may be, as far as their hosts say it themselves.
    pub upstreams: UpstreamAddresses,
    /// Keys are digested under these.
    pub peppers: Peppers,
    /// Digest of the admin token; `None`: the Admin API is refused.
    pub admin_token: Option<KeyDigest>,
    /// Wrong admin tokens of one address in a second that are answered 401, the others 429; 0: all.
    pub admin_guesses_per_second: u32,
}

impl Settings {
    /// Reads a JSON object of variables and secrets, all text.
    /// The error is for whoever deploys the Worker.
    pub fn parse(json: &str) -> Result<Self, String> {
        let variables: Map<String, Value> =
            serde_json::from_slice(json.as_bytes()).map_err(|error| error.to_string())?;
        // Set but empty counts as unset.
        let text = |name| variables.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let secret =
            |setting: SecretSetting| setting.admit(text(setting.name()).unwrap_or_default().as_bytes());
        let current = secret(SecretSetting::Pepper)?.ok_or("the secret LATCHKEY_PEPPER is not set")?;
        let previous = secret(SecretSetting::PepperPrevious)?;
        let peppers = Peppers {
            current: Pepper::new(current.as_bytes()),
            previous: previous.map(|pepper| Pepper::new(pepper.as_bytes())),
        };
        let admin_token = secret(SecretSetting::AdminToken)?;
        let number = |name, default| match text(name) {
            Some(text) => text.parse().map_err(|_| format!("{name} is not a number")),
            None => Ok(default),
        };
        let defaults = GatewaySettings::default();
        let gateway = GatewaySettings {
            revocation_bound_ms: number("LATCHKEY_REVOCATION_BOUND_MS", defaults.revocation_bound_ms)?,
            outage_grace_ms: number("LATCHKEY_OUTAGE_GRACE_MS", defaults.outage_grace_ms)?,
            body_search_bytes: number("LATCHKEY_BODY_SEARCH_BYTES", defaults.body_search_bytes as u64)?
                as usize,
            own_paths: match text("LATCHKEY_GATEWAY_PREFIX") {
                Some(prefix) => {
                    OwnPaths::new(prefix).map_err(|error| format!("LATCHKEY_GATEWAY_PREFIX: {error}"))?
                }
                None => defaults.own_paths,
            },
            ..defaults
        };
        let response_fields = match text("LATCHKEY_HEADERS") {
            Some(text) => {
                ResponseFields::parse(text).map_err(|error| format!("LATCHKEY_HEADERS: {error}"))?
            }
            None => ResponseFields::default(),
        };
        let allowed = parse_networks(text("LATCHKEY_UPSTREAM_ALLOW").unwrap_or_default())
            .map_err(|error| format!("LATCHKEY_UPSTREAM_ALLOW: {error}"))?;
        Ok(Settings {
            gateway,
            response_fields,
            upstreams: UpstreamAddresses::new(allowed),
            replica_horizon_ms: number("LATCHKEY_REPLICA_HORIZON_MS", REPLICA_HORIZON_MS_DEFAULT)?,
            admin_token: admin_token.map(|token| peppers.current.digest(token.as_bytes())),
            admin_guesses_per_second: number(
                "LATCHKEY_ADMIN_GUESSES_PER_SECOND",
                ADMIN_GUESSES_PER_SECOND_DEFAULT.into(),
            )? as u32,
            peppers,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PEPPER: &str = "a pepper of thirty-two bytes, ok";

    fn parse(variables: Value) -> Result<Settings, String> {
        Settings::parse(&variables.to_string())
    }

    #[test]
    fn variables_are_read() {
        let settings =
            parse(json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_REVOCATION_BOUND_MS": "700", "OTHER": "x"}))
                .unwrap();
        assert_eq!(settings.gateway.revocation_bound_ms, 700);
        assert_eq!(settings.replica_horizon_ms, REPLICA_HORIZON_MS_DEFAULT);
        assert!(settings.admin_token.is_none());
        assert_eq!(settings.admin_guesses_per_second, 10);
        assert_eq!(settings.response_fields, ResponseFields::default());
        let set =
            json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_HEADERS": "off", "LATCHKEY_GATEWAY_PREFIX": "/own"});
        let settings = parse(set).unwrap();
        assert_eq!(settings.response_fields, ResponseFields::NONE);
        assert_eq!(settings.gateway.own_paths, OwnPaths::new("/own").unwrap());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(Settings::parse("{}").unwrap_err().contains("LATCHKEY_PEPPER"));
        for (name, value) in [
            ("LATCHKEY_OUTAGE_GRACE_MS", "soon"),
            ("LATCHKEY_HEADERS", "all"),
            ("LATCHKEY_GATEWAY_PREFIX", "gateway"),
        ] {
            let error = parse(json!({"LATCHKEY_PEPPER": PEPPER, name: value})).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn secrets_are_admitted() {
        let token = "a token of more than thirty-two bytes";
        let all = json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_PEPPER_PREVIOUS": "p", "LATCHKEY_ADMIN_TOKEN": token});
        let settings = parse(all).unwrap();
        assert_eq!(settings.admin_token, Some(Pepper::new(PEPPER.as_bytes()).digest(token.as_bytes())));
        assert_eq!(settings.peppers.previous.unwrap().id(), Pepper::new(b"p").id());
        for (name, set) in [
            ("LATCHKEY_PEPPER", json!({"LATCHKEY_PEPPER": "p"})),
            ("LATCHKEY_ADMIN_TOKEN", json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_ADMIN_TOKEN": "a"})),
        ] {
            let error = parse(set).unwrap_err();
            assert!(error.starts_with(name) && error.contains("openssl rand -hex 32"), "{error}");
        }
    }
}
