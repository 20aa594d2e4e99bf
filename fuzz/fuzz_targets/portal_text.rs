//! What strangers send to the portal, as any text: cookies, `Authorization: Basic`, mailed tokens, e-mail
//! addresses; and hashes as a store that was tampered with may have them. Nothing panics, no server error is
//! answered, nothing is taken for a session or a token that was not made here, and no hash is checked that
//! costs more than it may.

#![no_main]

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue};
use latchkey_control::accounts::AccountTags;
use latchkey_control::http::{Control, ControlSettings, Head, Step};
use latchkey_control::log_in::{PasswordAnswer, PasswordOutcome};
use latchkey_control::mail::Language;
use latchkey_control::passwords::{Parameters, Password, PhcString, judge};
use latchkey_control::ports::testing::{ManualClock, SeededRandom};
use latchkey_control::registry::Registry;
use latchkey_control::schema::{EntityKind, Mode};
use latchkey_published::keys::{Pepper, Peppers};
use latchkey_request::origin::Origin;
use latchkey_store::memory::MemoryStore;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokio::runtime::Builder;
use uuid::Uuid;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Cookie(&'a [u8]),
    /// What stands behind `Basic`.
    Authorization(&'a [u8]),
    /// Address and password, put together as they should be.
    Basic(&'a str, &'a str),
    Token(&'a str),
    Address(&'a str),
    Hash(&'a str),
    Language(&'a str),
    Password(&'a str, &'a str),
}

fn peppers() -> Peppers {
    Peppers { current: Pepper::new(b"pepper"), previous: Some(Pepper::new(b"before")) }
}

fuzz_target!(|input: Input<'_>| match input {
    Input::Cookie(cookie) => {
        let is_made_here = AccountTags::new(&peppers()).recognise_session(cookie).is_some();
        assert!(!is_made_here, "nobody has made one");
        send("GET", "/portal/api/developer", &[(COOKIE, cookie)], "");
    }
    Input::Authorization(rest) => {
        let value = [b"Basic ", rest].concat();
        send("GET", "/portal/api/auth", &[(AUTHORIZATION, &value)], "");
    }
    Input::Basic(address, password) => {
        let value = format!("Basic {}", STANDARD.encode(format!("{address}:{password}")));
        send("GET", "/portal/api/auth", &[(AUTHORIZATION, value.as_bytes())], "");
    }
    Input::Token(token) => {
        assert!(AccountTags::new(&peppers()).recognise_mail_token(token.as_bytes()).is_none());
        let body = json!({"token": token, "password": "violet harbour tulip 93"}).to_string();
        for path in [
            "verify-account",
            "invalidate-account-verification",
            "reset-password",
            "confirm-email",
            "revert-email",
        ] {
            let path = format!("/portal/api/{path}");
            let status = send("POST", &path, &[(CONTENT_TYPE, b"application/json")], &body);
            assert!(matches!(status, 400 | 401), "{path}: {status}");
        }
    }
    Input::Address(address) => {
        let developer = json!({"email": address});
        let developer = developer.as_object().expect("an object");
        if EntityKind::Developers.validate(Mode::Whole, developer).is_ok() {
            assert!(address.len() <= 254 && address.matches('@').count() == 1);
            assert!(!address.contains(|c: char| c.is_whitespace() || c.is_control() || ",;<>".contains(c)));
        }
        let body = json!({"email": address, "password": "violet harbour tulip 93", "meta": "{\"full_name\":\"Dee\"}"});
        for path in ["register", "forgot-password", "resend-account-verification", "auth"] {
            let path = format!("/portal/api/{path}");
            send("POST", &path, &[(CONTENT_TYPE, b"application/json")], &body.to_string());
        }
    }
    Input::Hash(text) => {
        let phc = PhcString::new(text.to_owned());
        let (small, large) = (phc.is_taken_by(Parameters::SMALL), phc.is_taken_by(Parameters::LARGE));
        assert!(large || !small, "what a Worker checks, all do");
        if large {
            let memory = text.strip_prefix("$argon2id$v=19$m=").and_then(|rest| rest.split_once(','));
            let memory: u32 = memory.expect("its one form").0.parse().expect("a number");
            assert!((7168..=65_536).contains(&memory) && (memory <= 19_456 || !small));
        }
    }
    Input::Language(field) => {
        let accepted = Language::accepted(field);
        assert!(accepted.is_none_or(|language| field.to_ascii_lowercase().contains(language.tag())));
    }
    Input::Password(password, context) => {
        let verdict = judge(&Password::new(password), 8, &[context]);
        assert!(verdict.is_err() || password.chars().count() >= 3, "composed, it is shorter at most");
    }
});

/// The status of an answer, of which every one is expected but a server's error.
fn send(method: &str, path: &str, fields: &[(http::HeaderName, &[u8])], body: &str) -> u16 {
    let mut headers = HeaderMap::new();
    headers.insert("Origin", HeaderValue::from_static("https://portal.example"));
    for (name, value) in fields {
        let Ok(value) = HeaderValue::from_bytes(value) else { return 400 };
        headers.insert(name, value);
    }
    let head = Head {
        method,
        host: b"portal.example",
        path,
        query: None,
        headers: &headers,
        client_ip: None,
        request_id: None,
    };
    Builder::new_current_thread().build().expect("a runtime").block_on(async {
        let (clock, random) = (ManualClock::at(1_700_000_000_000), SeededRandom::new(1));
        let registry =
            Registry::open(MemoryStore::default(), clock, random, peppers()).await.expect("a registry");
        let mut settings = ControlSettings::new(None, "fuzz", Uuid::nil());
        settings.control_origin = Origin::parse("https://portal.example").ok();
        settings.mail_from = Some("portal@portal.example".to_owned());
        let control = Control::new(registry, settings);
        let response = match control.ask(&head, body.as_bytes(), None).await {
            Step::Answer(response) => response,
            Step::Password(need) => {
                let answer = PasswordAnswer { state: need.state, outcome: PasswordOutcome::Wrong };
                match control.ask(&head, body.as_bytes(), Some(&answer)).await {
                    Step::Answer(response) => response,
                    Step::Password(_) | Step::Call(_) => panic!("{method} {path} asks twice"),
                }
            }
            Step::Call(_) => panic!("{method} {path} calls the gateway, which is not there"),
        };
        let status = response.status().as_u16();
        assert!(status < 500, "{method} {path}: {status}");
        status
    })
}
