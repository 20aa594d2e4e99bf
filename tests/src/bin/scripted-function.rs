//! A function for trying the fronts out: polls the Runtime API and does what the path says.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use latchkey_tests::raw_http::{Connection, Request};
use serde_json::{Value, json};

fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut connection = Connection::open(&api).unwrap();
    connection.writer.set_read_timeout(None).unwrap();
    loop {
        let polled = connection.exchange(&Request::get("/2018-06-01/runtime/invocation/next")).unwrap();
        let id = polled.headers.first("lambda-runtime-aws-request-id").unwrap();
        let event = polled.json().unwrap();
        let path = event.get("rawPath").unwrap_or(&event["path"]).as_str().unwrap().to_owned();
        act(&mut connection, &id, &event, &path);
    }
}

fn act(connection: &mut Connection, id: &str, event: &Value, path: &str) {
    let post = |what: &str| Request::new("POST", format!("/2018-06-01/runtime/invocation/{id}/{what}"));
    match path {
        // The event as the body of the response.
        "/event" => {
            let response = json!({"statusCode": 200, "body": event.to_string()});
            connection.exchange(&post("response").body(response.to_string())).unwrap();
        }
        // The body of the request as what the function returns.
        "/return" => {
            connection.exchange(&post("response").body(body_of(event))).unwrap();
        }
        // Metadata and two pieces of a body, the second after a while.
        "/stream" | "/break" | "/hang-up" => {
            let head = post("response")
                .header("Lambda-Runtime-Function-Response-Mode", "streaming")
                .header("Transfer-Encoding", "chunked");
            connection.send(&head).unwrap();
            let metadata = json!({"statusCode": 202, "headers": {"a": "1"}, "cookies": ["c=1"]});
            chunk(connection, format!("{metadata}\0\0\0\0").as_bytes());
            chunk(connection, b"\0\0\0\0one ");
            thread::sleep(Duration::from_millis(300));
            chunk(connection, b"two");
            if path == "/hang-up" {
                std::process::exit(4);
            }
            let trailer = if path == "/break" { "Lambda-Runtime-Function-Error-Type: Boom\r\n" } else { "" };
            connection.send_raw(format!("0\r\n{trailer}\r\n").as_bytes()).unwrap();
            connection.read_response("POST").unwrap();
        }
        "/fail" => {
            connection.exchange(&post("error").body(r#"{"errorMessage":"asked to"}"#)).unwrap();
        }
        "/exit" => std::process::exit(3),
        "/sleep" => thread::sleep(Duration::from_secs(60)),
        other => panic!("nothing to do at {other}"),
    }
}

fn chunk(connection: &mut Connection, bytes: &[u8]) {
    write!(connection.writer, "{:x}\r\n", bytes.len()).unwrap();
    connection.writer.write_all(bytes).unwrap();
    connection.writer.write_all(b"\r\n").unwrap();
}

fn body_of(event: &Value) -> Vec<u8> {
    let body = event["body"].as_str().unwrap_or_default();
    if event["isBase64Encoded"] == true {
        return base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    }
    body.as_bytes().to_vec()
}
