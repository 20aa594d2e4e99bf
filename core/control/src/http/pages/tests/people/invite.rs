//! Invitations.

use uuid::Uuid;

use super::*;
use crate::http::tests::{START_MS, TOKEN};
use crate::http::{Control, ControlSettings};
use crate::ports::testing::{ManualClock, SeededRandom};
use crate::registry::Registry;
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_store::memory::MemoryStore;

fn nonce(page: &str) -> String {
    page.split_once("name=\"nonce\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn without_mail_each_invited_gets_a_link_this_once() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    make_developer(&control, "there@x.test", 0).await;
    let shown = page(&mut browser, &control, "/manager/developers/invite").await;
    assert!(shown.contains("sends no mail"), "{shown}");
    let nonce = nonce(&shown);
    let typed = "a@x.test, b@x.test\r\nTHERE@x.test\r\nnone\r\nA@x.test";
    let form = [("addresses", typed), ("nonce", nonce.as_str())];
    let response = browser.post(&control, "/manager/developers/invite", &form).await;
    assert_eq!(response.status(), 200, "{}", text(&response));
    let invited = text(&response).to_owned();
    assert_eq!(invited.matches("/portal/reset?token=").count(), 2, "{invited}");
    assert!(invited.contains("There is a developer with this address already."), "{invited}");
    assert!(invited.contains("This is no e-mail address."), "{invited}");
    let listed = page(&mut browser, &control, "/manager/developers?state=approved").await;
    assert!(listed.contains("a@x.test") && listed.contains("b@x.test"), "{listed}");
    let (_, all) = call(&control, "GET", "/developers", "").await;
    assert_eq!(all["total"], json!(3), "{all}");
    // Sent again, nobody is made, and no link is shown.
    let form = [("addresses", "a@x.test\nb@x.test"), ("nonce", nonce.as_str())];
    let again = send(&mut browser, &control, "/manager/developers/invite", &form, AGAIN).await;
    assert!(!again.contains("token="), "{again}");
    let (_, after) = call(&control, "GET", "/developers", "").await;
    assert_eq!(after["total"], json!(3), "{after}");
}

#[tokio::test]
async fn nobody_or_too_many_are_refused_beside_the_field() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let many: Vec<String> = (0..101).map(|number| format!("a{number}@x.test")).collect();
    for typed in [" , \r\n".to_owned(), many.join("\n")] {
        let form = [("addresses", typed.as_str())];
        let response = browser.post(&control, "/manager/developers/invite", &form).await;
        assert_eq!(response.status(), 400);
        assert!(text(&response).contains("Give 1 to 100 addresses."), "{}", text(&response));
    }
    assert_eq!(call(&control, "GET", "/developers", "").await.1["total"], json!(0));
}

/// The same with mail.
async fn control_with_mail() -> TestControl {
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
    let token = peppers.current.digest(TOKEN.as_bytes());
    let (clock, random) = (ManualClock::at(START_MS), SeededRandom::new(7));
    let registry = Registry::open(MemoryStore::default(), clock, random, peppers).await.unwrap();
    let settings = ControlSettings {
        control_origin: latchkey_request::origin::Origin::parse("https://control.test").ok(),
        mail_from: Some("portal@control.test".to_owned()),
        ..ControlSettings::new(Some(token), "test", Uuid::nil())
    };
    Control::new(registry, settings)
}

#[tokio::test]
async fn with_mail_links_are_mailed_and_never_shown() {
    let control = control_with_mail().await;
    let mut browser = administrator(&control).await;
    let shown = page(&mut browser, &control, "/manager/developers/invite").await;
    assert!(shown.contains("Each gets a mail"), "{shown}");
    let nonce = nonce(&shown);
    let form = [("addresses", "a@x.test"), ("nonce", nonce.as_str())];
    let response = browser.post(&control, "/manager/developers/invite", &form).await;
    let invited = text(&response);
    assert!(invited.contains("A mail is on its way to") && !invited.contains("token="), "{invited}");
    let (_, listed) = call(&control, "GET", "/developers", "").await;
    let path = format!("/manager/developers/{}", id(&listed["data"][0]));
    let shown = page(&mut browser, &control, &path).await;
    assert!(shown.contains(&format!("{path}/reset")), "{shown}");
    let sent = send(&mut browser, &control, &format!("{path}/reset"), &[], "A mail is on its way.").await;
    assert!(!sent.contains("token="), "{sent}");
}

#[tokio::test]
async fn without_mail_the_link_for_a_new_password_is_shown_this_once() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let path = format!("/manager/developers/{}", make_developer(&control, "a@x.test", 0).await);
    let shown = page(&mut browser, &control, &path).await;
    assert!(shown.contains(&format!("action=\"{path}/reset\"")), "{shown}");
    let response = browser.post(&control, &format!("{path}/reset"), &[]).await;
    assert_eq!(response.status(), 200);
    let told = text(&response).contains("good for 30 minutes") && !text(&response).contains("Invited");
    assert!(told, "{}", text(&response));
    let settings = page(&mut browser, &control, "/manager/settings").await;
    assert!(settings.contains("e-mail addresses are not verified"), "{settings}");
    assert_eq!(text(&response).matches("/portal/reset?token=").count(), 1, "{}", text(&response));
    assert!(!page(&mut browser, &control, &path).await.contains("token="));
}
