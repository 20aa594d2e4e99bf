//! The router answers as the reference does, whatever the routes and the requests.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use uuid::Uuid;

use super::reference::Reference;
use super::{Explanation, NormalPath, RouteSpec, Router, TestRequest, Why};

// Few words, so that routes overlap and requests meet them.
const METHODS: &[&str] = &["GET", "POST"];
const HOSTS: &[&str] = &[
    "a.test",
    "A.test:80",
    "b.a.test",
    "a.test:8000",
    "*.a.test",
    "*.test:8000",
    "*.test",
    "a.*",
    "b.a.*",
    "a.*",
    "other",
    "*.test:443",
];
const PATHS: &[&str] = &[
    "/",
    "/a",
    "/a/",
    "/ab",
    "/a/b",
    "/a/b/c",
    "/b",
    "/a b",
    "/%7Bx",
    "~/",
    "~/a",
    "~/a/b",
    r"~/a/\w+",
    r"~/\w+/b$",
    "~/(?<x>a|b)/c",
    "~/a|/b",
    "~/(?i)AB",
    "~/a(/b)?",
    "~/a+b",
    "~/.*c",
    "~/a$",
];
const HEADERS: &[&str] = &["x-a", "X-B", "x_c"];
const VALUES: &[&str] = &["1", "2", "One", "~*^o", "~*[12]", "3", "4", "5"];
const SNIS: &[&str] = &["a.test", "B.a.test.", "other"];
const SENT_HOSTS: &[&str] = &[
    "a.test",
    "A.TEST",
    "a.test:80",
    "a.test:8000",
    "b.a.test",
    "c.b.A.test:8000",
    "a.x",
    "b.a.x:443",
    "test",
    "other",
    "none",
    "",
    "a.",
    "x.a.test.",
];
const SENT_PATHS: &[&str] = &[
    "/",
    "/a",
    "/a/",
    "/ab",
    "/AB/c",
    "/a/b",
    "/a/b/c",
    "/a//b",
    "/b/c",
    "/b/b",
    "/aab",
    "/a%20b",
    "/a b",
    "/{x}",
    "/%61/b",
    "/x/../a/c",
    "/c",
    "*",
    "/z",
];
const SENT_VALUES: &[&str] = &["1", "2", "ONE", "once", "3", "4", "x", ""];
const SENT_SNIS: &[&str] = &["A.test", "b.a.test", "none"];

fn some_of(words: &'static [&'static str], most: usize) -> impl Strategy<Value = Option<Vec<String>>> {
    let words = subsequence(words, 0..=most).prop_shuffle();
    prop::option::of(words.prop_map(|words| words.into_iter().map(str::to_owned).collect()))
}

fn route_headers() -> impl Strategy<Value = Option<BTreeMap<String, Vec<String>>>> {
    let values =
        subsequence(VALUES, 0..=3).prop_map(|values| values.into_iter().map(str::to_owned).collect());
    let headers = prop::collection::btree_map(select(HEADERS).prop_map(str::to_owned), values, 0..=3);
    prop::option::of(headers)
}

fn route() -> impl Strategy<Value = RouteSpec> {
    let conditions = (
        some_of(METHODS, 1),
        some_of(HOSTS, 3),
        some_of(PATHS, 4),
        route_headers(),
        prop::option::weighted(0.1, subsequence(SNIS, 1..=2)),
    );
    (conditions, -1..2_i64, 0..3_i64).prop_map(|(conditions, regex_priority, created_at)| {
        let (methods, hosts, paths, headers, snis) = conditions;
        let snis = snis.map(|snis| snis.into_iter().map(str::to_owned).collect());
        RouteSpec {
            methods,
            hosts,
            paths,
            headers,
            snis,
            regex_priority,
            created_at,
            ..RouteSpec::new(Uuid::nil())
        }
    })
}

fn has_condition(route: &RouteSpec) -> bool {
    let used = |field: &Option<Vec<String>>| field.as_ref().is_some_and(|values| !values.is_empty());
    let headers = route.headers.iter().flatten().any(|(_, values)| !values.is_empty());
    headers || [&route.methods, &route.hosts, &route.paths, &route.snis].into_iter().any(used)
}

fn route_set() -> impl Strategy<Value = Vec<RouteSpec>> {
    // Crowds at one path, for the index by header.
    let crowd = prop::collection::vec(route_headers(), 0..20).prop_map(|crowd| {
        let route =
            |headers| RouteSpec { headers, paths: Some(vec!["/a".into()]), ..RouteSpec::new(Uuid::nil()) };
        crowd.into_iter().map(route).collect::<Vec<_>>()
    });
    (prop::collection::vec(route(), 0..12), crowd).prop_map(|(mut routes, crowd)| {
        routes.extend(crowd);
        routes.retain(has_condition);
        for (index, route) in routes.iter_mut().enumerate() {
            // Ids that do not follow the order given.
            route.id = Uuid::from_u128((index as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0xffff);
            route.name = Some(format!("{index}"));
        }
        routes
    })
}

fn request() -> impl Strategy<Value = TestRequest> {
    let headers = prop::collection::vec((select(HEADERS), select(SENT_VALUES)), 0..5);
    let path = prop_oneof![
        4 => select(SENT_PATHS).prop_map(|path| path.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    let sni = prop::option::of(select(SENT_SNIS).prop_map(str::to_owned));
    (select(METHODS), any::<bool>(), select(SENT_HOSTS), path, headers, sni).prop_map(
        |(method, https, host, path, sent, sni)| {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.append(name, HeaderValue::from_static(value));
            }
            TestRequest { method: method.to_owned(), https, host: host.to_owned(), path, headers, sni }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn router_and_reference_agree(
        routes in route_set(),
        requests in prop::collection::vec(request(), 1..24),
    ) {
        let router = Router::compile(routes.clone(), None);
        prop_assert_eq!(router.rejected(), &[]);
        let again = Router::compile(routes.iter().rev().cloned(), Some(&router));
        let reference = Reference::new(&routes);
        for request in &requests {
            let expected = reference.find(request);
            prop_assert_eq!(request.find(&router), expected, "{:?}", request);
            prop_assert_eq!(request.find(&again), expected, "recompiled: {:?}", request);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A route by itself matches just when nothing is said to be missing, and one that is said to come later
    /// loses against the one found.
    #[test]
    fn what_is_explained_is_so(routes in route_set(), requests in prop::collection::vec(request(), 1..6)) {
        let router = Router::compile(routes.clone(), None);
        for request in &requests {
            let path = NormalPath::new(&request.path);
            let Explanation { found, others } = router.explain(&request.as_request(), &path);
            let name = |route: &RouteSpec| route.name.clone();
            let found = found.map(|found| found.route);
            prop_assert_eq!(found.and_then(name), request.find(&router).map(|(name, _)| name.to_owned()));
            prop_assert_eq!(others.len() + usize::from(found.is_some()), routes.len());
            for other in others {
                let alone = Router::compile([other.route.clone()], None);
                let matches = request.find(&alone).is_some();
                match (&other.why, found) {
                    (Why::Misses(misses), _) => prop_assert!(!misses.is_empty() && !matches, "{:?}", other),
                    (Why::Later(_), Some(found)) => {
                        let both = Router::compile([other.route.clone(), found.clone()], None);
                        let first = request.find(&both).map(|(name, _)| name.to_owned());
                        prop_assert!(matches && first == found.name, "{:?}", other);
                    }
                    (Why::Later(_), None) => prop_assert!(false, "comes after nothing: {:?}", other),
                }
            }
        }
    }
}
