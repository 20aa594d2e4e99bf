//! Accounts by pages: log-in in all its ways, passwords, addresses, sessions, the end.

use super::*;

#[tokio::test]
async fn log_in_leads_to_what_was_asked_for_and_nowhere_else() {
    let portal = new_portal().await;
    portal.developer(EMAIL).await;
    let mut dee = Person::new(&portal);
    let asked = dee.get("/portal/apps?q=a").await.is(303);
    assert_eq!(asked.to(), "/portal/log-in?return_to=%2Fportal%2Fapps%3Fq%3Da");
    dee.get(asked.to()).await.is(200).says("value=\"/portal/apps?q=a\"");
    for (password, return_to, leads_to) in [
        (PASSWORD, "/portal/apps?q=a", "/portal/apps?q=a"),
        (PASSWORD, "https://evil.example/portal/", "/portal/"),
        (PASSWORD, "//evil.example", "/portal/"),
        (PASSWORD, "/manager/", "/portal/"),
        (PASSWORD, "/portal/../manager/", "/portal/"),
    ] {
        let form = [("email", EMAIL), ("password", password), ("return_to", return_to)];
        dee.post("/portal/log-in", &form).await.leads_to(leads_to);
    }
    let mut other = Person::new(&portal);
    for (email, password) in [(EMAIL, "wrong"), ("no@example.org", PASSWORD), ("", ""), (EMAIL, "")] {
        let wrong = other.log_in(email, password).await.is(401).says("do not belong together");
        assert!(!wrong.text().contains(PASSWORD) && other.browser.cookies.is_empty());
    }
}

#[tokio::test]
async fn a_link_logs_in_where_it_was_asked_for_and_shows_a_code_elsewhere() {
    let portal = new_portal().await;
    portal.developer(EMAIL).await;
    let mut dee = Person::new(&portal);
    let form = [("email", EMAIL)];
    dee.post("/portal/log-in/ask-link", &form).await.is(404);
    assert_eq!(portal.admin("PATCH", "/settings", json!({"log_in_links": true})).await.0, 200);
    dee.get("/portal/log-in").await.is(200).says("/portal/log-in/ask-link");
    let wrong = dee.post("/portal/log-in/ask-link", &[("email", "dee")]).await.is(400);
    let of_link = wrong.text().split_once("/portal/log-in/ask-link").unwrap().1;
    assert!(of_link.contains("expected an e-mail address"), "beside the link's field: {}", wrong.text());
    assert!(!wrong.text().contains("do not belong together"), "{}", wrong.text());
    dee.post("/portal/log-in/ask-link", &form).await.leads_to("/portal/log-in/code");
    let token = portal.token(EMAIL).await;
    let link = format!("/portal/log-in/link?token={token}");
    assert_eq!(dee.get(&link).await.is(200).value("token"), token);
    dee.post("/portal/log-in/link", &[("token", &token)]).await.leads_to("/portal/");
    dee.get("/portal/apps").await.is(200);
    dee.post("/portal/log-in/link", &[("token", &token)]).await.is(401).says("This link has ended");

    let (mut there, mut elsewhere) = (Person::new(&portal), Person::new(&portal));
    let form = [("email", EMAIL), ("return_to", "/portal/apps")];
    let asked = there.post("/portal/log-in/ask-link", &form).await.is(303);
    assert_eq!(asked.to(), "/portal/log-in/code?return_to=%2Fportal%2Fapps");
    there.get(asked.to()).await.is(200).says("value=\"/portal/apps\"");
    let token = portal.token(EMAIL).await;
    let shown = elsewhere.post("/portal/log-in/link", &[("token", &token)]).await.is(200);
    let code: String = shown.text().split("<code>").nth(1).unwrap().chars().take(6).collect();
    assert!(elsewhere.browser.cookies.is_empty());
    there.post("/portal/log-in/code", &[("code", "")]).await.is(400);
    there.post("/portal/log-in/code", &[("code", "x")]).await.is(400).says("is not the code");
    let form = [("code", code.as_str()), ("return_to", "/portal/apps")];
    there.post("/portal/log-in/code", &form).await.leads_to("/portal/apps");
    there.get("/portal/apps").await.is(200);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once() {
    let portal = new_portal().await;
    portal.developer(EMAIL).await;
    let mut dee = Person::new(&portal);
    dee.get("/portal/forgot").await.is(200);
    dee.post("/portal/forgot", &[("email", "dee")]).await.is(400).says("expected an e-mail address");
    for email in ["no@example.org", EMAIL] {
        dee.post("/portal/forgot", &[("email", email)]).await.leads_to("/portal/look-into-mail");
    }
    let token = portal.token(EMAIL).await;
    dee.get("/portal/reset?token=x").await.is(401).says("This link has ended");
    dee.get("/portal/reset").await.is(401);
    dee.get(&format!("/portal/reset?token={token}")).await.is(200);
    let form = |password: &'static str, again: &'static str| {
        [("token", token.clone()), ("password", password.to_owned()), ("again", again.to_owned())]
    };
    for (password, again, said) in
        [(OTHER_PASSWORD, PASSWORD, "is not the same password"), ("short", "short", "name=\"token\"")]
    {
        let form = form(password, again);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let wrong = dee.post("/portal/reset", &form).await.is(400).says(said);
        assert!(!wrong.text().contains(OTHER_PASSWORD));
    }
    let form = form(OTHER_PASSWORD, OTHER_PASSWORD);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let set = dee.post("/portal/reset", &form).await.leads_to("/portal/log-in");
    dee.is_told(&set, "The password is set.").await;
    dee.post("/portal/reset", &form).await.is(401).says("This link has ended");
    dee.log_in(EMAIL, PASSWORD).await.is(401);
    dee.log_in(EMAIL, OTHER_PASSWORD).await.leads_to("/portal/");
}

#[tokio::test]
async fn an_account_is_changed_after_a_log_in_of_lately() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    dee.get("/portal/account").await.is(200).says("value=\"Dee\"");
    dee.post("/portal/account/meta", &[("meta.full_name", "")]).await.is(400).says("required field missing");
    let saved = dee.post("/portal/account/meta", &[("meta.full_name", "Dee Dee")]).await;
    dee.is_told(&saved, "Saved.").await.says("value=\"Dee Dee\"");
    let form = [("old_password", "wrong"), ("password", OTHER_PASSWORD)];
    dee.post("/portal/account/password", &form).await.is(400).says("is not your current password");
    dee.post("/portal/account/password", &[("old_password", PASSWORD), ("password", "short")]).await.is(400);
    let before = dee.browser.clone();
    let form = [("old_password", PASSWORD), ("password", OTHER_PASSWORD)];
    let saved = dee.post("/portal/account/password", &form).await.leads_to("/portal/account");
    dee.is_told(&saved, "Saved.").await;
    assert_ne!(before.cookies, dee.browser.cookies, "another session is in the place of the one before");
    dee.post("/portal/account/password", &form).await.is(400).says("is not your current password");
    portal.mails().await;

    portal.advance(11 * 60_000);
    let asked = dee.post("/portal/account/email", &[("email", "new@example.org")]).await.is(403);
    let back = "/portal/account?email=new%40example.org";
    assert_eq!(asked.value("return_to"), back);
    assert!(portal.mails().await.is_empty(), "nothing was done");
    let form = [("password", "wrong"), ("return_to", back)];
    let wrong = dee.post("/portal/log-in/again", &form).await.is(401).says("This is not your password.");
    assert_eq!(wrong.value("return_to"), back);
    assert!(!wrong.text().contains("do not belong together"), "{}", wrong.text());
    let form = [("password", OTHER_PASSWORD), ("return_to", back)];
    dee.post("/portal/log-in/again", &form).await.leads_to(back);
    dee.get(back).await.is(200).says("value=\"new@example.org\"");
    dee.post("/portal/account/email", &[("email", "new")]).await.is(400).says("expected an e-mail address");
    let mailed = dee.post("/portal/account/email", &[("email", "new@example.org")]).await;
    dee.is_told(&mailed, "A mail is on its way.").await;
    let token = portal.token("new@example.org").await;
    dee.get(&format!("/portal/confirm-email?token={token}")).await.is(200);
    dee.post("/portal/confirm-email", &[("token", &token)]).await.leads_to("/portal/log-in");
    dee.post("/portal/confirm-email", &[("token", &token)]).await.is(401);
    dee.get("/portal/account").await.is(303);
    dee.log_in("new@example.org", OTHER_PASSWORD).await.leads_to("/portal/");
}

#[tokio::test]
async fn sessions_are_ended_and_an_account_is_deleted_once() {
    let portal = new_portal().await;
    let mut dee = Person::developer(&portal, EMAIL).await;
    let (mut second, mut third) =
        (Person::logged_in(&portal, EMAIL).await, Person::logged_in(&portal, EMAIL).await);
    let page = dee.get("/portal/account").await.is(200);
    let session = page.between("action=\"/portal/account/sessions/").replace("/end", "");
    let end = format!("/portal/account/sessions/{session}/end");
    for said in ["Ended.", "nothing was done again"] {
        let ended = dee.post(&end, &[]).await.leads_to("/portal/account");
        dee.is_told(&ended, said).await;
    }
    let statuses =
        [second.get("/portal/account").await.0.status(), third.get("/portal/account").await.0.status()];
    assert!(statuses.contains(&http::StatusCode::OK) && statuses.contains(&http::StatusCode::SEE_OTHER));
    dee.post("/portal/account/sessions/end-others", &[]).await.leads_to("/portal/account");
    second.get("/portal/account").await.is(303);
    third.get("/portal/account").await.is(303);
    third.post("/portal/account/delete", &[]).await.is(401).says("Your session has ended");

    dee.application("Shop").await;
    dee.get("/portal/account/delete").await.is(200).says("1 application");
    portal.advance(11 * 60_000);
    let asked = dee.post("/portal/account/delete", &[]).await.is(403);
    assert_eq!(asked.value("return_to"), "/portal/account/delete");
    let form = [("password", PASSWORD), ("return_to", "/portal/account/delete")];
    dee.post("/portal/log-in/again", &form).await.leads_to("/portal/account/delete");
    let before = dee.browser.clone();
    let gone = dee.post("/portal/account/delete", &[]).await.leads_to("/portal/");
    dee.is_told(&gone, "Deleted.").await;
    dee.browser = before;
    dee.post("/portal/account/delete", &[]).await.is(401).says("Your session has ended");
    dee.log_in(EMAIL, PASSWORD).await.is(401);
}

#[tokio::test]
async fn who_did_not_sign_up_says_so_and_asks_for_no_mail_where_there_is_none() {
    let portal = new_portal().await;
    let mut dee = Person::new(&portal);
    let form = [("email", EMAIL), ("password", PASSWORD), ("meta.full_name", "Dee")];
    dee.post("/portal/sign-up", &form).await.leads_to("/portal/look-into-mail");
    portal.token(EMAIL).await;
    dee.get("/portal/verify/resend").await.is(200);
    dee.post("/portal/verify/resend", &[("email", EMAIL)]).await.leads_to("/portal/look-into-mail");
    let token = portal.token(EMAIL).await;
    let page = dee.get(&format!("/portal/verify?token={token}")).await.is(200);
    dee.get(&page.between("href=\"/portal/verify/not-me").replacen('?', "/portal/verify/not-me?", 1))
        .await
        .is(200);
    dee.post("/portal/verify/not-me", &[("token", &token)]).await.leads_to("/portal/log-in");
    for path in ["/portal/verify", "/portal/verify/not-me", "/portal/revert-email"] {
        dee.post(path, &[("token", &token)]).await.is(401).says("This link has ended");
        dee.post(path, &[]).await.is(401).says("This link has ended");
        dee.get(path).await.is(401).says("This link has ended");
    }
    let portal = Portal::over(false).await;
    let mut dee = Person::new(&portal);
    for path in ["/portal/forgot", "/portal/verify/resend"] {
        dee.get(path).await.is(404);
        dee.post(path, &[("email", EMAIL)]).await.is(404);
    }
    let form = [("email", EMAIL), ("password", PASSWORD), ("meta.full_name", "Dee")];
    let made = dee.post("/portal/sign-up", &form).await.leads_to("/portal/log-in");
    dee.is_told(&made, "Created.").await;
}
