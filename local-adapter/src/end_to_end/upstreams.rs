//! What upstreams do, and what becomes of their connections.

use super::*;

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
        .write_all(
            b"GET /open HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    check_status(&read_head(&mut reader).unwrap(), "101");
    client.write_all(b"ping").unwrap();
    assert_eq!(read_exact(&mut reader, 4), b"ping");
    assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0);
}
