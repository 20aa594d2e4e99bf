//! Settings, from the environment; secrets are in `secrets.rs`.

use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::limits::ADMIN_GUESSES_PER_SECOND_DEFAULT;
use latchkey_request::network::parse_networks;
use latchkey_router::OwnPaths;

/// Everything under this path is ours, all else is proxied.
pub const PREFIX: &str = "/-";
const TABLE_DEFAULT: &str = "latchkey";

/// What a function is set to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of the data plane.
    pub gateway: GatewaySettings,
    /// Where upstreams may be. The machine's own addresses are the platform's: its Runtime API, which
    /// hands out events, is there.
    pub upstreams: UpstreamAddresses,
    /// Wrong admin tokens of one address in a second that are answered 401, the others 429; 0: all.
    pub admin_guesses_per_second: u32,
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

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes requests on.
    Proxy,
    /// Tells API Gateway whether a request may pass.
    Authorizer,
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
            ..defaults
        };
        let response_fields = match variable("LATCHKEY_HEADERS") {
            Some(text) => {
                ResponseFields::parse(&text).map_err(|error| format!("LATCHKEY_HEADERS: {error}"))?
            }
            None => ResponseFields::default(),
        };
        let mode =
            choice(&variable, "LATCHKEY_MODE", [("proxy", Mode::Proxy), ("authorizer", Mode::Authorizer)])?;
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
        let admin_guesses_per_second =
            number(&variable, "LATCHKEY_ADMIN_GUESSES_PER_SECOND", ADMIN_GUESSES_PER_SECOND_DEFAULT)?;
        Ok(Settings {
            gateway,
            upstreams,
            admin_guesses_per_second,
            response_fields,
            table,
            mode,
            authorizer_response,
            response_streaming,
        })
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
            assert_eq!(settings.admin_guesses_per_second, 10);
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
            ("LATCHKEY_HEADERS", "off"),
            ("LATCHKEY_GATEWAY_PREFIX", "/gateway"),
        ])
        .unwrap();
        assert_eq!((settings.table.as_str(), settings.mode), ("keys", Mode::Authorizer));
        assert_eq!(settings.authorizer_response, AuthorizerResponse::Iam);
        assert!(settings.response_streaming);
        assert_eq!(settings.upstreams.judge("127.0.0.1".parse().unwrap()), Ok(()));
        assert!(settings.upstreams.judge("169.254.169.254".parse().unwrap()).is_err());
        assert_eq!(settings.admin_guesses_per_second, 0);
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
            ("LATCHKEY_HEADERS", "all"),
            ("LATCHKEY_GATEWAY_PREFIX", "gateway"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
