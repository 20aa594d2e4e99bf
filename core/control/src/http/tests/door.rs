//! Who is let in by the head of a request alone.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, RETRY_AFTER};

use super::*;
use crate::http::{Door, Knock};
use crate::named_token::TokenTags;

const HERE: &str = "192.0.2.7";

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"now"), previous: Some(Pepper::new(b"before")) }
}

fn door(token: Option<&str>, guesses_per_second: u32) -> Door {
    let digest = token.map(|token| peppers().current.digest(token.as_bytes()));
    Door::new(ControlSettings { guesses_per_second, ..settings(digest) }, peppers())
}

fn with_token(token: &str) -> HeaderMap {
    HeaderMap::from_iter([("kong-admin-token".parse().unwrap(), HeaderValue::from_str(token).unwrap())])
}

/// The answer at the door; `None`: the request is let in.
fn refusal(door: &Door, method: &str, headers: &HeaderMap) -> Option<http::Response<bytes::Bytes>> {
    match door.knock(&head(method, "/admin/services", None, headers), 0) {
        Knock::Answer(response) => Some(response),
        Knock::Read { body_bytes_max, .. } => {
            assert_eq!(body_bytes_max, latchkey_published::limits::ADMIN_BODY_BYTES_MAX);
            None
        }
    }
}

/// Its status.
fn knock(door: &Door, token: &str, from: &str, now_ms: u64) -> Option<u16> {
    let address: IpAddr = from.parse().unwrap();
    let headers = with_token(token);
    let head = Head { client_ip: Some(address), ..head("GET", "/admin/services", None, &headers) };
    let Knock::Answer(refusal) = door.knock(&head, now_ms) else { return None };
    assert_eq!(refusal.headers().contains_key(RETRY_AFTER), refusal.status() == 429);
    Some(refusal.status().as_u16())
}

#[test]
fn the_head_decides() {
    let open = door(Some(TOKEN), 10);
    assert_eq!(knock(&open, TOKEN, HERE, 0), None);
    assert_eq!(knock(&open, "wrong", HERE, 0), Some(401));
    assert_eq!(knock(&door(None, 10), TOKEN, HERE, 0), Some(503));
    let bearer = HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap();
    assert!(refusal(&open, "POST", &HeaderMap::from_iter([(AUTHORIZATION, bearer)])).is_none());
    // Under the pepper before, as the API itself has it.
    let old = Pepper::new(b"before").digest(TOKEN.as_bytes());
    let moved = Door::new(settings(Some(old)), peppers());
    assert!(refusal(&moved, "GET", &with_token(TOKEN)).is_none());
}

#[test]
fn what_needs_no_store_is_answered_at_the_door() {
    let door = door(None, 10);
    let headers = HeaderMap::new();
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("POST", "/health", 405),
        ("GET", "/", 200),
        ("OPTIONS", "/", 204),
        ("GET", "/-/health", 404),
        ("GET", "/administrator", 404),
        ("GET", "/portals", 404),
        ("GET", "*", 404),
    ] {
        match door.knock(&head(method, path, None, &headers), 0) {
            Knock::Answer(response) => assert_eq!(response.status(), status, "{method} {path}"),
            Knock::Read { .. } => panic!("{method} {path} is let in"),
        }
    }
    let nowhere = Head { host: b"a b", ..head("GET", "/health", None, &headers) };
    let Knock::Answer(response) = door.knock(&nowhere, 0) else { panic!("let in") };
    assert_eq!(response.status(), 400);
}

#[test]
fn refusals_are_those_of_the_api() {
    let door = door(Some(TOKEN), 1);
    let headers = with_token("wrong");
    for message in ["Invalid admin token", "Too many wrong admin tokens"] {
        let refusal = refusal(&door, "GET", &headers).unwrap();
        assert_eq!(refusal.body(), &format!("{{\"message\":\"{message}\"}}"));
    }
    assert!(refusal(&door, "HEAD", &headers).unwrap().body().is_empty());
}

/// Whether a named token was revoked, or has ended, only the store knows: it is asked for those alone
/// that were made here, under either pepper.
#[test]
#[expect(clippy::disallowed_methods, reason = "tokens to show")]
fn a_forged_named_token_is_refused_without_the_store() {
    let door = door(Some(TOKEN), 2);
    let made_under = |pepper: &[u8]| {
        let peppers = Peppers { current: Pepper::new(pepper), previous: None };
        let random = SeededRandom::new(3);
        TokenTags::new(&peppers).make(|bytes| random.fill(bytes)).reveal().to_owned()
    };
    for genuine in [made_under(b"now"), made_under(b"before")] {
        assert_eq!(knock(&door, &genuine, HERE, 0), None);
        let forged = format!("{}{}", &genuine[..41], if genuine.ends_with('a') { 'b' } else { 'a' });
        assert_eq!(knock(&door, &forged, "192.0.2.9", 0), Some(401));
    }
    // It counts as a guess, as any wrong token does.
    assert_eq!(knock(&door, &made_under(b"another"), "192.0.2.9", 0), Some(429));
    // What is asked for is not judged before the token is looked up.
    let headers = with_token(&made_under(b"now"));
    for path in ["/admin/nothing", "/admin/services"] {
        assert!(matches!(door.knock(&head("OPTIONS", path, None, &headers), 0), Knock::Read { .. }));
    }
}

#[test]
fn a_right_token_is_let_in_whoever_guesses() {
    let door = door(Some(TOKEN), 10);
    for number in 0..100 {
        let expected = if number < 10 { 401 } else { 429 };
        assert_eq!(knock(&door, "wrong", HERE, number), Some(expected), "{number}");
        assert_eq!(knock(&door, TOKEN, HERE, number), None);
        assert_eq!(knock(&door, TOKEN, "192.0.2.8", number), None);
    }
    assert_eq!(knock(&door, "wrong", HERE, 1_000), Some(401));
    assert_eq!(door.reports(1_000)[0].wrong, 101);
}

/// Nothing is guessed by a request without a token: a preflight, a health check.
#[test]
fn who_shows_no_token_does_not_guess() {
    let door = door(Some(TOKEN), 1);
    let basic = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Basic eA=="))]);
    for headers in [HeaderMap::new(), basic] {
        for _ in 0..5 {
            assert_eq!(refusal(&door, "GET", &headers).unwrap().status(), 401);
        }
    }
    assert!(door.reports(0).is_empty());
}
