//! Canary of the Portal API: no password, cookie, mailed token or key is in the log, the audit, the store,
//! or the names of mails' files.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::time::Duration;

use latchkey_tests::base::wait_until;
use latchkey_tests::canary::{files_in, leaks_in};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::portal::{Folder, Mails as _, Page};
use latchkey_tests::raw_http::Response;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const ADDRESS: &str = "dee@example.test";
const PASSWORD: &str = "canary violet harbour tulip 93";
const WRONG_PASSWORD: &str = "canary wrong meadow lantern 17";
const NEW_PASSWORD: &str = "canary copper lantern meadow 41";

struct World {
    local: Local,
    mails: Folder,
    page: Page,
    /// Name and plain text.
    secrets: Vec<(&'static str, String)>,
}

impl World {
    fn start() -> Self {
        let options = Options::default();
        let folder = options.data.path().join("mails");
        fs::create_dir(&folder).unwrap();
        let options = options.env("LATCHKEY_MAIL_DIR", folder.clone()).env("RUST_LOG", "trace");
        let secrets = vec![("password", PASSWORD), ("wrong password", WRONG_PASSWORD), ("new", NEW_PASSWORD)];
        let secrets = secrets.into_iter().map(|(name, secret)| (name, secret.to_owned())).collect();
        Self { local: Local::spawn(options), mails: Folder(folder), page: Page::default(), secrets }
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.page.ask(&self.local, method, path, body)
    }

    /// Logs in; its cookies are secrets from then on.
    fn log_in(&mut self, password: &str, expected: u16) {
        let answer = self.page.log_in(&self.local, ADDRESS, password);
        assert_eq!(answer.status, expected, "{}", answer.text());
        self.secrets.extend(self.page.cookies().into_iter().map(|cookie| ("cookie", cookie)));
    }

    /// The token of the mail whose link has this path.
    fn token(&mut self, path: &str) -> String {
        let mut found = None;
        wait_until("a mail comes", PATIENCE, || {
            found = self.mails.all().iter().find_map(|mail| mail.token_at(path));
            found.is_some()
        });
        let token = found.unwrap();
        self.secrets.push(("mailed token", token.clone()));
        token
    }
}

#[test]
fn secrets_of_developers_come_out_nowhere() {
    let mut world = World::start();
    let sign_up = json!({"email": ADDRESS, "password": PASSWORD, "meta": "{\"full_name\":\"Dee\"}"});
    assert_eq!(world.ask("POST", "/register", Some(&sign_up)).status, 200);
    let token = json!({"token": world.token("/portal/verify")});
    assert_eq!(world.ask("POST", "/verify-account", Some(&token)).status, 200);
    assert_eq!(world.ask("POST", "/verify-account", Some(&token)).status, 401);
    let approved = json!({"status": 0});
    assert_eq!(world.local.admin("PATCH", &format!("/developers/{ADDRESS}"), Some(&approved)).status, 200);
    world.log_in(WRONG_PASSWORD, 401);
    world.log_in(PASSWORD, 204);
    let application = json!({"name": "a", "redirect_uri": "https://e.test"});
    let made = world.ask("POST", "/applications", Some(&application)).json().unwrap();
    for (name, pointer) in [("key", "/credential/client_id"), ("secret", "/credential/client_secret")] {
        world.secrets.push((name, made.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()));
    }
    // What is refused is looked at too.
    let misplaced = format!("/applications/{PASSWORD}").replace(' ', "%20");
    assert_eq!(world.ask("GET", &misplaced, None).status, 404);
    let short = json!({"token": "x", "password": NEW_PASSWORD});
    assert_eq!(world.ask("POST", "/reset-password", Some(&short)).status, 401);
    assert_eq!(world.ask("POST", "/forgot-password", Some(&json!({"email": ADDRESS}))).status, 200);
    let reset = json!({"token": world.token("/portal/reset"), "password": NEW_PASSWORD});
    assert_eq!(world.ask("POST", "/reset-password", Some(&reset)).status, 200);
    world.log_in(NEW_PASSWORD, 204);
    assert!(world.secrets.len() > 8, "{:?}", world.secrets);
    look_everywhere(world);
}

fn look_everywhere(mut world: World) {
    let mut found = Vec::new();
    for path in ["/audit?size=1000", "/developers", "/applications", &format!("/developers/{ADDRESS}")] {
        let answer = world.local.admin("GET", path, None);
        assert_eq!(answer.status, 200, "{path}");
        found.push((path.to_owned(), answer.body));
    }
    for mail in world.mails.all() {
        found.push((format!("the name {}", mail.name), mail.name.into_bytes()));
    }
    world.local.terminate();
    world.local.wait(PATIENCE).expect("no end after SIGTERM");
    found.push(("the log".to_owned(), world.local.output_to_end().into_bytes()));
    let folder = world.mails.0.to_string_lossy().into_owned();
    let stored = files_in(world.local.data()).into_iter().filter(|(name, _)| {
        // The mails themselves are for those who may read them.
        !name.contains(&folder) && !name.contains("mails/")
    });
    found.extend(stored);
    let leaks: Vec<String> = found
        .iter()
        .flat_map(|(name, bytes)| {
            leaks_in(bytes, &world.secrets).into_iter().map(move |leak| format!("{name}: {leak}"))
        })
        .collect();
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
}
