//! Many keys are made while others are revoked and requests go on: every thread of the gateway acts on
//! every change in time, also one that has slept through more changes than are kept for it.
//!
//! `LATCHKEY_TEST_KEYS` sets how many keys are made, for the figure in docs/revocation.md.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, create, id_of, proxy_to};
use latchkey_tests::raw_http::{Connection, Request};
use latchkey_tests::upstream::Upstream;
use serde_json::json;

/// More than an answer of the feed lists.
const KEYS: usize = 5_000;
const WRITERS: usize = 4;
/// Connections that ask all the time, and that sleep meanwhile; a thread serves some of each.
const CLIENTS: usize = 8;

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

    /// Makes keys for a consumer of its own, until there are enough.
    fn import(&self, writer: usize) {
        let mut connection = Connection::open(&self.gateway.admin_authority()).unwrap();
        let consumer = create(&self.gateway, "/consumers", &json!({"username": format!("bulk-{writer}")}));
        let path = format!("/consumers/{}/key-auth", id_of(&consumer));
        loop {
            let number = self.made.fetch_add(1, Ordering::Relaxed);
            if number >= self.keys {
                return;
            }
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
    let world = World { gateway, keys, made: AtomicUsize::new(0), is_over: AtomicBool::new(false) };

    let mut sleepers: Vec<Connection> = (0..CLIENTS).map(|_| world.connect()).collect();
    for sleeper in &mut sleepers {
        assert_eq!([ask(sleeper, "doomed"), ask(sleeper, "good")], [200, 200]);
    }
    assert_eq!(world.gateway.admin("DELETE", &format!("/key-auths/{}", id_of(&doomed)), None).status, 204);
    let began = Instant::now();
    let seen: Vec<Seen> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let world = &world;
                    move || world.make_and_revoke(client)
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let world = &world;
                    move || world.import(writer)
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        world.is_over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let took = began.elapsed();
    for sleeper in &mut sleepers {
        let statuses = ["doomed", "good", "imported-0"].map(|key| ask(sleeper, key));
        assert_eq!(statuses, [401, 200, 200], "it slept through the import");
    }
    let revocations: usize = seen.iter().map(|seen| seen.revocations).sum();
    let longest = seen.iter().map(|seen| seen.longest).max().unwrap();
    println!("{keys} keys in {took:?}, {revocations} revocations, each refused after {longest:?} at most");
    assert!(revocations >= CLIENTS, "{revocations} revocations prove nothing");
}
