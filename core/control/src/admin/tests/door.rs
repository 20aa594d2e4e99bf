//! Who is let in by the head of a request alone.

use std::net::IpAddr;

use http::header::RETRY_AFTER;

use super::*;
use crate::admin::Door;

const HERE: &str = "192.0.2.7";

fn door(token: Option<&str>, guesses_per_second: u32) -> Door {
    let peppers = Peppers { current: Pepper::new(b"now"), previous: Some(Pepper::new(b"before")) };
    let digest = token.map(|token| peppers.current.digest(token.as_bytes()));
    Door::new(digest, peppers, guesses_per_second)
}

fn with_token(token: &str) -> HeaderMap {
    HeaderMap::from_iter([("kong-admin-token".parse().unwrap(), HeaderValue::from_str(token).unwrap())])
}

/// Status of the answer at the door; `None`: the request is let in.
fn knock(door: &Door, token: &str, from: &str, now_ms: u64) -> Option<u16> {
    let address: IpAddr = from.parse().unwrap();
    let refusal = door.refuse("GET", &with_token(token), Some(address), now_ms)?;
    assert_eq!(refusal.headers().contains_key(RETRY_AFTER), refusal.status() == 429);
    Some(refusal.status().as_u16())
}

#[test]
fn the_head_decides() {
    let open = door(Some(TOKEN), 10);
    assert_eq!(knock(&open, TOKEN, HERE, 0), None);
    assert_eq!(knock(&open, "wrong", HERE, 0), Some(401));
    assert_eq!(knock(&door(None, 10), TOKEN, HERE, 0), Some(503));
    let bearer = HeaderMap::from_iter([(
        http::header::AUTHORIZATION,
        HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap(),
    )]);
    assert!(open.refuse("POST", &bearer, None, 0).is_none());
    // Under the pepper before, as the API itself has it.
    let peppers = Peppers { current: Pepper::new(b"now"), previous: Some(Pepper::new(b"before")) };
    let old = Pepper::new(b"before").digest(TOKEN.as_bytes());
    assert!(Door::new(Some(old), peppers, 10).refuse("GET", &with_token(TOKEN), None, 0).is_none());
}

#[test]
fn refusals_are_those_of_the_api() {
    let door = door(Some(TOKEN), 1);
    let mut headers = with_token("wrong");
    headers.insert("origin", HeaderValue::from_static("https://a.test"));
    for message in ["Invalid admin token", "Too many wrong admin tokens"] {
        let refusal = door.refuse("GET", &headers, None, 0).unwrap();
        assert_eq!(refusal.body(), &format!("{{\"message\":\"{message}\"}}"));
        assert_eq!(refusal.headers()["access-control-allow-origin"], "https://a.test");
    }
    assert!(door.refuse("HEAD", &headers, None, 0).unwrap().body().is_empty());
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
    let basic = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Basic eA=="))]);
    for headers in [HeaderMap::new(), basic] {
        for _ in 0..5 {
            assert_eq!(door.refuse("GET", &headers, None, 0).unwrap().status(), 401);
        }
    }
    assert!(door.reports(0).is_empty());
}
