//! What the platform does to a Lambda function, and what comes of it: the exceptions that
//! docs/platforms.md lists, environments that are frozen and that end, streams.
#![allow(clippy::unwrap_used, missing_docs)]

use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Lambda, Settings};
use latchkey_tests::fixtures::{consumer_with_key, create, proxy_to};
use latchkey_tests::lambda::{Trigger, Way};
use latchkey_tests::raw_http::{Connection, Framing, Request, copy_body, exchange};
use latchkey_tests::upstream::{Next, Upstream, answer};
use serde_json::json;

const BOUND_MS: u64 = 700;

fn gateway(trigger: Trigger) -> Lambda {
    Lambda::start(Way::Trigger(trigger))
}

/// With a route at `/` and bob's key `kong`.
fn gateway_to(trigger: Trigger, upstream: &Upstream) -> Lambda {
    let gateway = gateway(trigger);
    proxy_to(&gateway, upstream, &json!({}), &json!({}));
    consumer_with_key(&gateway, "bob", "kong");
    gateway
}

fn with_key(target: &str) -> Request {
    Request::get(target).header("apikey", "kong")
}

/// What the upstream gets of a request that passes.
fn passed(gateway: &Lambda, upstream: &Upstream, request: &Request) -> latchkey_tests::upstream::Recorded {
    upstream.take();
    let response = gateway.send(request);
    assert_eq!(response.status, 200, "{}", response.text());
    upstream.take().pop().unwrap()
}

// ---- exceptions ----

#[test]
fn clients_use_https_but_for_load_balancers() {
    let upstream = Upstream::recording();
    for trigger in Trigger::ALL {
        let gateway = gateway(trigger);
        proxy_to(&gateway, &upstream, &json!({}), &json!(null));
        create(
            &gateway,
            "/services",
            &json!({"name": "s", "url": format!("http://{}", upstream.authority())}),
        );
        create(&gateway, "/services/s/routes", &json!({"paths": ["/secure"], "protocols": ["https"]}));
        let told = passed(&gateway, &upstream, &Request::get("/open"));
        assert_eq!(told.headers.first("x-forwarded-proto").as_deref(), Some(trigger.scheme()), "{trigger:?}");
        let secure = gateway.send(&Request::get("/secure"));
        assert_eq!(secure.status, if trigger.scheme() == "https" { 200 } else { 426 }, "{trigger:?}");
    }
}

/// What reaches the upstream of a request target.
#[test]
fn paths_and_queries_arrive_as_the_trigger_hands_them_over() {
    let upstream = Upstream::recording();
    let sent = "/a%2fb?z=%41&a=1&&flag&a=2";
    for trigger in Trigger::ALL {
        let gateway = gateway(trigger);
        proxy_to(&gateway, &upstream, &json!({}), &json!(null));
        let expected = match trigger {
            Trigger::FunctionUrl | Trigger::FunctionUrlStream => "/a%2Fb?z=%41&a=1&&flag&a=2",
            // The path is decoded.
            Trigger::HttpApi => "/a/b?z=%41&a=1&&flag&a=2",
            // In parts, decoded: encoded again, values of one name together.
            Trigger::RestApi => "/a%2Fb?a=1&a=2&flag=&z=A",
            // In parts, as they were written.
            Trigger::AlbMultiValue => "/a%2Fb?a=1&a=2&flag=&z=%41",
            Trigger::Alb => "/a%2Fb?a=2&flag=&z=%41",
        };
        assert_eq!(passed(&gateway, &upstream, &Request::get(sent)).target, expected, "{trigger:?}");
    }
}

/// A key given twice is refused wherever the function can see it; so is one with a comma where
/// repeated fields arrive joined.
#[test]
fn repeated_fields_arrive_as_the_trigger_hands_them_over() {
    let upstream = Upstream::recording();
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        consumer_with_key(&gateway, "comma", "one, two");
        let twice = gateway.send(&Request::get("/").header("apikey", "wrong").header("apikey", "kong"));
        let comma = gateway.send(&Request::get("/").header("apikey", "one, two"));
        let (joins, keeps_last) = match trigger {
            Trigger::FunctionUrl | Trigger::FunctionUrlStream | Trigger::HttpApi => (true, false),
            Trigger::Alb => (false, true),
            Trigger::RestApi | Trigger::AlbMultiValue => (false, false),
        };
        assert_eq!(twice.status, if keeps_last { 200 } else { 401 }, "{trigger:?}");
        assert_eq!(comma.status, if joins { 401 } else { 200 }, "{trigger:?}");
        assert_eq!(gateway.send(&Request::get("/?apikey=one%2C%20two")).status, 200, "{trigger:?}");
    }
}

#[test]
fn the_challenge_of_a_refusal_is_renamed_by_rest_apis_and_function_urls() {
    let upstream = Upstream::recording();
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        let refused = exchange(gateway.authority(), &Request::get("/")).unwrap();
        assert_eq!(refused.status, 401);
        let renames = matches!(trigger, Trigger::RestApi | Trigger::FunctionUrl | Trigger::FunctionUrlStream);
        let (there, absent) = if renames {
            ("x-amzn-remapped-www-authenticate", "www-authenticate")
        } else {
            ("www-authenticate", "x-amzn-remapped-www-authenticate")
        };
        assert_eq!(refused.headers.values(there), ["Key"], "{trigger:?}");
        assert!(!refused.headers.contains(absent), "{trigger:?}");
    }
}

/// A Function URL refuses names that it gives itself: an upstream that is behind one sends them.
#[test]
fn names_of_the_platforms_own_in_an_answer_do_no_harm() {
    let upstream =
        Upstream::answering(|_| answer(200, &[("x-amzn-Remapped-Date", "x"), ("x-own", "y")], b"ok"));
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        let response = exchange(gateway.authority(), &with_key("/")).unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "ok"), "{trigger:?}");
        assert_eq!(response.headers.values("x-own"), ["y"], "{trigger:?}");
    }
}

#[test]
fn cookies_and_repeated_fields_of_an_answer_stay_apart_where_the_trigger_can() {
    let fields = [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"), ("X-Twice", "1"), ("X-Twice", "2")];
    let upstream = Upstream::answering(move |_| answer(200, &fields, b"ok"));
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        let response = gateway.send(&with_key("/"));
        let cookies = response.headers.values("set-cookie");
        let twice = response.headers.values("x-twice");
        match trigger {
            Trigger::Alb => assert_eq!(cookies, ["b=2"], "a load balancer without lists keeps one"),
            _ => assert_eq!(cookies, ["a=1; Path=/", "b=2"], "{trigger:?}"),
        }
        match trigger {
            Trigger::RestApi | Trigger::AlbMultiValue => assert_eq!(twice, ["1", "2"], "{trigger:?}"),
            _ => assert_eq!(twice, ["1, 2"], "{trigger:?}"),
        }
    }
}

#[test]
fn bodies_that_are_no_text_pass_unchanged_both_ways() {
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let back = bytes.clone();
    let upstream = Upstream::answering(move |request| {
        let right = request.body == back;
        answer(if right { 200 } else { 400 }, &[("Content-Type", "application/octet-stream")], &request.body)
    });
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        for media_type in ["application/octet-stream", "text/plain"] {
            let request =
                Request::new("POST", "/").header("apikey", "kong").header("Content-Type", media_type);
            let response = gateway.send(&request.body(&bytes));
            assert_eq!(response.status, 200, "{trigger:?} {media_type}");
            assert!(response.body == bytes, "{trigger:?} {media_type}");
        }
    }
}

#[test]
fn an_answer_that_is_too_long_for_the_trigger_is_told_so() {
    let long = vec![b'x'; 7 << 20];
    let upstream = Upstream::answering(move |_| answer(200, &[("Content-Type", "text/plain")], &long));
    for trigger in Trigger::ALL {
        let gateway = gateway_to(trigger, &upstream);
        let response = gateway.send(&with_key("/"));
        if trigger == Trigger::FunctionUrlStream {
            assert_eq!((response.status, response.body.len()), (200, 7 << 20));
        } else {
            assert_eq!(response.status, 502, "{trigger:?}");
            assert!(response.message().is_some(), "{trigger:?}: not ours: {}", response.text());
        }
    }
}

// ---- streams ----

#[test]
fn a_streamed_answer_comes_as_the_upstream_sends_it() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n")?;
        thread::sleep(Duration::from_millis(500));
        connection.send_raw(b"3\r\ntwo\r\n0\r\n\r\n")?;
        Ok(Next::KeepAlive)
    });
    let gateway = gateway_to(Trigger::FunctionUrlStream, &upstream);
    let mut connection = Connection::open(gateway.authority()).unwrap();
    connection.send(&with_key("/")).unwrap();
    assert_eq!(connection.read_head().unwrap().status(), 200);
    let begun = Instant::now();
    let mut body = Vec::new();
    copy_body(&mut connection.reader, Framing::Chunked, &mut body).unwrap();
    assert_eq!(body, b"one two");
    assert!(begun.elapsed() > Duration::from_millis(300), "the head came with the end of the body");
}

/// The client must be able to tell it from a whole answer.
#[test]
fn a_streamed_answer_that_breaks_off_is_broken_off() {
    let upstream = Upstream::raw(|connection, _| {
        connection.send_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")?;
        Ok(Next::Close)
    });
    let gateway = gateway_to(Trigger::FunctionUrlStream, &upstream);
    let whole = exchange(gateway.authority(), &with_key("/"));
    assert!(whole.is_err(), "taken for whole: {:?}", whole.map(|response| response.text()));
    let upstream = Upstream::recording();
    create(&gateway, "/services", &json!({"name": "s", "url": format!("http://{}", upstream.authority())}));
    create(&gateway, "/services/s/routes", &json!({"paths": ["/next"]}));
    assert_eq!(gateway.send(&Request::get("/next")).status, 200, "a new environment goes on");
}

// ---- environments ----

/// Two functions over one table: what one does the other must see.
fn pair() -> (Lambda, Lambda, Upstream) {
    let upstream = Upstream::recording();
    let bound = ("LATCHKEY_REVOCATION_BOUND_MS".to_owned(), BOUND_MS.to_string());
    let mut settings = Settings { variables: vec![bound], ..Settings::default() };
    let one = Lambda::with(Way::Trigger(Trigger::FunctionUrl), &settings);
    settings.variables.push(("LATCHKEY_TABLE".to_owned(), one.table.clone()));
    settings.variables.push(("LATCHKEY_PEPPER".to_owned(), one.pepper.clone()));
    let other = Lambda::with(Way::Trigger(Trigger::HttpApi), &settings);
    proxy_to(&one, &upstream, &json!({}), &json!({}));
    (one, other, upstream)
}

#[test]
fn a_key_that_was_deleted_is_refused_elsewhere_within_the_bound() {
    let (one, other, _upstream) = pair();
    for round in 0..4 {
        let (_, credential) = consumer_with_key(&one, &format!("bob-{round}"), &format!("kong-{round}"));
        let request = Request::get("/").header("apikey", format!("kong-{round}"));
        let deadline = Instant::now() + Duration::from_millis(BOUND_MS) + Duration::from_secs(10);
        while other.send(&request).status != 200 {
            assert!(Instant::now() < deadline, "the key never became good");
        }
        let path = format!("/key-auths/{}", credential["id"].as_str().unwrap());
        assert_eq!(one.admin("DELETE", &path, None).status, 204);
        let acknowledged = Instant::now();
        loop {
            let started = acknowledged.elapsed();
            let status = other.send(&request).status;
            if started > Duration::from_millis(BOUND_MS) {
                assert_eq!(status, 401, "accepted {started:?} after it was deleted");
                break;
            }
        }
    }
}

/// Nothing runs in a frozen environment: the poll of the feed that is due comes with the request.
#[test]
fn an_environment_that_slept_past_the_bound_asks_before_it_answers() {
    let (one, other, _upstream) = pair();
    let (_, credential) = consumer_with_key(&one, "bob", "kong");
    assert_eq!(other.send(&with_key("/")).status, 200);
    let sleepers = other.function().idle_pids();
    assert_eq!(
        one.admin("DELETE", &format!("/key-auths/{}", credential["id"].as_str().unwrap()), None).status,
        204
    );
    thread::sleep(Duration::from_millis(BOUND_MS + 300));
    assert_eq!(other.send(&with_key("/")).status, 401);
    assert_eq!(other.function().idle_pids(), sleepers, "the same environment");
}

#[test]
fn a_new_environment_knows_what_is_stored() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(Trigger::FunctionUrl, &upstream);
    assert_eq!(gateway.send(&with_key("/")).status, 200);
    gateway.function().forget_environments();
    assert_eq!(gateway.send(&with_key("/")).status, 200);
    assert_eq!(gateway.send(&Request::get("/").header("apikey", "other")).status, 401);
    assert_eq!(gateway.function().started(), 2);
}

/// The upstream closed its connections while the environment was frozen.
#[test]
fn connections_that_were_closed_meanwhile_cost_no_request() {
    let upstream = Upstream::raw(|connection, head| {
        copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut Vec::new())?;
        connection.send_raw(&answer(200, &[], b"ok"))?;
        // Without a word of it in the answer, some time later.
        thread::sleep(Duration::from_millis(100));
        Ok(Next::Close)
    });
    let gateway = gateway_to(Trigger::FunctionUrl, &upstream);
    for _ in 0..5 {
        let posted = Request::new("POST", "/").header("apikey", "kong").body("a");
        assert_eq!(gateway.send(&posted).status, 200);
        thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn keys_are_nowhere_in_the_table_or_the_log() {
    let upstream = Upstream::recording();
    let gateway = gateway_to(Trigger::FunctionUrl, &upstream);
    assert_eq!(gateway.send(&with_key("/")).status, 200);
    let (_, made) = {
        let consumer = create(&gateway, "/consumers", &json!({"username": "eve"}));
        (consumer, create(&gateway, "/consumers/eve/key-auth", &json!({"key": "canary-5f2d9c"})))
    };
    assert_eq!(made["key"], "canary-5f2d9c");
    assert_eq!(gateway.send(&Request::get("/?apikey=canary-5f2d9c")).status, 200);
    assert_eq!(gateway.send(&Request::get("/").header("apikey", "canary-wrong")).status, 401);
    let lambda = &gateway;
    let items = lambda.dynamodb.items(&lambda.table);
    assert!(items.len() > 5, "{items:?}");
    let text = serde_json::to_string(&items).unwrap();
    assert!(text.contains("eve") || items.iter().any(|item| item.to_string().contains("\"B\"")));
    for secret in ["canary", gateway.admin_token.as_str(), lambda.pepper.as_str()] {
        assert!(!text.contains(secret), "in the table");
        assert!(!lambda.output().contains(secret), "in the log: {}", lambda.output());
    }
}
