//! OpenAI's clients for Python and Node.js call a service of their kind with a key of Latchkey's.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Local, Options};
use latchkey_tests::fixtures::{consumer_with_key, proxy_to};
use latchkey_tests::openai::Client;
use latchkey_tests::upstream::{Recorded, Upstream, answer};
use serde_json::{Value, json};

const KEY: &str = "sk-of-bob";

/// Says back what was said to it, whole or in a stream.
fn echoing(request: &Recorded) -> Vec<u8> {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let said = asked["messages"][0]["content"].as_str().unwrap_or_default();
    let choice = |member: &str, content: &str| json!([{"index": 0, member: {"role": "assistant", "content": content}}]);
    let whole = |object: &str, choices: Value| json!({"id": "c1", "object": object, "created": 1, "model": "echo", "choices": choices});
    if asked["stream"] != true {
        let body = whole("chat.completion", choice("message", said));
        return answer(200, &[("Content-Type", "application/json")], body.to_string().as_bytes());
    }
    let parts: String = said
        .chars()
        .map(|part| {
            format!("data: {}\n\n", whole("chat.completion.chunk", choice("delta", &part.to_string())))
        })
        .collect();
    answer(200, &[("Content-Type", "text/event-stream")], (parts + "data: [DONE]\n\n").as_bytes())
}

#[test]
fn clients_of_openais_api_call_with_a_key() {
    let gateway = Local::spawn(Options::in_memory());
    let upstream = Upstream::answering(echoing);
    proxy_to(&gateway, &upstream, &json!({}), &json!({"key_in_bearer": true, "hide_credentials": true}));
    consumer_with_key(&gateway, "bob", KEY);
    let base_url = format!("http://{}/v1", gateway.authority());
    for client in Client::ALL {
        assert_eq!(client.call(&base_url, KEY), "said Hello\nstreamed Hello\n", "{client:?}");
        let sent = upstream.take();
        assert_eq!(sent.len(), 2, "{client:?}");
        for request in sent {
            assert_eq!((request.method.as_str(), request.path()), ("POST", "/v1/chat/completions"));
            assert_eq!(request.headers.values("x-consumer-username"), ["bob"]);
            assert!(!request.headers.contains("authorization"), "{:?}", request.headers);
        }
        let refused = client.call(&base_url, "sk-of-nobody");
        assert!(refused.starts_with("refused 401 "), "{client:?}: {refused}");
        assert!(upstream.take().is_empty());
    }
}
