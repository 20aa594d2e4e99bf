//! Trying a service: what the page asks for, what is called, and what is shown of that.

use std::time::Duration;

use http::Request;

use super::*;
use crate::gateway_call::{Answered, GatewayAnswer};
use crate::registry::Step as Named;
use crate::schema::EntityKind;
use latchkey_published::try_token::{TRY_TOKEN_FIELD, Tried, TryKeys};

#[tokio::test]
async fn an_operation_is_tried_with_the_body_that_the_document_shows() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    let text = "openapi: 3.1.0\npaths: {/a: {post: {operationId: make, requestBody: {content: {\
        application/json: {example: {name: n}}}}}}}";
    let step = [Named { kind: EntityKind::Services, key: &trial.service }];
    portal.control.registry().put_document(&step, None, text.as_bytes()).await.unwrap();
    let page = trial.dee.get(&format!("/portal/services/{}/specification/make", trial.service)).await.is(200);
    let link = page.between(&format!("href=\"{}?", trial.path)).replace("&#38;", "&");
    let page = trial.dee.get(&format!("{}?{link}", trial.path)).await.is(200);
    page.says("&#34;name&#34;: &#34;n&#34;").says("content-type: application/json");
    let path = format!("{}?operation=none", trial.path);
    trial.dee.get(&path).await.is(200);
}

/// Somebody with an application that may call a service, and its page to try that.
struct Trial<'p> {
    dee: Person<'p>,
    path: String,
    caller: String,
    key: String,
    service: String,
}

impl<'p> Trial<'p> {
    async fn new(portal: &'p Portal) -> Self {
        let service = service(portal, "orders", true).await;
        let mut dee = Person::developer(portal, EMAIL).await;
        let (application, key) = dee.application("Shop").await;
        let path = format!("/portal/services/{service}/request");
        dee.post(&path, &[("application", &application)]).await.is(303);
        let caller = format!("{application}/{}", dee.keys(&application).await.remove(0));
        Trial { dee, path: format!("/portal/services/{service}/try"), caller, key, service }
    }

    fn form<'f>(&'f self, changes: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let mut form = vec![
            ("caller", self.caller.as_str()),
            ("method", "GET"),
            ("path", "/orders/7"),
            ("query", ""),
            ("headers", ""),
            ("body", ""),
            ("place", "header"),
        ];
        form.retain(|(name, _)| !changes.iter().any(|(changed, _)| name == changed));
        form.extend(changes);
        form
    }

    /// Sends the form; the call that is made then, if one is, and what is shown when it has come to this.
    async fn send(
        &mut self,
        changes: &[(&str, &str)],
        came: GatewayAnswer,
    ) -> (Option<Request<Bytes>>, Shown) {
        let fields = [("content-type", "application/x-www-form-urlencoded"), SAME_ORIGIN];
        let headers = self.dee.browser.headers(&fields);
        let body = serde_urlencoded::to_string(self.form(changes)).unwrap();
        let head = Head { host: b"portal.example.com", ..head("POST", &self.path, None, &headers) };
        let control = &self.dee.portal.control;
        match control.ask(&head, body.as_bytes(), None).await {
            Step::Answer(response) => (None, self.dee.keep(response)),
            Step::Password(_) => panic!("hangs on a password"),
            Step::Call(call) => match control.ask_called(&head, body.as_bytes(), &came).await {
                Step::Answer(response) => (Some(call.into_request()), self.dee.keep(response)),
                step => panic!("asked twice: {step:?}"),
            },
        }
    }

    #[track_caller]
    fn check_refused(sent: (Option<Request<Bytes>>, Shown), status: u16, sentence: &str) {
        assert!(sent.0.is_none(), "nothing is to be sent");
        sent.1.is(status).says(sentence);
    }
}

#[expect(clippy::disallowed_methods, reason = "a gateway's answer")]
fn answered(status: u16, body: &'static str) -> GatewayAnswer {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("x-made", "a<b".parse().unwrap());
    GatewayAnswer::Answered(Answered { response, goes_on: false, took: Duration::from_millis(12) })
}

#[tokio::test]
async fn a_call_is_made_as_the_credential_without_its_key() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    let (path, key) = (trial.path.clone(), trial.key.clone());
    trial.dee.get(&format!("/portal/services/{}", trial.service)).await.is(200).says(&path);
    let filled = format!("{path}?method=POST&path=%2Forders%2Fnew&query=a%3D1");
    let form = trial.dee.get(&filled).await.is(200).says("value=\"/orders/new\"").says("value=\"a=1\"");
    assert!(form.text().contains("<option value=\"POST\" selected"), "{}", form.text());
    form.says("Shop: ").says(&key[..7]).says("name=\"nonce\"");

    let changes = [
        ("method", "PUT"),
        ("path", "/orders/a b"),
        ("query", "x=1&y=2 3"),
        ("headers", "X-Trace: 7\r\n\r\nAccept: text/plain"),
        ("body", "a=1\r\nb"),
    ];
    let (call, shown) = trial.send(&changes, answered(201, "<i>made</i>")).await;
    let call = call.unwrap();
    assert_eq!(
        (call.method().as_str(), call.uri().to_string()),
        ("PUT", "/orders/a%20b?x=1&y=2%203".to_owned())
    );
    let field = |name: &str| call.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!((field("host"), field("content-length")), (Some("gateway.test"), Some("5")));
    assert_eq!((field("x-trace"), field("accept")), (Some("7"), Some("text/plain")));
    assert_eq!(field("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(field("x-forwarded-proto"), Some("https"));
    assert_eq!(call.body(), "a=1\nb");
    let token = call.headers().get(TRY_TOKEN_FIELD).unwrap();
    assert!(token.is_sensitive() && format!("{call:?}").contains("Sensitive"));
    let registry = portal.control.registry();
    let service_id = trial.service.parse().unwrap();
    let tried = Tried { method: "PUT", path: b"/orders/a%20b", service_id };
    let now_ms = crate::ports::Clock::unix_ms(registry.clock());
    let place = TryKeys::new(registry.peppers()).open(token.as_bytes(), &tried, now_ms);
    assert_eq!(place, Some(registry.peppers().current.digest(key.as_bytes())));

    let shown =
        shown.is(200).says("201").says("12 ms").says("&#60;i&#62;made").says("x-made").says("a&#60;b");
    let shown = shown.says("curl --include").says("--request PUT").says("x-key: $API_KEY").says("X-Trace: 7");
    assert!(shown.text().contains("https://gateway.test/orders/a%20b?x=1"), "{}", shown.text());
    assert_eq!(trial.dee.times_told(&key), 1, "when it was made");
    assert_eq!(trial.dee.times_told(token.to_str().unwrap()), 0);
}

#[tokio::test]
async fn what_cannot_be_called_is_not() {
    let portal = new_portal().await;
    let other = service(&portal, "stock", true).await;
    let mut trial = Trial::new(&portal).await;
    let mut eve = Person::developer(&portal, "eve@example.com").await;
    let (application, _) = eve.application("Hers").await;
    let hers = format!("{application}/{}", eve.keys(&application).await.remove(0));
    let large = "x".repeat((64 << 10) + 1);
    for (changes, sentence) in [
        (("caller", ""), "Choose one of your credentials"),
        (("caller", hers.as_str()), "Choose one of your credentials"),
        (("path", "/stock/7"), "No route of this service"),
        (("path", "orders"), "No route of this service"),
        (("path", "/-/health"), "No route of this service"),
        (("method", "TRACE"), "No route of this service"),
        (("headers", "no field"), "Write one a line"),
        (("headers", "a b: c"), "Write one a line"),
        (("headers", "X-Key: mine"), "Write one a line"),
        (("headers", "x_key: mine"), "Write one a line"),
        (("headers", "Host: other.test"), "Write one a line"),
        (("headers", "X-Latchkey-Try-Token: t"), "Write one a line"),
        (("headers", "X-Forwarded-For: 10.0.0.1"), "Write one a line"),
        (("headers", "X-Real-IP: 10.0.0.1"), "Write one a line"),
        (("body", large.as_str()), "At most 64 KiB"),
    ] {
        Trial::check_refused(trial.send(&[changes], answered(200, "")).await, 400, sentence);
    }
    // What another service's page would call is the other's.
    trial.path = format!("/portal/services/{other}/try");
    let sent = trial.send(&[], answered(200, "")).await;
    Trial::check_refused(sent, 400, "No application of yours has asked");
}

#[tokio::test]
async fn a_route_for_a_host_of_its_own_is_found() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    let route = json!({"paths": ["/there"], "hosts": ["*.wild.test", "api.test"], "methods": ["GET"],
        "service": {"id": trial.service}});
    assert_eq!(portal.admin("POST", "/routes", route).await.0, 201);
    let (call, shown) = trial.send(&[("path", "/there/7")], answered(200, "")).await;
    assert_eq!(call.unwrap().headers()["host"], "api.test");
    shown.is(200).says("The answer has no body").says("https://api.test/there/7");
    let sent = trial.send(&[("path", "/there/7"), ("method", "PUT")], answered(200, "")).await;
    Trial::check_refused(sent, 400, "No route of this service");
}

#[tokio::test]
async fn a_query_may_stand_behind_the_path() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    for (path, query, target) in [
        ("/orders/7?a=1", "", "/orders/7?a=1"),
        ("/orders/7?a=1", "b=2", "/orders/7%3Fa=1?b=2"),
        ("/orders/%7e", "?", "/orders/%7e??"),
        ("/orders/#x", "", "/orders/%23x"),
    ] {
        let (call, _) = trial.send(&[("path", path), ("query", query)], answered(200, "")).await;
        assert_eq!(call.unwrap().uri().to_string(), target);
    }
}

#[tokio::test]
async fn what_came_of_a_call_is_said() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    for (came, status, sentence) in [
        (answered(401, "{\"message\":\"Unauthorized\"}"), 200, "401"),
        (answered(302, ""), 200, "302"),
        (GatewayAnswer::Unreachable, 503, "cannot be reached"),
        (GatewayAnswer::TooSlow, 503, "took too long"),
    ] {
        let (call, shown) = trial.send(&[], came).await;
        assert!(call.is_some());
        shown.is(status).says(sentence);
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_calls_twice_only_without_harm() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    let path = trial.path.clone();
    let nonce = trial.dee.get(&path).await.is(200).value("nonce");
    for method in ["GET", "GET", "HEAD"] {
        let changes = [("method", method), ("nonce", &nonce)];
        assert!(trial.send(&changes, answered(200, "")).await.0.is_some(), "{method}");
    }
    let post = [("method", "POST"), ("nonce", nonce.as_str())];
    Trial::check_refused(trial.send(&post, answered(200, "")).await, 409, "was not made again");
    let nonce = trial.dee.get(&path).await.is(200).value("nonce");
    let post = [("method", "POST"), ("nonce", nonce.as_str())];
    let (call, shown) = trial.send(&post, answered(200, "")).await;
    assert!(call.is_some());
    assert_ne!(shown.value("nonce"), nonce, "the next call is another");
    Trial::check_refused(trial.send(&post, answered(200, "")).await, 409, "was not made again");
}

#[tokio::test]
async fn ten_calls_a_minute_can_be_tried() {
    let portal = new_portal().await;
    let mut trial = Trial::new(&portal).await;
    for _ in 0..10 {
        assert!(trial.send(&[], answered(200, "")).await.0.is_some());
        portal.advance(1_000);
    }
    let sent = trial.send(&[], answered(200, "")).await;
    assert_eq!(sent.1.0.headers()["retry-after"], "50");
    Trial::check_refused(sent, 429, "Try again in 50 s");
    portal.advance(50_000);
    assert!(trial.send(&[], answered(200, "")).await.0.is_some());
    portal.advance(60_000);
    for _ in 0..50 {
        portal.control.drop_old_records().await.unwrap();
    }
    assert!(trial.send(&[], answered(200, "")).await.0.is_some());
}

#[tokio::test]
async fn where_nobody_makes_calls_none_is_offered() {
    let mut portal = new_portal().await;
    Arc::get_mut(&mut portal.control.settings).unwrap().calls_gateway = false;
    let mut trial = Trial::new(&portal).await;
    let path = trial.path.clone();
    let page = trial.dee.get(&format!("/portal/services/{}", trial.service)).await.is(200);
    assert!(!page.text().contains(&path), "{}", page.text());
    trial.dee.get(&path).await.is(404);
    let sent = trial.send(&[], answered(200, "")).await;
    assert!(sent.0.is_none());
    sent.1.is(404);
}
