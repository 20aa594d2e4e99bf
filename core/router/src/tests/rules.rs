use serde_json::{Value, json};

use super::reference::Reference;
use super::{Miss, Precedence, Router, TestRequest, Why, routes};

/// Every request finds the route named (or none), in both matchers and in any order of the routes.
#[track_caller]
fn check(entities: Value, requests: &[(TestRequest, Option<&str>)]) {
    let mut routes = routes(entities);
    for _ in 0..2 {
        let router = Router::compile(routes.clone(), None);
        assert_eq!(router.rejected(), []);
        let reference = Reference::new(&routes);
        for (request, expected) in requests {
            let found = request.find(&router);
            assert_eq!(found.map(|(name, _)| name), *expected, "{request:?}");
            assert_eq!(found, reference.find(request), "{request:?}");
        }
        routes.reverse();
    }
}

fn get(url: &str) -> TestRequest {
    TestRequest::parse(&format!("GET {url}"))
}

#[test]
fn no_routes_no_match() {
    check(json!({}), &[(get("http://a.test/"), None)]);
}

#[test]
fn methods_are_exact() {
    check(
        json!({ "r": { "methods": ["GET", "PURGE"] } }),
        &[
            (get("http://a.test/"), Some("r")),
            (TestRequest::parse("PURGE http://a.test/x"), Some("r")),
            (TestRequest::parse("get http://a.test/"), None),
            (TestRequest::parse("POST http://a.test/"), None),
        ],
    );
}

#[test]
fn hosts_are_compared_without_case() {
    check(
        json!({ "r": { "hosts": ["A.test", "b.test"] } }),
        &[
            (get("http://a.test/"), Some("r")),
            (get("http://B.TEST/x"), Some("r")),
            (get("http://a.test:8000/"), Some("r")),
            (get("http://c.a.test/"), None),
            (get("http://a.test./"), None),
            (get("http:///"), None),
        ],
    );
}

#[test]
fn a_host_with_a_port_compares_the_port() {
    check(
        json!({ "p80": { "hosts": ["a.test:80"] }, "p443": { "hosts": ["a.test:443"] }, "p8000": { "hosts": ["*.test:8000"] } }),
        &[
            (get("http://a.test/"), Some("p80")),
            (get("http://a.test:80/"), Some("p80")),
            (get("https://a.test/"), Some("p443")),
            (get("https://a.test:80/"), Some("p80")),
            (get("http://a.test:8000/"), Some("p8000")),
            (get("http://a.test:9/"), None),
        ],
    );
}

#[test]
fn a_wildcard_stands_for_any_labels_at_one_end() {
    check(
        json!({ "left": { "hosts": ["*.a.test"] }, "right": { "hosts": ["www.b.*"] } }),
        &[
            (get("http://x.a.test/"), Some("left")),
            (get("http://x.y.A.test:81/"), Some("left")),
            (get("http://a.test/"), None),
            (get("http://xa.test/"), None),
            (get("http://www.b.test/"), Some("right")),
            (get("http://www.b.co.uk/"), Some("right")),
            (get("http://www.b/"), None),
            (get("http://x.www.b.test/"), None),
        ],
    );
}

#[test]
fn plain_paths_are_prefixes_of_the_normal_path() {
    check(
        json!({ "foo": { "paths": ["/foo"] }, "dir": { "paths": ["/foo/"] }, "space": { "paths": ["/a b"] }, "brace": { "paths": ["/%7Bx%7D"] } }),
        &[
            (get("http://a/foo"), Some("foo")),
            (get("http://a/foobar"), Some("foo")),
            (get("http://a/foo/bar"), Some("dir")),
            (get("http://a/FOO"), None),
            (get("http://a/x/..//%66oo"), Some("foo")),
            (get("http://a/fo"), None),
            (get("http://a/a%20b"), Some("space")),
            (get("http://a/{x}"), Some("brace")),
        ],
    );
}

#[test]
fn regex_paths_are_anchored_at_the_start_only() {
    check(
        json!({ "ids": { "paths": [r"~/orders/(?<id>\d+)"] }, "either": { "paths": ["~/x|/y"] }, "end": { "paths": [r"~/end/\w+$"] } }),
        &[
            (get("http://a/orders/12/lines"), Some("ids")),
            (get("http://a/orders/x"), None),
            (get("http://a/v1/orders/12"), None),
            (get("http://a/y"), Some("either")),
            (get("http://a/a/y"), None),
            (get("http://a/end/a"), Some("end")),
            (get("http://a/end/a/b"), None),
        ],
    );
}

#[test]
fn all_headers_any_value_without_case() {
    check(
        json!({ "r": { "headers": { "X-Plan": ["Gold", "~*^sil(ver)?$"], "x_env": ["a b"] } } }),
        &[
            (get("http://a/").header("x-plan", "GOLD").header("x_env", "A b"), Some("r")),
            (
                get("http://a/").header("x-plan", "tin").header("x-plan", "Silver").header("x_env", "a b"),
                Some("r"),
            ),
            (get("http://a/").header("x-plan", "silverware").header("x_env", "a b"), None),
            (get("http://a/").header("x-plan", "gold"), None),
            (get("http://a/").header("x-plan", "gold, tin").header("x_env", "a b"), None),
        ],
    );
}

#[test]
fn snis_count_only_under_tls() {
    check(
        json!({ "r": { "snis": ["A.test."] } }),
        &[
            (get("https://x/").sni("a.test"), Some("r")),
            (get("https://x/").sni("a.test."), Some("r")),
            (get("https://x/").sni("b.test"), None),
            (get("https://x/"), None),
            (get("http://x/").sni("b.test"), Some("r")),
        ],
    );
}

#[test]
fn the_first_or_last_character_of_an_sni_may_stand_for_any() {
    check(
        json!({ "end": { "snis": ["*.a.test"] }, "start": { "snis": ["b.*"] } }),
        &[
            (get("https://x/").sni("x.A.test"), Some("end")),
            (get("https://x/").sni("y.x.a.test."), Some("end")),
            (get("https://x/").sni("a.test"), None),
            (get("https://x/").sni("B.test"), Some("start")),
            (get("https://x/").sni("b"), None),
        ],
    );
}

#[test]
fn a_host_may_end_in_a_dot_or_be_a_bare_ipv6_address() {
    check(
        json!({ "dot": { "hosts": ["a.test."] }, "six": { "hosts": ["::A"] } }),
        &[
            (get("http://a.test./"), Some("dot")),
            (get("http://a.test/"), None),
            (get("http://[::a]/"), Some("six")),
            (get("http://[::a]:8080/"), Some("six")),
        ],
    );
}

#[test]
fn an_empty_list_is_no_condition() {
    check(
        json!({ "r": { "paths": ["/"], "methods": [], "hosts": [], "headers": {}, "snis": [] }, "s": { "paths": ["/s"], "headers": { "x": [] } } }),
        &[(get("http://a/"), Some("r")), (get("http://a/s"), Some("s"))],
    );
}

#[test]
fn an_https_only_route_still_matches_plain_http() {
    check(
        json!({ "secure": { "paths": ["/s"], "protocols": ["https"] }, "plain": { "paths": ["/"], "protocols": ["http"] } }),
        &[
            (get("http://a/s"), Some("secure")),
            (get("https://a/s"), Some("secure")),
            (get("https://a/"), Some("plain")),
        ],
    );
}

/// Each pair of routes matches `GET http://www.a.test/api/v1` with `x: 1` and `y: 1`; the first of the two wins,
/// though it is the younger.
#[test]
fn matching_order() {
    let pairs = [
        (
            "more kinds of condition",
            json!({ "methods": ["GET"], "paths": ["/"] }),
            json!({ "hosts": ["www.a.test"] }),
        ),
        (
            "no wildcard among the hosts",
            json!({ "hosts": ["www.a.test"], "paths": ["/"] }),
            json!({ "hosts": ["www.a.test", "*.b"], "paths": ["/api/v1"] }),
        ),
        (
            "plain hosts before other conditions",
            json!({ "hosts": ["www.a.test"], "methods": ["GET"] }),
            json!({ "headers": { "x": ["1"], "y": ["1"] }, "paths": ["/api"] }),
        ),
        (
            "more headers",
            json!({ "headers": { "x": ["1"], "y": ["1"] }, "methods": ["GET"] }),
            json!({ "headers": { "x": ["1"] }, "paths": ["/api"] }),
        ),
        (
            "regex before plain",
            json!({ "paths": ["~/a"], "regex_priority": -1 }),
            json!({ "paths": ["/api/v1"] }),
        ),
        ("path before none", json!({ "paths": ["/"] }), json!({ "methods": ["GET"] })),
        (
            "regex priority",
            json!({ "paths": ["~/a"], "regex_priority": 2 }),
            json!({ "paths": ["~/api/v1"], "regex_priority": 1 }),
        ),
        ("longer path", json!({ "paths": ["/api/v"] }), json!({ "paths": ["/api/"], "regex_priority": 9 })),
        ("split by length", json!({ "paths": ["/x", "/api/v"] }), json!({ "paths": ["/api/"] })),
        ("split by regex", json!({ "paths": ["/x", "~/api"] }), json!({ "paths": ["/api/v1"] })),
    ];
    for (rule, first, second) in pairs {
        let mut entities = json!({ "first": first, "second": second });
        entities["first"]["created_at"] = 9.into();
        println!("{rule}");
        let request = get("http://www.a.test/api/v1").header("x", "1").header("y", "1");
        check(entities, &[(request, Some("first"))]);
    }
}

#[test]
fn among_equals_the_older_then_the_lesser_id() {
    let request = [(get("http://a/x"), Some("a"))];
    check(
        json!({ "a": { "paths": ["/x"], "created_at": 1 }, "b": { "paths": ["/x"], "created_at": 2 } }),
        &request,
    );
    check(
        json!({ "a": { "paths": ["/x"], "created_at": 1 }, "b": { "paths": ["/x"], "created_at": 1 } }),
        &request,
    );
}

#[test]
fn matched_is_the_length_of_the_prefix_or_the_whole_regex_match() {
    let router = Router::compile(
        routes(json!({
            "plain": { "paths": ["/a", "/a/long"] },
            "regex": { "paths": [r"~/r/\d+", r"~/r/\d+/x"] },
            "none": { "methods": ["POST"] },
        })),
        None,
    );
    for (request, expected) in [
        ("GET http://h/a/x", Some(("plain", 2))),
        ("GET http://h/a/longer", Some(("plain", 7))),
        ("GET http://h/%61/longer", Some(("plain", 7))),
        ("GET http://h/r/12/x", Some(("regex", 5))),
        ("POST http://h/x", Some(("none", 0))),
        ("GET http://h/x", None),
    ] {
        assert_eq!(TestRequest::parse(request).find(&router), expected, "{request}");
    }
}

#[test]
fn stripped_follows_strip_path() {
    let router = Router::compile(
        routes(json!({ "cut": { "paths": ["/a"] }, "kept": { "paths": ["/b"], "strip_path": false } })),
        None,
    );
    for (line, stripped) in [("GET http://h/a/x", 2), ("GET http://h/b/x", 0)] {
        let request = TestRequest::parse(line);
        let path = super::NormalPath::new(&request.path);
        assert_eq!(router.find(&request.as_request(), &path).unwrap().stripped(), stripped);
    }
}

#[test]
fn a_route_that_cannot_work_is_left_out_and_reported() {
    let router = Router::compile(
        routes(json!({
            "a good": { "paths": ["/"] },
            "b regex": { "paths": ["~/("] },
            "c host": { "hosts": ["a*"] },
            "d header": { "headers": { "x": ["~*["] } },
            "e empty": {},
            "f stream": { "protocols": ["tcp"] },
        })),
        None,
    );
    assert_eq!(router.routes().map(|route| route.name.as_deref().unwrap()).collect::<Vec<_>>(), ["a good"]);
    let reasons: Vec<&str> = router.rejected().iter().map(|rejected| rejected.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "invalid regex: '/(' (unclosed group at character 2)",
            "invalid wildcard: must be placed at leftmost or rightmost label",
            "invalid regex: '[' (unclosed character class at character 1)",
            "has none of 'methods', 'hosts', 'headers', 'paths', 'snis'",
        ]
    );
}

/// Bytes of a field's values that patterns see, and of a path.
const SEEN: usize = latchkey_published::limits::PATTERN_INPUT_BYTES_MAX;

#[test]
fn header_patterns_see_the_first_bytes_of_a_field() {
    let router = Router::compile(
        routes(json!({
            "ends": { "headers": { "x-end": ["~*gold$"] } },
            "starts": { "headers": { "x-start": ["~*^gold"] } },
            "exact": { "headers": { "x-exact": ["a".repeat(SEEN + 9), "~*^gold"] } },
        })),
        None,
    );
    let find = |name: &str, values: &[&str]| {
        let mut request = get("http://a.test/");
        for value in values {
            request = request.header(name, value);
        }
        request.find(&router).map(|(name, _)| name)
    };
    let padding = |bytes: usize| "-".repeat(bytes);
    assert_eq!(find("x-end", &[&format!("{}gold", padding(SEEN - 4))]), Some("ends"));
    assert_eq!(find("x-end", &[&format!("{}gold", padding(SEEN - 3))]), None);
    // What is seen ends there, as does the pattern.
    assert_eq!(find("x-end", &[&format!("{}gold{}", padding(SEEN - 4), padding(400_000))]), Some("ends"));
    assert_eq!(find("x-start", &[&format!("gold{}", padding(400_000))]), Some("starts"));
    // Of several values as much as of one.
    assert_eq!(find("x-start", &["silver", "gold"]), Some("starts"));
    assert_eq!(find("x-start", &[&padding(SEEN - 4), "gold"]), Some("starts"));
    assert_eq!(find("x-start", &[&padding(SEEN), "gold"]), None);
    // Compared as a whole, a value may be as long as it likes.
    assert_eq!(find("x-exact", &["A".repeat(SEEN + 9).as_str()]), Some("exact"));
    assert_eq!(find("x-exact", &[&padding(SEEN), &"a".repeat(SEEN + 9)]), Some("exact"));
}

#[test]
fn a_path_longer_than_patterns_see_is_not_taken_past_them() {
    let router = Router::compile(
        routes(json!({
            "pattern": { "paths": [r"~/files/\w+$"], "methods": ["GET"] },
            "plain": { "paths": ["/files"] },
        })),
        None,
    );
    let find = |line: &str| {
        let request = TestRequest::parse(line);
        let found = router.find(&request.as_request(), &super::NormalPath::new(&request.path)).unwrap();
        (found.route.name.clone().unwrap(), found.path_too_long)
    };
    let path = |bytes: usize| format!("/files/{}", "a".repeat(bytes - "/files/".len()));
    assert_eq!(find(&format!("GET http://a.test{}", path(SEEN))), ("pattern".to_owned(), false));
    assert_eq!(find(&format!("GET http://a.test{}", path(SEEN + 1))), ("pattern".to_owned(), true));
    assert_eq!(find(&format!("GET http://a.test{}", path(60_000))), ("pattern".to_owned(), true));
    // Where the pattern's route is out of the question, the length is of no account.
    assert_eq!(find(&format!("POST http://a.test{}", path(60_000))), ("plain".to_owned(), false));
}

#[test]
fn many_routes_at_one_path_are_told_apart_by_header() {
    let mut entities = json!({ "any": { "paths": ["/"] } });
    for tenant in 0..100 {
        entities[format!("t{tenant}")] =
            json!({ "paths": ["/"], "headers": { "x-tenant": [format!("T{tenant}")], "x-env": ["prod"] } });
    }
    check(
        entities,
        &[
            (get("http://a/").header("x-tenant", "t42").header("x-env", "PROD"), Some("t42")),
            (get("http://a/").header("x-tenant", "t42"), Some("any")),
            (
                get("http://a/").header("x-tenant", "none").header("x-tenant", "t7").header("x-env", "prod"),
                Some("t7"),
            ),
        ],
    );
}

#[test]
fn regexes_of_the_previous_router_are_taken_over() {
    let specs = routes(json!({ "r": { "paths": ["~/a"], "headers": { "x": ["~*a"] } } }));
    let first = Router::compile(specs.clone(), None);
    let second = Router::compile(specs.clone(), Some(&first));
    assert!(first.shares_regexes_with(&second));
    assert!(!first.shares_regexes_with(&Router::compile(specs, None)));
}

#[test]
fn what_goes_first_is_named() {
    for (a, b, by) in [
        (json!({"paths": ["/"], "methods": ["GET"]}), json!({"paths": ["/x"]}), Precedence::Conditions),
        (json!({"hosts": ["a.test"]}), json!({"hosts": ["*.test"]}), Precedence::PlainHosts),
        (
            json!({"headers": {"x-a": ["1"], "x-b": ["1"]}}),
            json!({"headers": {"x-a": ["1"]}}),
            Precedence::Headers,
        ),
        (json!({"paths": ["~/x"]}), json!({"paths": ["/x/y"]}), Precedence::Regex),
        (json!({"paths": ["~/x"], "regex_priority": 1}), json!({"paths": ["~/x/y"]}), Precedence::Priority),
        (json!({"paths": ["/x/y"]}), json!({"paths": ["/x", "/"]}), Precedence::PathLength),
        (json!({"paths": ["/x"]}), json!({"paths": ["/x"]}), Precedence::Age),
    ] {
        let request = get("http://a.test/x/y").header("x-a", "1").header("x-b", "1");
        let router = Router::compile(routes(json!({"a": a, "b": b})), None);
        let explained = router.explain(&request.as_request(), &super::NormalPath::new(&request.path));
        assert_eq!(explained.found.unwrap().route.name.as_deref(), Some("a"), "{by:?}");
        let why: Vec<Why<'_>> = explained.others.into_iter().map(|other| other.why).collect();
        assert_eq!(why, [Why::Later(by)]);
    }
}

#[test]
fn every_condition_that_does_not_hold_is_named() {
    let all = json!({ "methods": ["POST"], "hosts": ["b.test"], "paths": ["/x"], "headers": {"X-A": ["1"]},
        "snis": ["b.test"] });
    let router = Router::compile(routes(json!({ "all": all, "near": {"paths": ["/y"]} })), None);
    let request = get("https://a.test/").sni("a.test");
    let explained = router.explain(&request.as_request(), &super::NormalPath::new(&request.path));
    let why: Vec<Why<'_>> = explained.others.into_iter().map(|other| other.why).collect();
    let misses = [Miss::Method, Miss::Host, Miss::Path, Miss::Header("x-a"), Miss::Sni];
    assert_eq!(why, [Why::Misses(vec![Miss::Path]), Why::Misses(misses.to_vec())]);
    assert!(explained.found.is_none());
}
