//! Which fields of ours responses have, by Kong's setting `headers`.

#![allow(clippy::unwrap_used)]

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use latchkey_gateway::forward::{
    Latencies, Passage, edit_own_response_headers, edit_response_headers, is_withheld_back,
};
use latchkey_gateway::response_fields::ResponseFields;

const VIA: &str = concat!("1.1 latchkey/", env!("CARGO_PKG_VERSION"));
const SERVER: &str = concat!("latchkey/", env!("CARGO_PKG_VERSION"));
const ID: &str = "0000000000000000000000000000feed";
const PASSAGE: Passage =
    Passage { request_id: 0xfeed, upstream_status: StatusCode::IM_A_TEAPOT, upgraded: false };

fn fields(setting: &str) -> ResponseFields {
    ResponseFields::parse(setting).unwrap()
}

#[track_caller]
fn check(setting: &str, headers: &HeaderMap, expected: &[(&str, &str)]) {
    let mut found: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{setting}");
}

#[track_caller]
fn check_proxied(setting: &str, expected: &[(&str, &str)]) {
    let mut headers = HeaderMap::new();
    let mut asked = 0;
    edit_response_headers(&mut headers, fields(setting), PASSAGE, || {
        asked += 1;
        Latencies { upstream_ms: 7, proxy_ms: 21 }
    });
    check(setting, &headers, expected);
    let tells_latency = expected.iter().any(|(name, _)| name.ends_with("latency"));
    assert_eq!(asked, u32::from(tells_latency), "{setting}");
    // What a script is told is what is added here.
    let mut told: Vec<_> = fields(setting).of_upstreams_responses().collect();
    let mut added: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
    told.sort_unstable();
    added.sort_unstable();
    assert_eq!(told, added, "{setting}");
}

#[track_caller]
fn check_own(setting: &str, expected: &[(&str, &str)]) {
    let mut headers = HeaderMap::new();
    let mut asked = 0;
    edit_own_response_headers(&mut headers, fields(setting), 0xfeed, || {
        asked += 1;
        12
    });
    check(setting, &headers, expected);
    assert_eq!(asked, u32::from(expected.contains(&("x-kong-response-latency", "12"))), "{setting}");
}

#[test]
fn an_upstreams_response_has_what_is_switched_on() {
    let (upstream, proxy) = (("x-kong-upstream-latency", "7"), ("x-kong-proxy-latency", "21"));
    let (via, id) = (("via", VIA), ("x-kong-request-id", ID));
    for (setting, expected) in [
        ("server_tokens, latency_tokens, X-Kong-Request-Id", &[upstream, proxy, via, id] as &[_]),
        ("off", &[]),
        ("server_tokens", &[via]),
        ("latency_tokens", &[upstream, proxy]),
        ("via,LATENCY_TOKENS", &[via, upstream, proxy]),
        ("Server", &[]),
        ("X-Kong-Response-Latency", &[]),
        ("X-Kong-Admin-Latency", &[]),
        ("X-Kong-Upstream-Latency", &[upstream]),
        ("X-Kong-Proxy-Latency", &[proxy]),
        ("X-Kong-Upstream-Status", &[("x-kong-upstream-status", "418")]),
        ("x-kong-request-id", &[id]),
    ] {
        check_proxied(setting, expected);
    }
}

#[test]
fn an_answer_made_here_has_what_is_switched_on() {
    let (server, latency) = (("server", SERVER), ("x-kong-response-latency", "12"));
    let id = ("x-kong-request-id", ID);
    for (setting, expected) in [
        ("server_tokens, latency_tokens, X-Kong-Request-Id", &[server, latency, id] as &[_]),
        ("OFF", &[]),
        ("server_tokens", &[server]),
        ("Server", &[server]),
        ("Via", &[]),
        ("latency_tokens", &[latency]),
        ("X-Kong-Response-Latency", &[latency]),
        ("X-Kong-Proxy-Latency, X-Kong-Upstream-Status", &[]),
        ("X-Kong-Request-Id", &[id]),
    ] {
        check_own(setting, expected);
    }
}

#[test]
fn unset_is_kongs_default() {
    assert_eq!(ResponseFields::default(), fields("server_tokens, latency_tokens, X-Kong-Request-Id"));
}

#[test]
fn an_upstreams_field_passes_where_ours_does_not_take_its_place() {
    let upstreams = [
        ("x-kong-request-id", "theirs"),
        ("x_kong.request-id", "theirs too"),
        ("x-kong-upstream-latency", "1"),
        ("x-kong-upstream-status", "200"),
        ("via", "1.1 theirs"),
        ("server", "theirs"),
        ("keep-alive", "timeout=5"),
    ];
    let edited = |setting: &str| {
        let mut headers = HeaderMap::new();
        for (name, value) in upstreams {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        edit_response_headers(&mut headers, fields(setting), PASSAGE, || Latencies {
            upstream_ms: 7,
            proxy_ms: 21,
        });
        headers
    };
    check("off", &edited("off"), &upstreams[..6]);
    let kept = [("via", "1.1 theirs"), ("server", "theirs")];
    let ours = [("x-kong-request-id", ID), ("x-kong-upstream-status", "418")];
    let left = [("x-kong-upstream-latency", "1")];
    let setting = "X-Kong-Request-Id, X-Kong-Upstream-Status";
    check(setting, &edited(setting), &[&kept[..], &ours, &left].concat());
    assert!(is_withheld_back("keep-alive", fields("off")));
    assert!(!is_withheld_back("x-kong-request-id", fields("off")));
    assert!(is_withheld_back("x_kong_request_id", ResponseFields::default()));
}

#[test]
fn what_is_no_word_of_the_setting_is_named() {
    for (setting, named) in [
        ("", "''"),
        ("server-tokens", "'server-tokens'"),
        ("via;server", "'via;server'"),
        ("via,", "''"),
        ("on", "'on'"),
        ("off, via", "stands alone"),
    ] {
        let error = ResponseFields::parse(setting).unwrap_err();
        assert!(error.contains(named), "{setting}: {error}");
    }
}

#[test]
fn an_upstream_sets_no_cookie_of_ours() {
    let mut headers = HeaderMap::new();
    for cookie in ["a=1", "lk_portal=evil", "__Host-lk_known=evil; Path=/", "=lk_try=evil", "lk_session=2"] {
        headers.append("set-cookie", HeaderValue::from_static(cookie));
    }
    edit_response_headers(&mut headers, fields("off"), PASSAGE, || unreachable!("no latency is told"));
    check("off", &headers, &[("set-cookie", "a=1"), ("set-cookie", "lk_session=2")]);
}
