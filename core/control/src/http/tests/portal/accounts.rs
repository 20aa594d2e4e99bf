//! Sign-up, confirmation, passwords, addresses, and what administrators do with them.

use super::*;

fn nobody() -> Browser {
    Browser::default()
}

async fn post(portal: &Portal, path: &str, body: Value) -> Got {
    portal.call(&mut nobody(), "POST", path, body).await
}

/// Whether a password opens a session.
async fn opens(portal: &Portal, email: &str, password: &str) -> bool {
    let got = portal.log_in(&mut nobody(), email, password).await;
    assert!(matches!(got.status, 204 | 401), "{got:?}");
    assert_eq!(got.headers.contains_key(SET_COOKIE), got.status == 204);
    got.status == 204
}

#[tokio::test]
async fn a_sign_up_waits_for_confirmation_and_approval() {
    let portal = Portal::new().await;
    let got = portal.register("Dee@Example.org", PASSWORD).await.is(200);
    assert_eq!(
        got.body,
        json!({"developer": {"email": "Dee@Example.org", "meta": META, "status": 1}, "email": {"accepted": true}})
    );
    assert!(!opens(&portal, EMAIL, PASSWORD).await);
    let (_, developer) = portal.admin("GET", "/developers/dee@example.org", json!(null)).await;
    assert_eq!((&developer["status"], &developer["email_verified"]), (&json!(1), &json!(false)));
    let token = portal.token("Dee@Example.org").await;
    let mut browser = nobody();
    let got = portal.call(&mut browser, "POST", "/verify-account", json!({"token": token})).await.is(200);
    assert_eq!((got.body, browser.cookies.len()), (json!({"status": 1}), 0));
    let got = post(&portal, "/verify-account", json!({"token": token})).await.is(401);
    assert_eq!(got.body, json!({"message": "Unauthorized"}));
    assert!(opens(&portal, "DEE@example.org", PASSWORD).await);
    let (_, developer) = portal.admin("GET", "/developers/DEE@example.org", json!(null)).await;
    assert_eq!((&developer["status"], &developer["email_verified"]), (&json!(1), &json!(true)));
    let unverified = json!({"email_verified": false});
    let (_, body) = portal.admin("PATCH", "/developers/dee@example.org", unverified).await;
    assert_eq!(body["developer"]["email_verified"], true, "it is read-only");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_sign_up_is_said_at_once() {
    let portal = Portal::new().await;
    for (body, fields) in [
        (json!({"email": EMAIL, "meta": META}), json!({"password": "password is required"})),
        (json!({"password": PASSWORD, "meta": META}), json!({"email": "required field missing"})),
        (
            json!({"email": EMAIL, "password": PASSWORD, "meta": "{}"}),
            json!({"meta": {"full_name": "required field missing"}}),
        ),
        (
            json!({}),
            json!({"email": "required field missing", "password": "password is required",
                "meta": {"full_name": "required field missing"}}),
        ),
        (
            json!({"email": "a@b.org,c@d.org", "password": PASSWORD, "meta": META, "status": 0}),
            json!({"email": "expected an e-mail address", "status": "unknown field"}),
        ),
    ] {
        let got = post(&portal, "/register", body).await.is(400);
        assert_eq!((&got.body["code"], &got.body["fields"]), (&json!(2), &fields));
    }
    let got = portal.register(EMAIL, "too short").await.is(400);
    assert!(got.body["fields"]["password"].is_string());
    assert!(portal.mails().await.is_empty());
    assert_eq!(portal.admin("GET", "/developers", json!(null)).await.1["total"], 0);
}

#[tokio::test]
async fn an_address_that_is_used_looks_free() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let used = portal.register(EMAIL, OTHER_PASSWORD).await.is(200);
    let free = portal.register("eve@example.org", OTHER_PASSWORD).await.is(200);
    assert_eq!(used.body.to_string().replace("dee@", "eve@"), free.body.to_string());
    assert_eq!(used.headers, free.headers);
    assert!(!opens(&portal, EMAIL, OTHER_PASSWORD).await && opens(&portal, EMAIL, PASSWORD).await);
    let mails = portal.mails().await;
    assert_eq!(
        mails.iter().filter(|mail| mail.to == EMAIL && !mail.text.contains("token=")).count(),
        2,
        "{mails:?}"
    );
    portal.admin("PATCH", "/settings", json!({"portal_reveal_accounts": true})).await;
    let got = portal.register(EMAIL, OTHER_PASSWORD).await.is(409);
    assert_eq!(got.body["fields"], json!({"email": EMAIL}));
}

#[tokio::test]
async fn who_signs_up_later_does_not_confirm_the_password_of_before() {
    let portal = Portal::new().await;
    portal.register(EMAIL, PASSWORD).await.is(200);
    let first = portal.token(EMAIL).await;
    portal.register("DEE@example.org", OTHER_PASSWORD).await.is(200);
    let second = portal.token("DEE@example.org").await;
    post(&portal, "/verify-account", json!({"token": first})).await.is(401);
    post(&portal, "/resend-account-verification", json!({"email": EMAIL})).await.is(204);
    let third = portal.token("DEE@example.org").await;
    post(&portal, "/verify-account", json!({"token": second})).await.is(401);
    post(&portal, "/verify-account", json!({"token": third})).await.is(200);
    assert!(opens(&portal, EMAIL, OTHER_PASSWORD).await && !opens(&portal, EMAIL, PASSWORD).await);
    assert_eq!(portal.admin("GET", "/developers", json!(null)).await.1["total"], 1);
    // Nobody else is written to.
    for email in [EMAIL, "nobody@example.org"] {
        portal.mails().await;
        post(&portal, "/resend-account-verification", json!({"email": email})).await.is(204);
        assert!(portal.mails().await.is_empty());
    }
}

#[tokio::test]
async fn a_sign_up_of_somebody_else_is_taken_back() {
    let portal = Portal::new().await;
    portal.register(EMAIL, PASSWORD).await.is(200);
    let token = portal.token(EMAIL).await;
    post(&portal, "/invalidate-account-verification", json!({"token": token})).await.is(204);
    post(&portal, "/invalidate-account-verification", json!({"token": token})).await.is(401);
    post(&portal, "/verify-account", json!({"token": token})).await.is(401);
    assert_eq!(portal.admin("GET", "/developers", json!(null)).await.1["total"], 0);
    assert_eq!(
        post(&portal, "/verify-account", json!({})).await.is(400).body,
        json!({"message": "token is required"})
    );
}

#[tokio::test]
async fn a_token_ends_by_its_time_and_for_another_use_is_worth_nothing() {
    let portal = Portal::new().await;
    portal.register(EMAIL, PASSWORD).await.is(200);
    let token = portal.token(EMAIL).await;
    for path in ["/validate-reset", "/confirm-email", "/revert-email"] {
        post(&portal, path, json!({"token": token})).await.is(401);
    }
    portal.advance(86_400_000);
    post(&portal, "/verify-account", json!({"token": token})).await.is(401);
    for broken in [&token[1..], &format!("{token}x"), "x", "lkm_"] {
        post(&portal, "/verify-account", json!({"token": broken})).await.is(401);
    }
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_mail_and_ends_all_sessions() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let known = post(&portal, "/forgot-password", json!({"email": "DEE@example.org"})).await.is(200);
    let unknown = post(&portal, "/forgot-password", json!({"email": "eve@example.org"})).await.is(200);
    assert_eq!((known.body, known.headers), (unknown.body, unknown.headers));
    let token = portal.token(EMAIL).await;
    post(&portal, "/validate-reset", json!({"token": token})).await.is(200);
    let got = post(&portal, "/reset-password", json!({"token": token, "password": "short"})).await.is(400);
    assert!(got.body["fields"]["password"].is_string());
    portal.get(&mut browser, "/developer").await.is(200);
    let reset = json!({"token": token, "password": OTHER_PASSWORD});
    let mut resetting = nobody();
    portal.call(&mut resetting, "POST", "/reset-password", reset.clone()).await.is(200);
    assert!(resetting.cookies.is_empty());
    post(&portal, "/reset-password", reset).await.is(401);
    portal.get(&mut browser, "/developer").await.is(401);
    assert!(opens(&portal, EMAIL, OTHER_PASSWORD).await && !opens(&portal, EMAIL, PASSWORD).await);
    assert!(portal.mails().await.iter().any(|mail| mail.to == EMAIL), "the owner is told");
    post(&portal, "/forgot-password", json!({"email": EMAIL})).await.is(200);
    let token = portal.token(EMAIL).await;
    portal.advance(30 * 60_000);
    post(&portal, "/validate-reset", json!({"token": token})).await.is(401);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let (mut one, mut two) = (portal.logged_in(EMAIL).await, portal.logged_in(EMAIL).await);
    let change = |old: &str, new: &str| json!({"old_password": old, "password": new});
    let path = "/developer/password";
    let got =
        portal.call(&mut one, "PATCH", path, change(OTHER_PASSWORD, "silent maple orbit 57")).await.is(400);
    assert_eq!(got.body, json!({"message": "Old password is invalid"}));
    let before = one.cookie(SESSION).unwrap().to_owned();
    portal.call(&mut one, "PATCH", path, change(PASSWORD, OTHER_PASSWORD)).await.is(204);
    assert_ne!(one.cookie(SESSION).unwrap(), before);
    portal.get(&mut one, "/developer").await.is(200);
    portal.get(&mut two, "/developer").await.is(401);
    portal.get(&mut Browser::with(SESSION, &before), "/developer").await.is(401);
    assert!(opens(&portal, EMAIL, OTHER_PASSWORD).await && !opens(&portal, EMAIL, PASSWORD).await);
}

#[tokio::test]
async fn an_address_counts_once_it_is_confirmed_and_can_be_taken_back() {
    const NEW: &str = "new@example.org";
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    portal.call(&mut browser, "PATCH", "/developer/email", json!({"email": NEW})).await.is(200);
    let mails = portal.mails().await;
    let token = |to: &str| {
        let mail = mails.iter().find(|mail| mail.to == to).unwrap();
        mail.text.split("?token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    };
    let (confirm, revert) = (token(NEW), token(EMAIL));
    assert!(!opens(&portal, NEW, PASSWORD).await && opens(&portal, EMAIL, PASSWORD).await);
    let got = post(&portal, "/confirm-email", json!({"token": confirm})).await.is(200);
    assert_eq!(got.body["developer"]["email"], NEW);
    portal.get(&mut browser, "/developer").await.is(401);
    assert!(opens(&portal, NEW, PASSWORD).await && !opens(&portal, EMAIL, PASSWORD).await);
    post(&portal, "/confirm-email", json!({"token": confirm})).await.is(401);
    let mut browser = portal.logged_in(NEW).await;
    let got = post(&portal, "/revert-email", json!({"token": revert})).await.is(200);
    assert_eq!(got.body["developer"]["email"], EMAIL);
    portal.get(&mut browser, "/developer").await.is(401);
    assert!(opens(&portal, EMAIL, PASSWORD).await);
    post(&portal, "/revert-email", json!({"token": revert})).await.is(401);
}

#[tokio::test]
async fn an_address_that_is_anothers_is_answered_alike() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    portal.developer("eve@example.org").await;
    let mut browser = portal.logged_in(EMAIL).await;
    let mut change = async |email: &str| {
        portal.call(&mut browser, "PATCH", "/developer/email", json!({"email": email})).await.is(200)
    };
    let (used, free) = (change("eve@example.org").await, change("new@example.org").await);
    assert_eq!((used.body, used.headers), (free.body, free.headers));
    let mails = portal.mails().await;
    let to = |to: &str| mails.iter().filter(|mail| mail.to == to).count();
    assert_eq!((to(EMAIL), to("eve@example.org"), to("new@example.org")), (2, 1, 1));
    // Whoever has taken the address meanwhile keeps it.
    let token = mails.iter().find(|mail| mail.to == "new@example.org").unwrap();
    let token = token.text.split("?token=").nth(1).unwrap().split_whitespace().next().unwrap();
    portal.admin("POST", "/developers", json!({"email": "NEW@example.org"})).await;
    post(&portal, "/confirm-email", json!({"token": token})).await.is(401);
}

#[tokio::test]
async fn meta_is_what_is_asked_for() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let path = "/developer/meta";
    for meta in ["x", "{}", "[]"] {
        portal.call(&mut browser, "PATCH", path, json!({"meta": meta})).await.is(400);
    }
    let meta = r#"{"full_name":"Dee & Co"}"#;
    let got = portal.call(&mut browser, "PATCH", path, json!({"meta": meta})).await.is(200);
    assert_eq!(got.body["meta"], meta);
    assert_eq!(portal.get(&mut browser, "/developer").await.is(200).body["meta"], meta);
    let got = portal.get(&mut nobody(), "/developer/meta_fields").await.is(200);
    let field = json!([{"title": "full_name", "label": "Full name", "is_email": false,
        "validator": {"type": "string", "required": true}}]);
    assert_eq!(got.body, field);
}

#[tokio::test]
async fn an_account_is_deleted_by_its_owner() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    portal.call(&mut browser, "DELETE", "/developer", json!(null)).await.is(204);
    assert!(browser.cookies.is_empty());
    assert!(!opens(&portal, EMAIL, PASSWORD).await);
    assert_eq!(portal.admin("GET", "/developers", json!(null)).await.1["total"], 0);
    let left = portal.control.registry().store().dump();
    let of_accounts = ["account", "session/", "mail-token/"];
    let left: Vec<_> = left
        .keys()
        .filter(|key| of_accounts.iter().any(|partition| key.partition.starts_with(partition)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn whom_an_administrator_makes_sets_a_password_by_mail() {
    let portal = Portal::new().await;
    let made = json!({"email": EMAIL, "status": 0});
    let (status, body) =
        portal.admin("POST", "/developers", json!({"email": EMAIL, "password": PASSWORD})).await;
    assert_eq!((status, &body["fields"]), (400, &json!({"password": "unknown field"})));
    let (status, body) = portal.admin("POST", "/developers", made).await;
    assert_eq!((status, &body["email_verified"]), (200, &json!(false)));
    let invited = portal.token(EMAIL).await;
    // Somebody who signs up with the address does not get in by that.
    portal.register(EMAIL, OTHER_PASSWORD).await.is(200);
    assert!(!portal.mails().await.iter().any(|mail| mail.text.contains("token=")));
    post(&portal, "/reset-password", json!({"token": invited, "password": PASSWORD})).await.is(200);
    assert!(opens(&portal, EMAIL, PASSWORD).await && !opens(&portal, EMAIL, OTHER_PASSWORD).await);
    let (_, body) = portal.admin("GET", "/developers/dee@example.org", json!(null)).await;
    assert_eq!(body["email_verified"], true);
    portal.mails().await;
    let path = "/developers/dee@example.org/reset-password";
    assert_eq!(portal.admin("POST", path, json!(null)).await, (204, json!(null)));
    let token = portal.token(EMAIL).await;
    post(&portal, "/reset-password", json!({"token": token, "password": OTHER_PASSWORD})).await.is(200);
    assert_eq!(portal.admin("POST", "/developers/x@y.org/reset-password", json!(null)).await.0, 404);
}

#[tokio::test]
async fn without_mail_nobody_confirms_and_links_are_handed_over() {
    let portal = Portal::over(false).await;
    portal.register(EMAIL, PASSWORD).await.is(200);
    assert!(opens(&portal, EMAIL, PASSWORD).await);
    // Nobody gets in by signing up once more.
    portal.register(EMAIL, OTHER_PASSWORD).await.is(200);
    assert!(!opens(&portal, EMAIL, OTHER_PASSWORD).await && opens(&portal, EMAIL, PASSWORD).await);
    post(&portal, "/forgot-password", json!({"email": EMAIL})).await.is(200);
    let (status, body) =
        portal.admin("POST", "/developers/dee@example.org/reset-password", json!(null)).await;
    assert_eq!(status, 200);
    let link = body["link"].as_str().unwrap();
    let token = link.strip_prefix("https://portal.example.com/portal/reset?token=").unwrap();
    post(&portal, "/reset-password", json!({"token": token, "password": OTHER_PASSWORD})).await.is(200);
    assert!(opens(&portal, EMAIL, OTHER_PASSWORD).await);
    let (_, body) = portal.admin("GET", "/developers/dee@example.org", json!(null)).await;
    assert_eq!(body["email_verified"], false, "nobody has read mail there");
}

#[tokio::test]
async fn approval_can_be_nobodys_task() {
    let portal = Portal::new().await;
    portal.admin("PATCH", "/settings", json!({"auto_approve_developers": true})).await;
    assert_eq!(portal.register(EMAIL, PASSWORD).await.is(200).body["developer"]["status"], 1);
    let token = portal.token(EMAIL).await;
    let got = post(&portal, "/verify-account", json!({"token": token})).await.is(200);
    assert_eq!(got.body, json!({"status": 0}));
}

#[tokio::test]
async fn who_may_not_log_in_is_answered_as_a_wrong_password_is() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    portal.developer("revoked@example.org").await;
    portal.set_status("revoked@example.org", 3).await;
    portal.developer("rejected@example.org").await;
    portal.set_status("rejected@example.org", 2).await;
    portal.register("unverified@example.org", PASSWORD).await;
    let wrong = portal.log_in(&mut nobody(), EMAIL, OTHER_PASSWORD).await.is(401);
    for email in
        ["revoked@example.org", "rejected@example.org", "unverified@example.org", "nobody@example.org"]
    {
        let got = portal.log_in(&mut nobody(), email, PASSWORD).await.is(401);
        assert_eq!((&got.body, &got.headers), (&wrong.body, &wrong.headers), "{email}");
    }
}

/// A password changed while a log-in with the old one is being hashed: no session.
#[tokio::test]
async fn what_changes_while_a_password_is_hashed_decides() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let headers = nobody().headers("GET", "/auth", false, &[("authorization", &basic(EMAIL, PASSWORD))]);
    let head = Head { host: b"portal.example.com", ..head("GET", "/portal/api/auth", None, &headers) };
    let Step::Password(need) = portal.control.ask(&head, b"", None).await else { panic!("no password") };
    let right = portal.answer(*need);
    assert!(matches!(right.outcome, PasswordOutcome::Right { .. }));
    let mut browser = portal.logged_in(EMAIL).await;
    let change = json!({"old_password": PASSWORD, "password": OTHER_PASSWORD});
    portal.call(&mut browser, "PATCH", "/developer/password", change).await.is(204);
    let Step::Answer(response) = portal.control.ask(&head, b"", Some(&right)).await else { panic!("again") };
    assert_eq!(response.status(), 401);
    assert!(!response.headers().contains_key(SET_COOKIE));
}

#[tokio::test]
async fn attempts_that_are_held_say_how_long() {
    let portal = Portal::new().await;
    let headers = nobody().headers("GET", "/auth", false, &[("authorization", &basic(EMAIL, PASSWORD))]);
    let head = Head { host: b"portal.example.com", ..head("GET", "/portal/api/auth", None, &headers) };
    for (outcome, status, after) in
        [(PasswordOutcome::Held { retry_after_s: 7 }, 429, "7"), (PasswordOutcome::Busy, 503, "2")]
    {
        let answer = PasswordAnswer { state: None, outcome };
        let Step::Answer(response) = portal.control.ask(&head, b"", Some(&answer)).await else {
            panic!("again")
        };
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (status, &HeaderValue::from_static(after))
        );
    }
}

#[tokio::test]
async fn owners_are_told_of_log_ins_that_may_be_anothers() {
    let mut portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = nobody();
    portal.log_in(&mut browser, EMAIL, PASSWORD).await.is(204);
    assert_eq!(portal.mails().await.len(), 1, "a new browser");
    portal.log_in(&mut browser, EMAIL, PASSWORD).await.is(204);
    assert!(portal.mails().await.is_empty(), "the same once more");
    portal.failures_before = 10;
    portal.log_in(&mut browser, EMAIL, PASSWORD).await.is(204);
    assert_eq!(portal.mails().await.len(), 1, "after many failures");
    portal.failures_before = 0;
    portal.admin("PATCH", "/settings", json!({"new_browser_mails": false})).await;
    portal.log_in(&mut nobody(), EMAIL, PASSWORD).await.is(204);
    assert!(portal.mails().await.is_empty());
}

#[tokio::test]
async fn the_audit_tells_of_accounts_and_of_no_secret() {
    let portal = Portal::new().await;
    portal.developer(EMAIL).await;
    let mut browser = portal.logged_in(EMAIL).await;
    let session = browser.cookie(SESSION).unwrap().to_owned();
    portal.call(&mut browser, "DELETE", "/auth?session_logout=true", json!(null)).await.is(200);
    let reports = [crate::log_in::FailureReport {
        address: Some([192, 0, 2, 7].into()),
        minute_ms: START_MS,
        failed: 7,
        held: 2,
    }];
    portal.control.registry().note_failed_log_ins(&reports).await.unwrap();
    let (_, audit) = portal.admin("GET", "/audit?entity=accounts", json!(null)).await;
    let text = audit.to_string();
    for did in ["logged_in", "logged_out"] {
        assert!(text.contains(&format!("\"did\":\"{did}\"")), "{did}: {text}");
    }
    let newest = &audit["data"][0];
    assert_eq!((&newest["who"]["kind"], &newest["address"]), (&json!("visitor"), &json!("192.0.2.7")));
    let count = |at: usize| (newest["changes"][at]["did"].clone(), newest["changes"][at]["count"].clone());
    assert_eq!(count(0), (json!("log_ins_failed"), json!(7)));
    assert_eq!(count(1), (json!("log_ins_held"), json!(2)));
    let dump = format!(
        "{:?}",
        portal
            .control
            .registry()
            .store()
            .dump()
            .values()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect::<Vec<_>>()
    );
    for secret in [PASSWORD, session.as_str(), "lkm_", "stand-in:"] {
        assert!(!dump.contains(secret), "{secret}");
    }
}
