//! Consumers and their keys, admin tokens, the audit, settings, whose a key is.

use serde_json::{Value, json};

use super::*;
use crate::http::tests::{START_MS, call};

/// What a field of a form that is shown holds.
fn value<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("has the field");
    rest.split_once('"').unwrap().0
}

/// The key that a page shows, this once.
fn shown_key(page: &str) -> String {
    let at = page.find("value=\"lk_").expect("shows a key");
    page[at + 7..].split_once('"').unwrap().0.to_owned()
}

/// Id of the one consumer, by a link to it.
fn id_in<'p>(page: &'p str, path: &str) -> &'p str {
    let begin = format!("href=\"{path}/");
    let mut links = page.split(&begin).skip(1);
    links.find_map(|rest| rest.get(..36).filter(|id| id.matches('-').count() == 4)).expect("links to one")
}

/// An administrator and the path of a consumer that has just been made.
async fn with_consumer(control: &TestControl) -> (Browser, String) {
    let mut browser = administrator(control).await;
    let page = browser.get(control, "/manager/consumers/new").await;
    let nonce = value(text(&page), "nonce").to_owned();
    let form = [("username", "jane"), ("custom_id", ""), ("nonce", &nonce)];
    let response = browser.post(control, "/manager/consumers/new", &form).await;
    assert_eq!(response.status(), 303, "{}", text(&response));
    let path = location(&response).to_owned();
    assert_eq!(path, format!("/manager/consumers/{nonce}"));
    (browser, path)
}

async fn with_key(control: &TestControl) -> (Browser, String, String, String) {
    let (mut browser, path) = with_consumer(control).await;
    let new = format!("{path}/keys/new");
    let page = browser.get(control, &new).await;
    let nonce = value(text(&page), "nonce").to_owned();
    let form = [("name", "first"), ("ends", "30d"), ("own", ""), ("nonce", &nonce)];
    let response = browser.post(control, &new, &form).await;
    assert_eq!(response.status(), 200, "{}", text(&response));
    let key = shown_key(text(&response));
    (browser, path, nonce, key)
}

#[tokio::test]
async fn a_key_is_in_one_answer_alone() {
    let control = new_control().await;
    let (mut browser, path, id, key) = with_key(&control).await;
    let form = [("name", "first"), ("ends", "30d"), ("nonce", id.as_str())];
    let again = browser.post(&control, &format!("{path}/keys/new"), &form).await;
    assert_eq!(again.status(), 409);
    for page in [&path, "/manager/consumers", "/manager/audit", "/manager/"] {
        let page = browser.get(&control, page).await;
        assert_eq!(page.status(), 200);
        assert!(!text(&page).contains(&key), "{}", text(&page));
    }
    assert!(!text(&again).contains(&key));
    let page = browser.get(&control, &path).await;
    assert_eq!(text(&page).matches(&key[..7]).count(), 1, "one key, by how it begins: {}", text(&page));
    let expected = (START_MS / 1000 + 30 * 86_400).to_string();
    assert_eq!(expected, "1702592000");
    assert!(text(&page).contains("2023-12-14"), "its end: {}", text(&page));
}

#[tokio::test]
async fn a_key_is_rotated_once_for_a_form() {
    let control = new_control().await;
    let (mut browser, path, id, key) = with_key(&control).await;
    let rotate = format!("{path}/keys/{id}/rotate");
    let page = browser.get(&control, &rotate).await;
    let start = value(text(&page), "nonce").to_owned();
    let form = [("ends", "24h"), ("own", ""), ("nonce", start.as_str())];
    let rotated = browser.post(&control, &rotate, &form).await;
    assert_eq!(rotated.status(), 200, "{}", text(&rotated));
    let new = shown_key(text(&rotated));
    assert_ne!(new, key);
    let again = browser.post(&control, &rotate, &form).await;
    assert_eq!(again.status(), 409, "{}", text(&again));
    assert!(!text(&again).contains(&new));
    // The old one ends at once, and then has ended.
    for said in ["Ended.", "nothing was done again"] {
        let response = browser.post(&control, &format!("{path}/keys/{id}/end-old"), &[]).await;
        assert_eq!(response.status(), 303);
        assert!(text(&browser.get(&control, location(&response)).await).contains(said));
    }
}

#[tokio::test]
async fn a_key_whose_old_one_is_still_good_is_not_rotated_and_the_page_says_why() {
    let control = new_control().await;
    let (mut browser, path, id, _) = with_key(&control).await;
    let rotate = format!("{path}/keys/{id}/rotate");
    let start = value(text(&browser.get(&control, &rotate).await), "nonce").to_owned();
    let rotated = browser.post(&control, &rotate, &[("ends", "24h"), ("nonce", &start)]).await;
    let new = shown_key(text(&rotated));
    let asked = browser.get(&control, &rotate).await;
    assert!(text(&asked).contains("The old key is good until"), "{}", text(&asked));
    assert!(text(&asked).contains(&format!("href=\"{path}/keys/{id}/end-old\"")), "{}", text(&asked));
    let form = [("ends", "1h"), ("nonce", &new[..start.len()])];
    let refused = browser.post(&control, &rotate, &form).await;
    assert_eq!(refused.status(), 400);
    let said = "<li>the old key is still good: end it first</li>";
    assert!(text(&refused).contains(said), "{}", text(&refused));
}

#[tokio::test]
async fn of_two_clicks_at_once_one_rotates() {
    let control = new_control().await;
    let (mut browser, path, id, key) = with_key(&control).await;
    let rotate = format!("{path}/keys/{id}/rotate");
    let start = value(text(&browser.get(&control, &rotate).await), "nonce").to_owned();
    assert!(key.starts_with(&start) && start.len() < key.len());
    let form = [("ends", "now"), ("own", ""), ("nonce", start.as_str())];
    let mut tab = browser.clone();
    let (one, two) = tokio::join!(browser.post(&control, &rotate, &form), tab.post(&control, &rotate, &form));
    let mut answered = [one.status().as_u16(), two.status().as_u16()];
    answered.sort_unstable();
    assert_eq!(answered, [200, 409], "{}\n{}", text(&one), text(&two));
    // A form of before that has a fault besides stays one of before.
    let faulty = [("ends", "soon"), ("own", ""), ("nonce", start.as_str())];
    let page = browser.post(&control, &rotate, &faulty).await;
    assert_eq!((page.status().as_u16(), value(text(&page), "nonce")), (400, start.as_str()));
}

#[tokio::test]
async fn what_takes_away_asks_first_and_is_done_once() {
    let control = new_control().await;
    let (mut browser, path, id, _) = with_key(&control).await;
    for what in ["suspend", "delete"] {
        for path in [format!("{path}/keys/{id}/{what}"), format!("{path}/{what}")] {
            let page = browser.get(&control, &path).await;
            assert_eq!(page.status(), 200, "{path}");
            assert!(text(&page).contains("5 seconds"), "{}", text(&page));
        }
    }
    let page = browser.get(&control, &path).await;
    assert!(text(&page).contains("Active"), "asking has changed nothing: {}", text(&page));
    for (what, said) in [("suspend", "Suspended."), ("resume", "Resumed."), ("delete", "Deleted.")] {
        let response = browser.post(&control, &format!("{path}/keys/{id}/{what}"), &[]).await;
        assert_eq!(response.status(), 303, "{what}: {}", text(&response));
        assert!(text(&browser.get(&control, location(&response)).await).contains(said), "{what}");
    }
    let response = browser.post(&control, &format!("{path}/keys/{id}/delete"), &[]).await;
    assert_eq!(response.status(), 303);
    for said in ["Deleted.", "nothing was done again"] {
        let response = browser.post(&control, &format!("{path}/delete"), &[]).await;
        assert_eq!(location(&response), "/manager/consumers");
        assert!(text(&browser.get(&control, location(&response)).await).contains(said));
    }
    assert_eq!(browser.get(&control, &path).await.status(), 404);
}

#[tokio::test]
async fn faults_stand_beside_their_fields_and_what_was_typed_stays() {
    let control = new_control().await;
    let (mut browser, path) = with_consumer(&control).await;
    let page = browser.post(&control, "/manager/consumers/new", &[("username", "jane")]).await;
    assert_eq!(page.status(), 400, "{}", text(&page));
    assert!(text(&page).contains("aria-invalid=\"true\"") && text(&page).contains("value=\"jane\""));
    let form = [("name", "x"), ("ends", "own"), ("own", "yesterday")];
    let page = browser.post(&control, &format!("{path}/keys/new"), &form).await;
    assert_eq!(page.status(), 400);
    assert!(text(&page).contains("value=\"yesterday\"") && text(&page).contains("2026-12-31T23:59"));
    let page = browser.post(&control, &path, &[("username", ""), ("custom_id", "")]).await;
    assert_eq!(page.status(), 400, "one of both must be there: {}", text(&page));
    assert!(text(&page).contains("<li>at least one of these must be filled in: "), "{}", text(&page));
    let response = browser.post(&control, &path, &[("username", ""), ("custom_id", "7")]).await;
    assert_eq!(response.status(), 303);
}

#[tokio::test]
async fn a_token_is_made_after_the_installations_was_shown_lately() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    control.registry().clock().advance(11 * 60_000);
    let form = [("name", "ci"), ("read_only", "true"), ("ends", "never")];
    let asked = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(asked.status(), 401);
    assert_eq!(value(text(&asked), "name"), "ci", "what was typed is sent again");
    let mut form = form.to_vec();
    form.push(("admin_token", "wrong"));
    let wrong = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(wrong.status(), 401);
    assert!(!text(&wrong).contains("wrong\""), "{}", text(&wrong));
    form.pop();
    form.push(("admin_token", TOKEN));
    let before = browser.clone();
    let made = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(made.status(), 200, "{}", text(&made));
    assert!(text(&made).contains("lka_") && !text(&made).contains(TOKEN));
    assert_ne!(browser.cookies, before.cookies, "the session has another cookie");
    assert_eq!(before.clone().get(&control, "/manager/").await.status(), 303, "and the one before has ended");
    let listed = browser.get(&control, "/manager/tokens").await;
    assert!(
        text(&listed).contains("ci") && !text(&listed).contains("lka_") || text(&listed).contains("lka_")
    );
    let id = id_in(text(&listed), "/manager/tokens").to_owned();
    for said in ["Deleted.", "nothing was done again"] {
        let response = browser.post(&control, &format!("/manager/tokens/{id}/delete"), &[]).await;
        assert!(text(&browser.get(&control, location(&response)).await).contains(said));
    }
}

#[tokio::test]
async fn a_token_is_made_once_by_one_form() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let nonce = value(text(&browser.get(&control, "/manager/tokens/new").await), "nonce").to_owned();
    let form = [("name", "ci"), ("ends", "never"), ("nonce", &nonce)];
    let made = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(made.status(), 200, "{}", text(&made));
    let again = browser.post(&control, "/manager/tokens/new", &form).await;
    assert_eq!(again.status(), 409, "{}", text(&again));
    assert!(text(&again).contains("This token was shown already"), "{}", text(&again));
    let delete = format!("/manager/tokens/{nonce}/delete");
    assert!(text(&again).contains(&format!("href=\"{delete}\"")), "{}", text(&again));
    assert_eq!(browser.get(&control, &delete).await.status(), 200);
    let other = [("name", "ci"), ("ends", "never")];
    let taken = browser.post(&control, "/manager/tokens/new", &other).await;
    assert_eq!(taken.status(), 400);
    assert!(text(&taken).contains("is in use already"), "another form: {}", text(&taken));
    let (_, listed) = call(&control, "GET", "/tokens", "").await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test]
async fn what_cannot_be_read_is_said_to_be_so() {
    let control = new_control().await;
    let browser = administrator(&control).await;
    for (media, body, expected) in [
        ("application/json", "{}", 415),
        ("multipart/form-data; boundary=x", "nothing", 400),
        ("application/x-www-form-urlencoded", "a=1&", 400),
    ] {
        let headers = browser.headers(&[("content-type", media), SAME_ORIGIN]);
        let body =
            if expected == 400 && media.ends_with("encoded") { "a=&".repeat(2000) } else { body.to_owned() };
        let response =
            control.serve(&head("POST", "/manager/services/new", None, &headers), body.as_bytes()).await;
        assert_eq!(response.status(), expected, "{media}: {}", text(&response));
        assert!(text(&response).contains("This could not be read"), "{}", text(&response));
    }
}

#[tokio::test]
async fn whose_a_key_is_is_asked_by_post_and_never_told_back() {
    let control = new_control().await;
    let (mut browser, path, id, key) = with_key(&control).await;
    assert_eq!(browser.get(&control, "/manager/find-key").await.status(), 200);
    let found = browser.post(&control, "/manager/find-key", &[("key", &key)]).await;
    assert_eq!(found.status(), 200, "{}", text(&found));
    assert!(!text(&found).contains(&key) && text(&found).contains("jane"));
    let end = format!("action=\"{path}/keys/{id}/delete\"");
    assert!(text(&found).contains(&end), "{}", text(&found));
    let unknown = browser.post(&control, "/manager/find-key", &[("key", "lk_x")]).await;
    assert_eq!(unknown.status(), 404);
    assert!(!text(&unknown).contains("lk_x"));
}

#[tokio::test]
async fn settings_are_changed_form_by_form() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let form = [("portal_name", "Acme <APIs>"), ("language", "ja"), ("colour", "")];
    let response = browser.post(&control, "/manager/settings/look", &form).await;
    assert_eq!(
        (response.status().as_u16(), location(&response)),
        (303, "/manager/settings"),
        "{}",
        text(&response)
    );
    let page = browser.get(&control, "/manager/settings").await;
    assert!(text(&page).contains("Acme &#60;APIs&#62;"), "{}", text(&page));
    assert!(text(&page).contains("<html lang=\"ja\">"), "the language where nothing says another");
    let form = [("portal_name", "Acme"), ("language", "en"), ("colour", "red")];
    let wrong = browser.post(&control, "/manager/settings/look", &form).await;
    assert_eq!(wrong.status(), 400);
    let chosen = "<option value=\"en\" selected>";
    assert!(text(&wrong).contains(chosen), "what was chosen stays: {}", text(&wrong));
    let form = [
        ("auto_approve_developers", "true"),
        ("label_0", "Full name"),
        ("name_0", "full_name"),
        ("type_0", "text"),
        ("required_0", "true"),
        ("label_1", ""),
        ("name_1", ""),
        ("type_1", "text"),
    ];
    let response = browser.post(&control, "/manager/settings/sign-up", &form).await;
    assert_eq!(response.status(), 303, "{}", text(&response));
    let settings = control.registry().read_settings().await.unwrap();
    assert!(settings.auto_approve_developers);
    assert_eq!(settings.meta_fields.len(), 1);
    assert!(settings.meta_fields[0].validator.required);
    let form = [
        ("label_0", "a"),
        ("name_0", "x"),
        ("type_0", "text"),
        ("label_1", "b"),
        ("name_1", "x"),
        ("type_1", "text"),
    ];
    let page = browser.post(&control, "/manager/settings/sign-up", &form).await;
    assert_eq!(page.status(), 400);
    assert!(text(&page).contains("value=\"b\""), "{}", text(&page));
    browser.get(&control, "/manager/settings?lang=en").await;
    for (label, name, said) in
        [("Team", "", "Name of field 2: length must be at least 1"), ("", "team", "Label of field 2: ")]
    {
        let fields = [("label_0", "a"), ("name_0", "x"), ("type_0", "text"), ("label_1", label)];
        let form = [&fields[..], &[("name_1", name), ("type_1", "text")]].concat();
        let page = browser.post(&control, "/manager/settings/sign-up", &form).await;
        assert_eq!(page.status(), 400);
        assert!(text(&page).contains(said), "{said}: {}", text(&page));
        assert_eq!(text(&page).matches("aria-invalid").count(), 1, "{}", text(&page));
    }
}

#[tokio::test]
async fn lists_say_how_many_there_are_on_each_page_or_nothing() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    for n in 0..51 {
        let body = format!("{{\"username\":\"jane-{n:02}\"}}");
        assert_eq!(call(&control, "POST", "/consumers", &body).await.0, 201);
    }
    for list in ["/manager/consumers", "/manager/consumers?q=jane"] {
        let first = browser.get(&control, list).await;
        let next = text(&first).split_once("\" rel=\"next\"").unwrap().0;
        let next = next.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
        let second = browser.get(&control, &next).await;
        for page in [first, second] {
            let is_told = text(&page).contains("51 in all") || text(&page).contains("51 found");
            assert!(is_told, "{}", text(&page));
        }
    }
    let audit = browser.get(&control, "/manager/audit").await;
    assert!(!text(&audit).contains(" in all"), "{}", text(&audit));
}

#[tokio::test]
async fn a_page_that_a_list_has_not_leads_to_one_that_it_has() {
    let control = new_control().await;
    let (mut browser, _) = with_consumer(&control).await;
    for list in
        ["services", "routes", "requests", "contracts", "developers", "applications", "consumers", "audit"]
    {
        for page in ["2", "99", "-1", "!"] {
            let shown = browser.get(&control, &format!("/manager/{list}?page={page}")).await;
            assert_eq!(shown.status(), 200, "{list} {page}: {}", text(&shown));
        }
    }
    let consumers = browser.get(&control, "/manager/consumers?page=2").await;
    assert!(text(&consumers).contains("jane"), "{}", text(&consumers));
    for list in ["/portal/?page=2", "/portal/?page=2&q=a"] {
        assert_eq!(Browser::default().get(&control, list).await.status(), 200, "{list}");
    }
}

#[tokio::test]
async fn the_audit_is_filtered() {
    let control = new_control().await;
    let (mut browser, _) = with_consumer(&control).await;
    let all = browser.get(&control, "/manager/audit").await;
    assert!(text(&all).contains("Consumer"), "{}", text(&all));
    let none = browser.get(&control, "/manager/audit?entity=routes").await;
    assert!(!text(&none).contains("jane") && !text(&none).contains("<tbody>"), "{}", text(&none));
    let other = browser.get(&control, "/manager/audit?since=2023-11-14&until=2023-11-14").await;
    assert!(text(&other).contains("<tbody>"), "{}", text(&other));
    let sessions = browser.get(&control, "/manager/audit?entity=manager_sessions").await;
    assert!(text(&sessions).contains("Session of an administrator"), "{}", text(&sessions));
    assert!(text(&sessions).contains("The installation&#39;s token"), "who logged in: {}", text(&sessions));
    assert!(!text(&sessions).contains("Somebody not logged in"), "{}", text(&sessions));
    let wrong = browser.get(&control, "/manager/audit?since=soon").await;
    assert_eq!(wrong.status(), 400);
    assert!(text(&wrong).contains("value=\"soon\""));
}

#[tokio::test]
async fn the_audit_is_downloaded_as_it_is_filtered() {
    let control = new_control().await;
    let (mut browser, _) = with_consumer(&control).await;
    let page = browser.get(&control, "/manager/audit?entity=consumers").await;
    let link = "/manager/audit/export?entity=consumers";
    assert!(text(&page).contains(&format!("href=\"{link}\"")), "{}", text(&page));
    let file = browser.get(&control, link).await;
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"audit.json\"");
    assert!(file.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));
    let file: Value = serde_json::from_slice(file.body()).unwrap();
    let (_, asked) = call(&control, "GET", "/audit?entity=consumers", "").await;
    assert_eq!(file, json!({"data": asked["data"]}));
    assert_eq!(file["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(browser.get(&control, "/manager/audit/export?since=soon").await.status(), 400);
    assert_eq!(Browser::default().get(&control, link).await.status(), 303, "to the log-in");
}

#[tokio::test]
async fn what_endpoints_say_is_said_in_the_language_of_the_page() {
    let control = new_control().await;
    let (mut browser, _) = with_consumer(&control).await;
    browser.get(&control, "/manager/?lang=ja").await;
    let page = browser.post(&control, "/manager/consumers/new", &[("username", "jane")]).await;
    assert_eq!(page.status(), 400, "{}", text(&page));
    assert!(text(&page).contains("すでに使われています"), "{}", text(&page));
}

/// What is said by the tables of what forms send; sentences of code are listed in `latchkey_pages`.
#[test]
fn every_sentence_of_the_tables_has_a_translation() {
    fn gather(described: &Value, said: &mut Vec<String>) {
        match described {
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value) {
                        ("err" | "then_err" | "else_then_err", Value::String(sentence)) => {
                            said.push(sentence.replace("%s", "'a', 'b'"));
                        }
                        _ => gather(value, said),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| gather(element, said)),
            _ => {}
        }
    }
    let mut said = Vec::new();
    for kind in ["services", "routes", "consumers", "plugins", "applications", "developers"] {
        gather(&crate::schema::describe(kind).unwrap(), &mut said);
    }
    assert!(said.len() > 10, "{said:?}");
    said.retain(|sentence| !latchkey_pages::is_translated(sentence));
    assert!(said.is_empty(), "{said:#?}");
}

#[tokio::test]
async fn a_language_is_chosen_by_a_link_and_kept() {
    let control = new_control().await;
    let mut browser = Browser::default();
    let page = browser.get(&control, "/manager/log-in?lang=ja").await;
    assert!(text(&page).contains("<html lang=\"ja\">"));
    let page = browser.get(&control, "/manager/log-in").await;
    assert!(text(&page).contains("<html lang=\"ja\">"));
    let page = browser.get(&control, "/manager/log-in?lang=xx").await;
    assert!(text(&page).contains("<html lang=\"ja\">"));
    let page = browser.get(&control, "/manager/log-in?lang=en").await;
    assert!(text(&page).contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn who_may_only_read_is_told_so() {
    let control = new_control().await;
    let made =
        crate::http::tests::call(&control, "POST", "/tokens", "{\"name\": \"r\", \"read_only\": true}")
            .await
            .1;
    let mut browser = Browser::default();
    let form = [("admin_token", made["token"].as_str().unwrap())];
    assert_eq!(browser.post(&control, "/manager/log-in", &form).await.status(), 303);
    assert_eq!(browser.get(&control, "/manager/consumers").await.status(), 200);
    let form = [("username", "jane"), ("nonce", "00000000-0000-4000-8000-000000000001")];
    let response = browser.post(&control, "/manager/consumers/new", &form).await;
    assert_eq!(response.status(), 403);
    assert!(text(&response).contains("read"), "{}", text(&response));
    crate::http::tests::call(&control, "DELETE", "/tokens/r", "").await;
    assert_eq!(browser.get(&control, "/manager/consumers").await.status(), 303);
}

/// A picture of one pixel (PNG, third edition).
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn a_logo_is_uploaded_shown_and_removed() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let fields = [("content-type", "multipart/form-data; boundary=b"), SAME_ORIGIN];
    let sent = |bytes: &[u8]| {
        let head = "--b\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"l.png\"\r\n\r\n";
        [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat()
    };
    let headers = browser.headers(&fields);
    let head = head("POST", "/manager/settings/logo", None, &headers);
    let refused = control.serve(&head, &sent(b"GIF89a")).await;
    assert_eq!(refused.status(), 400, "{}", text(&refused));
    let taken = control.serve(&head, &sent(PIXEL)).await;
    assert_eq!(taken.status(), 303, "{}", text(&taken));
    let page = browser.get(&control, "/manager/settings").await;
    let (_, rest) = text(&page).split_once("src=\"/portal/logo/").expect("shows the logo");
    let path = format!("/portal/logo/{}", rest.split_once('"').unwrap().0);
    let logo = Browser::default().get(&control, &path).await;
    assert_eq!((logo.status().as_u16(), logo.body().as_ref()), (200, PIXEL));
    assert_eq!(logo.headers()[CONTENT_TYPE], "image/png");
    assert_eq!(logo.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(browser.get(&control, "/portal/logo/0000000000000000.png").await.status(), 404);
    let removed = browser.post(&control, "/manager/settings/logo/remove", &[]).await;
    assert_eq!(removed.status(), 303);
    assert_eq!(browser.get(&control, &path).await.status(), 404);
}
