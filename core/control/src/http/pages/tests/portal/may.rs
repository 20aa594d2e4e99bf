//! Every page, and every kind of caller.

use super::*;
use crate::http::endpoints::Action;
use crate::http::endpoints::Who;
use crate::http::page_names::Page;
use crate::http::page_rows::portal::ROWS;

/// Every method, path and who may, of every page, about these things.
fn calls(application: &str, key: &str, service: &str) -> Vec<(&'static str, String, Who)> {
    let mut calls = Vec::new();
    for row in ROWS {
        let path = row.path.replace("{application}", application).replace("{key}", key);
        let path = format!("/portal{}", path.replace("{service}", service).replace("{session}", key));
        let path = path.replace("{operation}", "list");
        for call in row.calls {
            if let Action::Page(Page::Portal(page)) = call.action {
                calls.push((call.method, path.clone(), page.who()));
            }
        }
    }
    assert!(calls.len() > 60);
    calls
}

impl Person<'_> {
    async fn call(&mut self, method: &str, path: &str) -> Shown {
        match method {
            "GET" => self.get(path).await,
            _ => self.post(path, &[]).await,
        }
    }
}

#[tokio::test]
async fn without_a_session_pages_lead_to_the_log_in_and_forms_do_nothing() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, _) = dee.application("Shop").await;
    let key = dee.keys(&application).await.remove(0);
    let orders = service(&portal, "orders", true).await;
    let mut ended = Person { browser: dee.browser.clone(), ..Person::new(&portal) };
    dee.post("/portal/log-out", &[]).await.leads_to("/portal/log-in");
    for (method, path, who) in calls(&application, &key, &orders) {
        if matches!(who, Who::Anyone | Who::Known) {
            continue;
        }
        for person in [&mut Person::new(&portal), &mut ended] {
            let shown = person.call(method, &path).await;
            match method {
                "GET" => {
                    let shown = shown.is(303);
                    let to = serde_urlencoded::to_string([("return_to", &path)]).unwrap();
                    assert_eq!(shown.to(), format!("/portal/log-in?{to}"));
                }
                _ => drop(shown.is(401).says("Your session has ended")),
            }
        }
    }
    let mut dee = Person::logged_in(&portal, EMAIL).await;
    assert_eq!(dee.keys(&application).await, [key]);
}

#[tokio::test]
async fn who_waits_sees_the_own_account_and_what_strangers_see() {
    let portal = new_portal().await;
    let orders = service(&portal, "orders", true).await;
    portal.pending(EMAIL).await;
    let mut dee = Person::logged_in(&portal, EMAIL).await;
    let id = "00000000-0000-4000-8000-000000000000";
    for (method, path, who) in calls(id, id, id) {
        let shown = match who {
            Who::Approved => dee.call(method, &path).await,
            _ => continue,
        };
        shown.is(403).says("Waiting for approval").says(EMAIL).says("Log out");
    }
    for path in ["/portal/".to_owned(), format!("/portal/services/{orders}")] {
        let shown = dee.get(&path).await.is(200).says("The orders").says("An administrator has to approve");
        let shown = shown.says(EMAIL).says("Log out");
        assert!(!shown.text().contains("/portal/apps/new"), "{}", shown.text());
    }
    for path in ["/portal/account", "/portal/account/delete", "/portal/help", "/portal/log-in/again"] {
        dee.get(path).await.is(200);
    }
}

#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let portal = new_portal().await;
    let (mut dee, mut eve) =
        (Person::developer(&portal, EMAIL).await, Person::developer(&portal, "eve@example.org").await);
    let orders = service(&portal, "orders", true).await;
    let (application, _) = dee.application("Shop").await;
    let key = dee.keys(&application).await.remove(0);
    dee.post(&format!("/portal/services/{orders}/request"), &[("application", &application)]).await.is(303);
    // Whatever is said once is said before.
    dee.get("/portal/apps").await.is(200);
    let before = dee.get(&format!("/portal/apps/{application}")).await;
    for (method, path, _) in calls(&application, &key, &orders) {
        if !path.contains(&application) {
            continue;
        }
        // What is not there to be deleted is said to be gone, whosever it was.
        let gone = method == "POST" && path.ends_with("/delete");
        let shown = eve
            .call(method, &path)
            .await
            .is(if gone || path.ends_with("/end-old") && method == "POST" { 303 } else { 404 });
        assert!(!shown.text().contains("Shop"), "{path}");
    }
    let request = format!("/portal/services/{orders}/request");
    eve.post(&request, &[("application", &application)]).await.is(404);
    for id in ["x", "../services", "%00", "00000000-0000-4000-8000-000000000000"] {
        eve.get(&format!("/portal/apps/{id}")).await.is(404);
        eve.get(&format!("/portal/services/{id}")).await.is(404);
    }
    let after = dee.get(&format!("/portal/apps/{application}")).await;
    let nonce = |page: &Shown| page.value("nonce");
    assert_eq!(before.text().replace(&nonce(&before), ""), after.text().replace(&nonce(&after), ""));
    // By the id of another's application nothing is made, and nothing of it is shown.
    let form = [("name", "Mine"), ("redirect_uri", "https://a.test"), ("nonce", application.as_str())];
    eve.post("/portal/apps/new", &form).await.is(404);
}

/// Whether a path is of a row, whatever stands in the places of its braces.
fn is_row(path: &str) -> bool {
    ROWS.iter().any(|row| {
        let row = format!("/portal{}", row.path);
        let (row, path): (Vec<&str>, Vec<&str>) = (row.split('/').collect(), path.split('/').collect());
        let is_alike =
            |(row, part): (&&str, &&str)| row == part || (row.starts_with('{') && !part.is_empty());
        row.len() == path.len() && row.iter().zip(&path).all(is_alike)
    })
}

#[test]
fn every_path_that_pages_name_is_there() {
    use latchkey_pages::portal::paths;
    let (a, k, s) = ("a", "k", "s");
    let fixed = [
        paths::SERVICES,
        paths::SIGN_UP,
        paths::VERIFY,
        paths::RESEND,
        paths::NOT_ME,
        paths::CONFIRM_ADDRESS,
        paths::REVERT_ADDRESS,
        paths::LOG_IN,
        paths::LOG_OUT,
        paths::ACCOUNT,
        paths::HELP,
        paths::APPLICATIONS,
        paths::APPLICATION_NEW,
        paths::LOG_IN_AGAIN,
        paths::LOG_IN_LINK,
        paths::LOG_IN_ASK_LINK,
        paths::LOG_IN_CODE,
        paths::FORGOT,
        paths::RESET,
        paths::LOOK_INTO_MAIL,
        paths::ACCOUNT_META,
        paths::ACCOUNT_EMAIL,
        paths::ACCOUNT_PASSWORD,
        paths::ACCOUNT_END_OTHERS,
        paths::ACCOUNT_DELETE,
    ];
    let of_things = [
        paths::end_session(s),
        paths::service(s),
        paths::service_request(s),
        paths::try_it(s),
        paths::specification(s),
        paths::operation(s, k),
        paths::document_download(s),
    ];
    let of_applications = [
        paths::application(a),
        paths::application_edit(a),
        paths::application_delete(a),
        paths::transfer(a),
        paths::accept_transfer(a),
        paths::contract(a, s),
        paths::request_access(a, s),
        paths::withdraw(a, s),
        paths::end_access(a, s),
    ];
    assert!(fixed.iter().all(|path| is_row(path)));
    assert!(of_things.iter().chain(&of_applications).chain(&of_keys(a, k)).all(|path| is_row(path)));
}

fn of_keys(a: &str, k: &str) -> [String; 7] {
    use latchkey_pages::portal::paths::*;
    let (rename, rotate, end_old) = (key_rename(a, k), key_rotate(a, k), key_end_old(a, k));
    [key_new(a), key(a, k), rename, rotate, end_old, key_delete(a, k), key_replace(a, k)]
}
