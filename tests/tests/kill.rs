//! `SIGKILL` during writes: what was acknowledged is there and whole after a restart, nothing is half there.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::base::{Chance, fresh_text};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::Local;
use latchkey_tests::fixtures::{create, create_service, id_of, list_all, proxy_to, try_create};
use latchkey_tests::raw_http::{Connection, Request, Response};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};

const ROUNDS: usize = 24;
const CREDENTIAL_WRITERS: usize = 3;

/// A credential as its writer knows it.
#[derive(Clone)]
struct Credential {
    id: String,
    key: String,
    consumer_id: String,
    username: String,
}

/// What one writer was told, and the one write whose answer never came.
#[derive(Default)]
struct Ledger {
    consumers: Vec<(String, String)>,
    live: Vec<Credential>,
    deleted: Vec<Credential>,
    /// Application key and the contract's state.
    contracts: Vec<(String, u64)>,
    open: Option<Open>,
}

/// A write without an answer: may have happened or not, but not by half.
enum Open {
    Consumer(String),
    /// Key and consumer; the key is unknown when it was to be generated.
    Credential(Option<String>, String),
    Delete(Credential),
    Application,
    /// Application key and the states before and after.
    Contract(String, Option<u64>, u64),
}

struct World {
    gateway: Local,
    upstream: Upstream,
    developer: String,
    service: String,
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    let mut chance = Chance::from_env();
    let mut world = World::new();
    let mut all = Ledger::default();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let ledgers = world.write_until_killed(round, Duration::from_millis(20 + chance.below(400)));
        let begun = Instant::now();
        world.gateway.restart();
        println!("round {round}: started in {} ms", begun.elapsed().as_millis());
        for ledger in ledgers {
            acknowledged += ledger.count();
            world.audit(&ledger);
            all.absorb(ledger);
        }
        world.audit_lists(&all);
    }
    world.audit(&all);
    assert!(
        acknowledged > ROUNDS * 10,
        "only {acknowledged} writes in {ROUNDS} rounds: too few to prove anything"
    );
    println!("{acknowledged} acknowledged writes over {ROUNDS} kills");
}

/// One acknowledged write, the kill at once after it.
#[test]
fn a_write_is_durable_when_it_is_answered() {
    let mut gateway = Local::fresh();
    for round in 0..20 {
        let username = format!("durable-{round}");
        create(&gateway, "/consumers", &json!({"username": username}));
        gateway.kill_and_restart();
        assert_eq!(
            gateway.admin("GET", &format!("/consumers/{username}"), None).status,
            200,
            "round {round}"
        );
        assert_eq!(gateway.admin("DELETE", &format!("/consumers/{username}"), None).status, 204);
        gateway.kill_and_restart();
        assert_eq!(
            gateway.admin("GET", &format!("/consumers/{username}"), None).status,
            404,
            "round {round}"
        );
    }
}

impl World {
    fn new() -> Self {
        let gateway = Local::fresh();
        let upstream = Upstream::recording();
        proxy_to(&gateway, &upstream, &json!({}), &json!({}));
        let service = create_service(&gateway, &upstream, &json!({}));
        let path = format!("/services/{}", id_of(&service));
        create(&gateway, &format!("{path}/routes"), &json!({"paths": ["/registered"]}));
        create(&gateway, &format!("{path}/plugins"), &json!({"name": "key-auth"}));
        let registration =
            json!({"name": "application-registration", "config": {"display_name": "Registered"}});
        create(&gateway, &format!("{path}/plugins"), &registration);
        let developer = json!({"email": "dev@example.test", "status": 0, "meta": "{\"full_name\":\"D\"}"});
        let developer = id_of(&create(&gateway, "/developers", &developer)).to_owned();
        Self { gateway, upstream, developer, service: id_of(&service).to_owned() }
    }

    fn write_until_killed(&mut self, round: usize, after: Duration) -> Vec<Ledger> {
        let gateway = &self.gateway;
        let pid = rustix::process::Pid::from_raw(gateway.pid().cast_signed()).unwrap();
        let ready = AtomicUsize::new(0);
        let (developer, service) = (&self.developer, &self.service);
        let ledgers = thread::scope(|scope| {
            let mut writers = Vec::new();
            for number in 0..=CREDENTIAL_WRITERS {
                let ready = &ready;
                writers.push(scope.spawn(move || {
                    let mut writer = Writer::connect(gateway);
                    ready.fetch_add(1, Ordering::SeqCst);
                    let chance = Chance::seeded(u64::try_from(round * 100 + number).unwrap());
                    let ended = if number == CREDENTIAL_WRITERS {
                        writer.write_applications(developer, service)
                    } else {
                        writer.write_credentials(chance)
                    };
                    assert!(ended.is_none(), "a writer ends by the kill only");
                    writer.ledger
                }));
            }
            while ready.load(Ordering::SeqCst) <= CREDENTIAL_WRITERS {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(after);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        self.gateway.kill();
        self.upstream.take();
        ledgers
    }
}

/// Writes over one connection; every method returns `None` once the connection is lost.
struct Writer<'a> {
    gateway: &'a Local,
    connection: Connection,
    ledger: Ledger,
}

impl<'a> Writer<'a> {
    fn connect(gateway: &'a Local) -> Self {
        let connection = Connection::open(&gateway.admin_authority()).unwrap();
        Self { gateway, connection, ledger: Ledger::default() }
    }

    fn write_credentials(&mut self, mut chance: Chance) -> Option<()> {
        loop {
            let username = fresh_text("user");
            self.ledger.open = Some(Open::Consumer(username.clone()));
            let consumer = self.call("POST", "/consumers", &json!({"username": username}), 201)?;
            let consumer_id = id_of(&consumer).to_owned();
            self.ledger.consumers.push((username.clone(), consumer_id.clone()));
            for _ in 0..2 {
                let key = (chance.below(2) == 0).then(|| fresh_text("imported"));
                self.ledger.open = Some(Open::Credential(key.clone(), consumer_id.clone()));
                let body = key.map_or(json!({}), |key| json!({"key": key}));
                let made = self.call("POST", &format!("/consumers/{consumer_id}/key-auth"), &body, 201)?;
                self.ledger.live.push(Credential {
                    id: id_of(&made).to_owned(),
                    key: made["key"].as_str().unwrap().to_owned(),
                    consumer_id: consumer_id.clone(),
                    username: username.clone(),
                });
            }
            if chance.below(2) == 0 {
                let bound = u64::try_from(self.ledger.live.len()).unwrap();
                let at = usize::try_from(chance.below(bound)).unwrap();
                let doomed = self.ledger.live.swap_remove(at);
                self.ledger.open = Some(Open::Delete(doomed.clone()));
                self.call("DELETE", &format!("/key-auths/{}", doomed.id), &Value::Null, 204)?;
                self.ledger.deleted.push(doomed);
            }
            self.ledger.open = None;
        }
    }

    fn write_applications(&mut self, developer: &str, service: &str) -> Option<()> {
        loop {
            self.ledger.open = Some(Open::Application);
            let path = format!("/developers/{developer}/applications");
            let body = json!({"name": fresh_text("app"), "redirect_uri": "https://app.test"});
            let application = self.call("POST", &path, &body, 201)?;
            let key = application["credential"]["client_id"].as_str().unwrap().to_owned();

            self.ledger.open = Some(Open::Contract(key.clone(), None, 1));
            let path = format!("{path}/{}/application_instances", id_of(&application));
            let contract = self.call("POST", &path, &json!({"service": {"id": service}}), 201)?;
            assert_eq!(contract["status"], 1);
            let at = self.ledger.contracts.len();
            self.ledger.contracts.push((key.clone(), 1));
            // Every fourth stays requested, the others end approved, revoked, approved again.
            for status in [0, 3, 0].into_iter().take(at % 4) {
                let before = self.ledger.contracts.remove(at).1;
                self.ledger.open = Some(Open::Contract(key.clone(), Some(before), status));
                let path = format!("{path}/{}", id_of(&contract));
                self.call("PATCH", &path, &json!({"status": status}), 200)?;
                self.ledger.contracts.push((key.clone(), status));
            }
            self.ledger.open = None;
        }
    }

    fn call(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Option<Value> {
        let mut request = self.gateway.admin_request(method, path);
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let response = self.connection.exchange(&request).ok()?;
        assert_eq!(response.status, status, "{method} {path} {body}: {}", response.text());
        Some(response.json().unwrap_or(Value::Null))
    }
}

impl Ledger {
    fn count(&self) -> usize {
        self.consumers.len() + self.live.len() + self.deleted.len() * 2 + self.contracts.len()
    }

    /// Settled facts only: what was open was decided by its own audit.
    fn absorb(&mut self, other: Self) {
        self.consumers.extend(other.consumers);
        self.live.extend(other.live);
        self.deleted.extend(other.deleted);
        self.contracts.extend(other.contracts);
    }
}

// ---- after the restart ----

impl World {
    fn audit(&self, ledger: &Ledger) {
        for (username, id) in &ledger.consumers {
            let found = self.gateway.admin("GET", &format!("/consumers/{username}"), None);
            assert_eq!(found.status, 200, "acknowledged consumer {username} is gone");
            assert_eq!(found.json().unwrap()["id"], id.as_str());
        }
        for credential in &ledger.live {
            self.assert_works(credential);
        }
        for credential in &ledger.deleted {
            let response = self.proxy("/audit", &credential.key);
            assert_eq!(response.status, 401, "acknowledged delete of {} is undone", credential.id);
            let found = self.gateway.admin("GET", &format!("/key-auths/{}", credential.id), None);
            assert_eq!(found.status, 404, "deleted credential {} is listed", credential.id);
        }
        for (key, status) in &ledger.contracts {
            let wanted = if *status == 0 { 200 } else { 401 };
            let response = self.proxy("/registered/audit", key);
            assert_eq!(response.status, wanted, "contract acknowledged with status {status}");
        }
        match &ledger.open {
            None => {}
            Some(Open::Consumer(username)) => self.audit_open_consumer(username),
            Some(Open::Credential(key, consumer_id)) => {
                self.audit_open_credential(key.as_deref(), consumer_id)
            }
            Some(Open::Delete(credential)) => self.audit_open_delete(credential),
            Some(Open::Application) => self.audit_applications(),
            Some(Open::Contract(key, before, after)) => {
                let status = self.proxy("/registered/audit", key).status;
                let allowed = [before.unwrap_or(1), *after].map(|state| if state == 0 { 200 } else { 401 });
                assert!(allowed.contains(&status), "contract between {before:?} and {after}: {status}");
                self.audit_applications();
            }
        }
    }

    fn assert_works(&self, credential: &Credential) {
        let response = self.proxy("/audit", &credential.key);
        assert_eq!(response.status, 200, "acknowledged key of {} does not work", credential.id);
        let told = headers_told(&response);
        assert_eq!(told.get("x-consumer-id"), Some(&credential.consumer_id));
        assert_eq!(told.get("x-consumer-username"), Some(&credential.username));
        assert_eq!(told.get("x-credential-identifier"), Some(&credential.id));
        let found = self.gateway.admin("GET", &format!("/key-auths/{}", credential.id), None);
        assert_eq!(found.status, 200, "credential {} works but is not there", credential.id);
    }

    /// Either it is there with a working list of credentials, or its name is free.
    fn audit_open_consumer(&self, username: &str) {
        let found = self.gateway.admin("GET", &format!("/consumers/{username}"), None);
        if found.status == 200 {
            let found = found.json().unwrap();
            assert!(list_all(&self.gateway, &format!("/consumers/{}/key-auth", id_of(&found))).is_empty());
        } else {
            assert_eq!(found.status, 404);
            create(&self.gateway, "/consumers", &json!({"username": username}));
        }
    }

    /// Either the key works and is listed, or it does neither and is free.
    fn audit_open_credential(&self, key: Option<&str>, consumer_id: &str) {
        let path = format!("/consumers/{consumer_id}/key-auth");
        let listed = ids(&list_all(&self.gateway, &path));
        let Some(key) = key else { return };
        let response = self.proxy("/audit", key);
        if response.status == 200 {
            let told = headers_told(&response);
            assert_eq!(told.get("x-consumer-id").map(String::as_str), Some(consumer_id));
            assert!(listed.contains(&told["x-credential-identifier"]), "a key works without its credential");
        } else {
            assert_eq!(response.status, 401);
            try_create(&self.gateway, &path, &json!({"key": key}))
                .unwrap_or_else(|reason| panic!("key neither works nor is free: {reason}"));
        }
    }

    fn audit_open_delete(&self, credential: &Credential) {
        let found = self.gateway.admin("GET", &format!("/key-auths/{}", credential.id), None);
        let works = self.proxy("/audit", &credential.key).status;
        assert!(
            matches!((found.status, works), (200, 200) | (404, 401)),
            "half a delete of {}: listed {}, works {works}",
            credential.id,
            found.status
        );
    }

    /// Every application has its first credential.
    fn audit_applications(&self) {
        let path = format!("/developers/{}/applications", self.developer);
        for application in list_all(&self.gateway, &path) {
            let path = format!("{path}/{}/credentials/oauth2", id_of(&application));
            assert_eq!(list_all(&self.gateway, &path).len(), 1, "application {application}");
        }
    }

    /// Nothing is listed by half, nothing acknowledged is missing.
    fn audit_lists(&self, all: &Ledger) {
        let consumers = ids(&list_all(&self.gateway, "/consumers"));
        let credentials = list_all(&self.gateway, "/key-auths");
        for credential in &credentials {
            let owner = credential["consumer"]["id"].as_str().unwrap();
            assert!(consumers.contains(owner), "credential of a consumer who is not there: {credential}");
        }
        let credentials = ids(&credentials);
        for (username, id) in &all.consumers {
            assert!(consumers.contains(id), "consumer {username} is not listed");
        }
        for credential in &all.live {
            assert!(credentials.contains(&credential.id), "credential {} is not listed", credential.id);
        }
        for credential in &all.deleted {
            assert!(!credentials.contains(&credential.id), "deleted credential {} is listed", credential.id);
        }
    }

    fn proxy(&self, path: &str, key: &str) -> Response {
        self.upstream.take();
        self.gateway.send(&Request::get(path).header("apikey", key))
    }
}

fn ids(entities: &[Value]) -> BTreeSet<String> {
    entities.iter().map(|entity| id_of(entity).to_owned()).collect()
}

/// Headers the upstream got, by lower-case name.
fn headers_told(response: &Response) -> BTreeMap<String, String> {
    let json = response.json().unwrap();
    let pairs = json["headers"].as_array().unwrap();
    pairs
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_ascii_lowercase(), pair[1].as_str().unwrap().to_owned()))
        .collect()
}
