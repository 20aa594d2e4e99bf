//! Canary: secrets put in by every way must not come out in logs, stored files, errors or later answers.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use latchkey_tests::fixtures::{create, create_service, id_of, proxy_to};
use latchkey_tests::gateway::{Gateway, Options};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::Upstream;
use serde_json::json;

const ADMIN_TOKEN: &str = "canary-admin-token-7Hq2ZpX9vLw4Bn6s";
const PEPPER: &str = "canary-pepper-Tg5Rk8Nn3Vb6Yx1Cw0Qe7Mz2Ld9Js4Hf";
const IMPORTED_KEY: &str = "canary-imported-key-Bv6Tn2Qx8Lr5";
const CLIENT_ID: &str = "canary-client-id-Jd4Wf9Ks7Pz3";
const CLIENT_SECRET: &str = "canary-client-secret-Xm1Cg6Hb8Ry5";
const PASSWORD: &str = "canary-password-Uo3Ev7Ni9Ta2";
/// Never stored anywhere: a key that is wrong.
const WRONG_KEY: &str = "canary-wrong-key-Zs8Dk2Yq4Wm6";

struct Canaries {
    gateway: Gateway,
    upstream: Upstream,
    /// Name and plain text.
    secrets: Vec<(&'static str, String)>,
    /// What was asked, and the answer's head and body.
    answers: Vec<(String, Vec<u8>)>,
}

#[test]
fn secrets_come_out_nowhere() {
    let mut canaries = Canaries::start();
    canaries.make_secrets();
    canaries.use_everywhere();
    canaries.provoke_errors();
    canaries.read_everything();

    let mut leaks = canaries.leaks_in_answers();
    leaks.extend(canaries.leaks_in_output());
    leaks.extend(canaries.leaks_in_files("while it runs"));
    canaries.gateway.process().terminate();
    canaries.gateway.process_mut().wait(std::time::Duration::from_secs(10)).expect("no end after SIGTERM");
    leaks.extend(canaries.leaks_in_output());
    leaks.extend(canaries.leaks_in_files("after its end"));
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}

/// Without one configured, the program makes an admin token, prints it once and stores only a digest.
#[test]
fn made_admin_token_is_printed_once_and_not_stored() {
    let mut gateway = Gateway::spawn(Options { admin_token: None, ..Options::default() });
    std::thread::sleep(std::time::Duration::from_millis(300));
    let printed = gateway.process().printed() + &gateway.process().log();
    let words = printed.split(|c: char| !(c.is_ascii_alphanumeric() || "_-+/.".contains(c)));
    let candidates: Vec<String> = words.filter(|word| word.len() >= 16).map(str::to_owned).collect();
    let token = candidates
        .iter()
        .find(|word| {
            gateway.admin_token.clone_from(word);
            gateway.admin("GET", "/consumers", None).status == 200
        })
        .unwrap_or_else(|| panic!("no word printed is an admin token: {printed}"))
        .clone();
    let found = find_in_files(gateway.process().data(), &[("made admin token", token.clone())]);
    assert!(found.is_empty(), "{found:?}");

    gateway.kill_and_restart();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!(gateway.process().printed() + &gateway.process().log()).contains(&token), "printed again");
    gateway.admin_token = token;
    assert_eq!(gateway.admin("GET", "/consumers", None).status, 200, "the token is lost with a restart");
}

/// A made pepper has to be in a file; nobody else may read that file, and it is not the one from the environment.
#[test]
fn made_pepper_is_kept_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = Gateway::local();
    create(&gateway, "/consumers", &json!({"username": "bob"}));
    let pepper_files: Vec<_> = files_under(gateway.process().data())
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("pepper")))
        .collect();
    assert!(!pepper_files.is_empty(), "no pepper file in {:?}", files_under(gateway.process().data()));
    for path in pepper_files {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

/// The greps below find what they look for.
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

impl Canaries {
    fn start() -> Self {
        let options = Options { admin_token: Some(ADMIN_TOKEN.to_owned()), ..Options::default() }
            .env("LATCHKEY_PEPPER", PEPPER)
            .env("RUST_LOG", "trace");
        let secrets = vec![
            ("admin token", ADMIN_TOKEN.to_owned()),
            ("pepper", PEPPER.to_owned()),
            ("imported key", IMPORTED_KEY.to_owned()),
            ("client id", CLIENT_ID.to_owned()),
            ("client secret", CLIENT_SECRET.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("wrong key", WRONG_KEY.to_owned()),
        ];
        let gateway = Gateway::spawn(options);
        Self { gateway, upstream: Upstream::recording(), secrets, answers: Vec::new() }
    }

    /// The answers of these calls may show the secret: it is shown this once.
    fn make_secrets(&mut self) {
        let gateway = &self.gateway;
        let config = json!({"key_in_body": true, "hide_credentials": true});
        let proxied = proxy_to(gateway, &self.upstream, &json!({}), &config);
        let registered = create_service(gateway, &self.upstream, &json!({}));
        let service = format!("/services/{}", id_of(&registered));
        create(gateway, &format!("{service}/routes"), &json!({"paths": ["/registered"]}));
        let config = json!({"key_in_body": true, "hide_credentials": true});
        create(gateway, &format!("{service}/plugins"), &json!({"name": "key-auth", "config": config}));
        let registration = json!({
            "name": "application-registration", "config": {"display_name": "R", "auto_approve": true}
        });
        create(gateway, &format!("{service}/plugins"), &registration);
        assert!(!id_of(&proxied.route).is_empty());

        create(gateway, "/consumers", &json!({"username": "bob"}));
        create(gateway, "/consumers/bob/key-auth", &json!({"key": IMPORTED_KEY}));
        let generated = create(gateway, "/consumers/bob/key-auth", &json!({}));
        self.secrets.push(("generated key", generated["key"].as_str().unwrap().to_owned()));

        let developer = json!({"email": "dev@example.test", "status": 0, "meta": "{\"full_name\":\"D\"}"});
        create(gateway, "/developers", &developer);
        let path = "/developers/dev@example.test/applications";
        let application = create(gateway, path, &json!({"name": "app", "redirect_uri": "https://app.test"}));
        for (name, member) in [("first client id", "client_id"), ("first client secret", "client_secret")] {
            self.secrets.push((name, application["credential"][member].as_str().unwrap().to_owned()));
        }
        let path = format!("{path}/{}", id_of(&application));
        let contract = json!({"service": {"id": registered["id"]}});
        create(gateway, &format!("{path}/application_instances"), &contract);
        let own = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
        create(gateway, &format!("{path}/credentials/oauth2"), &own);
    }

    fn use_everywhere(&mut self) {
        let keys: Vec<(String, &str)> = self
            .secrets
            .iter()
            .filter_map(|(name, secret)| match *name {
                "imported key" | "generated key" | "wrong key" => Some((secret.clone(), "/plain")),
                "client id" | "first client id" | "client secret" => Some((secret.clone(), "/registered")),
                _ => None,
            })
            .collect();
        for (key, path) in keys {
            self.ask(Request::get(path).header("apikey", &key));
            self.ask(Request::get(path).header("apikey", &key).header("apikey", &key));
            self.ask(Request::get(path).header("apikey", format!("Bearer {key}")));
            self.ask(Request::get(&format!("{path}?apikey={key}&a=1")));
            self.ask(Request::get(&format!("{path}?apikey={key}&apikey={key}")));
            for (kind, body) in [
                ("application/x-www-form-urlencoded", format!("a=1&apikey={key}")),
                ("application/json", json!({"apikey": key, "a": 1}).to_string()),
                ("application/json", format!("{{\"apikey\":\"{key}\", broken")),
                ("application/json", json!({"apikey": [key]}).to_string()),
                (
                    "multipart/form-data; boundary=XX",
                    format!(
                        "--XX\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\n{key}\r\n--XX--\r\n"
                    ),
                ),
            ] {
                self.ask(Request::new("POST", path).header("Content-Type", kind).body(body));
            }
        }
    }

    fn provoke_errors(&mut self) {
        let owned = |path: &str| path.to_owned();
        let app = "/developers/dev@example.test/applications";
        let bodies = [
            ("POST", owned("/consumers/bob/key-auth"), json!({"key": IMPORTED_KEY}).to_string()),
            ("POST", owned("/key-auths"), json!({"key": WRONG_KEY}).to_string()),
            ("POST", owned("/key-auths"), format!("{{\"key\":\"{WRONG_KEY}\"")),
            ("POST", owned("/consumers/bob/key-auth"), format!("\"{WRONG_KEY}\"")),
            ("POST", owned("/consumers/bob/key-auth"), json!({"key": {"x": WRONG_KEY}}).to_string()),
            ("POST", owned("/consumers/bob/key-auth"), json!({"key": [WRONG_KEY]}).to_string()),
            ("POST", owned("/consumers/nobody/key-auth"), json!({"key": WRONG_KEY}).to_string()),
            ("POST", owned("/consumers/bob/key-auth"), json!({"key": WRONG_KEY, "ttl": -1}).to_string()),
            ("PUT", owned("/consumers/nobody/key-auth/x"), json!({"key": WRONG_KEY}).to_string()),
            ("PATCH", format!("/key-auths/{WRONG_KEY}"), json!({"tags": ["x"]}).to_string()),
            ("POST", owned("/developers"), json!({"password": PASSWORD}).to_string()),
            (
                "POST",
                owned("/developers"),
                json!({"email": "dev@example.test", "meta": "{\"full_name\":\"D\"}", "password": PASSWORD})
                    .to_string(),
            ),
            ("POST", owned(app), json!({"client_secret": CLIENT_SECRET}).to_string().replace('}', "")),
        ];
        for (method, path, body) in bodies {
            let request = self.gateway.admin_request(method, &path);
            self.ask(request.header("Content-Type", "application/json").body(body));
        }
        for path in [format!("/key-auths/{WRONG_KEY}"), format!("/consumers/bob/key-auth/{WRONG_KEY}")] {
            self.ask(self.gateway.admin_request("GET", &path));
            self.ask(self.gateway.admin_request("DELETE", &path));
        }
        // Tokens where they do not belong, and right beside.
        for request in [
            Request::get("/-/admin/consumers").header("Kong-Admin-Token", format!("{ADMIN_TOKEN}x")),
            Request::get("/-/admin/consumers").header("Authorization", format!("Bearer {ADMIN_TOKEN}")),
            Request::get("/-/admin/consumers").header("Authorization", format!("Basic {ADMIN_TOKEN}")),
            Request::get(&format!("/-/admin/consumers?token={ADMIN_TOKEN}")),
            Request::get("/-/admin/consumers").header("Kong-Admin-Token", IMPORTED_KEY),
            Request::get("/-/admin/nothing").header("Kong-Admin-Token", ADMIN_TOKEN),
            Request::get("/-/nothing").header("Kong-Admin-Token", ADMIN_TOKEN),
            Request::new("TRACE", "/-/admin/consumers").header("Kong-Admin-Token", ADMIN_TOKEN),
            Request::new("TRACE", "/plain").header("apikey", IMPORTED_KEY),
            Request::get("/plain").header("apikey", IMPORTED_KEY).header("Accept", "text/html"),
            Request::get("/plain").header("Authorization", format!("Bearer {IMPORTED_KEY}")),
        ] {
            self.ask(request);
        }
        let broken = format!("GET /plain HTTP/1.1\r\nHost: a\r\napikey : {IMPORTED_KEY}\r\n\r\n");
        let mut connection = Connection::open(self.gateway.authority()).unwrap();
        connection.send_raw(broken.as_bytes()).unwrap();
        if let Ok(response) = connection.read_response("GET") {
            self.note("broken request".to_owned(), &response);
        }
    }

    fn read_everything(&mut self) {
        let mut paths = vec![
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
            "/developers/dev@example.test/applications",
            "/developers/export",
            "/endpoints",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        let applications =
            self.gateway.admin("GET", "/developers/dev@example.test/applications", None).json().unwrap();
        for application in applications["data"].as_array().unwrap() {
            let path = format!("/developers/dev@example.test/applications/{}", id_of(application));
            paths.extend(
                ["", "/credentials/oauth2", "/application_instances"].map(|end| format!("{path}{end}")),
            );
            let credentials =
                self.gateway.admin("GET", &format!("{path}/credentials/oauth2"), None).json().unwrap();
            let credentials = credentials["data"].as_array().unwrap().clone();
            assert_eq!(credentials.len(), 2);
            paths.extend(credentials.iter().map(|c| format!("{path}/credentials/oauth2/{}", id_of(c))));
        }
        let keys = self.gateway.admin("GET", "/key-auths", None).json().unwrap();
        let keys = keys["data"].as_array().unwrap().clone();
        assert_eq!(keys.len(), 2);
        paths.extend(keys.iter().map(|key| format!("/key-auths/{}", id_of(key))));
        for path in paths {
            self.ask(self.gateway.admin_request("GET", &path));
        }
        let first = format!("/key-auths/{}", id_of(&keys[0]));
        let patch = self.gateway.admin_request("PATCH", &first).header("Content-Type", "application/json");
        self.ask(patch.body("{\"tags\":[\"seen\"]}"));
        for path in ["/-/health", "/-/status", "/-/portal", "/-/manager", "/-/metrics"] {
            self.ask(Request::get(path).header("Kong-Admin-Token", ADMIN_TOKEN));
        }
    }

    /// Sends and keeps the answer; the upstream's echo is left out of it, as it may get what is not hidden.
    fn ask(&mut self, request: Request) {
        let what = format!("{} {}", request.method, String::from_utf8_lossy(&request.target));
        self.upstream.take();
        let response = self.gateway.send(&request);
        let forwarded = self.upstream.take();
        if forwarded.is_empty() {
            self.note(what, &response);
        } else {
            for call in forwarded {
                let text = format!("{call:?} {}", String::from_utf8_lossy(&call.body));
                // A second value elsewhere is the client's own; what was the key must be hidden.
                if !request.headers.contains("authorization") {
                    self.answers.push((format!("{what}: to the upstream"), text.into_bytes()));
                }
            }
        }
    }

    fn note(&mut self, what: String, response: &Response) {
        let mut bytes = format!("{:?}", response.headers.values("location")).into_bytes();
        for (name, value) in &response.headers.0 {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(&response.body);
        self.answers.push((what, bytes));
    }

    fn leaks_in_answers(&self) -> Vec<String> {
        let each = self.answers.iter();
        each.flat_map(|(what, bytes)| {
            leaks_in(bytes, &self.secrets)
                .into_iter()
                .map(move |leak| format!("{leak} in the answer to {what}"))
        })
        .collect()
    }

    fn leaks_in_output(&self) -> Vec<String> {
        let process = self.gateway.process();
        [("log", process.log()), ("printed text", process.printed())]
            .iter()
            .flat_map(|(name, text)| {
                leaks_in(text.as_bytes(), &self.secrets)
                    .into_iter()
                    .map(move |leak| format!("{leak} in the {name}"))
            })
            .collect()
    }

    fn leaks_in_files(&self, when: &str) -> Vec<String> {
        let found = find_in_files(self.gateway.process().data(), &self.secrets);
        found.into_iter().map(|leak| format!("{leak} {when}")).collect()
    }
}

fn find_in_files(folder: &Path, secrets: &[(&'static str, String)]) -> Vec<String> {
    let files = files_under(folder);
    assert!(!files.is_empty(), "nothing is stored in {}", folder.display());
    files
        .iter()
        .flat_map(|path| {
            let bytes = fs::read(path).unwrap_or_default();
            leaks_in(&bytes, secrets).into_iter().map(move |leak| format!("{leak} in {}", path.display()))
        })
        .collect()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
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
fn leaks_in(bytes: &[u8], secrets: &[(&'static str, String)]) -> Vec<String> {
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
    spellings
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
