//! The program's parts together, over sockets: a worker thread between a client and an upstream,
//! both of them written out byte for byte.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_core::gateway::{Gateway, GatewaySettings};
use latchkey_core::grant::{Consumer, Grant};
use latchkey_core::keys::{Pepper, Peppers, PlainKey, generate_key};
use latchkey_core::snapshot::{ConfigKind, WorkspaceSettings};
use latchkey_core::transaction::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::control::Control;
use crate::data_plane::DataPlane;
use crate::store::RedbStore;
use crate::system::{SystemRandom, Timer};
use crate::worker::WorkerThread;

/// A running gateway with one service at `/s` that wants a key, and one at `/open` that does not.
struct Program {
    address: SocketAddr,
    key: PlainKey,
    worker: Arc<Mutex<Option<WorkerThread>>>,
    _folder: tempfile::TempDir,
}

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: None }
}

impl Program {
    fn start(upstream_port: u16) -> Self {
        Program::start_with(json!({ "port": upstream_port }))
    }

    fn start_with(service: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(&folder.path().join("store.redb")).unwrap();
        let key = generate_key(&peppers().current, &SystemRandom);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(seed(&store, service, &key));
        let started = Control::start(store.clone(), peppers()).unwrap();
        let data_plane = move || DataPlane {
            gateway: RefCell::new(Gateway::new(GatewaySettings::default(), peppers())),
            store,
            published: started.published,
            control: started.control,
            timer: Timer::start(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let worker = WorkerThread::start(0, address.port(), Duration::from_secs(5), data_plane).unwrap();
        let worker = Arc::new(Mutex::new(Some(worker)));
        let giver = Arc::clone(&worker);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let peer = stream.peer_addr().unwrap();
                stream.set_nonblocking(true).unwrap();
                let Some(worker) = &*giver.lock().unwrap() else { break };
                worker.give(stream, peer);
            }
        });
        Program { address, key, worker, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request on a connection of its own and reads all that comes back.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, target: &str) -> String {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"))
    }
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
    let tag_key = latchkey_core::keys::hex(&pepper.tag_key().to_bytes());
    transaction.publish_settings(WorkspaceSettings { tag_keys: vec![tag_key], has_imported_keys: false });
    let digest = pepper.digest(key.reveal().as_bytes());
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

#[test]
fn key_opens_the_service_and_is_hidden_from_it() {
    let program = Program::start(upstream(echo));
    let key = program.key.reveal().to_owned();
    for request in [
        format!("GET /s/a?x=1& HTTP/1.1\r\nHost: g\r\nApiKey: {key}\r\nConnection: close\r\n\r\n"),
        format!("GET /s/a?x=1&&apikey={key} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"),
        format!(
            "POST /s/a?x=1& HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\na=b&apikey={key}",
            key.len() + 11
        ),
        format!(
            "POST /s/a?x=1& HTTP/1.1\r\nHost: g\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n4\r\na=b&\r\n{:x}\r\napikey={key}\r\n0\r\n\r\n",
            key.len() + 7
        ),
    ] {
        let answer = program.ask(&request);
        check_status(&answer, "200");
        assert!(answer.contains(" /a?x=1"), "{answer}");
        assert!(answer.contains("x-consumer-username: bob"), "{answer}");
        assert!(!answer.contains(&key) && !answer.to_ascii_lowercase().contains("apikey"), "{answer}");
    }
}

#[test]
fn refusals_do_not_reach_the_service() {
    let program = Program::start(upstream(|_, _| panic!("not to be called")));
    let forged = format!("{}x", &program.key.reveal()[..40]);
    check_status(&program.get("/s"), "401");
    check_status(&program.get(&format!("/s?apikey={forged}")), "401");
    check_status(&program.get("/elsewhere"), "404");
    check_status(&program.get("/-/health"), "200");
    check_status(&program.get("/-/elsewhere"), "404");
    let refusal = program.get("/s");
    assert!(refusal.contains("\r\nwww-authenticate: Key\r\n") && refusal.contains("x-kong-response-latency"));
}

#[test]
fn own_surfaces_bound_their_bodies() {
    let program = Program::start(1);
    let head = "POST /-/admin/services HTTP/1.1\r\nHost: g\r\nConnection: close\r\n";
    check_status(&program.ask(&format!("{head}Content-Length: 1048577\r\n\r\n")), "413");
}

#[test]
fn bare_question_mark_is_kept() {
    let program = Program::start(upstream(echo));
    assert!(program.get("/open/a?").contains("GET /a? HTTP/1.1"));
    assert!(program.get("/open/a").contains("GET /a HTTP/1.1"));
}

#[test]
fn connections_are_used_again() {
    let program = Program::start(upstream(|number, stream| {
        assert_eq!(number, 0, "one connection is enough");
        echo(number, stream);
    }));
    for _ in 0..5 {
        check_status(&program.get("/open"), "200");
    }
    let mut client = program.connect();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    for _ in 0..5 {
        client.write_all(b"GET /open HTTP/1.1\r\nHost: g\r\n\r\n").unwrap();
        let head = read_head(&mut reader).unwrap();
        read_exact(&mut reader, content_length(&head));
        check_status(&head, "200");
    }
}

/// An upstream that answers one request on each connection and closes it when the second comes.
fn one_shot(_: usize, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    read_head(&mut reader);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    reader.fill_buf().ok();
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

#[test]
fn idle_connection_that_was_closed_is_replaced() {
    let program = Program::start(upstream(one_shot));
    for _ in 0..4 {
        check_status(&program.get("/open"), "200");
    }
    // What may have been done must not be done twice.
    check_status(&program.ask("POST /open HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"), "502");
}

#[test]
fn idle_connection_closed_long_ago_costs_no_request() {
    let program = Program::start(upstream(|_, mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        read_head(&mut reader);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    }));
    for _ in 0..3 {
        let post = "POST /open HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
        check_status(&program.ask(post), "200");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn failures_of_the_upstream_have_their_status() {
    let silent = upstream(|_, stream| {
        thread::sleep(Duration::from_secs(3));
        drop(stream);
    });
    let rubbish = upstream(|_, mut stream| {
        let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n");
        thread::sleep(Duration::from_secs(1));
    });
    let closing = upstream(|_, stream| drop(stream));
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (service, expected, text) in [
        (json!({ "port": silent, "read_timeout": 200 }), "504", "is timing out"),
        (json!({ "port": rubbish }), "502", "An invalid response"),
        (json!({ "port": closing }), "502", "An invalid response"),
        (json!({ "port": refused }), "502", "An invalid response"),
        (json!({ "port": 80, "host": "nowhere.invalid" }), "503", "name resolution failed"),
    ] {
        let program = Program::start_with(service);
        let began = Instant::now();
        let answer = program.get("/open");
        check_status(&answer, expected);
        assert!(answer.contains(text), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(2), "{expected} took {:?}", began.elapsed());
    }
}

#[test]
fn silence_in_a_body_breaks_it_off() {
    let port = upstream(|_, mut stream| {
        read_head(&mut BufReader::new(stream.try_clone().unwrap()));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").unwrap();
        thread::sleep(Duration::from_secs(3));
    });
    let program = Program::start_with(json!({ "port": port, "read_timeout": 200 }));
    let began = Instant::now();
    let answer = program.get("/open");
    assert!(answer.ends_with("half"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn long_bodies_stream_both_ways() {
    const BYTES: usize = 64 << 20;
    let port = upstream(|_, mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = read_head(&mut reader).unwrap();
        let sent =
            std::io::copy(&mut reader.take(content_length(&head) as u64), &mut std::io::sink()).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nX-Received: {sent}\r\nContent-Length: {BYTES}\r\n\r\n").unwrap();
        let _ = stream.write_all(&vec![b'x'; BYTES]);
    });
    let program = Program::start(port);
    let mut client = program.connect();
    write!(client, "PUT /open HTTP/1.1\r\nHost: g\r\nContent-Length: {BYTES}\r\nConnection: close\r\n\r\n")
        .unwrap();
    client.write_all(&vec![b'y'; BYTES]).unwrap();
    let mut reader = BufReader::new(client);
    let head = read_head(&mut reader).unwrap();
    assert!(head.contains(&format!("x-received: {BYTES}\r\n")), "{head}");
    assert_eq!(std::io::copy(&mut reader, &mut std::io::sink()).unwrap(), BYTES as u64);
}

#[test]
fn early_answer_passes_before_the_request_ends() {
    let port = upstream(|_, mut stream| {
        read_head(&mut BufReader::new(stream.try_clone().unwrap()));
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    let program = Program::start(port);
    let mut client = program.connect();
    client.write_all(b"PUT /open HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\npart").unwrap();
    let mut reader = BufReader::new(client);
    check_status(&read_head(&mut reader).unwrap(), "413");
    assert_eq!(read_exact(&mut reader, 2), b"no");
}

#[test]
fn expectation_is_met_here() {
    let program = Program::start(upstream(echo));
    let mut client = program.connect();
    client
        .write_all(b"PUT /open HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    check_status(&read_head(&mut reader).unwrap(), "100");
    client.write_all(b"hi").unwrap();
    let head = read_head(&mut reader).unwrap();
    check_status(&head, "200");
    let seen = String::from_utf8(read_exact(&mut reader, content_length(&head))).unwrap();
    assert!(seen.ends_with("\nhi") && !seen.contains("xpect"), "{seen}");
}

#[test]
fn upgraded_connection_carries_bytes_both_ways() {
    let port = upstream(|_, mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        assert!(read_head(&mut reader).unwrap().to_ascii_lowercase().contains("\r\nupgrade: websocket\r\n"));
        let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let said = read_exact(&mut reader, 4);
        stream.write_all(&said).unwrap();
    });
    let program = Program::start(port);
    let mut client = program.connect();
    client
        .write_all(b"GET /open HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    check_status(&read_head(&mut reader).unwrap(), "101");
    client.write_all(b"ping").unwrap();
    assert_eq!(read_exact(&mut reader, 4), b"ping");
    assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn panic_costs_one_connection() {
    let program = Program::start(upstream(echo));
    assert_eq!(program.get(crate::connection::PANIC_PATH), "");
    check_status(&program.get("/open"), "200");
}

#[test]
fn draining_finishes_what_is_under_way() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&arrived);
    let program = Program::start(upstream(move |_, mut stream| {
        read_head(&mut BufReader::new(stream.try_clone().unwrap()));
        seen.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(300));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    }));
    let mut idle = program.connect();
    let mut client = program.connect();
    client.write_all(b"GET /open HTTP/1.1\r\nHost: g\r\n\r\n").unwrap();
    while arrived.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let thread = program.worker.lock().unwrap().take().unwrap().drain();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    check_status(&answer, "200");
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    thread.join().unwrap();
}
