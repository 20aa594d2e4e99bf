//! Many keys are made while others are revoked and requests go on: every thread of the gateway acts on
//! every change in time, also one that has slept through more changes than are kept for it.
//!
//! `LATCHKEY_TEST_KEYS` sets how many keys are made, for the figure in docs/revocation.md.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::base::fresh_text;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, create, id_of, proxy_to};
use latchkey_tests::raw_http::{Connection, Request};
use latchkey_tests::upstream::Upstream;
use serde_json::json;

/// Made while no thread of the gateway is asked anything: more than are kept for it.
const SLEPT_THROUGH: usize = 4_200;
/// Made after that, while others are revoked.
const KEYS: usize = 800;
const WRITERS: usize = 4;
const CLIENTS: usize = 4;

struct World {
    gateway: Local,
    keys: usize,
    made: AtomicUsize,
    is_over: AtomicBool,
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    revocations: usize,
    /// From the acknowledgement of a revocation to the end of the first request that was refused.
    longest: Duration,
}

fn ask(connection: &mut Connection, key: &str) -> u16 {
    connection.exchange(&Request::get("/x").header("apikey", key)).unwrap().status
}

impl World {
    fn connect(&self) -> Connection {
        Connection::open(self.gateway.authority()).unwrap()
    }

    /// Asks over more connections than there are threads, which are shared out evenly.
    fn check_every_thread(&self, expected: &[(&str, u16)]) {
        let mut connections: Vec<Connection> = (0..32).map(|_| self.connect()).collect();
        for connection in &mut connections {
            for (key, status) in expected {
                assert_eq!(ask(connection, key), *status, "{key}");
            }
        }
    }

    /// Makes keys until there are so many.
    fn import(&self, count: usize, then: impl FnOnce()) {
        thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| self.write(count));
            }
        });
        then();
    }

    fn write(&self, count: usize) {
        let mut connection = Connection::open(&self.gateway.admin_authority()).unwrap();
        let consumer = create(&self.gateway, "/consumers", &json!({"username": fresh_text("bulk")}));
        let path = format!("/consumers/{}/key-auth", id_of(&consumer));
        let next = || {
            self.made
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| (made < count).then_some(made + 1))
        };
        while let Ok(number) = next() {
            let body = json!({"key": format!("imported-{number}")}).to_string();
            let request = self.gateway.admin_request("POST", &path);
            let request = request.header("Content-Type", "application/json").body(body);
            let answer = connection.exchange(&request).unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
    }

    /// Makes a key, shows it, revokes it and shows it again, over and over, beside one that stays good.
    fn make_and_revoke(&self, client: usize) -> Seen {
        let mut connection = self.connect();
        let mut seen = Seen::default();
        while !self.is_over.load(Ordering::Relaxed) {
            let key = format!("short-lived-{client}-{}", seen.revocations);
            assert_eq!(ask(&mut connection, &key), 401, "it does not exist yet");
            let made = create(&self.gateway, "/consumers/bob/key-auth", &json!({"key": key}));
            assert_eq!(ask(&mut connection, &key), 200, "it was made before the request");
            let revoked = self.gateway.admin("DELETE", &format!("/key-auths/{}", id_of(&made)), None);
            assert_eq!(revoked.status, 204);
            let acknowledged = Instant::now();
            assert_eq!(ask(&mut connection, &key), 401, "it was revoked before the request");
            seen.longest = seen.longest.max(acknowledged.elapsed());
            seen.revocations += 1;
            assert_eq!(ask(&mut connection, "good"), 200);
            // The control plane is to be busy with the import.
            thread::sleep(Duration::from_millis(20));
        }
        seen
    }
}

#[test]
fn no_thread_is_behind_while_many_keys_are_made() {
    let gateway = Local::spawn(Options::in_memory());
    let upstream = Upstream::recording();
    proxy_to(&gateway, &upstream, &json!({}), &json!({}));
    let (bob, _) = consumer_with_key(&gateway, "bob", "good");
    let doomed = create(&gateway, &format!("/consumers/{}/key-auth", id_of(&bob)), &json!({"key": "doomed"}));
    let keys = std::env::var("LATCHKEY_TEST_KEYS").map_or(KEYS, |keys| keys.parse().unwrap());
    let keys = SLEPT_THROUGH + keys;
    let world = World { gateway, keys, made: AtomicUsize::new(0), is_over: AtomicBool::new(false) };

    // Each thread serves some of the connections, and remembers both keys.
    world.check_every_thread(&[("doomed", 200), ("good", 200)]);
    assert_eq!(world.gateway.admin("DELETE", &format!("/key-auths/{}", id_of(&doomed)), None).status, 204);
    world.import(SLEPT_THROUGH, || ());
    world.check_every_thread(&[("doomed", 401), ("good", 200), ("imported-0", 200)]);

    let began = Instant::now();
    let seen: Vec<Seen> = thread::scope(|scope| {
        let client = |client| {
            let world = &world;
            scope.spawn(move || world.make_and_revoke(client))
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        world.import(world.keys, || world.is_over.store(true, Ordering::Relaxed));
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let took = began.elapsed();
    let revocations: usize = seen.iter().map(|seen| seen.revocations).sum();
    let longest = seen.iter().map(|seen| seen.longest).max().unwrap();
    println!(
        "{} keys in {took:?}, {revocations} revocations, each refused after {longest:?} at most",
        keys - SLEPT_THROUGH
    );
    assert!(revocations >= CLIENTS, "{revocations} revocations prove nothing");
}
