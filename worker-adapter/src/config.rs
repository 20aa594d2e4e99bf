//! Settings, from the Worker's variables and secrets.

use latchkey_core::gateway::GatewaySettings;
use latchkey_core::keys::{KeyDigest, Pepper, Peppers};
use serde::Deserialize;

/// How old a replica's record may be, in milliseconds, unless a setting says otherwise: Workers KV
/// shows a change everywhere within a minute "or more"; twice that is assumed.
const REPLICA_HORIZON_MS_DEFAULT: u64 = 120_000;

/// Variables and secrets by their names, all text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Variables {
    latchkey_revocation_bound_ms: Option<String>,
    latchkey_outage_grace_ms: Option<String>,
    latchkey_body_search_bytes: Option<String>,
    latchkey_replica_horizon_ms: Option<String>,
    latchkey_admin_token: Option<String>,
    latchkey_pepper: Option<String>,
    latchkey_pepper_previous: Option<String>,
}

/// What the Worker is set to do.
#[derive(Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// How long Workers KV may show an old state, in milliseconds.
    pub replica_horizon_ms: u64,
    /// Keys are digested under these.
    pub peppers: Peppers,
    /// Digest of the admin token; `None`: the Admin API is refused.
    pub admin_token: Option<KeyDigest>,
}

impl Settings {
    /// Reads a JSON object of variables. The error is for whoever deploys the Worker.
    pub fn parse(json: &str) -> Result<Self, String> {
        let variables: Variables = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let secret = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pepper = secret(variables.latchkey_pepper).ok_or("the secret LATCHKEY_PEPPER is not set")?;
        let previous = secret(variables.latchkey_pepper_previous);
        let peppers = Peppers {
            current: Pepper::new(pepper.as_bytes()),
            previous: previous.map(|pepper| Pepper::new(pepper.as_bytes())),
        };
        let defaults = GatewaySettings::default();
        let gateway = GatewaySettings {
            revocation_bound_ms: number(
                "LATCHKEY_REVOCATION_BOUND_MS",
                variables.latchkey_revocation_bound_ms,
                defaults.revocation_bound_ms,
            )?,
            outage_grace_ms: number(
                "LATCHKEY_OUTAGE_GRACE_MS",
                variables.latchkey_outage_grace_ms,
                defaults.outage_grace_ms,
            )?,
            body_search_bytes: number(
                "LATCHKEY_BODY_SEARCH_BYTES",
                variables.latchkey_body_search_bytes,
                defaults.body_search_bytes,
            )?,
            ..defaults
        };
        Ok(Settings {
            gateway,
            replica_horizon_ms: number(
                "LATCHKEY_REPLICA_HORIZON_MS",
                variables.latchkey_replica_horizon_ms,
                REPLICA_HORIZON_MS_DEFAULT,
            )?,
            admin_token: secret(variables.latchkey_admin_token)
                .map(|token| peppers.current.digest(token.as_bytes())),
            peppers,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, text: Option<String>, default: T) -> Result<T, String> {
    match text {
        Some(text) if !text.is_empty() => text.parse().map_err(|_| format!("{name} is not a number")),
        _ => Ok(default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read() {
        let settings = Settings::parse(
            r#"{"LATCHKEY_PEPPER": "p", "LATCHKEY_REVOCATION_BOUND_MS": "700", "OTHER": "x"}"#,
        )
        .unwrap();
        assert_eq!(settings.gateway.revocation_bound_ms, 700);
        assert_eq!(settings.replica_horizon_ms, REPLICA_HORIZON_MS_DEFAULT);
        assert!(settings.admin_token.is_none());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(Settings::parse("{}").unwrap_err().contains("LATCHKEY_PEPPER"));
        let wrong = r#"{"LATCHKEY_PEPPER": "p", "LATCHKEY_OUTAGE_GRACE_MS": "soon"}"#;
        assert!(Settings::parse(wrong).unwrap_err().contains("LATCHKEY_OUTAGE_GRACE_MS"));
    }
}
