//! Any path is normalised, any route is compiled or refused, any request is matched, without panic;
//! what was accepted on saving also compiles, and the upstream path never climbs out of the service's.

#![no_main]

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderName, HeaderValue};
use latchkey_request::authority::Authority;
use latchkey_router::{
    NormalPath, RouteRequest, RouteSpec, Router, check_header_name, check_header_value, check_host,
    check_path, normalise_path, upstream_path,
};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

#[derive(Arbitrary, Debug)]
struct Input {
    routes: Vec<FuzzRoute>,
    method: String,
    host: Vec<u8>,
    path: Vec<u8>,
    https: bool,
    headers: Vec<(String, Vec<u8>)>,
    sni: Option<String>,
}

#[derive(Arbitrary, Debug)]
struct FuzzRoute {
    methods: Vec<String>,
    hosts: Vec<String>,
    paths: Vec<String>,
    headers: Vec<(String, Vec<String>)>,
    snis: Vec<String>,
    strip_path: bool,
}

impl FuzzRoute {
    fn is_accepted_on_saving(&self) -> bool {
        self.hosts.iter().all(|host| check_host(host).is_ok())
            && self.paths.iter().all(|path| check_path(path).is_ok())
            && self.headers.iter().all(|(name, values)| {
                check_header_name(name).is_ok()
                    && values.iter().all(|value| check_header_value(value).is_ok())
            })
    }

    fn has_condition(&self) -> bool {
        let lists = [&self.methods, &self.hosts, &self.paths, &self.snis];
        lists.iter().any(|list| !list.is_empty()) || self.headers.iter().any(|(_, values)| !values.is_empty())
    }

    fn spec(self, index: usize) -> RouteSpec {
        RouteSpec {
            methods: Some(self.methods),
            hosts: Some(self.hosts),
            paths: Some(self.paths),
            headers: Some(self.headers.into_iter().collect()),
            snis: Some(self.snis),
            strip_path: self.strip_path,
            ..RouteSpec::new(Uuid::from_u128(index as u128))
        }
    }
}

fuzz_target!(|input: Input| {
    let normal = normalise_path(&input.path);
    assert_eq!(normal.first(), Some(&b'/'));
    assert_eq!(normalise_path(&normal), normal);

    let must_compile: Vec<bool> = input
        .routes
        .iter()
        // Names that differ only in case collide in a map keyed by name; leave those to the compiler.
        .map(|route| route.is_accepted_on_saving() && route.has_condition() && route.headers.len() < 2)
        .collect();
    let specs: Vec<RouteSpec> =
        input.routes.into_iter().enumerate().map(|(index, route)| route.spec(index)).collect();
    let router = Router::compile(specs, None);
    for rejected in router.rejected() {
        assert!(!must_compile[rejected.id.as_u128() as usize], "{rejected:?}");
    }

    let mut headers = HeaderMap::new();
    for (name, value) in &input.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let request = RouteRequest {
        method: &input.method,
        authority: Authority::parse(&input.host).unwrap_or_default(),
        scheme_https: input.https,
        headers: &headers,
        ends_tls: input.https,
        sni: input.sni.as_deref(),
    };
    let path = NormalPath::new(&input.path);
    if let Some(found) = router.find(&request, &path) {
        assert!(found.matched <= path.len());
        let mut out = Vec::new();
        upstream_path(Some(b"/base"), &path, found.stripped(), &mut out);
        assert!(out.starts_with(b"/base"));
        assert!(!out.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b".."));
    }
});
