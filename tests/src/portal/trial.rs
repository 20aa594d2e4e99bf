//! A developer tries a service in the portal: no key is in the page, and the call goes through the gateway as that
//! developer's credential.

use std::time::Duration;

use serde_json::{Value, json};

use super::page::Page;
use crate::base::wait_until;
use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::fixtures::{create, create_service, id_of};
use crate::raw_http::{Request, Response};
use crate::try_token::{TRIED_FIELD, TRY_TOKEN_FIELD, digest_in_hex};
use crate::upstream::{Recorded, Upstream, answer};

const ADDRESS: &str = "dee@example.test";
const PASSWORD: &str = "violet harbour tulip 93";
/// Within which a revocation acts, and more.
const PATIENCE: Duration = Duration::from_secs(10);

/// A developer with an application that may call a service.
pub struct Trial<D> {
    pub deployment: D,
    pub upstream: Upstream,
    /// Of the service.
    pub service: String,
    /// Of the credential.
    pub key: String,
    pepper: String,
    page: Page,
    application: String,
    credential: String,
}

fn reply(request: &Recorded) -> Vec<u8> {
    match request.path() {
        "/moved" => answer(302, &[("Location", "http://127.0.0.1:1/elsewhere")], b""),
        "/large" => answer(200, &[("Content-Type", "text/plain")], &vec![b'x'; 200 << 10]),
        _ => answer(201, &[("Content-Type", "text/html"), ("X-Made", "yes")], b"<b>made</b>"),
    }
}

impl<D: Deployment> Trial<D> {
    /// On a deployment without mail, under a pepper.
    pub fn begin(deployment: D, pepper: &str) -> Self {
        let upstream = Upstream::answering(reply);
        let service = create_service(&deployment, &upstream, &json!({"name": "orders"}));
        let service = id_of(&service).to_owned();
        let of_service = format!("/services/{service}");
        create(&deployment, &format!("{of_service}/routes"), &json!({"name": "way", "paths": ["/orders"]}));
        create(&deployment, &format!("{of_service}/plugins"), &json!({"name": "key-auth"}));
        let registration = json!({"name": "application-registration",
            "config": {"display_name": "Orders", "auto_approve": true}});
        create(&deployment, &format!("{of_service}/plugins"), &registration);
        let mut page = Page::default();
        let mut ask =
            |method: &str, path: &str, body: &Value| page.ask(&deployment, method, path, Some(body));
        let sign_up = json!({"email": ADDRESS, "password": PASSWORD, "meta": "{\"full_name\":\"Dee\"}"});
        assert_eq!(ask("POST", "/register", &sign_up).status, 200);
        let approved = json!({"status": 0});
        let answer = deployment.admin("PATCH", &format!("/developers/{ADDRESS}"), Some(&approved));
        assert_eq!(answer.status, 200);
        assert_eq!(page.log_in(&deployment, ADDRESS, PASSWORD).status, 204);
        let application = json!({"name": "Shop", "redirect_uri": "https://e.test"});
        let made = page.ask(&deployment, "POST", "/applications", Some(&application)).json().unwrap();
        let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let (application, key) = (text("/id"), text("/credential/client_id"));
        let credential = text("/credential/id");
        let contract = json!({"service": {"id": service}});
        let path = format!("/applications/{application}/application_instances");
        assert_eq!(page.ask(&deployment, "POST", &path, Some(&contract)).status, 201);
        let pepper = pepper.to_owned();
        Trial { deployment, upstream, service, key, pepper, page, application, credential }
    }

    /// What must come out nowhere, being worth as much as the key: where its grant is.
    pub fn digest(&self) -> String {
        digest_in_hex(&self.pepper, &self.key)
    }

    fn send(&self, request: Request) -> Response {
        let with = |request: Request, (name, value): (&str, String)| request.header(name, value);
        let request = self.page.fields(&self.deployment).into_iter().fold(request, with);
        self.deployment.send_to(&self.deployment.doors().control("").authority, &request)
    }

    fn path(&self) -> String {
        self.deployment.doors().control(&format!("/portal/services/{}/try", self.service)).target
    }

    /// Sends the form of the page, with what differs from a plain call.
    fn try_it(&self, changes: &[(&str, &str)]) -> String {
        let caller = format!("{}/{}", self.application, self.credential);
        let mut fields = [
            ("caller", caller.as_str()),
            ("method", "GET"),
            ("path", "/orders/7"),
            ("query", ""),
            ("headers", ""),
            ("body", ""),
            ("place", "header"),
        ];
        for (name, value) in changes {
            let field = fields.iter_mut().find(|(known, _)| known == name).unwrap();
            field.1 = *value;
        }
        let body = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let body = body.collect::<Vec<_>>().join("&");
        let request = Request::new("POST", self.path())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = self.send(request);
        let shown = answer.text();
        assert!(!shown.contains(&self.key), "the key is in the page");
        assert!(!shown.contains(&self.digest()), "the token is in the page");
        shown
    }

    /// The page, calls of many kinds, and what the upstream sees of them, to the end of the contract.
    pub fn check(&self) {
        let form = self.send(Request::get(&self.path()));
        assert_eq!(form.status, 200);
        says(&form.text(), &["Shop", "name=\"headers\"", &self.key[..7], "value=\"/orders\""]);
        self.check_call();
        says(&self.try_it(&[("path", "/orders/moved")]), &["302", "http://127.0.0.1:1/elsewhere"]);
        says(&self.try_it(&[("path", "/orders/large")]), &["The first 64 KiB of 204800 bytes"]);
        self.upstream.take();
        says(&self.try_it(&[("path", "/stock")]), &["No route of this service takes this path"]);
        says(&self.try_it(&[("headers", "apikey: x")]), &["are filled in for you"]);
        assert!(self.upstream.take().is_empty(), "nothing was sent");
        // With access taken away, it is refused as the key is.
        let contract = format!("/applications/{}/application_instances", self.application);
        let listed = self.deployment.admin("GET", &contract, None).json().unwrap();
        let contract = format!("{contract}/{}", id_of(&listed["data"][0]));
        let revoked = self.deployment.admin("PATCH", &contract, Some(&json!({"status": 3})));
        assert_eq!(revoked.status, 200);
        wait_until("a call is refused", PATIENCE, || self.try_it(&[]).contains("401"));
    }

    fn check_call(&self) {
        let page = self.try_it(&[
            ("method", "POST"),
            ("query", "a=1&b=x y"),
            ("headers", "Content-Type: application/json\r\nX-Trace: 7"),
            ("body", "{\"n\":\r\n1}"),
        ]);
        says(&page, &["201", "&#60;b&#62;made&#60;/b&#62;", "x-made", "way", "curl --include", "$API_KEY"]);
        let seen = self.upstream.take();
        let [request] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/7?a=1&b=x%20y"));
        assert_eq!(request.body, b"{\"n\":\n1}");
        assert_eq!(request.headers.first("x-trace").as_deref(), Some("7"));
        assert_eq!(request.headers.first(TRIED_FIELD).as_deref(), Some("1"));
        let caller = request.headers.first("x-consumer-username");
        assert_eq!(caller.as_deref(), Some(self.application.as_str()));
        for (name, value) in &request.headers.0 {
            let value = String::from_utf8_lossy(value);
            assert!(!name.eq_ignore_ascii_case(TRY_TOKEN_FIELD), "{name}");
            assert!(!value.contains(&self.key) && !value.contains(&self.digest()), "{name}: {value}");
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[track_caller]
fn says(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part}: {page}");
    }
}
