//! Pages that are refused: what is around them, and what they lead to.

use super::*;
use crate::http::tests::call;
use crate::http::{Fault, Knock};

const NO_ID: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn what_is_refused_is_around_as_every_page() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    assert_eq!(call(&control, "PATCH", "/settings", "{\"portal_name\": \"Parcels\"}").await.0, 200);
    browser.get(&control, "/manager/?lang=ja").await;
    let missing = format!("/manager/services/{NO_ID}");
    for (path, status) in [(missing.as_str(), 404), ("/manager/nothing", 404), ("/manager/log-out", 405)] {
        let page = browser.get(&control, path).await;
        assert_eq!(page.status(), status, "{path}");
        for there in ["<html lang=\"ja\">", "Parcels", "/manager/requests", "ログアウト"] {
            assert!(text(&page).contains(there), "{path} {there}: {}", text(&page));
        }
        let page = browser.get(&control, &format!("{path}?lang=en")).await;
        assert!(text(&page).contains("<html lang=\"en\">"), "{path}: {}", text(&page));
        browser.get(&control, "/manager/?lang=ja").await;
    }
    let mut nobody = Browser::default();
    let page = nobody.get(&control, "/manager/nothing").await;
    assert!(text(&page).contains("Parcels") && !text(&page).contains("/manager/requests"));
    // What the door refuses without the store knows the language at least.
    let headers = browser.headers(&[("sec-fetch-site", "cross-site")]);
    let page = control.serve(&head("POST", "/manager/services/new", None, &headers), b"").await;
    assert!(page.status() == 403 && text(&page).contains("<html lang=\"ja\">"), "{}", text(&page));
    let elsewhere =
        crate::http::Head { host: b"x.test", ..head("GET", "/portal/", Some("lang=ja"), &headers) };
    let page = control.serve(&elsewhere, b"").await;
    assert!(page.status() == 421 && text(&page).contains("<html lang=\"ja\">"), "{}", text(&page));
}

#[tokio::test]
async fn the_language_is_changed_after_every_answer_to_a_form() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let mut shown = 0;
    for (path, form) in [
        ("/manager/settings/look", &[("portal_colour", "red")][..]),
        ("/manager/settings/mail", &[("request_mails", "x")]),
        ("/manager/settings/test-mail", &[("email", "x")]),
        ("/manager/requests/approve", &[]),
        ("/manager/requests/reject", &[]),
        ("/manager/first/service", &[("name", "a b")]),
        ("/manager/first/route", &[]),
    ] {
        let answer = browser.post(&control, path, form).await;
        if answer.status() == 303 {
            continue;
        }
        shown += 1;
        let (before, _) = text(&answer).split_once("hreflang=\"ja\"").expect("has a link to the language");
        let (_, link) = before.rsplit_once("href=\"").unwrap();
        let link = link.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&");
        let page = browser.get(&control, &link).await;
        assert_eq!(page.status(), 200, "{path} {link}");
        assert!(text(&page).contains("<html lang=\"ja\">"), "{path} {link}");
        browser.get(&control, "/manager/?lang=en").await;
    }
    assert!(shown >= 3, "{shown}");
}

#[tokio::test]
async fn what_takes_away_is_confirmed_however_long_the_token_was_not_shown() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, made) = call(&control, "POST", "/tokens", "{\"name\": \"ci\"}").await;
    let path = format!("/manager/tokens/{}/delete", made["id"].as_str().unwrap());
    control.registry().clock().advance(11 * 60_000);
    for path in [path.as_str(), "/manager/tokens/new"] {
        let page = browser.get(&control, path).await;
        assert_eq!(page.status(), 200, "{path}: {}", text(&page));
        assert!(!text(&page).contains("admin_token"), "{path}: {}", text(&page));
    }
    assert_eq!(browser.post(&control, &path, &[]).await.status(), 401);
    assert_eq!(call(&control, "GET", "/tokens/ci", "").await.0, 200);
    let form = [("admin_token", TOKEN)];
    assert_eq!(browser.post(&control, &path, &form).await.status(), 303);
    assert_eq!(call(&control, "GET", "/tokens/ci", "").await.0, 404);
}

/// A refusal takes nothing from who has shown the token again.
#[tokio::test]
async fn the_session_that_is_opened_anew_is_kept_through_a_refusal() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    control.registry().clock().advance(11 * 60_000);
    let path = format!("/manager/routes/{NO_ID}/delete");
    let response = browser.post(&control, &path, &[("admin_token", TOKEN)]).await;
    assert!(response.headers().contains_key(SET_COOKIE), "{}", text(&response));
    assert_eq!(browser.get(&control, "/manager/").await.status(), 200);
}

#[tokio::test]
async fn what_is_too_large_is_answered_by_a_page_and_a_document_of_the_largest_size_is_none() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let sent = "{\"name\": \"orders\", \"url\": \"http://127.0.0.1:9\"}";
    let (_, service) = call(&control, "POST", "/services", sent).await;
    let path = format!("/manager/services/{}/document", service["id"].as_str().unwrap());
    let fields = [("content-type", "multipart/form-data; boundary=b"), SAME_ORIGIN];
    let headers = browser.headers(&fields);
    let form = |bytes: usize| {
        let head = "--b\r\nContent-Disposition: form-data; name=\"document\"; filename=\"o.json\"\r\n\r\n";
        let document =
            "{\"openapi\": \"3.1.0\", \"info\": {\"title\": \"o\", \"version\": \"1\"}, \"paths\": {}}";
        format!("{head}{document}{}\r\n--b--\r\n", " ".repeat(bytes - document.len()))
    };
    let head = head("POST", &path, None, &headers);
    let door = crate::http::Door::new((*control.settings).clone(), control.registry.peppers().clone());
    let Knock::Read { body_bytes_max, .. } = door.knock(&head, 0) else { panic!("is let in") };
    for (bytes, status) in [(1 << 20, 303), ((1 << 20) + 1, 400)] {
        let body = form(bytes);
        assert!(body.len() <= body_bytes_max, "{bytes}");
        let response = control.serve(&head, body.as_bytes()).await;
        assert_eq!(response.status(), status, "{bytes}: {}", text(&response));
    }
    let page = browser.get(&control, &path).await;
    assert!(text(&page).contains("o.json"), "{}", text(&page));
    let page = door.fault(&head, Fault::BodyTooLarge);
    assert_eq!(page.status(), 413);
    assert!(text(&page).contains("Too large"), "{}", text(&page));
    assert!(page.headers().contains_key("content-security-policy"));
    let api = crate::http::tests::head("POST", "/admin/services", None, &headers);
    assert_eq!(text(&door.fault(&api, Fault::BodyTooLarge)), "{\"message\":\"Request body too large\"}");
}

#[tokio::test]
async fn who_has_to_wait_is_told_how_long() {
    let control = new_control().await;
    let browser = administrator(&control).await;
    let held = PasswordAnswer { state: None, outcome: PasswordOutcome::Held { retry_after_s: 7 } };
    let headers = browser.headers(&[("content-type", "application/x-www-form-urlencoded"), SAME_ORIGIN]);
    let again = format!("/manager/services/{NO_ID}/delete");
    control.registry().clock().advance(11 * 60_000);
    for (path, body) in [
        ("/manager/log-in", "admin_token=x"),
        ("/portal/log-in", "email=a@x.test&password=x"),
        (&again, "admin_token=x"),
    ] {
        let head = head("POST", path, None, &headers);
        let Step::Answer(response) = control.ask(&head, body.as_bytes(), Some(&held)).await else {
            panic!("{path} is asked twice");
        };
        assert_eq!(response.status(), 429, "{path}: {}", text(&response));
        assert_eq!(response.headers()["retry-after"], "7", "{path}");
    }
}
