use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// One route as Kong's entity has it: its conditions and what the proxy does with a match.
///
/// Reads Kong's JSON; unknown fields are ignored, an empty list is the same as none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSpec {
    /// Identifier.
    pub id: Uuid,
    /// Unique name.
    #[serde(default)]
    pub name: Option<String>,
    /// Service the request goes to; in JSON `{"id": "…"}` or null.
    #[serde(default, with = "reference")]
    pub service: Option<Uuid>,
    /// Protocols the route serves. They do not take part in matching: see [`super::Match::https_required`].
    #[serde(default = "http_and_https", deserialize_with = "protocols")]
    pub protocols: Vec<String>,
    /// Any of these methods.
    #[serde(default)]
    pub methods: Option<Vec<String>>,
    /// Any of these hosts, each with an optional wildcard label and an optional port.
    #[serde(default)]
    pub hosts: Option<Vec<String>>,
    /// Any of these path prefixes, or regexes behind `~`.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// For every name, any of its values; a value behind `~*` is a regex.
    #[serde(default)]
    pub headers: Option<LiteMap<String, Vec<String>>>,
    /// Any of these TLS server names; not looked at when the request came by plain HTTP.
    #[serde(default)]
    pub snis: Option<Vec<String>>,
    /// Status of the answer to plain HTTP when only HTTPS is served.
    #[serde(default = "upgrade_required", deserialize_with = "upgrade_required_if_null")]
    pub https_redirect_status_code: u16,
    /// Higher goes first, among routes with a regex path.
    #[serde(default, deserialize_with = "default_if_null")]
    pub regex_priority: i64,
    /// Whether the matched part of the path is cut before forwarding.
    #[serde(default = "yes", deserialize_with = "yes_if_null")]
    pub strip_path: bool,
    /// Whether the client's `Host` is forwarded.
    #[serde(default, deserialize_with = "default_if_null")]
    pub preserve_host: bool,
    /// `v0` or `v1`; as in Kong's `traditional_compatible`, both behave as `v0`.
    #[serde(default)]
    pub path_handling: Option<String>,
    /// Seconds since 1970; the older of two otherwise equal routes goes first.
    #[serde(default, deserialize_with = "default_if_null")]
    pub created_at: i64,
}

impl RouteSpec {
    /// A route without conditions, with Kong's defaults.
    pub fn new(id: Uuid) -> Self {
        RouteSpec {
            id,
            name: None,
            service: None,
            protocols: http_and_https(),
            methods: None,
            hosts: None,
            paths: None,
            headers: None,
            snis: None,
            https_redirect_status_code: upgrade_required(),
            regex_priority: 0,
            strip_path: true,
            preserve_host: false,
            path_handling: None,
            created_at: 0,
        }
    }

    /// Whether the route serves TLS only.
    pub fn is_https_only(&self) -> bool {
        let serves =
            |names: [&str; 3]| self.protocols.iter().any(|protocol| names.contains(&protocol.as_str()));
        serves(["https", "grpcs", "wss"]) && !serves(["http", "grpc", "ws"])
    }

    /// Whether the route serves TCP, TLS or UDP streams, which never reach this router.
    pub(super) fn is_stream_only(&self) -> bool {
        let stream =
            |protocol: &String| matches!(protocol.as_str(), "tcp" | "tls" | "tls_passthrough" | "udp");
        !self.protocols.is_empty() && self.protocols.iter().all(stream)
    }

    pub(super) fn methods(&self) -> &[String] {
        self.methods.as_deref().unwrap_or_default()
    }

    pub(super) fn hosts(&self) -> &[String] {
        self.hosts.as_deref().unwrap_or_default()
    }

    pub(super) fn paths(&self) -> &[String] {
        self.paths.as_deref().unwrap_or_default()
    }

    /// Header conditions; a name without values is no condition.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        self.headers.iter().flatten().filter(|(_, values)| !values.is_empty())
    }

    pub(super) fn snis(&self) -> &[String] {
        self.snis.as_deref().unwrap_or_default()
    }
}

fn http_and_https() -> Vec<String> {
    vec!["http".to_owned(), "https".to_owned()]
}

fn upgrade_required() -> u16 {
    426
}

fn yes() -> bool {
    true
}

fn default_if_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

fn yes_if_null<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_else(yes))
}

fn upgrade_required_if_null<'de, D: Deserializer<'de>>(input: D) -> Result<u16, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_else(upgrade_required))
}

fn protocols<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_else(http_and_https))
}

/// Kong writes a reference to another entity as `{"id": "…"}`.
mod reference {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use uuid::Uuid;

    #[derive(Serialize, Deserialize)]
    struct Reference {
        id: Uuid,
    }

    pub(super) fn serialize<S: Serializer>(id: &Option<Uuid>, output: S) -> Result<S::Ok, S::Error> {
        id.map(|id| Reference { id }).serialize(output)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Uuid>, D::Error> {
        Ok(Option::<Reference>::deserialize(input)?.map(|reference| reference.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    #[test]
    fn reads_kongs_json_with_its_defaults() {
        let bare: RouteSpec = serde_json::from_value(serde_json::json!({ "id": ID, "tags": ["x"] })).unwrap();
        assert_eq!(bare, RouteSpec::new(Uuid::parse_str(ID).unwrap()));
        let nulls: RouteSpec = serde_json::from_value(serde_json::json!({
            "id": ID, "name": null, "service": null, "protocols": null, "methods": null, "hosts": null,
            "paths": null, "headers": null, "snis": null, "https_redirect_status_code": null,
            "regex_priority": null, "strip_path": null, "preserve_host": null, "path_handling": null,
            "created_at": null,
        }))
        .unwrap();
        assert_eq!(nulls, bare);
    }

    #[test]
    fn survives_a_round_trip() {
        let route: RouteSpec = serde_json::from_value(serde_json::json!({
            "id": ID, "service": { "id": ID, "name": "ignored" }, "protocols": ["https"],
            "headers": { "X-Plan": ["gold", "~*sil.*"] }, "strip_path": false, "path_handling": "v1",
        }))
        .unwrap();
        assert_eq!(route.service, Some(route.id));
        assert!(route.is_https_only());
        let written = serde_json::to_value(&route).unwrap();
        assert_eq!(written["service"], serde_json::json!({ "id": ID }));
        assert_eq!(serde_json::from_value::<RouteSpec>(written).unwrap(), route);
    }
}
