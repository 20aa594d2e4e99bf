//! Tokens that clients take back (RFC 7009).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use super::*;
use latchkey_published::token::{AccessToken, TokenKeys};

const FORM: &str = "application/x-www-form-urlencoded";
const SECRET: &str = "a secret of 32 characters & more: +%";
const BAD_CLIENT: &str = "Invalid client authentication";

struct Client {
    control: TestControl,
    credential: Uuid,
}

impl Client {
    async fn new() -> Self {
        let control = new_control().await;
        expect(call(&control, "POST", "/consumers", "{\"username\":\"bob\"}").await, 201, json!({}));
        let body = json!({"name": "shop", "client_id": "shop-id", "client_secret": SECRET});
        let made = call(&control, "POST", "/consumers/bob/oauth2", &body.to_string()).await;
        let credential = text(&expect(made, 201, json!({})), "id").parse().unwrap();
        Client { control, credential }
    }

    #[expect(clippy::disallowed_methods, reason = "a token to be taken back")]
    fn token(&self, credential: Uuid, ends_at_s: Option<u64>) -> String {
        let peppers = self.control.registry().peppers();
        let keys = TokenKeys::new(peppers);
        let token = AccessToken {
            grant: peppers.current.digest(b"shop-id"),
            service_id: None,
            credential_id: credential,
            issued_at_s: START_MS / 1000,
            ends_at_s,
            id: keys.id_from(1),
            scope: "",
            user: "",
        };
        keys.issue(&token).unwrap().reveal().to_owned()
    }

    async fn send(&self, basic: Option<(&str, &str)>, body: &str) -> Response<bytes::Bytes> {
        self.send_as(basic, FORM, None, body).await
    }

    async fn send_as(
        &self,
        basic: Option<(&str, &str)>,
        content_type: &str,
        query: Option<&str>,
        body: &str,
    ) -> Response<bytes::Bytes> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        if let Some((id, secret)) = basic {
            let shown = STANDARD.encode(format!("{id}:{secret}"));
            headers.insert(AUTHORIZATION, format!("Basic {shown}").parse().unwrap());
        }
        let mut head = head("POST", "/oauth2/revoke", query, &headers);
        head.client_ip = Some([192, 0, 2, 7].into());
        self.control.serve(&head, body.as_bytes()).await
    }
}

fn encoded(text: &str) -> String {
    serde_urlencoded::to_string([("v", text)]).unwrap()["v=".len()..].to_owned()
}

fn json_of(response: &Response<bytes::Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_client_takes_its_tokens_back() {
    let client = Client::new().await;
    let token = client.token(client.credential, Some(START_MS / 1000 + 60));
    let secret = encoded(SECRET);
    let in_body = format!("client_id=shop-id&client_secret={secret}");
    for (basic, body) in [
        (Some(("shop-id", secret.as_str())), format!("token={token}&token_type_hint=access_token")),
        (None, format!("{in_body}&token={token}")),
        (Some(("shop-id", &secret)), format!("client_id=shop-id&token={token}")),
        (Some(("shop-id", &secret)), "token=unknown".to_owned()),
    ] {
        let response = client.send(basic, &body).await;
        assert_eq!((response.status().as_u16(), json_of(&response)), (200, json!({})), "{body}");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    let body = json!({"client_id": "shop-id", "client_secret": SECRET, "token": token}).to_string();
    assert_eq!(client.send_as(None, "application/json", None, &body).await.status(), 200);
    let trail = expect(call(&client.control, "GET", "/audit?size=1", "").await, 200, json!({}));
    let newest = &trail["data"][0];
    assert_eq!(newest["who"], json!({"kind": "client", "id": client.credential, "name": null}), "{trail}");
    assert_eq!(newest["changes"][0]["entity"], "oauth2_tokens");

    let endless = client.token(client.credential, None);
    let response = client.send(None, &format!("{in_body}&token={endless}")).await;
    assert!(text(&json_of(&response), "message").contains("no end of its own"));
    let foreign = client.token(Uuid::from_u128(9), Some(START_MS / 1000 + 60));
    let response = client.send(None, &format!("{in_body}&token={foreign}")).await;
    assert_eq!((response.status().as_u16(), &json_of(&response)["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_form_of_oauth2() {
    let client = Client::new().await;
    let (secret, wrong) = (encoded(SECRET), Some(("shop-id", "wrong")));
    let right = Some(("shop-id", secret.as_str()));
    let in_body = format!("client_id=shop-id&client_secret={secret}");
    for (basic, body, status, error, challenges) in [
        (None, "token=x".to_owned(), 400, "invalid_client", false),
        (None, "token=x&client_id=shop-id".to_owned(), 400, "invalid_client", false),
        (None, "token=x&client_id=shop-id&client_secret=wrong".to_owned(), 400, "invalid_client", false),
        (None, "token=x&client_id=lk_forged&client_secret=x".to_owned(), 400, "invalid_client", false),
        (wrong, "token=x".to_owned(), 401, "invalid_client", true),
        (Some(("nobody", "x")), "token=x".to_owned(), 401, "invalid_client", true),
        (right, in_body.replace(&secret, "other") + "&token=x", 400, "invalid_request", false),
        // The same in two ways is one.
        (right, in_body.clone(), 400, "invalid_request", false),
        (right, "client_id=other&token=x".to_owned(), 400, "invalid_request", false),
        (right, String::new(), 400, "invalid_request", false),
        (right, "token=x&token=y".to_owned(), 400, "invalid_request", false),
    ] {
        let response = client.send(basic, &body).await;
        let found = (response.status().as_u16(), text(&json_of(&response), "error").to_owned());
        assert_eq!(found, (status, error.to_owned()), "{basic:?} {body}");
        assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), challenges, "{body}");
        assert_eq!(response.headers()["pragma"], "no-cache");
        if error == "invalid_client" {
            assert_eq!(json_of(&response)["error_description"], BAD_CLIENT);
        }
    }
    let response = client.send_as(right, FORM, Some("client_secret=x"), "token=x").await;
    assert_eq!((response.status().as_u16(), &json_of(&response)["error"]), (400, &json!("invalid_request")));
    let response = client.send_as(right, "text/plain", None, "token=x").await;
    assert_eq!(json_of(&response)["error"], "invalid_request");
}

#[tokio::test]
async fn guesses_wait() {
    let client = Client::new().await;
    for _ in 0..10 {
        assert_eq!(client.send(Some(("shop-id", "wrong")), "token=x").await.status(), 401);
    }
    let held = client.send(Some(("shop-id", "wrong")), "token=x").await;
    assert_eq!((held.status().as_u16(), held.headers()[RETRY_AFTER].to_str().unwrap()), (429, "60"));
    // Nobody keeps a client out by guessing.
    assert_eq!(client.send(Some(("shop-id", &encoded(SECRET))), "token=x").await.status(), 200);
    client.control.registry().clock().advance(60_000);
    assert_eq!(client.send(Some(("shop-id", "wrong")), "token=x").await.status(), 401);
}
