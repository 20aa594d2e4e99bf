//! A developer tries a service in the portal: the program calls itself, as that developer's credential.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::fixtures::{create, create_service, id_of};
use latchkey_tests::portal::Page;
use latchkey_tests::raw_http::{Request, Response};
use latchkey_tests::try_token::{TRIED_FIELD, TRY_TOKEN_FIELD, digest_in_hex, try_token};
use latchkey_tests::upstream::{Recorded, Upstream, answer};
use serde_json::{Value, json};

const PEPPER: &str = "try-it-pepper-Tg5Rk8Nn3Vb6Yx1Cw0Qe7Mz2Ld9Js4Hf";
const ADDRESS: &str = "dee@example.test";
const PASSWORD: &str = "violet harbour tulip 93";
/// Within which a revocation acts, and more.
const PATIENCE: Duration = Duration::from_secs(10);

/// A developer with an application that may call a service.
struct World {
    local: Local,
    upstream: Upstream,
    page: Page,
    service: String,
    application: String,
    credential: String,
    key: String,
}

fn reply(request: &Recorded) -> Vec<u8> {
    match request.path() {
        "/moved" => answer(302, &[("Location", "http://127.0.0.1:1/elsewhere")], b""),
        "/large" => answer(200, &[("Content-Type", "text/plain")], &vec![b'x'; 200 << 10]),
        _ => answer(201, &[("Content-Type", "text/html"), ("X-Made", "yes")], b"<b>made</b>"),
    }
}

impl World {
    fn new() -> Self {
        let options = Options::default().env("LATCHKEY_PEPPER", PEPPER).env("RUST_LOG", "trace");
        let local = Local::spawn(options);
        let upstream = Upstream::answering(reply);
        let service = create_service(&local, &upstream, &json!({"name": "orders"}));
        let service = id_of(&service).to_owned();
        create(&local, &format!("/services/{service}/routes"), &json!({"name": "way", "paths": ["/orders"]}));
        create(&local, &format!("/services/{service}/plugins"), &json!({"name": "key-auth"}));
        let registration = json!({"name": "application-registration",
            "config": {"display_name": "Orders", "auto_approve": true}});
        create(&local, &format!("/services/{service}/plugins"), &registration);
        let mut page = Page::default();
        let mut ask = |method: &str, path: &str, body: &Value| page.ask(&local, method, path, Some(body));
        let sign_up = json!({"email": ADDRESS, "password": PASSWORD, "meta": "{\"full_name\":\"Dee\"}"});
        assert_eq!(ask("POST", "/register", &sign_up).status, 200);
        let approved = json!({"status": 0});
        assert_eq!(local.admin("PATCH", &format!("/developers/{ADDRESS}"), Some(&approved)).status, 200);
        assert_eq!(page.log_in(&local, ADDRESS, PASSWORD).status, 204);
        let application = json!({"name": "Shop", "redirect_uri": "https://e.test"});
        let made = page.ask(&local, "POST", "/applications", Some(&application)).json().unwrap();
        let text = |pointer: &str| made.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let (application, key) = (text("/id"), text("/credential/client_id"));
        let credential = text("/credential/id");
        let contract = json!({"service": {"id": service}});
        let path = format!("/applications/{application}/application_instances");
        assert_eq!(page.ask(&local, "POST", &path, Some(&contract)).status, 201);
        World { local, upstream, page, service, application, credential, key }
    }

    fn send(&self, request: Request) -> Response {
        let with = |request: Request, (name, value): (&str, String)| request.header(name, value);
        let request = self.page.fields(&self.local).into_iter().fold(request, with);
        self.local.send_to(&self.local.doors().control("").authority, &request)
    }

    fn path(&self) -> String {
        self.local.doors().control(&format!("/portal/services/{}/try", self.service)).target
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
        assert!(!shown.contains(&digest_in_hex(PEPPER, &self.key)), "the token is in the page");
        shown
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

#[test]
fn a_developer_tries_a_service_and_the_upstream_sees_neither_token_nor_key() {
    let mut world = World::new();
    let form = world.send(Request::get(&world.path()));
    assert_eq!(form.status, 200);
    says(&form.text(), &["Shop", "name=\"headers\"", &world.key[..7], "value=\"/orders\""]);

    let page = world.try_it(&[
        ("method", "POST"),
        ("query", "a=1&b=x y"),
        ("headers", "Content-Type: application/json\r\nX-Trace: 7"),
        ("body", "{\"n\":\r\n1}"),
    ]);
    says(&page, &["201", "&#60;b&#62;made&#60;/b&#62;", "x-made", "way", "curl --include", "$API_KEY"]);
    let seen = world.upstream.take();
    let [request] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/7?a=1&b=x%20y"));
    assert_eq!(request.body, b"{\"n\":\n1}");
    assert_eq!(request.headers.first("x-trace").as_deref(), Some("7"));
    assert_eq!(request.headers.first(TRIED_FIELD).as_deref(), Some("1"));
    assert_eq!(request.headers.first("x-consumer-username").as_deref(), Some(world.application.as_str()));
    let digest = digest_in_hex(PEPPER, &world.key);
    for (name, value) in &request.headers.0 {
        let value = String::from_utf8_lossy(value);
        assert!(!name.eq_ignore_ascii_case(TRY_TOKEN_FIELD), "{name}");
        assert!(!value.contains(&world.key) && !value.contains(&digest), "{name}: {value}");
    }

    says(&world.try_it(&[("path", "/orders/moved")]), &["302", "http://127.0.0.1:1/elsewhere"]);
    says(&world.try_it(&[("path", "/orders/large")]), &["The first 64 KiB of 204800 bytes"]);
    world.upstream.take();
    says(&world.try_it(&[("path", "/stock")]), &["No route of this service takes this path"]);
    says(&world.try_it(&[("headers", "apikey: x")]), &["are filled in for you"]);
    assert!(world.upstream.take().is_empty(), "nothing was sent");

    // With access taken away, it is refused as the key is.
    let contract = format!("/applications/{}/application_instances", world.application);
    let listed = world.local.admin("GET", &contract, None).json().unwrap();
    let contract = format!("{contract}/{}", id_of(&listed["data"][0]));
    assert_eq!(world.local.admin("PATCH", &contract, Some(&json!({"status": 3}))).status, 200);
    wait_until("a call is refused", PATIENCE, || world.try_it(&[]).contains("401"));

    world.local.terminate();
    world.local.wait(PATIENCE).expect("no end after SIGTERM");
    let log = world.local.output_to_end();
    assert!(!log.contains(&digest) && !log.contains(&world.key), "it is in the log");
}

/// As whoever holds the pepper makes it; nobody else can.
#[test]
fn a_token_is_taken_by_the_gateway_alone_and_for_its_path_alone() {
    let world = World::new();
    let ask = |path: &str, token: &str| {
        let request = Request::get(path).header(TRY_TOKEN_FIELD, token);
        world.local.send_to(world.local.doors().gateway_authority(), &request).status
    };
    let good = try_token(PEPPER, &world.key, "/orders/7", &world.service);
    assert_eq!(ask("/orders/7", &good), 201);
    assert_eq!(ask("/orders/8", &good), 401);
    assert_eq!(ask("/orders/7", &try_token("another", &world.key, "/orders/7", &world.service)), 401);
    let seen = world.upstream.take();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].headers.first(TRY_TOKEN_FIELD).is_none());
}
