//! The developers' pages, walked as browsers do. Passwords are "hashed" by a stand-in, mails read from the
//! outbox.

mod accounts;
mod calls;
mod may;
mod story;
mod tries;
mod twice;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Browser, SAME_ORIGIN, location, text};
use crate::http::tests::head;
use crate::http::tests::portal::{EMAIL, OTHER_PASSWORD, PASSWORD, Portal};
use crate::http::{Head, Step};
use bytes::Bytes;
use http::Response;
use latchkey_request::origin::Origin;

/// Somebody with a browser, and all that it was answered with.
struct Person<'p> {
    portal: &'p Portal,
    browser: Browser,
    answers: Vec<String>,
}

impl<'p> Person<'p> {
    fn new(portal: &'p Portal) -> Self {
        Person { portal, browser: Browser::default(), answers: Vec::new() }
    }

    /// One who has logged in by the page, approved and with an account.
    async fn developer(portal: &'p Portal, email: &str) -> Self {
        portal.developer(email).await;
        Person::logged_in(portal, email).await
    }

    async fn logged_in(portal: &'p Portal, email: &str) -> Self {
        let mut person = Person::new(portal);
        person.log_in(email, PASSWORD).await.leads_to("/portal/");
        portal.mails().await;
        person
    }

    async fn log_in(&mut self, email: &str, password: &str) -> Shown {
        self.post("/portal/log-in", &[("email", email), ("password", password)]).await
    }

    async fn get(&mut self, target: &str) -> Shown {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let headers = self.browser.headers(&[]);
        let head = Head { host: b"portal.example.com", ..head("GET", path, query, &headers) };
        let response = self.portal.control.serve(&head, b"").await;
        self.keep(response)
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Shown {
        let fields = [("content-type", "application/x-www-form-urlencoded"), SAME_ORIGIN];
        let headers = self.browser.headers(&fields);
        let body = serde_urlencoded::to_string(form).unwrap();
        let head = Head { host: b"portal.example.com", ..head("POST", path, None, &headers) };
        let mut step = self.portal.control.ask(&head, body.as_bytes(), None).await;
        if let Step::Password(need) = step {
            let answer = self.portal.answer(*need);
            step = self.portal.control.ask(&head, body.as_bytes(), Some(&answer)).await;
        }
        let Step::Answer(response) = step else { panic!("asked for a password twice") };
        self.keep(response)
    }

    fn keep(&mut self, response: Response<Bytes>) -> Shown {
        self.browser.keep(&response);
        self.answers.push(format!("{:?}\n{}", response.headers(), text(&response)));
        Shown(response)
    }

    /// In how many answers a text was.
    fn times_told(&self, secret: &str) -> usize {
        self.answers.iter().filter(|answer| answer.contains(secret)).count()
    }

    /// Follows an answer, and looks for what is said there of the action before.
    #[track_caller]
    fn is_told<'s>(&'s mut self, shown: &Shown, said: &str) -> impl Future<Output = Shown> + use<'s, 'p> {
        let (said, to) = (said.to_owned(), shown.to().to_owned());
        async move {
            let page = self.get(&to).await.is(200);
            assert!(page.text().contains(&said), "{to}: {}", page.text());
            page
        }
    }

    /// Makes an application by the page; its id and its first key.
    async fn application(&mut self, name: &str) -> (String, String) {
        let nonce = self.get("/portal/apps/new").await.is(200).value("nonce");
        let form = [("name", name), ("redirect_uri", "https://a.test/back"), ("nonce", &nonce)];
        let shown = self.post("/portal/apps/new", &form).await.is(200);
        (nonce, shown.secret("client_id"))
    }

    /// Ids of an application's keys.
    async fn keys(&mut self, application: &str) -> Vec<String> {
        let page = self.get(&format!("/portal/apps/{application}")).await.is(200);
        let begin = format!("href=\"/portal/apps/{application}/keys/");
        let links = page.text().split(&begin).skip(1).map(|rest| rest.split_once('"').unwrap().0);
        links.filter(|id| !id.contains('/')).map(str::to_owned).collect()
    }
}

/// An answer of a page.
struct Shown(Response<Bytes>);

impl Shown {
    fn text(&self) -> &str {
        text(&self.0)
    }

    fn to(&self) -> &str {
        location(&self.0)
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.0.status(), status, "{}", self.text());
        self
    }

    #[track_caller]
    fn leads_to(self, path: &str) -> Self {
        let shown = self.is(303);
        assert_eq!(shown.to(), path);
        assert!(shown.text().is_empty());
        shown
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.text().contains(text), "{text}: {}", self.text());
        self
    }

    /// What a hidden field of a form holds.
    #[track_caller]
    fn value(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""))
    }

    /// What is shown once.
    #[track_caller]
    fn secret(&self, id: &str) -> String {
        self.between(&format!("class=\"secret\" id=\"{id}\" value=\""))
    }

    #[track_caller]
    fn between(&self, begin: &str) -> String {
        let rest = self.text().split_once(begin).unwrap_or_else(|| panic!("{begin}: {}", self.text())).1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// A portal with a gateway.
async fn new_portal() -> Portal {
    let mut portal = Portal::new().await;
    let settings = Arc::get_mut(&mut portal.control.settings).unwrap();
    settings.gateway_origin = Some(Origin::parse("https://gateway.test").unwrap());
    settings.calls_gateway = true;
    portal
}

/// A service with a route and key-auth, open for registration; its id.
async fn service(portal: &Portal, name: &str, auto_approve: bool) -> String {
    let made = |(status, body): (u16, Value)| {
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    };
    let body = json!({"name": name, "url": "http://127.0.0.1:9"});
    let id = made(portal.admin("POST", "/services", body).await);
    let body = json!({"paths": [format!("/{name}")], "service": {"id": id}});
    made(portal.admin("POST", "/routes", body).await);
    let body = json!({"name": "key-auth", "service": {"id": id}, "config": {"key_names": ["x-key"]}});
    made(portal.admin("POST", "/plugins", body).await);
    let config = json!({"display_name": format!("The {name}"), "description": "Parcels.",
        "auto_approve": auto_approve});
    let body = json!({"name": "application-registration", "service": {"id": id}, "config": config});
    made(portal.admin("POST", "/plugins", body).await);
    id
}
