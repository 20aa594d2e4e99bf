//! Rules as tables, a slow matcher to compare with, and timings.

mod agreement;
mod reference;
mod rules;
mod timing;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use latchkey_request::authority::Authority;

/// A request as tests write it: `GET http://a.test/x`, with headers and TLS server name beside it.
#[derive(Clone, Debug)]
pub(super) struct TestRequest {
    pub(super) method: String,
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) path: Vec<u8>,
    pub(super) headers: HeaderMap,
    pub(super) sni: Option<String>,
}

impl TestRequest {
    pub(super) fn parse(line: &str) -> Self {
        let (method, url) = line.split_once(' ').unwrap();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        TestRequest {
            method: method.to_owned(),
            https: scheme == "https",
            host: host.to_owned(),
            path: path.as_bytes().to_vec(),
            headers: HeaderMap::new(),
            sni: None,
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(super) fn sni(mut self, sni: &str) -> Self {
        self.sni = Some(sni.to_owned());
        self
    }

    pub(super) fn as_request(&self) -> RouteRequest<'_, HeaderMap> {
        RouteRequest {
            method: &self.method,
            authority: Authority::parse(self.host.as_bytes()).unwrap(),
            scheme_https: self.https,
            headers: &self.headers,
            ends_tls: self.https,
            sni: self.sni.as_deref(),
        }
    }

    /// Name of the route found and the bytes matched.
    pub(super) fn find<'r>(&self, router: &'r Router) -> Option<(&'r str, usize)> {
        let found = router.find(&self.as_request(), &NormalPath::new(&self.path))?;
        assert_eq!(router.routes().nth(found.route_index), Some(found.route));
        assert_eq!(found.https_required, !self.https && found.route.is_https_only());
        Some((found.route.name.as_deref().unwrap(), found.matched))
    }
}

/// Routes from a map of name to entity; ids and ages ascend in the order of the names unless given.
pub(super) fn routes(entities: Value) -> Vec<RouteSpec> {
    let entities = entities.as_object().unwrap().clone();
    let route = |(index, (name, entity)): (usize, (String, Value))| {
        let mut route = json!({ "id": Uuid::from_u128(index as u128), "name": name, "created_at": index });
        route.as_object_mut().unwrap().extend(entity.as_object().unwrap().clone());
        RouteSpec::parse(&route).unwrap()
    };
    entities.into_iter().enumerate().map(route).collect()
}
