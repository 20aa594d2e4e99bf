//! The whole story of a developer, by pages alone.

use super::*;

#[tokio::test]
async fn a_developer_signs_up_and_calls_a_service() {
    let portal = new_portal().await;
    let orders = service(&portal, "orders", false).await;
    let mut dee = Person::new(&portal);
    dee.get("/portal/").await.is(200).says("The orders").says("/portal/sign-up");
    dee.get(&format!("/portal/services/{orders}")).await.is(200).says("https://gateway.test/orders");
    sign_up(&mut dee).await;
    dee.log_in(EMAIL, PASSWORD).await.leads_to("/portal/");
    dee.get("/portal/").await.is(200).says("An administrator has to approve");
    dee.get("/portal/apps").await.is(403).says("Waiting for approval").says("href=\"/portal/account\"");
    dee.get("/portal/account").await.is(200).says(EMAIL);
    portal.set_status(EMAIL, 0).await;
    portal.mails().await;
    dee.get("/portal/apps").await.is(200).says("You have no applications yet.");

    let nonce = dee.get("/portal/apps/new").await.is(200).says("The orders").value("nonce");
    let form = [
        ("name", "Shop"),
        ("redirect_uri", "https://a.test/back"),
        ("service", &orders),
        ("note", "For our shop."),
        ("nonce", &nonce),
    ];
    let shown = dee.post("/portal/apps/new", &form).await.is(200).says("The orders: Waiting for approval");
    let (first, secret) = (shown.secret("client_id"), shown.secret("client_secret"));
    assert!(!shown.text().contains("curl"), "it is good for nothing yet");
    let application = nonce;
    let contract = format!("/portal/apps/{application}/services/{orders}");
    dee.get(&contract).await.is(200).says("For our shop.").says("/withdraw");

    approve(&portal, &application, 0, Some("Welcome.")).await;
    dee.get(&contract).await.is(200).says("Active").says("x-key").says("Welcome.");
    dee.get("/portal/apps").await.is(200).says("Shop").says("The orders");
    let nonce = dee.get(&format!("/portal/apps/{application}")).await.is(200).value("nonce");
    let path = format!("/portal/apps/{application}/keys/new");
    let form = [("name", "Laptop"), ("ends", "30d"), ("own", ""), ("nonce", &nonce)];
    let shown = dee.post(&path, &form).await.is(200).says("The orders: Active");
    let second = shown.secret("client_id");
    assert!(shown.text().contains("curl") && shown.text().matches(&second).count() >= 2);
    dee.get(&format!("/portal/apps/{application}/keys/{nonce}")).await.is(200).says("Laptop");

    dee.post(&format!("{contract}/end"), &[]).await.leads_to(&format!("/portal/apps/{application}"));
    let delete = format!("/portal/apps/{application}/delete");
    dee.get(&delete).await.is(200).says("within 5 seconds");
    dee.post(&delete, &[("typed_name", "Shed")]).await.is(400).says("is not the name");
    let gone = dee.post(&delete, &[("typed_name", "Shop")]).await.leads_to("/portal/apps");
    dee.is_told(&gone, "Deleted.").await;
    let out = dee.post("/portal/log-out", &[]).await.leads_to("/portal/log-in");
    dee.is_told(&out, "You are logged out.").await;
    for told_once in [&first, &secret, &second] {
        assert_eq!(dee.times_told(told_once), 1, "in one answer, and in no field of any");
    }
}

/// By a form that is wrong first, and a mail whose link changes nothing by itself.
async fn sign_up(dee: &mut Person<'_>) {
    let portal = dee.portal;
    dee.get("/portal/sign-up").await.is(200).says("meta.full_name").says("at least");
    let form = [("email", EMAIL), ("password", "short"), ("meta.full_name", "")];
    let wrong = dee.post("/portal/sign-up", &form).await.is(400).says("required field missing").says(EMAIL);
    assert!(!wrong.text().contains("short\""), "a password never comes back");
    let form = [("email", EMAIL), ("password", PASSWORD), ("meta.full_name", "Dee")];
    dee.post("/portal/sign-up", &form).await.leads_to("/portal/look-into-mail");
    dee.get("/portal/look-into-mail").await.is(200);
    let token = portal.token(EMAIL).await;
    for _ in 0..2 {
        let page = dee.get(&format!("/portal/verify?token={token}")).await.is(200);
        assert_eq!(page.value("token"), token);
    }
    dee.log_in(EMAIL, PASSWORD).await.is(401).says("do not belong together");
    let verified = dee.post("/portal/verify", &[("token", &token)]).await.leads_to("/portal/log-in");
    dee.is_told(&verified, "The e-mail address is confirmed.").await;
    dee.post("/portal/verify", &[("token", &token)]).await.is(401).says("This link has ended");
}

/// Gives the one contract of an application a state.
pub(super) async fn approve(portal: &Portal, application: &str, status: u64, reason: Option<&str>) {
    let path = format!("/applications/{application}/application_instances");
    let (_, listed) = portal.admin("GET", &path, Value::Null).await;
    let id = listed["data"][0]["id"].as_str().unwrap();
    let (answered, body) =
        portal.admin("PATCH", &format!("{path}/{id}"), json!({"status": status, "reason": reason})).await;
    assert_eq!(answered, 200, "{body}");
}

#[tokio::test]
async fn access_is_asked_for_withdrawn_rejected_and_asked_for_again() {
    let portal = new_portal().await;
    let stock = service(&portal, "stock", false).await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let page = format!("/portal/services/{stock}");
    dee.get(&page).await.is(200).says("/portal/apps/new");
    let (application, _) = dee.application("Shop").await;
    let request = format!("{page}/request");
    dee.get(&page).await.is(200).says(&request);
    dee.post(&request, &[("application", ""), ("note", "n")]).await.is(400).says("required field missing");
    let long = "x".repeat(501);
    dee.post(&request, &[("application", &application), ("note", &long)]).await.is(400).says(&long);
    let contract = format!("/portal/apps/{application}/services/{stock}");
    let form = [("application", application.as_str()), ("note", "For the shop.")];
    for said in ["Access was requested.", "nothing was done again"] {
        let asked = dee.post(&request, &form).await.leads_to(&contract);
        dee.is_told(&asked, said).await.says("For the shop.");
    }
    approve(&portal, &application, 2, Some("Not now.")).await;
    dee.get(&contract).await.is(200).says("Not now.").says("Ask again");
    dee.post(&format!("{contract}/withdraw"), &[]).await.is(409);
    dee.post(&format!("{contract}/request"), &[("note", "Please.")]).await.leads_to(&contract);
    dee.get(&contract).await.is(200).says("Please.").says("/withdraw");
    for said in ["The request was withdrawn.", "nothing was done again"] {
        let withdrawn = dee.post(&format!("{contract}/withdraw"), &[]).await;
        dee.is_told(&withdrawn, said).await;
    }
    dee.post(&format!("{contract}/request"), &[]).await.leads_to(&contract);
    approve(&portal, &application, 0, None).await;
    dee.post(&format!("{contract}/withdraw"), &[]).await.is(409);
    dee.get(&contract).await.is(200).says("Active");
    dee.get(&format!("{contract}/end")).await.is(200).says("within 5 seconds");
    for said in ["Ended.", "nothing was done again"] {
        let ended = dee.post(&format!("{contract}/end"), &[]).await;
        dee.is_told(&ended, said).await;
    }
}

#[tokio::test]
async fn lists_are_searched_and_read_by_the_page() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    for at in 0..52 {
        let auto = json!({"name": format!("shop {at}"), "redirect_uri": "https://a.test",
            "developer": {"id": developer_id(&portal).await}});
        assert_eq!(portal.admin("POST", "/applications", auto).await.0, 201);
    }
    let rows = |page: &Shown| page.text().matches("\">shop ").count();
    let first = dee.get("/portal/apps").await.is(200).says("52");
    assert_eq!(rows(&first), 50);
    let next = first.between("href=\"/portal/apps?page=");
    let second = dee.get(&format!("/portal/apps?page={next}")).await.is(200);
    assert_eq!(rows(&second), 2);
    let found = dee.get("/portal/apps?q=SHOP+5").await.is(200);
    assert_eq!(rows(&found), 3, "5, 50 and 51");
    assert_eq!(rows(&dee.get("/portal/apps?q=shop&page=50").await.is(200)), 2);
    service(&portal, "orders", false).await;
    dee.get("/portal/?q=parcels").await.is(200).says("The orders");
    let none = dee.get("/portal/?q=invoices").await.is(200);
    assert!(!none.text().contains("The orders"));
}

async fn developer_id(portal: &Portal) -> String {
    let (_, developer) = portal.admin("GET", &format!("/developers/{EMAIL}"), Value::Null).await;
    developer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_application_goes_to_another_developer() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let mut oda = Person::developer(&portal, "oda@example.org").await;
    let (application, _) = dee.application("Shop").await;
    let (page, accept) = (
        format!("/portal/apps/{application}/transfer"),
        format!("/portal/apps/{application}/transfer/accept"),
    );
    oda.get(&accept).await.is(404);
    dee.get(&page).await.is(200).says("Shop");
    dee.post(&page, &[("email", "oda")]).await.is(400).says("expected an e-mail address");
    let offered = dee.post(&page, &[("email", "oda@example.org")]).await;
    dee.is_told(&offered, "The offer was mailed.").await;
    let mails = portal.mails().await;
    assert!(
        mails.iter().any(|mail| mail.to == "oda@example.org" && mail.text.contains(&accept)),
        "{mails:?}"
    );
    dee.get(&accept).await.leads_to(&format!("/portal/apps/{application}"));
    oda.get(&accept).await.is(200).says("Shop");
    oda.get(&format!("/portal/apps/{application}")).await.is(404);
    for said in ["The application is yours now.", "nothing was done again"] {
        let accepted = oda.post(&accept, &[]).await.leads_to(&format!("/portal/apps/{application}"));
        oda.is_told(&accepted, said).await;
    }
    dee.get(&format!("/portal/apps/{application}")).await.is(404);
    dee.post(&accept, &[]).await.is(404);
}

#[tokio::test]
async fn a_key_that_has_ended_is_said_to_have_for_a_month() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (application, _) = dee.application("Shop").await;
    let page = format!("/portal/apps/{application}");
    let nonce = dee.get(&page).await.is(200).value("nonce");
    let form = [("name", "short"), ("ends", "30d"), ("own", ""), ("nonce", &nonce)];
    dee.post(&format!("{page}/keys/new"), &form).await.is(200);
    let key = format!("{page}/keys/{nonce}");
    portal.advance(30 * 86_400_000);
    let mut dee = Person::logged_in(&portal, EMAIL).await;
    dee.get(&page).await.is(200).says("short").says("Expired");
    dee.get(&key).await.is(200).says("This key has expired.");
    for said in [dee.get(&format!("{key}/rotate")).await, dee.post(&format!("{key}/rotate"), &[]).await] {
        said.is(200).says("Generate another.").says(&format!("{page}/keys/new"));
    }
    let mut bea = Person::developer(&portal, "bea@example.org").await;
    for path in [&key, &format!("{key}/rotate")] {
        bea.get(path).await.is(404);
    }
    portal.advance(30 * 86_400_000);
    let mut dee = Person::logged_in(&portal, EMAIL).await;
    assert!(!dee.get(&page).await.is(200).text().contains("short"));
    dee.get(&key).await.is(404);
}
