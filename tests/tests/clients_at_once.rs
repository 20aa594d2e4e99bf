//! Sixty-four clients of the Admin API at once, on the same few entities: unique stays unique, nothing that
//! was acknowledged is lost, and what goes with its parent goes whole.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;

use latchkey_tests::base::{Chance, fresh_text};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{create, create_service, id_of, list_all, proxy_to};
use latchkey_tests::raw_http::{Connection, Request};
use latchkey_tests::upstream::Upstream;
use serde_json::{Value, json};

const CLIENTS: u64 = 64;
const CALLS_EACH: u64 = 32;
/// Names of each kind that all clients fight for.
const NAMES: u64 = 4;

/// A member of a service and what it is set to, of a number below 100.
type Member = fn(u64) -> (&'static str, Value);

/// Eight clients share a service, each of whom changes one member.
const MEMBERS: [Member; 8] = [
    |n| ("retries", json!(n)),
    |n| ("port", json!(1000 + n)),
    |n| ("connect_timeout", json!(1 + n)),
    |n| ("read_timeout", json!(1 + n)),
    |n| ("write_timeout", json!(1 + n)),
    |n| ("path", json!(format!("/{n}"))),
    |n| ("tags", json!([format!("t{n}")])),
    |n| ("host", json!(format!("h{n}.test"))),
];

/// What clients were told.
#[derive(Default)]
struct Told {
    /// Consumers of which nobody else knows, and their keys.
    own: Vec<(String, String)>,
    /// Services and what one member of theirs was last set to.
    members: Vec<(String, &'static str, Value)>,
    /// Credentials with keys that were fought for.
    credentials: Vec<(String, String)>,
    /// Applications, their keys, and whether each got a contract.
    applications: Vec<(String, String, bool)>,
    /// Answers by status.
    statuses: BTreeMap<u16, usize>,
}

struct AdminClient<'g> {
    gateway: &'g Local,
    connection: Connection,
    number: u64,
    /// Service that asks for contracts.
    registered: &'g str,
    chance: Chance,
    told: Told,
}

impl AdminClient<'_> {
    /// Whatever the outcome, it is one of those.
    fn call(&mut self, method: &str, path: &str, body: Option<&Value>, allowed: &[u16]) -> (u16, Value) {
        let mut request = self.gateway.admin_request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = self.connection.exchange(&request).unwrap();
        assert!(allowed.contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        *self.told.statuses.entry(answer.status).or_default() += 1;
        (answer.status, answer.json().unwrap_or_default())
    }

    fn work(mut self) -> Told {
        for step in 0..CALLS_EACH {
            match step % 8 {
                0 => self.make_own(step),
                4 => self.change_member(step),
                _ => self.fight(),
            }
        }
        self.told
    }

    fn make_own(&mut self, step: u64) {
        let username = format!("own-{}-{step}", self.number);
        let key = fresh_text("own-key");
        self.call("POST", "/consumers", Some(&json!({"username": username})), &[201]);
        let path = format!("/consumers/{username}/key-auth");
        self.call("POST", &path, Some(&json!({"key": key})), &[201]);
        self.told.own.push((username, key));
    }

    fn change_member(&mut self, step: u64) {
        let [eighth, member] = [self.number / 8, self.number % 8];
        let service = format!("shared-{eighth}");
        let (name, value) = MEMBERS[usize::try_from(member).unwrap()](step);
        self.call("PATCH", &format!("/services/{service}"), Some(&json!({name: value})), &[200]);
        self.told.members.retain(|(_, known, _)| *known != name);
        self.told.members.push((service, name, value));
    }

    /// One call about what all fight for.
    fn fight(&mut self) {
        let [a, b] = [(); 2].map(|()| self.chance.below(NAMES));
        let value = self.chance.below(1000);
        match self.chance.below(5) {
            0 => self.fight_for_services(a, b, value),
            1 => self.fight_for_consumers(a, b),
            2 => self.fight_for_keys(a, b),
            _ => self.fight_for_developers(a, b),
        }
    }

    fn fight_for_services(&mut self, a: u64, b: u64, value: u64) {
        let (service, route) = (format!("/services/s-{a}"), format!("/routes/r-{b}"));
        match self.chance.below(8) {
            0 | 1 => drop(self.call(
                "POST",
                "/services",
                Some(&json!({"name": format!("s-{a}"), "host": "a"})),
                &[201, 409],
            )),
            2 => drop(self.call("PATCH", &service, Some(&json!({"retries": value})), &[200, 404])),
            // 400: it has routes.
            3 => drop(self.call("DELETE", &service, None, &[204, 400])),
            4 | 5 => {
                let body = json!({"name": format!("r-{b}"), "paths": [format!("/r-{b}")]});
                self.call("POST", &format!("{service}/routes"), Some(&body), &[201, 404, 409]);
            }
            6 => drop(self.call("DELETE", &route, None, &[204])),
            _ => {
                let parent = if value.is_multiple_of(2) { service } else { route };
                let body = json!({"name": "key-auth"});
                self.call("POST", &format!("{parent}/plugins"), Some(&body), &[201, 404, 409]);
            }
        }
    }

    fn fight_for_consumers(&mut self, a: u64, b: u64) {
        let (path, custom_id) = (format!("/consumers/c-{a}"), json!({"custom_id": format!("x-{b}")}));
        match self.chance.below(4) {
            0 => {
                let body = json!({"username": format!("c-{a}"), "custom_id": format!("x-{b}")});
                self.call("POST", "/consumers", Some(&body), &[201, 409]);
            }
            1 => drop(self.call("PUT", &path, Some(&custom_id), &[200, 409])),
            2 => drop(self.call("PATCH", &path, Some(&custom_id), &[200, 404, 409])),
            _ => drop(self.call("DELETE", &path, None, &[204])),
        }
    }

    fn fight_for_keys(&mut self, a: u64, b: u64) {
        let (path, key) = (format!("/consumers/c-{a}/key-auth"), format!("fought-for-key-{b}"));
        let (status, made) = self.call("POST", &path, Some(&json!({"key": key})), &[201, 404, 409]);
        if status == 201 {
            self.told.credentials.push((id_of(&made).to_owned(), key));
        }
    }

    fn fight_for_developers(&mut self, a: u64, b: u64) {
        let email = format!("d-{a}@example.test");
        let path = format!("/developers/{email}");
        match self.chance.below(6) {
            0 | 1 => drop(self.call(
                "POST",
                "/developers",
                Some(&json!({"email": email, "status": 0})),
                &[200, 409],
            )),
            2 => drop(self.call("DELETE", &path, None, &[204, 404])),
            _ => {
                let body = json!({"name": format!("a-{b}"), "redirect_uri": "https://a.test/"});
                let path = format!("{path}/applications");
                let (status, made) = self.call("POST", &path, Some(&body), &[200, 201, 404, 409]);
                if status < 400 {
                    self.ask_for_contract(&made);
                }
            }
        }
    }

    /// Unless somebody deletes the application first, it gets one.
    fn ask_for_contract(&mut self, application: &Value) {
        let id = id_of(application).to_owned();
        let path = format!("/applications/{id}/application_instances");
        let (status, _) =
            self.call("POST", &path, Some(&json!({"service": {"id": self.registered}})), &[201, 404]);
        let key = application["credential"]["client_id"].as_str().unwrap().to_owned();
        self.told.applications.push((id, key, status == 201));
    }
}

#[test]
fn what_many_do_at_once_is_done_one_after_the_other() {
    let (gateway, upstream) = (Local::spawn(Options::in_memory()), Upstream::recording());
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    for number in 0..CLIENTS / 8 {
        create(&gateway, "/services", &json!({"name": format!("shared-{number}"), "host": "a"}));
    }
    let registered = create_registered(&gateway, &upstream);
    let told = work_at_once(&gateway, &registered, Chance::from_env().draw());
    let statuses =
        told.iter().flat_map(|told| &told.statuses).fold(BTreeMap::new(), |mut all, (status, count)| {
            *all.entry(*status).or_insert(0) += count;
            all
        });
    println!("answers by status: {statuses:?}");
    for status in [200, 201, 204, 400, 404, 409] {
        assert!(statuses.get(&status).is_some_and(|count| *count > 3), "too few {status} to prove anything");
    }
    let everything = Everything::read(&gateway);
    everything.check_names(&gateway);
    everything.check_families(&gateway);
    check_nothing_is_lost(&gateway, &everything, &told);
    check_keys(&gateway, &everything, &told);
    check_free_names(&gateway, &everything);
}

/// A service at `/registered`, whose callers need a contract, which whoever asks for one gets.
fn create_registered(gateway: &Local, upstream: &Upstream) -> String {
    let service = create_service(gateway, upstream, &json!({}));
    let path = format!("/services/{}", id_of(&service));
    create(gateway, &format!("{path}/routes"), &json!({"paths": ["/registered"]}));
    create(gateway, &format!("{path}/plugins"), &json!({"name": "key-auth"}));
    let config = json!({"display_name": "Registered", "auto_approve": true});
    create(
        gateway,
        &format!("{path}/plugins"),
        &json!({"name": "application-registration", "config": config}),
    );
    id_of(&service).to_owned()
}

fn work_at_once(gateway: &Local, registered: &str, seed: u64) -> Vec<Told> {
    let start = Barrier::new(usize::try_from(CLIENTS).unwrap());
    let client = |number| {
        let connection = Connection::open(&gateway.admin_authority()).unwrap();
        let client = AdminClient {
            gateway,
            connection,
            number,
            registered,
            chance: Chance::seeded(seed ^ number),
            told: Told::default(),
        };
        start.wait();
        client.work()
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Every list.
struct Everything(BTreeMap<&'static str, Vec<Value>>);

/// Kinds, their unique members, of which the first stands for the entity in a path.
const UNIQUE: [(&str, &[&str]); 4] = [
    ("services", &["name"]),
    ("routes", &["name"]),
    ("consumers", &["username", "custom_id"]),
    ("developers", &["email"]),
];
/// Parents, what is below each, the list of all such, and the member that refers to the parent.
const FAMILIES: [(&str, &str, &str, &str); 5] = [
    ("services", "routes", "routes", "service"),
    ("services", "plugins", "plugins", "service"),
    ("routes", "plugins", "plugins", "route"),
    ("consumers", "key-auth", "key-auths", "consumer"),
    ("developers", "applications", "applications", "developer"),
];

impl Everything {
    fn read(gateway: &Local) -> Self {
        let kinds = ["services", "routes", "plugins", "consumers", "key-auths", "developers", "applications"];
        Everything(kinds.into_iter().map(|kind| (kind, list_all(gateway, &format!("/{kind}")))).collect())
    }

    fn ids(&self, kind: &str) -> BTreeSet<&str> {
        self.0[kind].iter().map(id_of).collect()
    }

    fn texts(&self, kind: &str, member: &str) -> Vec<&str> {
        self.0[kind].iter().filter_map(|entity| entity[member].as_str()).collect()
    }

    /// A name is one entity's, in lists as by itself.
    fn check_names(&self, gateway: &Local) {
        for (kind, members) in UNIQUE {
            for member in members {
                let texts = self.texts(kind, member);
                let distinct: BTreeSet<_> = texts.iter().collect();
                assert_eq!(distinct.len(), texts.len(), "{kind} with the same {member}: {texts:?}");
            }
            for entity in self.0[kind].iter().filter(|entity| entity[members[0]].is_string()) {
                let path = format!("/{kind}/{}", entity[members[0]].as_str().unwrap());
                let found = gateway.admin("GET", &path, None).json().unwrap();
                assert_eq!(found["id"], entity["id"], "{path}");
            }
        }
    }

    /// Whoever has a parent is below it, and nobody's parent is gone.
    fn check_families(&self, gateway: &Local) {
        for (parents, below, children, member) in FAMILIES {
            let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for child in &self.0[children] {
                if let Some(parent) = child[member]["id"].as_str() {
                    of.entry(parent).or_default().insert(id_of(child));
                }
            }
            let known = self.ids(parents);
            assert!(of.keys().all(|parent| known.contains(parent)), "{children} of {parents} that are gone");
            for parent in known {
                let listed = list_all(gateway, &format!("/{parents}/{parent}/{below}"));
                let listed: BTreeSet<&str> = listed.iter().map(id_of).collect();
                assert_eq!(listed, of.remove(parent).unwrap_or_default(), "/{parents}/{parent}/{below}");
            }
        }
    }
}

/// What nobody took away is there, every member as it was last set.
fn check_nothing_is_lost(gateway: &Local, everything: &Everything, told: &[Told]) {
    let usernames: BTreeSet<&str> = everything.texts("consumers", "username").into_iter().collect();
    for (username, key) in told.iter().flat_map(|told| &told.own) {
        assert!(usernames.contains(&**username), "{username} is lost");
        let caller = caller(gateway, "/", key).unwrap_or_else(|| panic!("the key of {username} is lost"));
        assert_eq!(caller["x-consumer-username"], *username);
    }
    for (service, member, value) in told.iter().flat_map(|told| &told.members) {
        let found = everything.0["services"].iter().find(|found| found["name"] == **service).unwrap();
        assert_eq!(found[*member], *value, "{member} of {service}");
    }
}

/// Who the gateway tells the service that a key is of; `None`: it is refused.
fn caller(gateway: &Local, path: &str, key: &str) -> Option<BTreeMap<String, String>> {
    let answer = gateway.send(&Request::get(path).header("apikey", key));
    assert!(matches!(answer.status, 200 | 401), "{} {}", answer.status, answer.text());
    let told = (answer.status == 200).then(|| answer.json().unwrap())?;
    Some(
        serde_json::from_value::<Vec<(String, String)>>(told["headers"].clone())
            .unwrap()
            .into_iter()
            .collect(),
    )
}

/// A key is good as long as its credential is there, and with that alone: none outlives its consumer or its
/// developer.
fn check_keys(gateway: &Local, everything: &Everything, told: &[Told]) {
    let mut there: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    let credentials: Vec<_> = told.iter().flat_map(|told| &told.credentials).collect();
    for (id, key) in &credentials {
        let listed = everything.0["key-auths"].iter().find(|listed| id_of(listed) == id);
        there.entry(key).or_default().extend(listed);
    }
    for (key, credentials) in &there {
        let owner = caller(gateway, "/", key).map(|caller| caller["x-consumer-id"].clone());
        let expected: Vec<&str> =
            credentials.iter().map(|credential| id_of(&credential["consumer"])).collect();
        assert_eq!(owner.as_deref().into_iter().collect::<Vec<_>>(), expected, "{key}");
    }
    let own: usize = told.iter().map(|told| told.own.len()).sum();
    let fought_for: usize = there.values().map(Vec::len).sum();
    assert_eq!(everything.0["key-auths"].len(), own + fought_for, "credentials that nobody was told of");

    let known = everything.ids("applications");
    let applications: Vec<_> = told.iter().flat_map(|told| &told.applications).collect();
    for (id, key, has_contract) in &applications {
        let is_good = caller(gateway, "/registered", key).is_some();
        assert_eq!(is_good, *has_contract && known.contains(&**id), "key of application {id}");
    }
    let alive = applications.iter().filter(|(id, ..)| known.contains(&**id)).count();
    assert_eq!(alive, known.len(), "applications that nobody was told of");
}

/// A name is free if nothing has it, and only then.
fn check_free_names(gateway: &Local, everything: &Everything) {
    let post = |path: &str, body: Value| gateway.admin("POST", path, Some(&body)).status;
    for number in 0..NAMES {
        let text = |prefix: &str| format!("{prefix}-{number}");
        let status_of = |kind: &str, member: &str, name: &str| {
            if everything.texts(kind, member).contains(&name) { 409 } else { 201 }
        };
        let (service, route, custom_id, username) = (text("s"), text("r"), text("x"), text("c"));
        let expected = status_of("services", "name", &service);
        assert_eq!(post("/services", json!({"name": service, "host": "a"})), expected, "{service}");
        let expected = status_of("routes", "name", &route);
        assert_eq!(post("/routes", json!({"name": route, "paths": ["/r"]})), expected, "{route}");
        let expected = status_of("consumers", "custom_id", &custom_id);
        assert_eq!(post("/consumers", json!({"custom_id": custom_id})), expected, "{custom_id}");
        let expected = status_of("consumers", "username", &username);
        assert_eq!(post("/consumers", json!({"username": username})), expected, "{username}");
        let key = text("fought-for-key");
        let expected = if caller(gateway, "/", &key).is_some() { 409 } else { 201 };
        assert_eq!(post(&format!("/consumers/{username}/key-auth"), json!({"key": key})), expected, "{key}");
    }
}
