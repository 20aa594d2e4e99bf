//! Settings, from the script's variables and secrets.

use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::Peppers;
use latchkey_request::network::parse_networks;
use latchkey_request::origin::Origin;
use latchkey_router::OwnPaths;
use latchkey_worker_shared::variables::Variables;

/// What the gateway's script is set to do.
#[derive(Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// What responses are added.
    pub response_fields: ResponseFields,
    /// Where upstreams may be, as far as their hosts say it themselves.
    pub upstreams: UpstreamAddresses,
    /// Keys are digested under these.
    pub peppers: Peppers,
}

impl Settings {
    /// Reads a JSON object of variables and secrets, all text.
    /// The error is for whoever deploys the Worker.
    pub fn parse(json: &str) -> Result<Self, String> {
        let variables = Variables::parse(json)?;
        let peppers = variables.peppers()?;
        let verify_token = variables.secret(SecretSetting::VerifyToken)?;
        let defaults = GatewaySettings::default();
        let gateway = GatewaySettings {
            revocation_bound_ms: variables
                .number("LATCHKEY_REVOCATION_BOUND_MS", defaults.revocation_bound_ms)?,
            outage_grace_ms: variables.number("LATCHKEY_OUTAGE_GRACE_MS", defaults.outage_grace_ms)?,
            body_search_bytes: variables.number("LATCHKEY_BODY_SEARCH_BYTES", defaults.body_search_bytes)?,
            own_paths: variables.read_or("LATCHKEY_GATEWAY_PREFIX", defaults.own_paths, OwnPaths::new)?,
            control_origin: variables
                .read_or("LATCHKEY_CONTROL_ORIGIN", None, |text| Origin::parse(text).map(Some))?,
            verify_token: verify_token.map(|token| peppers.current.digest(token.as_bytes())),
            ..defaults
        };
        let fields = ResponseFields::default();
        let allowed = variables.read_or("LATCHKEY_UPSTREAM_ALLOW", Vec::new(), parse_networks)?;
        Ok(Settings {
            gateway,
            response_fields: variables.read_or("LATCHKEY_HEADERS", fields, ResponseFields::parse)?,
            upstreams: UpstreamAddresses::new(allowed),
            peppers,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(Settings::parse("{}").unwrap_err().contains("LATCHKEY_PEPPER"));
        let others = ["LATCHKEY_UPSTREAM_ALLOW", "LATCHKEY_HEADERS", "LATCHKEY_GATEWAY_PREFIX"];
        for name in ["LATCHKEY_OUTAGE_GRACE_MS"].into_iter().chain(others) {
            let wrong = json!({"LATCHKEY_PEPPER": PEPPER, name: "soon"});
            assert!(parse(wrong).unwrap_err().starts_with(name));
        }
    }
}
