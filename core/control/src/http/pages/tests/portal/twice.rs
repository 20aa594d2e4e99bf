//! Forms that are sent twice: a second click, the back button, a reload, another tab.

use super::*;

#[tokio::test]
async fn an_application_is_made_once_and_its_key_shown_once() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let nonce = dee.get("/portal/apps/new").await.is(200).value("nonce");
    let form = [("name", ""), ("redirect_uri", "nowhere"), ("nonce", &nonce)];
    let wrong = dee.post("/portal/apps/new", &form).await.is(400).says("value=\"nowhere\"");
    assert_eq!(wrong.value("nonce"), nonce, "what was drawn stays");
    let form = [("name", "Shop"), ("redirect_uri", "https://a.test"), ("nonce", &nonce)];
    let key = dee.post("/portal/apps/new", &form).await.is(200).secret("client_id");
    let again = dee.post("/portal/apps/new", &form).await.is(200).says("This key was shown already");
    assert_eq!(dee.keys(&nonce).await.len(), 1);
    let page = dee.get("/portal/apps").await.is(200);
    assert_eq!(page.text().matches(">Shop<").count(), 1);

    let (replace, second) = (replacing(&again, &nonce), again.value("nonce"));
    let other = dee.post(&replace, &[("nonce", &second)]).await.is(200).secret("client_id");
    assert_eq!(dee.keys(&nonce).await, std::slice::from_ref(&second), "it took the place of the first");
    let again = dee.post(&replace, &[("nonce", &second)]).await.is(200).says("This key was shown already");
    assert_eq!(replacing(&again, &nonce), format!("/portal/apps/{nonce}/keys/{second}/replace"));
    assert_eq!(dee.keys(&nonce).await, [second]);
    let done = dee.post("/portal/apps/new", &form).await.is(200);
    done.says("This key was shown already");
    assert_eq!((dee.times_told(&key), dee.times_told(&other)), (1, 1));
}

/// Where the answer to a form that was sent twice offers another key.
fn replacing(page: &Shown, application: &str) -> String {
    let begin = format!("/portal/apps/{application}/keys/");
    let rest = page.between(&format!("action=\"{begin}"));
    format!("{begin}{rest}")
}

#[tokio::test]
async fn a_key_is_generated_once_and_shown_once() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, _) = dee.application("Shop").await;
    let path = format!("/portal/apps/{application}/keys/new");
    let nonce = dee.get(&path).await.is(200).value("nonce");
    for (ends, own, said) in [
        ("soon", "", "Choose a day and a time"),
        ("own", "tomorrow", "Choose a day and a time"),
        ("own", "2020-01-01T00:00", "aria-invalid"),
    ] {
        let form = [("name", "Laptop"), ("ends", ends), ("own", own), ("nonce", &nonce)];
        dee.post(&path, &form).await.is(400).says(said).says("value=\"Laptop\"");
    }
    let form = [("name", "Laptop"), ("ends", "own"), ("own", "2026-11-27T09:05"), ("nonce", &nonce)];
    let key = dee.post(&path, &form).await.is(200).secret("client_id");
    let mut tab = Person { browser: dee.browser.clone(), ..Person::new(&portal) };
    for person in [&mut dee, &mut tab] {
        person.post(&path, &form).await.is(200).says("This key was shown already");
        assert_eq!(person.keys(&application).await.len(), 2, "the first, and this one");
    }
    assert_eq!((dee.times_told(&key), tab.times_told(&key)), (1, 0));
    let page = format!("/portal/apps/{application}/keys/{nonce}");
    dee.get(&page).await.is(200).says("2026-11-27 09:05 UTC");
    dee.post(&format!("{page}/rename"), &[("name", &"x".repeat(600))]).await.is(400);
    for name in ["Desk", "Desk"] {
        let saved = dee.post(&format!("{page}/rename"), &[("name", name)]).await.leads_to(&page);
        dee.is_told(&saved, "Saved.").await.says("Desk");
    }
    let replaced = dee.post(&format!("{page}/replace"), &[("nonce", "no uuid")]).await.is(200);
    assert_ne!(replaced.secret("client_id"), key);
    let keys = dee.keys(&application).await;
    assert!(keys.len() == 2 && !keys.contains(&nonce));
    let new = dee.get(&format!("/portal/apps/{application}")).await.is(200);
    new.says("Desk").says("2026-11-27 09:05 UTC");

    let delete = format!("/portal/apps/{application}/keys/{}/delete", keys[0]);
    dee.get(&delete).await.is(200).says("within 5 seconds");
    for said in ["Deleted.", "nothing was done again"] {
        let deleted = dee.post(&delete, &[]).await.leads_to(&format!("/portal/apps/{application}"));
        dee.is_told(&deleted, said).await;
    }
    assert_eq!(dee.keys(&application).await.len(), 1);
}

#[tokio::test]
async fn a_key_is_rotated_once_by_one_form() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, first) = dee.application("Shop").await;
    let key = dee.keys(&application).await.remove(0);
    let page = format!("/portal/apps/{application}/keys/{key}");
    let rotate = format!("{page}/rotate");
    let start = dee.get(&rotate).await.is(200).value("start");
    assert!(first.starts_with(&start) && start.len() < first.len());
    for (ends, own) in [("own", ""), ("own", "2020-01-01T00:00"), ("soon", "")] {
        dee.post(&rotate, &[("ends", ends), ("own", own), ("start", &start)]).await.is(400);
    }
    let form = [("ends", "24h"), ("own", ""), ("start", start.as_str())];
    let second = dee.post(&rotate, &form).await.is(200).says("The old key is good until").secret("client_id");
    let again = dee.post(&rotate, &form).await.is(200).says("This key was shown already");
    again.says(&format!("href=\"{rotate}\""));
    dee.get(&page).await.is(200).says("/end-old");
    dee.get(&format!("/portal/apps/{application}")).await.is(200).says("Old key good until");
    dee.get(&rotate).await.is(200).says("/end-old");
    let of_now = second[..start.len()].to_owned();
    dee.post(&rotate, &[("ends", "24h"), ("start", &of_now)]).await.is(400);
    dee.get(&format!("{page}/end-old")).await.is(200).says("within 5 seconds");
    for said in ["Ended.", "nothing was done again"] {
        let ended = dee.post(&format!("{page}/end-old"), &[]).await.leads_to(&page);
        dee.is_told(&ended, said).await;
    }
    let form = [("ends", "now"), ("own", ""), ("start", of_now.as_str())];
    let third = dee.post(&rotate, &form).await.is(200).secret("client_id");
    for form in [&form[..], &[("ends", "now")]] {
        dee.post(&rotate, form).await.is(200).says("This key was shown already");
    }
    let listed = dee.get(&format!("/portal/apps/{application}")).await.is(200);
    assert!(!listed.text().contains("Old key good until"), "{}", listed.text());
    assert!(dee.get(&rotate).await.value("start").starts_with(&third[..start.len()]));
    for told_once in [first, second, third] {
        assert_eq!(dee.times_told(&told_once), 1);
    }
}

#[tokio::test]
async fn an_application_is_changed_and_deleted_in_two_tabs() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let mut tab = Person { browser: dee.browser.clone(), ..Person::new(&portal) };
    let (application, _) = dee.application("Shop").await;
    let page = format!("/portal/apps/{application}");
    let edit = format!("{page}/edit");
    dee.get(&edit).await.is(200).says("value=\"Shop\"");
    dee.post(&edit, &[("name", ""), ("redirect_uri", "x")]).await.is(400).says("value=\"x\"");
    for person in [&mut dee, &mut tab] {
        let form = [("name", "Shed"), ("redirect_uri", "https://b.test")];
        let saved = person.post(&edit, &form).await.leads_to(&page);
        person.is_told(&saved, "Saved.").await.says("https://b.test");
    }
    dee.post(&format!("{page}/delete"), &[("typed_name", "Shed")]).await.leads_to("/portal/apps");
    let gone = tab.post(&format!("{page}/delete"), &[("typed_name", "Shed")]).await.leads_to("/portal/apps");
    tab.is_told(&gone, "nothing was done again").await;
    tab.post(&edit, &[("name", "Shop"), ("redirect_uri", "https://b.test")]).await.is(404);
    tab.get(&page).await.is(404);
}

#[tokio::test]
async fn of_two_clicks_at_once_one_does_it() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, _) = dee.application("Shop").await;
    let mut tab = Person { browser: dee.browser.clone(), ..Person::new(&portal) };
    let shows = |shown: &Shown| shown.text().contains("class=\"secret\" id=\"client_id\"");
    let generate = format!("/portal/apps/{application}/keys/new");
    let nonce = dee.get(&generate).await.is(200).value("nonce");
    let form = [("name", "Laptop"), ("ends", "never"), ("nonce", nonce.as_str())];
    let (one, two) = tokio::join!(dee.post(&generate, &form), tab.post(&generate, &form));
    assert!(shows(&one) != shows(&two), "{}\n{}", one.text(), two.text());
    assert_eq!(dee.keys(&application).await.len(), 2);
    let rotate = format!("/portal/apps/{application}/keys/{nonce}/rotate");
    let start = dee.get(&rotate).await.is(200).value("start");
    let form = [("ends", "now"), ("own", ""), ("start", start.as_str())];
    let (one, two) = tokio::join!(dee.post(&rotate, &form), tab.post(&rotate, &form));
    assert!(shows(&one) != shows(&two), "{}\n{}", one.text(), two.text());
}
