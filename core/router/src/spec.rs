use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use latchkey_published::routes;
use latchkey_published::stored::{Stored, Unreadable};

/// One route as Kong's entity has it: its conditions and what the proxy does with a match.
///
/// An empty list is the same as none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSpec {
    /// Identifier.
    pub id: Uuid,
    /// Unique name.
    pub name: Option<String>,
    /// Service the request goes to; in JSON `{"id": "…"}` or null.
    pub service: Option<Uuid>,
    /// Protocols the route serves. They do not take part in matching: see [`super::Match::https_required`].
    pub protocols: Vec<String>,
    /// Any of these methods.
    pub methods: Option<Vec<String>>,
    /// Any of these hosts, each with an optional wildcard label and an optional port.
    pub hosts: Option<Vec<String>>,
    /// Any of these path prefixes, or regexes behind `~`.
    pub paths: Option<Vec<String>>,
    /// For every name, any of its values; a value behind `~*` is a regex.
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// Any of these TLS server names; not looked at when the request came by plain HTTP.
    pub snis: Option<Vec<String>>,
    /// Status of the answer to plain HTTP when only HTTPS is served.
    pub https_redirect_status_code: u16,
    /// Higher goes first, among routes with a regex path.
    pub regex_priority: i64,
    /// Whether the matched part of the path is cut before forwarding.
    pub strip_path: bool,
    /// Whether the client's `Host` is forwarded.
    pub preserve_host: bool,
    /// `v0` or `v1`; as in Kong's `traditional_compatible`, both behave as `v0`.
    pub path_handling: Option<String>,
    /// Seconds since 1970; the older of two otherwise equal routes goes first.
    pub created_at: i64,
}

impl RouteSpec {
    /// A route without conditions, with Kong's defaults.
    pub fn new(id: Uuid) -> Self {
        RouteSpec {
            id,
            name: None,
            service: None,
            protocols: routes::PROTOCOLS.default_texts(),
            methods: None,
            hosts: None,
            paths: None,
            headers: None,
            snis: None,
            https_redirect_status_code: routes::HTTPS_REDIRECT_STATUS_CODE.default as u16,
            regex_priority: routes::REGEX_PRIORITY.default,
            strip_path: routes::STRIP_PATH.default,
            preserve_host: routes::PRESERVE_HOST.default,
            path_handling: None,
            created_at: 0,
        }
    }

    /// Reads Kong's JSON, with Kong's defaults; unknown fields are ignored.
    pub fn parse(value: &Value) -> Result<Self, Unreadable> {
        Stored::new(value).and_then(Self::read)
    }

    /// Reads a stored route.
    pub fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(RouteSpec {
            id: stored.required("id")?,
            name: stored.member("name")?,
            service: stored.reference("service")?,
            protocols: stored.texts(&routes::PROTOCOLS)?,
            methods: stored.member("methods")?,
            hosts: stored.member("hosts")?,
            paths: stored.member("paths")?,
            headers: stored.member("headers")?,
            snis: stored.member("snis")?,
            https_redirect_status_code: stored.number(&routes::HTTPS_REDIRECT_STATUS_CODE)?,
            regex_priority: stored.number(&routes::REGEX_PRIORITY)?,
            strip_path: stored.flag(&routes::STRIP_PATH)?,
            preserve_host: stored.flag(&routes::PRESERVE_HOST)?,
            path_handling: stored.member("path_handling")?,
            created_at: stored.member("created_at")?.unwrap_or_default(),
        })
    }

    /// Whether the route serves TLS only.
    pub fn is_https_only(&self) -> bool {
        let serves =
            |names: [&str; 3]| self.protocols.iter().any(|protocol| names.contains(&protocol.as_str()));
        serves(["https", "grpcs", "wss"]) && !serves(["http", "grpc", "ws"])
    }

    /// Whether the route serves TCP, TLS or UDP streams, which never reach this router.
    pub fn is_stream_only(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    #[test]
    fn reads_kongs_json_with_its_defaults() {
        let bare = RouteSpec::parse(&serde_json::json!({ "id": ID, "tags": ["x"] })).unwrap();
        assert_eq!(bare, RouteSpec::new(Uuid::parse_str(ID).unwrap()));
        let nulls = RouteSpec::parse(&serde_json::json!({
            "id": ID, "name": null, "service": null, "protocols": null, "methods": null, "hosts": null,
            "paths": null, "headers": null, "snis": null, "https_redirect_status_code": null,
            "regex_priority": null, "strip_path": null, "preserve_host": null, "path_handling": null,
            "created_at": null,
        }))
        .unwrap();
        assert_eq!(nulls, bare);
    }

    #[test]
    fn reads_every_field() {
        let route = RouteSpec::parse(&serde_json::json!({
            "id": ID, "service": { "id": ID, "name": "ignored" }, "protocols": ["https"],
            "headers": { "X-Plan": ["gold", "~*sil.*"] }, "strip_path": false, "path_handling": "v1",
        }))
        .unwrap();
        assert_eq!(route.service, Some(route.id));
        assert!(route.is_https_only());
        assert_eq!(route.headers.unwrap().get("X-Plan").unwrap(), &["gold", "~*sil.*"]);
        assert!(!route.strip_path);
        assert_eq!(route.path_handling.as_deref(), Some("v1"));
        assert!(RouteSpec::parse(&serde_json::json!({ "id": ID, "paths": "/a" })).is_err());
    }
}
