//! Clients of OAuth 2.0 and their tokens among the canaries: they are asked for, used, and asked about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ADMIN_TOKEN, CLIENT_ID, CLIENT_SECRET, Inspected, WRONG_KEY, text_of};
use crate::deployment::{Deployment, Doors};
use crate::fixtures::{create, create_service, id_of};
use crate::raw_http::{Request, exchange};
use crate::upstream::Upstream;

/// The deployment's `LATCHKEY_VERIFY_TOKEN`.
pub const VERIFY_TOKEN: &str = "canary-verify-token-Pc6Yt1Kw8Fz3Hn5Vb9Qs";
/// Of a consumer, whose client id is no key.
pub(super) const OWN_CLIENT_ID: &str = "canary-own-client-id-Ra7Lx2Dm6";
pub(super) const OWN_CLIENT_SECRET: &str = "canary-own-client-secret-Ke4Wq9Sj1";
/// Where tokens are asked for.
pub(super) const PATH: &str = "/tokens";
const FORM: &str = "application/x-www-form-urlencoded";

/// A service that asks for tokens and hides them; answers with its id.
pub(super) fn set_up(gateway: &dyn Deployment, upstream: &Upstream) -> String {
    let service = create_service(gateway, upstream, &json!({"name": "tokens"}));
    create(gateway, "/services/tokens/routes", &json!({"paths": [PATH]}));
    let config = json!({"enable_client_credentials": true, "accept_http_if_already_terminated": true,
        "hide_credentials": true, "scopes": ["read"]});
    create(gateway, "/services/tokens/plugins", &json!({"name": "oauth2", "config": config}));
    let registration = json!({"name": "application-registration",
        "config": {"display_name": "T", "auto_approve": true, "enable_proxy_with_consumer_credential": true}});
    create(gateway, "/services/tokens/plugins", &registration);
    let own = json!({"name": "own", "client_id": OWN_CLIENT_ID, "client_secret": OWN_CLIENT_SECRET,
        "key_use": false});
    create(gateway, "/consumers/bob/oauth2", &own);
    id_of(&service).to_owned()
}

/// A token of each client, by name.
pub(super) fn issue(inspected: &dyn Inspected) -> Vec<(&'static str, String)> {
    let clients =
        [("access token", CLIENT_ID, CLIENT_SECRET), ("own access token", OWN_CLIENT_ID, OWN_CLIENT_SECRET)];
    let authority = inspected.authority_by_https();
    let issued = clients.map(|(name, id, secret)| {
        let answer = exchange(&authority, &asking(id, secret)).unwrap();
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let token = text_of(&answer.json().unwrap(), "access_token");
        let call = Request::get(PATH).header("Authorization", format!("Bearer {token}"));
        assert_eq!(exchange(&authority, &call).unwrap().status, 200, "{name} is not good");
        (name, token)
    });
    issued.into()
}

fn asking(id: &str, secret: &str) -> Request {
    let grant = "grant_type=client_credentials&scope=read";
    posted("/oauth2/token", FORM, grant).header("Authorization", basic(id, secret))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// As a proxy that ended TLS hands it on.
fn posted(end: &str, kind: &str, body: impl AsRef<[u8]>) -> Request {
    let request = Request::new("POST", format!("{PATH}{end}")).header("Content-Type", kind);
    request.header("X-Forwarded-Proto", "https").body(body)
}

/// Refused and taken, at the gateway.
pub(super) fn calls(tokens: &[String], doors: &Doors) -> Vec<Request> {
    let mut calls = refused_at_endpoint();
    for token in tokens {
        calls.extend(using(token));
        calls.extend(asking_about(token, doors));
    }
    calls.push(verifying(doors, &json!({"key": CLIENT_ID, "service": "tokens"}), VERIFY_TOKEN));
    calls.push(verifying(doors, &json!({"key": WRONG_KEY, "service": "tokens"}), VERIFY_TOKEN));
    calls.push(verifying(doors, &json!({"key": CLIENT_ID, "service": "nothing"}), VERIFY_TOKEN));
    calls
}

fn refused_at_endpoint() -> Vec<Request> {
    let pairs = [(CLIENT_ID, WRONG_KEY), (WRONG_KEY, CLIENT_SECRET), (OWN_CLIENT_ID, CLIENT_SECRET)];
    let mut calls: Vec<Request> = pairs.map(|(id, secret)| asking(id, secret)).into();
    let form = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let grants = ["grant_type=password", "grant_type=client_credentials&scope=other", "grant_type=implicit"];
    calls.extend(grants.map(|grant| posted("/oauth2/token", FORM, format!("{form}&{grant}"))));
    let whole = json!({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}).to_string();
    calls.push(posted("/oauth2/token", "application/json", whole.replace('}', "")));
    calls.push(Request::get(&format!("{PATH}/oauth2/token?{form}")));
    // Not by TLS, as far as the gateway knows.
    calls.push(Request::new("POST", format!("{PATH}/oauth2/token")).header("Content-Type", FORM).body(form));
    calls
}

fn using(token: &str) -> Vec<Request> {
    let get = || Request::get(PATH);
    let referer = format!("http://page.test/list?access_token={token}#part");
    vec![
        get().header("Authorization", format!("Bearer {token}")),
        get().header("Authorization", format!("token {token}")).header("Referer", referer),
        get().header("Authorization", format!("Bearer {token}x")),
        Request::get(&format!("{PATH}?access_token={token}&a=1")),
        Request::get(&format!("{PATH}?access_token={token}&access_token={token}")),
        posted("", FORM, format!("a=1&access_token={token}")),
        posted("", "application/json", json!({"access_token": token, "a": 1}).to_string()),
        posted("", "application/json", format!("{{\"access_token\":\"{token}\", broken")),
    ]
}

fn asking_about(token: &str, doors: &Doors) -> Vec<Request> {
    let about = |id: &str, secret: &str| {
        let request = posted("/oauth2/introspect", FORM, format!("token={token}"));
        request.header("Authorization", basic(id, secret))
    };
    vec![
        about(CLIENT_ID, CLIENT_SECRET),
        about(OWN_CLIENT_ID, OWN_CLIENT_SECRET),
        about(CLIENT_ID, WRONG_KEY),
        verifying(doors, &json!({"token": token, "service": "tokens"}), VERIFY_TOKEN),
        verifying(doors, &json!({"token": token, "key": CLIENT_ID}), VERIFY_TOKEN),
        verifying(doors, &json!({"token": token, "service": "tokens"}), &format!("{VERIFY_TOKEN}x")),
    ]
}

fn verifying(doors: &Doors, question: &Value, token: &str) -> Request {
    let request = Request::new("POST", doors.own("/verify").target);
    request.header("Authorization", format!("Bearer {token}")).body(question.to_string())
}

/// At the control door: tokens are taken back by who may not, tokens are no admin's.
pub(super) fn calls_of_control(tokens: &[String], doors: &Doors) -> Vec<Request> {
    let revoke = |token: &str, id: &str, secret: &str| {
        let form = format!("token={token}&client_id={id}&client_secret={secret}");
        let target = doors.control("/oauth2/revoke").target;
        Request::new("POST", target).header("Content-Type", FORM).body(form)
    };
    let as_admin =
        |token: &str| Request::get(&doors.admin("/oauth2").target).header("Kong-Admin-Token", token);
    let listed = doors.admin("/oauth2").target;
    let mut calls = vec![as_admin(VERIFY_TOKEN), as_admin(ADMIN_TOKEN), Request::get(&listed)];
    for token in tokens {
        calls.push(as_admin(token));
        calls.push(revoke(token, CLIENT_ID, WRONG_KEY));
        calls.push(revoke(token, WRONG_KEY, CLIENT_SECRET));
        let path = doors.admin(&format!("/oauth2_tokens/{token}x")).target;
        calls.push(Request::new("DELETE", path).header("Kong-Admin-Token", ADMIN_TOKEN));
    }
    calls
}
