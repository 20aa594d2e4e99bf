//! Any text for a token, a Basic field and the parameters of a token endpoint: nothing is taken for what
//! was not made here, no token is issued without the secret, and no answer repeats what it was given.

#![no_main]

use std::cell::RefCell;

use arbitrary::Arbitrary;
use base64::Engine;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, Need};
use latchkey_gateway::gateway::{Gateway, GatewaySettings, GrantAnswer, Learned};
use latchkey_gateway::request::{Body, Now, RequestHead, Scheme};
use latchkey_published::feed::{FeedReply, Shown};
use latchkey_published::grant::{ClientSecret, Consumer, Grant, OAuth2Client};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_published::snapshot::{ConfigKind, Piece, PieceId, WorkspaceSettings};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use uuid::Uuid;

const NOW: Now = Now { unix_ms: 1_700_000_000_000, monotonic_ms: 1_000_000 };
const ID: &str = "shop-id";
const SECRET: &str = "a secret that nobody types by chance";
const MEDIA_TYPES: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=b",
    "text/plain",
];
const PATHS: [&str; 5] =
    ["/oauth2/token", "/oauth2/introspect", "/a", "/x/oauth2/token/", "/.well-known/oauth-authorization-server"];

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    method: u8,
    path: u8,
    media_type: u8,
    hides: bool,
    field: Option<&'a [u8]>,
    in_basic: Option<&'a [u8]>,
    query: Option<&'a [u8]>,
    body: &'a [u8],
}

thread_local! {
    static GATEWAYS: RefCell<[Gateway; 2]> = RefCell::new([gateway(false), gateway(true)]);
}

fn pepper() -> Pepper {
    Pepper::new(b"the pepper of the fuzz target")
}

fn gateway(hides: bool) -> Gateway {
    let mut gateway =
        Gateway::new(GatewaySettings::default(), Peppers { current: pepper(), previous: None });
    let id = Uuid::from_u128(1);
    let mut piece = Piece::default();
    let mut put = |kind, entity: Value| piece.set(kind, id, Some(entity));
    put(ConfigKind::Services, json!({"host": "up.test"}));
    put(ConfigKind::Routes, json!({"id": id, "service": {"id": id}, "paths": ["/a", "/x", "/oauth2"]}));
    let config = json!({"enable_client_credentials": true, "hide_credentials": hides, "scopes": ["email"]});
    put(ConfigKind::Plugins, json!({"name": "oauth2", "service": {"id": id}, "config": config}));
    let settings = WorkspaceSettings { has_imported_keys: true, ..WorkspaceSettings::default() };
    let settings = Piece { settings: Some(settings), ..Piece::default() };
    let pieces = vec![(PieceId::of(id), piece.encode()), (PieceId::SETTINGS, settings.encode())];
    let reply = FeedReply { epoch: 1, reset: true, shown: Shown::all(1), pieces, ..FeedReply::default() };
    gateway.refresh_due(NOW);
    gateway.learn_feed(NOW, NOW, Some(reply), &mut ConfigCompiler::default()).expect("pieces just made");
    gateway
}

fn grant() -> Grant {
    let pepper = pepper();
    let secret = ClientSecret { digest: pepper.digest(SECRET.as_bytes()), pepper_id: pepper.id() };
    Grant {
        epoch: 1,
        digest: pepper.digest(ID.as_bytes()),
        pepper_id: pepper.id(),
        credential_id: Uuid::from_u128(2),
        consumer: Consumer { id: Uuid::from_u128(3), username: None, custom_id: None },
        application_id: None,
        service_ids: vec![],
        expires_at_ms: None,
        enabled: true,
        oauth2: Some(OAuth2Client { secret: Some(secret), ..OAuth2Client::default() }),
    }
}

fuzz_target!(|input: Input<'_>| {
    let mut headers = HeaderMap::new();
    let basic = input.in_basic.map(|text| {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text)).into_bytes()
    });
    for value in input.field.map(<[u8]>::to_vec).into_iter().chain(basic) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(HeaderName::from_static("authorization"), value);
        }
    }
    let of = |among: &[&'static str], place: u8| among[usize::from(place) % among.len()];
    headers.insert("content-type", HeaderValue::from_static(of(&MEDIA_TYPES, input.media_type)));
    let head = RequestHead {
        method: of(&["POST", "GET", "PUT"], input.method),
        scheme: Scheme::Https,
        host: b"api.test",
        path: of(&PATHS, input.path).as_bytes(),
        query: input.query,
        headers: &headers,
        client_ip: None,
        server_port: 443,
        forwarded: None,
        started: NOW,
        request_id: 7,
    };
    GATEWAYS.with_borrow_mut(|gateways| check(&mut gateways[usize::from(input.hides)], &head, input.body));
});

fn check(gateway: &mut Gateway, head: &RequestHead<'_, HeaderMap>, body: &[u8]) {
    let is_endpoint = head.method == "POST" && head.path.starts_with(b"/") && head.path != b"/a";
    match decided(gateway, head, body, is_endpoint) {
        // Nothing that was not made here passes, and what is was never given to anybody.
        Decision::Forward(_) => panic!("a request without a token passed"),
        Decision::Respond(response) => {
            let json: Value = serde_json::from_slice(response.body()).expect("every answer is JSON");
            assert!(!json.to_string().contains(SECRET), "{json}");
            if response.status() == 200 && head.method == "POST" {
                let sent = [head.query.unwrap_or_default(), body].concat();
                let fields = head.headers.get_all("authorization").iter();
                let has_field = fields.into_iter().any(|field| field.len() > SECRET.len());
                assert!(has_field || sent.len() > SECRET.len(), "nothing shows the secret");
            }
        }
        Decision::Need(need) => panic!("{need:?}"),
    }
}

fn decided(
    gateway: &mut Gateway,
    head: &RequestHead<'_, HeaderMap>,
    body: &[u8],
    may_read: bool,
) -> Decision {
    let mut given = Body::Unread;
    loop {
        match gateway.decide(head, given, NOW) {
            Decision::Need(Need::Body { bytes_max }) => {
                given = if body.len() > bytes_max { Body::TooLarge } else { Body::Whole(body) };
            }
            Decision::Need(Need::Grant(wanted)) => {
                assert!(may_read, "a token that was not made here costs a read");
                let grant = grant();
                let found = wanted.digest == grant.digest;
                let answer = if found { GrantAnswer::Found(grant) } else { GrantAnswer::Missing };
                let mut learned = gateway.learn_grant(wanted, answer.clone(), NOW);
                while let Learned::Ask(again) = learned {
                    learned = gateway.learn_grant(again, answer.clone(), NOW);
                }
            }
            decided => return decided,
        }
    }
}
