//! Settings, from the Worker's variables and secrets.

use latchkey_core::gateway::GatewaySettings;
use latchkey_core::keys::{KeyDigest, Pepper, Peppers};
use latchkey_core::network::parse_networks;
use latchkey_core::upstream_address::UpstreamAddresses;
use serde_json::{Map, Value};

/// How old a replica's record may be, in milliseconds, unless a setting says otherwise: Workers KV
/// shows a change everywhere within a minute "or more"; twice that is assumed.
const REPLICA_HORIZON_MS_DEFAULT: u64 = 120_000;

/// What the Worker is set to do.
#[derive(Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// How long Workers KV may show an old state, in milliseconds.
    pub replica_horizon_ms: u64,
    /// Where upstreams may be, as far as their hosts say it themselves.
    pub upstreams: UpstreamAddresses,
    /// Keys are digested under these.
    pub peppers: Peppers,
    /// Digest of the admin token; `None`: the Admin API is refused.
    pub admin_token: Option<KeyDigest>,
}

impl Settings {
    /// Reads a JSON object of variables and secrets, all text.
    /// The error is for whoever deploys the Worker.
    pub fn parse(json: &str) -> Result<Self, String> {
        let variables: Map<String, Value> =
            serde_json::from_slice(json.as_bytes()).map_err(|error| error.to_string())?;
        // Set but empty counts as unset.
        let text = |name| variables.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let pepper = |name| text(name).map(|pepper: &str| Pepper::new(pepper.as_bytes()));
        let current = pepper("LATCHKEY_PEPPER").ok_or("the secret LATCHKEY_PEPPER is not set")?;
        let peppers = Peppers { current, previous: pepper("LATCHKEY_PEPPER_PREVIOUS") };
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
            ..defaults
        };
        let allowed = parse_networks(text("LATCHKEY_UPSTREAM_ALLOW").unwrap_or_default())
            .map_err(|error| format!("LATCHKEY_UPSTREAM_ALLOW: {error}"))?;
        Ok(Settings {
            gateway,
            upstreams: UpstreamAddresses::new(allowed),
            replica_horizon_ms: number("LATCHKEY_REPLICA_HORIZON_MS", REPLICA_HORIZON_MS_DEFAULT)?,
            admin_token: text("LATCHKEY_ADMIN_TOKEN").map(|token| peppers.current.digest(token.as_bytes())),
            peppers,
        })
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
