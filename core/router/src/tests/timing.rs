//! Nanoseconds per match. Run with
//! `cargo test --release -p latchkey-router tests::timing -- --ignored --nocapture`.
#![expect(clippy::disallowed_methods, reason = "timings")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use latchkey_published::limits;
use uuid::Uuid;

use super::{NormalPath, RouteSpec, Router, TestRequest};
use crate::pattern::{compile_header, compile_path};

/// How the routes of a run differ, and a request that finds the one with the number given.
struct Shape {
    name: &'static str,
    route: fn(usize, &mut RouteSpec),
    request: fn(usize) -> TestRequest,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "plain paths",
        route: |number, route| route.paths = Some(vec![format!("/api/v1/service-{number}/")]),
        request: |number| {
            TestRequest::parse(&format!("GET http://api.test/api/v1/service-{number}/orders/42"))
        },
    },
    Shape {
        name: "hosts",
        route: |number, route| route.hosts = Some(vec![format!("tenant-{number}.api.test")]),
        request: |number| TestRequest::parse(&format!("GET http://tenant-{number}.api.test/orders/42")),
    },
    Shape {
        name: "hosts and path /",
        route: |number, route| {
            route.hosts = Some(vec![format!("tenant-{number}.api.test")]);
            route.paths = Some(vec!["/".to_owned()]);
        },
        request: |number| TestRequest::parse(&format!("GET http://tenant-{number}.api.test/orders/42")),
    },
    Shape {
        name: "wildcard hosts",
        route: |number, route| route.hosts = Some(vec![format!("*.tenant-{number}.test")]),
        request: |number| TestRequest::parse(&format!("GET http://a.tenant-{number}.test/orders/42")),
    },
    Shape {
        name: "path and methods",
        route: |number, route| {
            route.paths = Some(vec![format!("/service-{number}")]);
            route.methods = Some(vec!["GET".to_owned(), "POST".to_owned()]);
        },
        request: |number| TestRequest::parse(&format!("POST http://api.test/service-{number}/orders/42")),
    },
    Shape {
        name: "one path, headers",
        route: |number, route| {
            route.paths = Some(vec!["/".to_owned()]);
            route.headers = Some([("x-tenant".to_owned(), vec![format!("t{number}")])].into_iter().collect());
        },
        request: |number| {
            TestRequest::parse("GET http://api.test/orders/42").header("x-tenant", &format!("T{number}"))
        },
    },
    Shape {
        name: "regex paths",
        route: |number, route| route.paths = Some(vec![format!(r"~/service-{number}/orders/(?<id>\d+)$")]),
        request: |number| TestRequest::parse(&format!("GET http://api.test/service-{number}/orders/42")),
    },
];

#[test]
#[ignore = "prints timings, asserts nothing about them"]
fn nanoseconds_per_match() {
    for shape in SHAPES {
        for count in [1, 100, 10_000] {
            time(shape, count);
        }
    }
    time_normalising();
    time_paths();
    time_header_values();
    time_steps();
}

fn time(shape: &Shape, count: usize) {
    let routes = (0..count).map(|number| {
        let mut route = RouteSpec::new(Uuid::from_u128(number as u128));
        (shape.route)(number, &mut route);
        route
    });
    let routes: Vec<RouteSpec> = routes.collect();
    let started = Instant::now();
    let router = Router::compile(routes, None);
    let compile_ms = started.elapsed().as_secs_f64() * 1e3;

    let requests: Vec<TestRequest> = (0..1_000).map(|step| (shape.request)(step * 7_919 % count)).collect();
    let hit = nanoseconds_each(&requests, |request| {
        let found = router.find(&request.as_request(), &NormalPath::new(&request.path));
        assert!(found.is_some());
    });
    let miss = TestRequest::parse("GET http://nobody.example/nothing/here");
    let miss = nanoseconds_each(&[miss], |request| {
        black_box(router.find(&request.as_request(), &NormalPath::new(&request.path)));
    });
    println!(
        "{:<18} {count:>6} routes: match {hit:>5.0} ns, no match {miss:>5.0} ns, compiled in {compile_ms:.1} ms",
        shape.name
    );
}

fn time_normalising() {
    for path in ["/api/v1/service-1/orders/42", "/api/v1/./service%2D1//orders/42"] {
        let each = nanoseconds_each(&[path], |path| {
            black_box(NormalPath::new(black_box(path.as_bytes())));
        });
        println!("normalise {path}: {each:.0} ns");
    }
}

fn time_paths() {
    let long = format!("/a/{}/b/{}", "i".repeat(50), "segment/".repeat(250));
    for (pattern, path) in [
        (r"/service-1/orders/(?<id>\d+)$", "/service-1/orders/42"),
        (r"/service-1/orders/(?<id>\d+)$", "/service-1/orders/42/items"),
        ("/a/(?<id>[^/]+)/b/.*$", "/a/42/b/c/d"),
        ("/a/(?<id>[^/]+)/b/.*$", long.as_str()),
        (r"/a/.*\.json$", "/a/b/c/d.e.json"),
        (r"/a/.*\.json$", long.as_str()),
        ("/(?:a|ab|abc)+/(?:x|y)?.*z", "/abcabaabc/x/y/z"),
        ("/(?:a|[ai/])*(?:/b)?/segment", long.as_str()),
    ] {
        let regex = compile_path(pattern).unwrap().regex;
        let each = nanoseconds_each(&[path], |path| {
            black_box(regex.match_end(black_box(path.as_bytes())));
        });
        println!("path {pattern} in {} bytes: {each:.0} ns", path.len());
    }
}

fn time_header_values() {
    let agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";
    let long = agent.repeat(40);
    for (pattern, value) in [
        ("^gold", "Gold-2"),
        ("safari", agent),
        ("(?:bot|crawler|spider)", agent),
        (r"chrome/\d+\.\d+ safari", agent),
        (r"[a-z]+kit/.*edge", agent),
        (r"firefox/\d+", long.as_str()),
        (r"[a-z]+kit/.*edge", long.as_str()),
    ] {
        let regex = compile_header(pattern).unwrap();
        let each = nanoseconds_each(&[value], |value| {
            black_box(regex.is_match(black_box(value.as_bytes())));
        });
        println!("header {pattern} in {} bytes: {each:.0} ns", value.len());
    }
}

/// Patterns that take about as many steps as any may, on the longest input they see.
fn time_steps() {
    let input = "ab".repeat(limits::PATTERN_INPUT_BYTES_MAX / 2);
    for part in
        ["a", "[ab]", "a?", "a*", "(a)", "a{0,9}", "(?:a|aa)", r"\w", r"(?:\b|a)", "[acegi]", "(?:|a)"]
    {
        let steps_of_one = compile_header(part).unwrap().steps_per_byte();
        let pattern = format!("{}x", part.repeat(limits::PATTERN_STEPS_PER_BYTE_MAX / steps_of_one));
        let regex = compile_header(&pattern).unwrap();
        let steps = regex.steps_per_byte();
        let mut longest = Duration::ZERO;
        for haystack in [&input, &input.replace('b', "a")] {
            let started = Instant::now();
            black_box(regex.is_match(black_box(haystack.as_bytes())));
            longest = longest.max(started.elapsed());
        }
        let step = longest.as_secs_f64() * 1e9 / (steps * input.len()) as f64;
        println!("many {part}: {steps} steps, {:.1} ms, {step:.1} ns each", longest.as_secs_f64() * 1e3);
    }
}

/// Best of several rounds, so that other work on the machine counts little.
fn nanoseconds_each<T>(inputs: &[T], mut run: impl FnMut(&T)) -> f64 {
    let repeats = 20_000 / inputs.len();
    let mut best = Duration::MAX;
    for _ in 0..15 {
        let started = Instant::now();
        for _ in 0..repeats {
            inputs.iter().for_each(&mut run);
        }
        best = best.min(started.elapsed());
    }
    best.as_nanos() as f64 / (repeats * inputs.len()) as f64
}
