//! How often an instance reads: in virtual time, so that the figures are exact and repeat.
//!
//! `cargo bench -p latchkey-gateway --bench reads` prints the table of docs/benchmarks.md.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use http::{HeaderMap, HeaderValue};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, Need};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{FeedReply, Shown};
use latchkey_published::grant::{Consumer, Grant};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use serde_json::json;
use uuid::Uuid;

const REQUESTS: u64 = 1_000_000;
const KEYS: u64 = 1_000;

#[derive(Default)]
struct Reads {
    feed_waited_for: u64,
    feed_beside: u64,
    grants: u64,
}

fn main() {
    println!(
        "| requests a second | polls of the feed waited for | polls beside requests | reads of grants |"
    );
    println!("| ---: | ---: | ---: | ---: |");
    for rate in [1, 100, 10_000] {
        let reads = run(rate);
        println!("| {rate} | {} | {} | {} |", reads.feed_waited_for, reads.feed_beside, reads.grants);
    }
}

/// A million requests with a thousand keys in turn, at an even rate, at the default settings.
fn run(rate: u64) -> Reads {
    let peppers = Peppers { current: Pepper::new(b"pepper"), previous: None };
    let mut gateway = Gateway::new(GatewaySettings::default(), peppers.clone());
    let mut compiler = ConfigCompiler::default();
    let mut reads = Reads::default();
    let keys: Vec<HeaderValue> = (0..KEYS).map(|number| format!("key-{number}").parse().unwrap()).collect();
    for number in 0..REQUESTS {
        let now_ms = 1_000 + number * 1_000 / rate;
        let now = Now { unix_ms: now_ms, monotonic_ms: now_ms };
        let key = &keys[(number % KEYS) as usize];
        let mut headers = HeaderMap::new();
        headers.insert("apikey", key.clone());
        let head = RequestHead {
            method: "GET",
            scheme: Scheme::Http,
            host: b"a.test",
            path: b"/",
            query: None,
            headers: &headers,
            client_ip: None,
            server_port: 80,
            forwarded: None,
            started: now,
            request_id: 0,
        };
        loop {
            match gateway.decide(&head, Body::Whole(b""), now) {
                Decision::Need(Need::Feed(request)) => {
                    reads.feed_waited_for += 1;
                    let reply = reply(request.since);
                    gateway.learn_feed(now, now, Some(reply), &mut compiler).unwrap();
                }
                Decision::Need(Need::Grant(wanted)) => {
                    reads.grants += 1;
                    let grant = grant(&peppers, key.as_bytes());
                    gateway.learn_grant(wanted, GrantAnswer::Found(grant), now);
                }
                Decision::Forward(_) => break,
                other => panic!("{other:?}"),
            }
        }
        if let Some(request) = gateway.refresh_due(now) {
            reads.feed_beside += 1;
            let reply = reply(request.since);
            gateway.learn_feed(now, now, Some(reply), &mut compiler).unwrap();
        }
    }
    reads
}

fn reply(since: Option<u64>) -> FeedReply {
    if since.is_some() {
        return FeedReply { epoch: 1, shown: Shown::all(1), ..FeedReply::default() };
    }
    let id = Uuid::nil();
    let mut piece = Piece::default();
    let service = json!({"protocol": "http", "host": "up", "port": 80, "retries": 0,
        "connect_timeout": 1, "write_timeout": 1, "read_timeout": 1});
    let config = json!({"key_names": ["apikey"], "key_in_header": true, "key_in_query": true,
        "key_in_body": false, "hide_credentials": false, "run_on_preflight": true});
    piece.set(ConfigKind::Services, id, Some(service));
    piece.set(ConfigKind::Routes, id, Some(json!({"id": id, "service": {"id": id}, "paths": ["/"]})));
    piece.set(ConfigKind::Plugins, id, Some(json!({"name": "key-auth", "config": config})));
    let settings =
        WorkspaceSettings { tag_keys: vec![], has_imported_keys: true, ..WorkspaceSettings::default() };
    let settings = Piece { settings: Some(settings), ..Piece::default() };
    let pieces = vec![(PieceId::of(id), piece.encode()), (PieceId::SETTINGS, settings.encode())];
    FeedReply { epoch: 1, reset: true, shown: Shown::all(1), changes: vec![], pieces, ..FeedReply::default() }
}

fn grant(peppers: &Peppers, key: &[u8]) -> Grant {
    Grant {
        epoch: 1,
        digest: peppers.current.digest(key),
        pepper_id: peppers.current.id(),
        credential_id: Uuid::nil(),
        consumer: Consumer { id: Uuid::nil(), username: Some("bob".into()), custom_id: None },
        application_id: None,
        service_ids: vec![],
        expires_at_ms: None,
        enabled: true,
        oauth2: None,
    }
}
