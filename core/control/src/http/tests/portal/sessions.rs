//! Sessions: how they are opened, and what ends them, by virtual time.

use super::*;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

#[tokio::test]
async fn a_log_in_gives_a_new_session_and_ends_the_one_before() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    // Set before log-in, by whomever: worth nothing after it.
    let mut browser = Browser::with(SESSION, "lks_fixed");
    let got = portal.log_in(&mut browser, EMAIL, PASSWORD).await.is(204);
    assert_eq!(got.body, Value::Null);
    let set = got.headers.get_all(SET_COOKIE).iter().next().unwrap().to_str().unwrap().to_owned();
    let first = browser.cookie(SESSION).unwrap().to_owned();
    assert_eq!(set, format!("{SESSION}={first}; Path=/; HttpOnly; SameSite=Lax; Secure"));
    assert!(first.starts_with("lks_") && first.len() == 42);
    let got = portal.call(&mut browser, "POST", "/auth", json!({"email": EMAIL, "password": PASSWORD})).await;
    got.is(204);
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
    portal.get(&mut Browser::with(SESSION, &first), "/developer").await.is(401);
    let got = portal.get(&mut browser, "/developer").await.is(200);
    assert_eq!((&got.body["email"], &got.body["status"]), (&json!(EMAIL), &json!(0)));
    // One of another account ends too.
    portal.developer("eve@example.org").await;
    let mine = browser.cookie(SESSION).unwrap().to_owned();
    portal.log_in(&mut browser, "eve@example.org", PASSWORD).await.is(204);
    portal.get(&mut Browser::with(SESSION, &mine), "/developer").await.is(401);
}

#[tokio::test]
async fn log_out_ends_it_at_once() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let old = browser.cookie(SESSION).unwrap().to_owned();
    let got = portal.call(&mut browser, "DELETE", "/auth?session_logout=true", Value::Null).await.is(200);
    assert_eq!(
        (&got.headers["clear-site-data"], browser.cookie(SESSION)),
        (&HeaderValue::from_static("\"cache\""), None)
    );
    portal.get(&mut Browser::with(SESSION, &old), "/developer").await.is(401);
    portal.call(&mut browser, "DELETE", "/auth", Value::Null).await.is(401);
}

#[tokio::test]
async fn it_ends_when_it_is_not_used_and_in_any_case() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut idle = portal.logged_in(EMAIL).await;
    let got = portal.get(&mut idle, "/session").await.is(200);
    let at = |ms: u64| json!((START_MS + ms) / 1000);
    assert_eq!(got.body["developer"]["email"], EMAIL);
    assert_eq!(
        [&got.body["created_at"], &got.body["authenticated_at"], &got.body["ends_at"]],
        [&at(0), &at(0), &at(12 * HOUR_MS)]
    );
    portal.advance(12 * HOUR_MS - 1);
    // Looking does not prolong it.
    portal.get(&mut idle, "/session").await.is(200);
    portal.advance(1);
    portal.get(&mut idle, "/session").await.is(401);
    portal.get(&mut idle, "/developer").await.is(401);
    let mut used = portal.logged_in(EMAIL).await;
    for _ in 0..14 {
        portal.advance(12 * HOUR_MS - 1);
        portal.get(&mut used, "/developer").await.is(200);
    }
    portal.advance(13);
    assert_eq!(portal.get(&mut used, "/developer").await.is(200).status, 200);
    portal.advance(1);
    portal.get(&mut used, "/developer").await.is(401);
}

/// That it is used is written every five minutes at most.
#[tokio::test]
async fn looking_at_pages_writes_little() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let dump = || portal.control.registry().store().dump();
    let before = dump();
    portal.advance(5 * MINUTE_MS - 1);
    portal.get(&mut browser, "/developer").await.is(200);
    assert!(before == dump());
    portal.advance(1);
    portal.get(&mut browser, "/developer").await.is(200);
    let after = dump();
    let changed: Vec<_> = after.iter().filter(|(key, value)| before.get(*key) != Some(*value)).collect();
    assert_eq!((changed.len(), after.len()), (1, before.len()), "{changed:?}");
}

#[tokio::test]
async fn the_password_is_asked_for_again_after_ten_minutes() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    portal.advance(10 * MINUTE_MS - 1);
    let email = json!({"email": "new@example.org"});
    portal.call(&mut browser, "PATCH", "/developer/email", email.clone()).await.is(200);
    portal.advance(1);
    let calls = [
        ("PATCH", "/developer/email", email),
        ("PATCH", "/developer/password", json!({"old_password": PASSWORD, "password": OTHER_PASSWORD})),
        ("DELETE", "/developer", Value::Null),
        ("DELETE", "/developer/sessions", Value::Null),
        ("DELETE", "/developer/sessions/00000000-0000-4000-8000-000000000000", Value::Null),
    ];
    for (method, path, body) in calls {
        let got = portal.call(&mut browser, method, path, body).await.is(403);
        assert_eq!(got.body, json!({"message": "Please log in again"}), "{method} {path}");
    }
    portal.call(&mut browser, "PATCH", "/developer/meta", json!({"meta": META})).await.is(200);
    portal.log_in(&mut browser, EMAIL, PASSWORD).await.is(204);
    portal.call(&mut browser, "DELETE", "/developer", Value::Null).await.is(204);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut one = portal.logged_in(EMAIL).await;
    let shown = basic(EMAIL, PASSWORD);
    let firefox = "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0";
    let mut two = Browser::default();
    let fields = [("authorization", shown.as_str()), ("user-agent", firefox)];
    portal.send(&mut two, "GET", "/auth", None, &fields).await.is(204);
    let mut three = portal.logged_in(EMAIL).await;
    let list = portal.get(&mut two, "/developer/sessions").await.is(200).body;
    assert_eq!((list["total"].clone(), list["next"].clone()), (json!(3), Value::Null));
    let sessions = list["data"].as_array().unwrap();
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["browser"]), (1, &json!("Firefox")));
    assert!(!list.to_string().contains("lks_"));
    // A page at a time.
    let page = portal.get(&mut two, "/developer/sessions?size=2").await.is(200).body;
    let next = page["next"].as_str().unwrap().strip_prefix("/portal/api").unwrap().to_owned();
    let rest = portal.get(&mut two, &next).await.is(200).body;
    let ids =
        |page: &Value| page["data"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>();
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&list));
    let own = current[0]["id"].as_str().unwrap();
    let other = sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    portal.call(&mut two, "DELETE", &format!("/developer/sessions/{other}"), Value::Null).await.is(204);
    portal.call(&mut two, "DELETE", &format!("/developer/sessions/{other}"), Value::Null).await.is(404);
    portal.call(&mut two, "DELETE", "/developer/sessions/x", Value::Null).await.is(404);
    let left =
        [portal.get(&mut one, "/developer").await.status, portal.get(&mut three, "/developer").await.status];
    assert_eq!(left.iter().filter(|status| **status == 401).count(), 1, "{left:?}");
    portal.call(&mut two, "DELETE", "/developer/sessions", Value::Null).await.is(204);
    portal.get(&mut one, "/developer").await.is(401);
    portal.get(&mut three, "/developer").await.is(401);
    portal.get(&mut two, "/developer").await.is(200);
    portal.call(&mut two, "DELETE", &format!("/developer/sessions/{own}"), Value::Null).await.is(204);
    assert_eq!(two.cookie(SESSION), None);
}

#[tokio::test]
async fn of_too_many_the_oldest_goes() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browsers = Vec::new();
    for _ in 0..21 {
        browsers.push(portal.logged_in(EMAIL).await);
    }
    let mut statuses = Vec::new();
    for browser in &mut browsers {
        statuses.push(portal.get(browser, "/session").await.status);
    }
    assert_eq!(statuses.iter().position(|status| *status == 200), Some(1));
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20);
    let stored = portal.control.registry().store().dump();
    assert_eq!(stored.keys().filter(|key| key.partition.starts_with("session/")).count(), 20);
}

/// What an administrator does is felt by the next call.
#[tokio::test]
async fn rejection_revocation_and_another_address_end_them() {
    let portal = Portal::new().await;
    for (at, change) in
        [json!({"status": 2}), json!({"status": 3}), json!({"email": "moved@example.org"})].iter().enumerate()
    {
        let email = format!("d{at}@example.org");
        portal.developer(&email).await;
        let mut browser = portal.logged_in(&email).await;
        portal
            .call(&mut Browser::default(), "POST", "/forgot-password", json!({"email": email}))
            .await
            .is(200);
        let token = portal.token(&email).await;
        portal.advance(DAY_MS / 24 / 60);
        portal.get(&mut browser, "/developer").await.is(200);
        let (status, body) = portal.admin("PATCH", &format!("/developers/{email}"), change.clone()).await;
        assert_eq!(status, 200, "{body}");
        portal.get(&mut browser, "/developer").await.is(401);
        let mut nobody = Browser::default();
        portal.call(&mut nobody, "POST", "/validate-reset", json!({"token": token})).await.is(401);
        // Given back, it does not come back.
        portal.admin("PATCH", &format!("/developers/{email}"), json!({"status": 0})).await;
        portal.get(&mut browser, "/developer").await.is(401);
    }
    let email = "gone@example.org";
    portal.developer(email).await;
    let mut browser = portal.logged_in(email).await;
    portal.admin("DELETE", &format!("/developers/{email}"), Value::Null).await;
    portal.get(&mut browser, "/developer").await.is(401);
    // Who is sent back to wait stays logged in.
    let email = "back@example.org";
    portal.pending(email).await;
    let mut browser = portal.logged_in(email).await;
    portal.set_status(email, 0).await;
    portal.get(&mut browser, "/developer").await.is(200);
}

/// Not forged ones, nor the keys of an API, nor two at once.
#[tokio::test]
async fn only_its_own_value_opens_a_session() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let browser = portal.logged_in(EMAIL).await;
    let value = browser.cookie(SESSION).unwrap();
    for wrong in ["", "lks_", "x", &value[1..], &format!("{value}x"), &value.to_uppercase(), "lk_x"] {
        portal.get(&mut Browser::with(SESSION, wrong), "/developer").await.is(401);
    }
    portal.get(&mut Browser::with("lk_portal", value), "/developer").await.is(401);
    let mut twice = browser.clone();
    twice.cookies.push((SESSION.to_owned(), "x".to_owned()));
    portal.get(&mut twice, "/developer").await.is(401);
    portal.get(&mut Browser::with(SESSION, &format!("\"{value}\"")), "/developer").await.is(200);
}
