//! What a client sees: keys, refusals, bodies, revocation, the end of the process.
#![expect(clippy::disallowed_methods, reason = "made-up keys are presented")]

use super::*;

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
fn each_door_has_its_own_paths() {
    let program = Program::start(upstream(|_, _| panic!("not to be called")));
    for (path, gateway, control) in [
        ("/-/health", "200", "404"),
        ("/health", "404", "200"),
        ("/-/admin/services", "404", "404"),
        ("/admin/services", "404", "401"),
        ("/-/status", "404", "404"),
        ("/", "404", "200"),
        ("/s", "401", "404"),
    ] {
        check_status(&program.get(path), gateway);
        check_status(&program.get_control(path), control);
    }
    let message = "no Route matched with those values";
    assert!(program.get("/-/admin/services").contains(message));
}

#[test]
fn what_the_control_door_cannot_read_is_refused() {
    let program = Program::start(1);
    let none = "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n";
    check_status(&program.ask_control(none), "400");
    let two = "POST /admin/services HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let refusal = program.ask_control(two);
    check_status(&refusal, "400");
    assert!(refusal.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{refusal}");
}

#[test]
fn the_control_door_bounds_its_bodies() {
    let program = Program::start(1);
    let head = "POST /admin/services HTTP/1.1\r\nHost: g\r\nConnection: close\r\n";
    // Not even looked at without a token; `resources.rs` has one.
    check_status(&program.ask_control(&format!("{head}Content-Length: 1048577\r\n\r\n")), "401");
}

#[test]
fn bare_question_mark_is_kept() {
    let program = Program::start(upstream(echo));
    assert!(program.get("/open/a?").contains("GET /a? HTTP/1.1"));
    assert!(program.get("/open/a").contains("GET /a HTTP/1.1"));
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

#[test]
fn revoked_key_is_refused_at_once() {
    let program = Program::start(upstream(echo));
    let token = http::HeaderValue::from_static("Bearer token");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let call = |method, path: &str| {
        let headers = http::HeaderMap::from_iter([(http::header::AUTHORIZATION, token.clone())]);
        let uri = format!("/admin{path}").parse().unwrap();
        let request = ControlRequest { method, uri, headers, client_ip: None, body: bytes::Bytes::new() };
        runtime.block_on(program.control.serve(request))
    };
    runtime.block_on(program.control.set_token(peppers().current.digest(b"token")));
    let made = runtime.block_on(crate::demo::prepare(&program.control, &token)).unwrap();
    let crate::demo::Demo::Made { key, .. } = made else { panic!("{made:?}") };
    let target = format!("/demo/x?apikey={key}");
    for _ in 0..3 {
        check_status(&program.get(&target), "200");
    }
    let developer = "/developers/demo@example.com";
    let applications = call(http::Method::GET, &format!("{developer}/applications"));
    let applications: Value = serde_json::from_slice(applications.body()).unwrap();
    let application = applications["data"][0]["id"].as_str().unwrap();
    let deleted = call(http::Method::DELETE, &format!("{developer}/applications/{application}"));
    assert_eq!(deleted.status(), 204);
    check_status(&program.get(&target), "401");
    let again = runtime.block_on(crate::demo::prepare(&program.control, &token)).unwrap();
    assert!(matches!(again, crate::demo::Demo::Made { .. }), "what is missing is made again");
    let found = runtime.block_on(crate::demo::prepare(&program.control, &token)).unwrap();
    assert!(matches!(found, crate::demo::Demo::Found { .. }), "{found:?}");
}
