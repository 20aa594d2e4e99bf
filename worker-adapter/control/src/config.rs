//! Settings, from the script's variables and secrets.

use latchkey_control::http::{AdminOrigins, ControlSettings};
use latchkey_control::mail::admit_sender;
use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::Peppers;
use latchkey_published::limits::{ADMIN_GUESSES_PER_SECOND_DEFAULT, AUDIT_DAYS_DEFAULT, AUDIT_DAYS_MAX};
use latchkey_request::origin::Origin;
use latchkey_router::OwnPaths;
use latchkey_worker_shared::variables::Variables;
use uuid::Uuid;

/// How old a replica's record may be, in milliseconds, unless a setting says otherwise: Workers KV
/// shows a change everywhere within a minute "or more"; twice that is assumed.
const REPLICA_HORIZON_MS_DEFAULT: u64 = 120_000;

/// What the control script is set to do.
#[derive(Debug)]
pub struct Settings {
    /// Of the control plane.
    pub control: ControlSettings,
    /// How long Workers KV may show an old state, in milliseconds.
    pub replica_horizon_ms: u64,
    /// Keys are digested under these.
    pub peppers: Peppers,
}

impl Settings {
    /// Reads a JSON object of variables and secrets, all text. `node_id`: of this instance.
    /// The error is for whoever deploys the Worker.
    pub fn parse(json: &str, node_id: Uuid) -> Result<Self, String> {
        let variables = Variables::parse(json)?;
        let peppers = variables.peppers()?;
        let token = variables.secret(SecretSetting::AdminToken)?;
        let token = token.map(|token| peppers.current.digest(token.as_bytes()));
        let origin = |name| variables.read_or(name, None, |text| Origin::parse(text).map(Some));
        let origins = |name| variables.read_or(name, AdminOrigins::default(), AdminOrigins::parse);
        let control_origin = origin("LATCHKEY_CONTROL_ORIGIN")?;
        let sender = |text: &str| admit_sender(text, control_origin.is_some()).map(Some);
        let control = ControlSettings {
            mail_from: variables.read_or("LATCHKEY_MAIL_FROM", None, sender)?,
            portal_cors_origins: origins("LATCHKEY_PORTAL_CORS_ORIGINS")?,
            guesses_per_second: variables
                .number("LATCHKEY_ADMIN_GUESSES_PER_SECOND", ADMIN_GUESSES_PER_SECOND_DEFAULT)?,
            admin_origins: origins("LATCHKEY_ADMIN_ORIGINS")?,
            control_origin,
            gateway_origin: origin("LATCHKEY_GATEWAY_ORIGIN")?,
            own_paths: variables.read_or("LATCHKEY_GATEWAY_PREFIX", OwnPaths::default(), OwnPaths::new)?,
            audit_days: variables.read_or("LATCHKEY_AUDIT_DAYS", AUDIT_DAYS_DEFAULT, audit_days)?,
            ..ControlSettings::new(token, "worker", node_id)
        };
        let replica_horizon_ms =
            variables.number("LATCHKEY_REPLICA_HORIZON_MS", REPLICA_HORIZON_MS_DEFAULT)?;
        Ok(Settings { control, replica_horizon_ms, peppers })
    }
}

fn audit_days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| (1..=AUDIT_DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("must be 1 to {AUDIT_DAYS_MAX}"))
}

#[cfg(test)]
mod tests {
    use latchkey_published::keys::Pepper;
    use serde_json::{Value, json};

    use super::*;

    const PEPPER: &str = "a pepper of thirty-two bytes, ok";

    fn parse(variables: Value) -> Result<Settings, String> {
        Settings::parse(&variables.to_string(), Uuid::nil())
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let settings = parse(json!({"LATCHKEY_PEPPER": PEPPER})).unwrap();
        assert!(settings.control.token.is_none() && settings.control.control_origin.is_none());
        assert_eq!((settings.control.guesses_per_second, settings.control.audit_days), (10, 90));
        assert_eq!(settings.replica_horizon_ms, 120_000);
    }

    #[test]
    fn variables_are_read() {
        let token = "a token of more than thirty-two bytes";
        let settings = parse(json!({
            "LATCHKEY_PEPPER": PEPPER, "LATCHKEY_ADMIN_TOKEN": token, "LATCHKEY_REPLICA_HORIZON_MS": "5",
            "LATCHKEY_CONTROL_ORIGIN": "https://control.test", "LATCHKEY_MAIL_FROM": "portal@control.test",
            "LATCHKEY_PORTAL_CORS_ORIGINS": "https://pages.test"
        }));
        let settings = settings.unwrap();
        assert_eq!(settings.control.mail_from.as_deref(), Some("portal@control.test"));
        assert_eq!(settings.control.token, Some(Pepper::new(PEPPER.as_bytes()).digest(token.as_bytes())));
        assert_eq!(settings.control.control_origin.unwrap().as_str(), "https://control.test");
        assert_eq!(settings.replica_horizon_ms, 5);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("LATCHKEY_ADMIN_TOKEN", "a"),
            ("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "-1"),
            ("LATCHKEY_REPLICA_HORIZON_MS", "soon"),
            ("LATCHKEY_AUDIT_DAYS", "0"),
            ("LATCHKEY_ADMIN_ORIGINS", "control.test"),
            ("LATCHKEY_PORTAL_CORS_ORIGINS", "*"),
            // Links in mails could not be written.
            ("LATCHKEY_MAIL_FROM", "portal@control.test"),
            ("LATCHKEY_GATEWAY_ORIGIN", "https://a/b"),
        ] {
            let error = parse(json!({"LATCHKEY_PEPPER": PEPPER, name: value})).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
