//! The program's parts together, over sockets: a worker thread between a client and an upstream,
//! both of them written out byte for byte.

mod requests;
mod upstreams;

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_control::http::ControlSettings;
use latchkey_control::transaction::Transaction;
use latchkey_gateway::gateway::{Gateway, GatewaySettings};
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::keys::{Pepper, Peppers, PlainKey, generate_key};
use latchkey_published::snapshot::{ConfigKind, WorkspaceSettings};
use latchkey_request::client::TrustedIps;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::budget::{Budget, Kind};
use crate::clients::{Reached, Terms};
use crate::control::Control;
use crate::control_door::ControlDoor;
use crate::control_plane::ControlRequest;
use crate::data_plane::DataPlane;
use crate::hold::Holding;
use crate::seats::{Seats, Shed};
use crate::service::Service;
use crate::store::RedbStore;
use crate::system::{SystemRandom, Timer};
use crate::worker::{UpstreamTerms, Worker};
use crate::worker_thread::WorkerThread;

/// A running gateway with one service at `/s` that wants a key, and one at `/open` that does not.
struct Program {
    address: SocketAddr,
    control_address: SocketAddr,
    key: PlainKey,
    control: Control,
    worker: Thread,
    _folder: tempfile::TempDir,
}

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: None }
}

/// What clients get at an address.
fn terms(address: SocketAddr, heads: Kind) -> Terms {
    Terms {
        reached: Reached { port: address.port(), trusted: TrustedIps::default() },
        heads,
        drain: Duration::from_secs(5),
        holding: Holding { budget: Budget::new(64 << 20), bytes_per_second: 1024 },
    }
}

type Thread = Arc<Mutex<Option<WorkerThread>>>;

/// A thread that serves what connects to an address.
fn serve<S: Service>(
    name: &str,
    service: impl FnOnce(SocketAddr) -> S + Send + 'static,
) -> (SocketAddr, Thread) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let worker = WorkerThread::start(name.to_owned(), move || service(address)).unwrap();
    let worker = Arc::new(Mutex::new(Some(worker)));
    let (giver, seats) = (Arc::clone(&worker), Seats::new(1000));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let peer = stream.peer_addr().unwrap();
            stream.set_nonblocking(true).unwrap();
            let Some(worker) = &*giver.lock().unwrap() else { break };
            worker.give(stream, peer, seats.try_take().unwrap());
        }
    });
    (address, worker)
}

impl Program {
    fn start(upstream_port: u16) -> Self {
        Program::start_with(json!({ "port": upstream_port }))
    }

    fn start_with(service: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(&folder.path().join("store.redb"), 1 << 20).unwrap();
        let key = generate_key(&peppers().current, |bytes| {
            latchkey_control::ports::Random::fill(&SystemRandom, bytes)
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(seed(&store, service, &key));
        let settings = ControlSettings::new(None, "test", Uuid::nil());
        let started = Control::start(store.clone(), peppers(), None, settings, None).unwrap();
        let control = started.control.clone();
        let door_control = started.control.clone();
        let (control_address, _) = serve("control-door", move |address| {
            ControlDoor::new(terms(address, Kind::ControlHead), door_control)
        });
        let worker = move |address| {
            let gateway = RefCell::new(Gateway::new(GatewaySettings::default(), peppers()));
            let (published, control) = (started.published, started.control);
            let data_plane = DataPlane { gateway, store, published, control, timer: Timer::start() };
            let allowed = UpstreamAddresses::default();
            let upstreams = UpstreamTerms { allowed, idle_max: 1000, shed: Shed::default() };
            Worker::new(data_plane, terms(address, Kind::Head), upstreams, ResponseFields::default())
        };
        let (address, worker) = serve("worker-0", worker);
        Program { address, control_address, key, control, worker, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Sends a request on a connection of its own and reads all that comes back.
    fn ask(&self, request: &str) -> String {
        ask(self.address, request)
    }

    /// The same at the control door.
    fn ask_control(&self, request: &str) -> String {
        ask(self.control_address, request)
    }

    fn get(&self, target: &str) -> String {
        self.ask(&get(target))
    }

    fn get_control(&self, target: &str) -> String {
        self.ask_control(&get(target))
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

async fn seed(store: &RedbStore, service: Value, key: &PlainKey) {
    let mut transaction = Transaction::new(store);
    let mut entity = json!({ "protocol": "http", "host": "127.0.0.1", "retries": 1,
        "connect_timeout": 2000, "write_timeout": 5000, "read_timeout": 5000 });
    entity.as_object_mut().unwrap().extend(service.as_object().unwrap().clone());
    for (number, path) in [(1, "/s"), (2, "/open")] {
        let id = Uuid::from_u128(number);
        let route = json!({ "id": id, "paths": [path], "service": { "id": id }, "protocols": ["http"],
            "created_at": 1, "strip_path": true, "preserve_host": false, "regex_priority": 0,
            "https_redirect_status_code": 426, "path_handling": "v0" });
        transaction.publish_config(ConfigKind::Services, id, Some(entity.clone()));
        transaction.publish_config(ConfigKind::Routes, id, Some(route));
    }
    let plugin = json!({ "name": "key-auth", "service": { "id": Uuid::from_u128(1) }, "config": {
        "key_names": ["apikey"], "key_in_header": true, "key_in_query": true, "key_in_body": true,
        "hide_credentials": true, "run_on_preflight": true } });
    transaction.publish_config(ConfigKind::Plugins, Uuid::from_u128(3), Some(plugin));
    let pepper = peppers().current;
    let tag_key = latchkey_published::keys::hex(&pepper.tag_key().to_bytes());
    transaction
        .publish_settings(WorkspaceSettings { tag_keys: vec![tag_key], ..WorkspaceSettings::default() });
    let digest = pepper.digest_key(key);
    let grant = Grant {
        epoch: 0,
        digest,
        pepper_id: pepper.id(),
        credential_id: Uuid::from_u128(4),
        consumer: Consumer { id: Uuid::from_u128(5), username: Some("bob".into()), custom_id: None },
        application_id: None,
        service_ids: vec![],
        expires_at_ms: None,
        enabled: true,
        oauth2: None,
    };
    transaction.publish_grant(digest, Some(grant));
    transaction.commit(1).await.unwrap();
}

/// Accepts connections and runs `serve` on each, with its number, in a thread.
fn upstream(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (serve, stream) = (Arc::clone(&serve), stream.unwrap());
            thread::spawn(move || serve(number, stream));
        }
    });
    port
}

/// Reads a head, up to and without its blank line; `None` at the end of the connection.
fn read_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if &head[start..] == "\r\n" {
            head.truncate(start);
            return Some(head);
        }
    }
}

fn read_exact(reader: &mut impl Read, bytes: usize) -> Vec<u8> {
    let mut body = vec![0; bytes];
    reader.read_exact(&mut body).unwrap();
    body
}

fn content_length(head: &str) -> usize {
    let line = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    line.unwrap_or(0)
}

/// Answers each request with its own head and body; keeps connections open.
fn echo(_: usize, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(head) = read_head(&mut reader) {
        let body = String::from_utf8(read_exact(&mut reader, content_length(&head))).unwrap();
        let seen = format!("{head}\n{body}");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{seen}", seen.len());
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

fn check_status(answer: &str, expected: &str) {
    assert_eq!(status(answer), expected, "{answer}");
}
