//! Developers.

use super::*;
use crate::http::tests::TOKEN;

#[tokio::test]
async fn developers_are_listed_by_state_and_searched() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    for (email, status) in [("a@x.test", 0), ("b@x.test", 1), ("c@x.test", 2), ("d@x.test", 3)] {
        make_developer(&control, email, status).await;
    }
    let meta = json!({"email": "jane@x.test", "status": 0, "meta": "{\"full_name\":\"Jane & Co\"}"});
    admin(&control, "POST", "/developers", meta).await;
    for (query, expected) in [
        ("", vec!["a@x.test", "jane@x.test"]),
        ("?state=approved", vec!["a@x.test", "jane@x.test"]),
        ("?state=requested", vec!["b@x.test"]),
        ("?state=rejected", vec!["c@x.test"]),
        ("?state=revoked", vec!["d@x.test"]),
        ("?state=approved&q=JANE", vec!["jane@x.test"]),
        ("?state=revoked&q=jane", vec![]),
    ] {
        let shown = page(&mut browser, &control, &format!("/manager/developers{query}")).await;
        for email in ["a@x.test", "b@x.test", "c@x.test", "d@x.test", "jane@x.test"] {
            let is_there = shown.contains(&format!(">{email}<"));
            assert_eq!(is_there, expected.contains(&email), "{query} {email}: {shown}");
        }
        assert_eq!(shown.contains("Jane &#38; Co"), expected.contains(&"jane@x.test"), "{shown}");
    }
}

#[tokio::test]
async fn a_developer_is_approved_rejected_revoked_and_approved_again() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = open_service(&control, "orders").await;
    let developer = make_developer(&control, "jane@x.test", 1).await;
    let of = |what: &str| format!("/manager/developers/{developer}{what}");
    send(&mut browser, &control, &of("/reject"), &[], "Rejected.").await;
    send(&mut browser, &control, &of("/reject"), &[], AGAIN).await;
    send(&mut browser, &control, &of("/approve"), &[], "Approved.").await;
    let stale = browser.post(&control, &of("/reject"), &[]).await;
    assert_eq!(stale.status(), 409, "approved in another tab: {}", text(&stale));
    assert!(text(&stale).contains("Changed meanwhile"), "{}", text(&stale));
    let stored = admin(&control, "GET", &format!("/developers/{developer}"), Value::Null).await;
    assert_eq!(stored["status"], json!(0));
    let application = make_application(&control, &developer, "zoo").await;
    let contract = ask(&control, &application, &service, "").await;
    admin(&control, "PATCH", &format!("/application_instances/{contract}"), json!({"status": 0})).await;
    let shown = page(&mut browser, &control, &of("")).await;
    assert!(shown.contains("zoo") && shown.contains("jane@x.test"), "{shown}");
    assert!(shown.contains("/reset") && shown.contains("Make a link for a new password"), "{shown}");
    let asked = page(&mut browser, &control, &of("/revoke")).await;
    assert!(asked.contains("1 application stops, within 5 seconds."), "{asked}");
    let shown = page(&mut browser, &control, &of("")).await;
    assert!(shown.contains("/revoke"), "asking has changed nothing: {shown}");
    send(&mut browser, &control, &of("/revoke"), &[], "Access was revoked.").await;
    send(&mut browser, &control, &of("/revoke"), &[], AGAIN).await;
    send(&mut browser, &control, &of("/approve"), &[], "Approved.").await;
}

#[tokio::test]
async fn a_developer_is_deleted_after_the_token_was_shown_lately() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let developer = make_developer(&control, "jane@x.test", 0).await;
    let path = format!("/manager/developers/{developer}/delete");
    let asked = page(&mut browser, &control, &path).await;
    assert!(asked.contains("No application stops, within 5 seconds."), "{asked}");
    control.registry().clock().advance(11 * 60_000);
    // The token is asked for with the form, never in the place of the page that says what stops.
    let asked = page(&mut browser, &control, &path).await;
    assert!(asked.contains("No application stops, within 5 seconds."), "{asked}");
    assert!(!asked.contains("admin_token"), "{asked}");
    let response = browser.post(&control, &path, &[]).await;
    assert_eq!(response.status(), 401, "{}", text(&response));
    assert_eq!(call(&control, "GET", &format!("/developers/{developer}"), "").await.0, 200);
    send(&mut browser, &control, &path, &[("admin_token", TOKEN)], "Deleted.").await;
    send(&mut browser, &control, &path, &[], AGAIN).await;
    assert_eq!(call(&control, "GET", &format!("/developers/{developer}"), "").await.0, 404);
    let gone = browser.get(&control, &format!("/manager/developers/{developer}")).await;
    assert_eq!(gone.status(), 404);
}
