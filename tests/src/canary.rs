//! Canaries: known secrets are put in by every way there is, and must not come out in answers, in
//! what reaches the upstream, in logs or in what is stored.
//!
//! The suite is the same for every deployed form: each lets through [`Inspected`] see what it stores.
//! The end of it is a store that fails, when causes of errors are logged.

mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::Client as _;
use crate::deployment::{Deployment, Doors, Local, Place, Worker};
use crate::fixtures::{create, create_service, id_of, proxy_to, shown_key};
use crate::raw_http::{Connection, Framing, Prompt, Request, copy_body, read_head};
use crate::try_token::{TRY_TOKEN_FIELD, try_token};
use crate::upstream::{Upstream, answer};

/// The deployment's `LATCHKEY_ADMIN_TOKEN`.
pub const ADMIN_TOKEN: &str = "canary-admin-token-7Hq2ZpX9vLw4Mb8Kd1Sf";
/// The deployment's `LATCHKEY_PEPPER`.
pub const PEPPER: &str = "canary-pepper-Tg5Rk8Nn3Vb6Yx1Cw0Qe7Mz2Ld9Js4Hf";
pub use tokens::VERIFY_TOKEN;

const IMPORTED_KEY: &str = "canary-imported-key-Bv6Tn2Qx8Lr5";
/// Brought as its SHA-256: never seen in clear before it is used.
const BROUGHT_KEY: &str = "canary-brought-key-Fw3Lk8Yv5Ds1";
const CLIENT_ID: &str = "canary-client-id-Jd4Wf9Ks7Pz3";
const CLIENT_SECRET: &str = "canary-client-secret-Xm1Cg6Hb8Ry5";
const PASSWORD: &str = "canary-password-Uo3Ev7Ni9Ta2";
/// Not used before the store fails, so that nobody remembers it.
const COLD_KEY: &str = "canary-cold-key-Nt4Gh7Jx2Qe9";
/// Never stored anywhere: a key that is wrong.
const WRONG_KEY: &str = "canary-wrong-key-Zs8Dk2Yq4Wm6";

/// By which the portal calls as an application, without its key.
const TRY_TOKEN: &str = "try token";

const APPLICATIONS: &str = "/developers/dev@example.test/applications";

/// A deployment that was started empty, with [`ADMIN_TOKEN`], [`PEPPER`] and [`VERIFY_TOKEN`], and logs all it
/// can.
pub trait Inspected {
    fn deployment(&self) -> &dyn Deployment;
    /// Host and port where the gateway takes a client to have come by https that says so by a field.
    fn authority_by_https(&self) -> String;
    /// Whatever it has stored: name and bytes.
    fn stored(&self) -> Vec<(String, Vec<u8>)>;
    /// From now on its store fails, for good.
    fn break_store(&mut self);
}

impl Inspected for Local {
    fn deployment(&self) -> &dyn Deployment {
        self
    }

    fn authority_by_https(&self) -> String {
        self.authority().to_owned()
    }

    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        files_in(self.data())
    }

    fn break_store(&mut self) {
        self.fill_disk();
    }
}

impl Inspected for Worker {
    fn deployment(&self) -> &dyn Deployment {
        self
    }

    fn authority_by_https(&self) -> String {
        self.secure_authority().to_owned()
    }

    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        files_in(Worker::stored(self))
    }

    fn break_store(&mut self) {
        self.break_stores();
    }
}

/// What was put in, and what has come out so far.
pub struct Canaries {
    upstream: Upstream,
    /// Name and plain text.
    secrets: Vec<(&'static str, String)>,
    /// What came out where.
    leaks: Vec<String>,
    /// How often each status was answered; 0: no answer came.
    pub statuses: BTreeMap<u16, usize>,
}

impl Canaries {
    /// Puts every secret in, uses each in every place, provokes errors, reads everything back, and
    /// does it again with a store that fails.
    pub fn release(inspected: &mut dyn Inspected) -> Self {
        let mut canaries = Self::new();
        canaries.make_secrets(inspected.deployment());
        canaries.secrets.extend(tokens::issue(inspected));
        canaries.use_everywhere(inspected.deployment());
        canaries.use_tokens(inspected);
        canaries.provoke_errors(inspected.deployment());
        canaries.read_everything(inspected.deployment());
        canaries.search(inspected, "while it works");
        let worked = std::mem::take(&mut canaries.statuses);
        for status in [200, 400, 401, 404] {
            assert!(worked.contains_key(&status), "never answered: {status} of {worked:?}");
        }

        let logged = inspected.deployment().output().len();
        inspected.break_store();
        canaries.write_in_vain(inspected.deployment());
        canaries.provoke_errors(inspected.deployment());
        canaries.use_everywhere(inspected.deployment());
        canaries.use_tokens(inspected);
        canaries.search(inspected, "with a store that fails");
        let failed = |status: &u16| (500..=503).contains(status);
        assert!(canaries.statuses.keys().any(failed), "the store does not fail: {:?}", canaries.statuses);
        assert!(inspected.deployment().output().len() > logged, "a store that fails is not logged");
        canaries
    }

    /// Looks through output and store once more; every leak so far.
    pub fn leaks(mut self, inspected: &dyn Inspected) -> Vec<String> {
        self.search(inspected, "in the end");
        self.leaks.sort();
        self.leaks.dedup();
        self.leaks
    }

    fn new() -> Self {
        let secrets = vec![
            ("admin token", ADMIN_TOKEN.to_owned()),
            ("pepper", PEPPER.to_owned()),
            ("verify token", VERIFY_TOKEN.to_owned()),
            ("own client id", tokens::OWN_CLIENT_ID.to_owned()),
            ("own client secret", tokens::OWN_CLIENT_SECRET.to_owned()),
            ("imported key", IMPORTED_KEY.to_owned()),
            ("brought key", BROUGHT_KEY.to_owned()),
            ("client id", CLIENT_ID.to_owned()),
            ("client secret", CLIENT_SECRET.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("cold key", COLD_KEY.to_owned()),
            ("wrong key", WRONG_KEY.to_owned()),
        ];
        // What it was sent is recorded; an echo of it would hide what the gateway itself answers.
        let upstream = Upstream::answering(|_| answer(200, &[("Content-Type", "text/plain")], b"ok"));
        Self { upstream, secrets, leaks: Vec::new(), statuses: BTreeMap::new() }
    }

    /// The answers of these calls may show the secret: it is shown this once.
    fn make_secrets(&mut self, gateway: &dyn Deployment) {
        let config = json!({"key_in_body": true, "hide_credentials": true});
        proxy_to(gateway, &self.upstream, &json!({}), &config);
        let registered = create_service(gateway, &self.upstream, &json!({}));
        let service = format!("/services/{}", id_of(&registered));
        create(gateway, &format!("{service}/routes"), &json!({"paths": ["/registered"]}));
        create(gateway, &format!("{service}/plugins"), &json!({"name": "key-auth", "config": config}));
        let registration = json!({
            "name": "application-registration", "config": {"display_name": "R", "auto_approve": true}
        });
        create(gateway, &format!("{service}/plugins"), &registration);

        let more = [
            (json!({"paths": ["/preflight"]}), json!({"run_on_preflight": false, "hide_credentials": true})),
            (
                json!({"paths": ["/secure"], "protocols": ["https"], "https_redirect_status_code": 302}),
                config,
            ),
        ];
        for (mut route, config) in more {
            route["service"] = json!({"id": registered["id"]});
            let route = create(gateway, "/routes", &route);
            let path = format!("/routes/{}/plugins", id_of(&route));
            create(gateway, &path, &json!({"name": "key-auth", "config": config}));
        }

        // Nothing is hidden on the way to an upstream that no URL can name: what fails names it whole.
        create(gateway, "/services", &json!({"name": "lost", "host": "lost.256"}));
        create(gateway, "/services/lost/routes", &json!({"paths": ["/lost"]}));
        create(gateway, "/services/lost/plugins", &json!({"name": "key-auth"}));

        create(gateway, "/consumers", &json!({"username": "bob"}));
        for key in [IMPORTED_KEY, COLD_KEY] {
            create(gateway, "/consumers/bob/key-auth", &json!({"key": key}));
        }
        create(gateway, "/consumers/bob/key-auth", &json!({"key": shown_key(BROUGHT_KEY)}));
        let generated = create(gateway, "/consumers/bob/key-auth", &json!({}));
        self.secrets.push(("generated key", text_of(&generated, "key")));

        let developer = json!({"email": "dev@example.test", "status": 0, "meta": "{\"full_name\":\"D\"}"});
        create(gateway, "/developers", &developer);
        let application = json!({"name": "app", "redirect_uri": "https://app.test"});
        let application = create(gateway, APPLICATIONS, &application);
        for (name, member) in [("first client id", "client_id"), ("first client secret", "client_secret")] {
            self.secrets.push((name, text_of(&application["credential"], member)));
        }
        let path = format!("{APPLICATIONS}/{}", id_of(&application));
        let contract = json!({"service": {"id": registered["id"]}});
        create(gateway, &format!("{path}/application_instances"), &contract);
        let asking_for_tokens = tokens::set_up(gateway, &self.upstream);
        let contract = json!({"service": {"id": asking_for_tokens}});
        create(gateway, &format!("{path}/application_instances"), &contract);
        let own = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
        create(gateway, &format!("{path}/credentials/oauth2"), &own);
        let token = try_token(PEPPER, CLIENT_ID, "/registered", id_of(&registered));
        self.secrets.push((TRY_TOKEN, token));
    }

    fn use_everywhere(&mut self, gateway: &dyn Deployment) {
        let keys: Vec<(String, &str)> = self
            .secrets
            .iter()
            .filter_map(|(name, secret)| match *name {
                "imported key" | "brought key" | "generated key" | "wrong key" => {
                    Some((secret.clone(), "/plain"))
                }
                "client id" | "first client id" | "client secret" => Some((secret.clone(), "/registered")),
                _ => None,
            })
            .collect();
        for (key, path) in keys {
            for request in in_fields_and_query(&key, path).into_iter().chain(in_bodies(&key, path)) {
                self.ask(gateway, &request);
            }
        }
        let token = self.secrets.iter().find(|(name, _)| *name == TRY_TOKEN).map(|(_, token)| token.clone());
        let token = token.unwrap_or_default();
        for path in ["/registered", "/plain", "/lost", "/preflight"] {
            for name in [TRY_TOKEN_FIELD, "X_Latchkey_Try.Token"] {
                self.ask(gateway, &Request::get(path).header(name, token.as_str()));
            }
        }
    }

    fn use_tokens(&mut self, inspected: &dyn Inspected) {
        let is_token = |name: &str| name.ends_with("access token");
        let tokens = self.secrets.iter().filter(|(name, _)| is_token(name)).map(|(_, token)| token.clone());
        let tokens: Vec<String> = tokens.collect();
        let (gateway, authority) = (inspected.deployment(), inspected.authority_by_https());
        for request in tokens::calls(&tokens, gateway.doors()) {
            self.ask_at(&authority, &request);
        }
        for request in tokens::calls_of_control(&tokens, gateway.doors()) {
            self.ask_admin(gateway, &request);
        }
    }

    fn provoke_errors(&mut self, gateway: &dyn Deployment) {
        for (method, path, body) in bad_bodies() {
            let request = gateway.admin_request(method, path);
            self.ask_admin(gateway, &request.header("Content-Type", "application/json").body(body));
        }
        for path in [format!("/key-auths/{WRONG_KEY}"), format!("/consumers/bob/key-auth/{WRONG_KEY}")] {
            self.ask_admin(gateway, &gateway.admin_request("GET", &path));
            self.ask_admin(gateway, &gateway.admin_request("DELETE", &path));
        }
        for request in misplaced_at_control(gateway.doors()) {
            self.ask_admin(gateway, &request);
        }
        for request in misplaced_at_gateway(gateway.doors()) {
            self.ask(gateway, &request);
        }
        let broken = format!("GET /plain HTTP/1.1\r\nHost: a\r\napikey : {IMPORTED_KEY}\r\n\r\n");
        for authority in [gateway.authority().to_owned(), gateway.admin_authority()] {
            self.ask_raw(&authority, "GET", "a broken request", broken.as_bytes());
        }
    }

    /// Calls that nothing but the store could refuse.
    fn write_in_vain(&mut self, gateway: &dyn Deployment) {
        let developer =
            json!({"email": "new@example.test", "meta": "{\"full_name\":\"N\"}", "password": PASSWORD});
        for (method, path, body) in [
            ("POST", "/consumers/bob/key-auth".to_owned(), json!({"key": WRONG_KEY})),
            ("PATCH", "/consumers/bob".to_owned(), json!({"custom_id": "seen"})),
            ("POST", "/developers".to_owned(), developer),
            ("POST", "/keys/find".to_owned(), json!({"key": COLD_KEY})),
            ("POST", "/keys/find".to_owned(), json!({"key": shown_key(COLD_KEY)})),
            // A key in a path that would have been taken.
            ("PUT", format!("/consumers/{WRONG_KEY}"), json!({"tags": ["seen"]})),
        ] {
            let request = gateway.admin_request(method, &path).header("Content-Type", "application/json");
            self.ask_admin(gateway, &request.body(body.to_string()));
        }
        for request in
            in_fields_and_query(COLD_KEY, "/plain").into_iter().chain(in_bodies(COLD_KEY, "/plain"))
        {
            self.ask(gateway, &request);
        }
    }

    fn read_everything(&mut self, gateway: &dyn Deployment) {
        let mut paths: Vec<String> = LISTS.into_iter().map(str::to_owned).collect();
        for application in &list(gateway, APPLICATIONS, 1) {
            let path = format!("{APPLICATIONS}/{}", id_of(application));
            let parts = ["", "/credentials/oauth2", "/application_instances"];
            paths.extend(parts.map(|end| format!("{path}{end}")));
            let credentials = list(gateway, &format!("{path}/credentials/oauth2"), 2);
            paths.extend(credentials.iter().map(|one| format!("{path}/credentials/oauth2/{}", id_of(one))));
        }
        let keys = list(gateway, "/key-auths", 4);
        paths.extend(keys.iter().map(|key| format!("/key-auths/{}", id_of(key))));
        for path in paths {
            self.ask_admin(gateway, &gateway.admin_request("GET", &path));
        }
        self.find_every_key(gateway);
        let first = format!("/key-auths/{}", id_of(&keys[0]));
        let patch = gateway.admin_request("PATCH", &first).header("Content-Type", "application/json");
        self.ask_admin(gateway, &patch.body("{\"tags\":[\"seen\"]}"));
        let control = ["/health", "/status", "/portal", "/manager", "/metrics"];
        let places = control.map(|path| gateway.doors().control(path));
        for place in places.into_iter().chain([gateway.doors().own("/health")]) {
            let request = Request::get(&place.target).header("Kong-Admin-Token", ADMIN_TOKEN);
            self.ask_at(&place.authority, &request);
        }
    }

    /// Asks whose each key is: in clear, by its SHA-256, and what is no key.
    fn find_every_key(&mut self, gateway: &dyn Deployment) {
        let keys = self.secrets.iter().filter(|(name, _)| name.ends_with("key") || name.ends_with("id"));
        let keys: Vec<String> = keys.map(|(_, key)| key.clone()).collect();
        for key in keys {
            for form in [key.clone(), shown_key(&key), format!("lk_{key}")] {
                let request = gateway.admin_request("POST", "/keys/find");
                let request = request.header("Content-Type", "application/json");
                self.ask_admin(gateway, &request.body(json!({"key": form}).to_string()));
            }
        }
    }

    /// Asks the gateway.
    fn ask(&mut self, gateway: &dyn Deployment, request: &Request) {
        self.ask_at(gateway.authority(), request);
    }

    /// Asks the Admin API.
    fn ask_admin(&mut self, gateway: &dyn Deployment, request: &Request) {
        self.ask_at(&gateway.admin_authority(), request);
    }

    /// Sends, and searches every byte that comes back and whatever reaches the upstream.
    fn ask_at(&mut self, authority: &str, request: &Request) {
        let what = format!("{} {}", request.method, String::from_utf8_lossy(&request.target));
        self.upstream.take();
        self.ask_raw(authority, &request.method, &what, &request.to_bytes(authority));
        for call in self.upstream.take() {
            // A value in a field that is no key's place is the client's own, and passes.
            let hides = request.target.starts_with(tokens::PATH.as_bytes());
            if hides || !request.headers.contains("authorization") {
                self.note(&format!("{call:?}").into_bytes(), &format!("what the upstream got of {what}"));
                self.note(&call.body, &format!("the body that the upstream got of {what}"));
            }
        }
    }

    fn ask_raw(&mut self, authority: &str, method: &str, what: &str, bytes: &[u8]) {
        let (received, outcome) = exchange_bytes(authority, method, bytes);
        self.note(&received, &format!("the answer to {what}"));
        if let Err(error) = &outcome {
            self.leaks.push(format!("no whole answer to {what}: {error}"));
        }
        *self.statuses.entry(outcome.unwrap_or(0)).or_default() += 1;
    }

    fn search(&mut self, inspected: &dyn Inspected, when: &str) {
        self.note(inspected.deployment().output().as_bytes(), &format!("the log {when}"));
        let stored = inspected.stored();
        assert!(!stored.is_empty(), "nothing is stored");
        for (name, bytes) in stored {
            self.note(&bytes, &format!("{name} {when}"));
            self.note_digests(&bytes, &format!("{name} {when}"));
        }
        self.note_digests(inspected.deployment().output().as_bytes(), &format!("the log {when}"));
    }

    /// The SHA-256 of a key is for answers of the Admin API alone: stored it is sealed.
    fn note_digests(&mut self, bytes: &[u8], place: &str) {
        let lower = bytes.to_ascii_lowercase();
        for (name, secret) in self.secrets.iter().filter(|(name, _)| name.ends_with("key")) {
            let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
            let shown = shown_key(secret);
            let spellings =
                [shown["sha256:".len()..].to_owned(), STANDARD.encode(digest), URL_SAFE.encode(digest)];
            let is_there = contains(bytes, &digest)
                || contains(&lower, spellings[0].as_bytes())
                || spellings[1..].iter().any(|text| contains(bytes, text.trim_end_matches('=').as_bytes()));
            if is_there {
                self.leaks.push(format!("{name} (SHA-256) in {place}"));
            }
        }
    }

    fn note(&mut self, bytes: &[u8], place: &str) {
        let found = leaks_in(bytes, &self.secrets);
        self.leaks.extend(found.into_iter().map(|leak| format!("{leak} in {place}")));
    }
}

fn in_fields_and_query(key: &str, path: &str) -> Vec<Request> {
    let referer = || format!("http://page.test/list?a=1&apikey={key}#part");
    vec![
        Request::get(path).header("apikey", key),
        Request::get(path).header("apikey", key).header("apikey", key),
        Request::get(path).header("apikey", format!("Bearer {key}")),
        Request::get(&format!("{path}?apikey={key}&a=1")),
        Request::get(&format!("{path}?apikey={key}&apikey={key}")),
        Request::get(path).header("apikey", key).header("Referer", referer()),
        Request::get(path).header("Referer", referer()),
        // Passed on without a look at the key, which is hidden all the same.
        Request::new("OPTIONS", "/preflight").header("apikey", key),
        Request::new("OPTIONS", format!("/preflight?apikey={key}&a=1")).header("Referer", referer()),
        Request::get(&format!("/secure?apikey={key}&a=1")).header("apikey", key),
    ]
}

fn in_bodies(key: &str, path: &str) -> Vec<Request> {
    let part = "--XX\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\n";
    let bodies = [
        ("application/x-www-form-urlencoded", format!("a=1&apikey={key}")),
        ("application/json", json!({"apikey": key, "a": 1}).to_string()),
        ("application/json", format!("{{\"apikey\":\"{key}\", broken")),
        ("application/json", json!({"apikey": [key]}).to_string()),
        ("multipart/form-data; boundary=XX", format!("{part}{key}\r\n--XX--\r\n")),
    ];
    let post = |(kind, body)| Request::new("POST", path).header("Content-Type", kind).body(body);
    bodies.into_iter().map(post).collect()
}

/// Calls of the Admin API that are refused, with a secret in what they send.
fn bad_bodies() -> Vec<(&'static str, &'static str, String)> {
    let keys = "/consumers/bob/key-auth";
    let developer =
        json!({"email": "dev@example.test", "meta": "{\"full_name\":\"D\"}", "password": PASSWORD});
    vec![
        ("POST", keys, json!({"key": IMPORTED_KEY}).to_string()),
        ("POST", "/key-auths", json!({"key": WRONG_KEY}).to_string()),
        ("POST", "/key-auths", format!("{{\"key\":\"{WRONG_KEY}\"")),
        ("POST", keys, format!("\"{WRONG_KEY}\"")),
        ("POST", keys, json!({"key": {"x": WRONG_KEY}}).to_string()),
        ("POST", keys, json!({"key": [WRONG_KEY]}).to_string()),
        ("POST", "/consumers/nobody/key-auth", json!({"key": WRONG_KEY}).to_string()),
        ("POST", keys, json!({"key": WRONG_KEY, "ttl": -1}).to_string()),
        ("PUT", "/consumers/nobody/key-auth/x", json!({"key": WRONG_KEY}).to_string()),
        ("PATCH", "/key-auths/canary-wrong-key-Zs8Dk2Yq4Wm6", json!({"tags": ["x"]}).to_string()),
        ("POST", "/developers", json!({"password": PASSWORD}).to_string()),
        ("POST", "/developers", developer.to_string()),
        ("POST", APPLICATIONS, json!({"client_secret": CLIENT_SECRET}).to_string().replace('}', "")),
    ]
}

/// Tokens and keys where they do not belong, and right beside.
fn misplaced_at_control(doors: &Doors) -> Vec<Request> {
    let consumers = doors.admin("/consumers").target;
    let get = |place: Place| Request::get(&place.target).header("Kong-Admin-Token", ADMIN_TOKEN);
    vec![
        Request::get(&consumers).header("Kong-Admin-Token", format!("{ADMIN_TOKEN}x")),
        Request::get(&consumers).header("Authorization", format!("Bearer {ADMIN_TOKEN}")),
        Request::get(&consumers).header("Authorization", format!("Basic {ADMIN_TOKEN}")),
        Request::get(&format!("{consumers}?token={ADMIN_TOKEN}")),
        Request::get(&consumers).header("Kong-Admin-Token", IMPORTED_KEY),
        get(doors.admin("/nothing")),
        get(doors.control("/nothing")),
        Request::new("TRACE", &consumers).header("Kong-Admin-Token", ADMIN_TOKEN),
    ]
}

fn misplaced_at_gateway(doors: &Doors) -> Vec<Request> {
    vec![
        Request::get(&doors.own("/nothing").target).header("Kong-Admin-Token", ADMIN_TOKEN),
        Request::new("TRACE", "/plain").header("apikey", IMPORTED_KEY),
        Request::get("/plain").header("apikey", IMPORTED_KEY).header("Accept", "text/html"),
        Request::get("/plain").header("Authorization", format!("Bearer {IMPORTED_KEY}")),
        Request::get(&format!("/lost?apikey={IMPORTED_KEY}")),
    ]
}

const LISTS: [&str; 16] = [
    "/",
    "/status",
    "/services",
    "/routes",
    "/plugins",
    "/consumers",
    "/key-auths",
    "/developers",
    "/tags",
    "/consumers/bob",
    "/consumers/bob/key-auth",
    "/developers/dev@example.test",
    "/applications",
    APPLICATIONS,
    "/developers/export",
    "/endpoints",
];

fn list(gateway: &dyn Deployment, path: &str, length: usize) -> Vec<Value> {
    let listed = gateway.admin("GET", path, None).json().unwrap();
    let data = listed["data"].as_array().unwrap().clone();
    assert_eq!(data.len(), length, "{path}: {listed}");
    data
}

fn text_of(entity: &Value, member: &str) -> String {
    entity[member].as_str().unwrap_or_else(|| panic!("no {member} in {entity}")).to_owned()
}

/// Every byte that came back, and the final status.
fn exchange_bytes(authority: &str, method: &str, bytes: &[u8]) -> (Vec<u8>, io::Result<u16>) {
    let mut connection = match Connection::open(authority) {
        Ok(connection) => connection,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let sent = connection.send_raw(bytes);
    let mut reader = Keeping { reader: &mut connection.reader, kept: Vec::new() };
    // A refusal may come, and the socket close, before the whole body is written.
    let status = read_to_end(&mut reader, method).map_err(|error| sent.err().unwrap_or(error));
    (reader.kept, status)
}

fn read_to_end(reader: &mut Keeping<'_>, method: &str) -> io::Result<u16> {
    loop {
        let head = read_head(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if head.status() < 200 {
            continue;
        }
        copy_body(reader, Framing::of_response(method, &head), &mut io::sink())?;
        return Ok(head.status());
    }
}

/// Keeps a copy of all that is read.
struct Keeping<'c> {
    reader: &'c mut BufReader<Prompt>,
    kept: Vec<u8>,
}

impl Read for Keeping<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(into)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Keeping<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.kept.extend_from_slice(&self.reader.buffer()[..length]);
        self.reader.consume(length);
    }
}

/// Every file under a folder, with its name: for [`Inspected::stored`].
pub fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| (path.display().to_string(), fs::read(&path).unwrap_or_default());
    files_under(folder).into_iter().map(read).collect()
}

pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Which secrets are in the bytes, and how they are spelled there.
pub fn leaks_in(bytes: &[u8], secrets: &[(&'static str, String)]) -> Vec<String> {
    let lower = bytes.to_ascii_lowercase();
    let mut leaks = Vec::new();
    for (name, secret) in secrets {
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        if contains(bytes, secret.as_bytes()) {
            leaks.push(format!("{name} (plain)"));
        }
        if contains(&lower, hex.as_bytes()) {
            leaks.push(format!("{name} (hex)"));
        }
        if base64_spellings(secret).iter().any(|spelling| contains(bytes, spelling.as_bytes())) {
            leaks.push(format!("{name} (base64)"));
        }
    }
    leaks
}

/// The part of the base64 text that stays the same wherever in a longer text the secret lies.
fn base64_spellings(secret: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    for shift in 0..3 {
        // Cut to whole groups of three bytes, counted from the shift.
        let start = (3 - shift) % 3;
        let inner = &secret.as_bytes()[start..];
        let inner = &inner[..inner.len() / 3 * 3];
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            spellings.push(engine.encode(inner));
        }
    }
    spellings.sort();
    spellings.dedup();
    spellings
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search finds what it looks for.
    #[test]
    fn every_spelling_is_found() {
        let secret = "canary-Self-Check-1234567890";
        let hex: String = secret.bytes().map(|b| format!("{b:02X}")).collect();
        for (text, leaks) in [
            (format!("x{secret}x"), true),
            (hex, true),
            (STANDARD.encode(secret), true),
            (STANDARD.encode(format!("a{secret}b")), true),
            (URL_SAFE_NO_PAD.encode(format!("ab{secret}")), true),
            (format!("{secret:?}"), true),
            (secret[..20].to_owned(), false),
            (STANDARD.encode("something else entirely"), false),
        ] {
            let found = leaks_in(text.as_bytes(), &[("s", secret.to_owned())]);
            assert_eq!(!found.is_empty(), leaks, "{text}");
        }
    }

    /// Status lines, fields and bodies are all among what is searched.
    #[test]
    fn every_byte_that_comes_back_is_kept() {
        for (sent, status) in [
            ("HTTP/1.1 200 in-reason\r\nContent-Length: 7\r\nx-in-field: 1\r\n\r\nin-body", 200),
            (
                "HTTP/1.1 103 Early\r\nlink: in-field\r\n\r\nHTTP/1.1 401 in-reason\r\nContent-Length: 7\r\n\r\nin-body",
                401,
            ),
        ] {
            let upstream = Upstream::answering(move |_| sent.into());
            let request = Request::get("/").to_bytes("a");
            let (kept, outcome) = exchange_bytes(&upstream.authority(), "GET", &request);
            assert_eq!((String::from_utf8(kept).unwrap().as_str(), outcome.unwrap()), (sent, status));
        }
    }
}
