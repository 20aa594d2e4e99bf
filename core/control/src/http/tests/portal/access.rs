//! Every endpoint of the Portal API, and every kind of caller.

use super::*;
use crate::http::endpoints::{ENDPOINTS, Surface, Who};

/// Every kind of caller there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    Unverified,
    Pending,
    Approved,
    Other,
    Rejected,
    Revoked,
    AdminToken,
    ReadOnlyToken,
}

const CALLERS: [Caller; 9] = [
    Caller::Nobody,
    Caller::Unverified,
    Caller::Pending,
    Caller::Approved,
    Caller::Other,
    Caller::Rejected,
    Caller::Revoked,
    Caller::AdminToken,
    Caller::ReadOnlyToken,
];

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It is let in, and what comes of it is up to the call.
    LetIn,
    Unauthorized,
    Forbidden,
}

/// The one table: a kind of caller or a rule that is added does not compile until it has its cells.
fn expected(who: Who, caller: Caller) -> Expected {
    match (who, caller) {
        (Who::Anyone | Who::Known, _) => Expected::LetIn,
        (Who::Administrator, _) => unreachable!("no call of the portal is an administrator's"),
        (Who::NotWaiting, Caller::Pending) => Expected::Forbidden,
        (
            Who::NotWaiting,
            Caller::Nobody
            | Caller::Unverified
            | Caller::Approved
            | Caller::Other
            | Caller::Rejected
            | Caller::Revoked
            | Caller::AdminToken
            | Caller::ReadOnlyToken,
        ) => Expected::LetIn,
        (Who::Approved, Caller::Pending) => Expected::Forbidden,
        (Who::Developer, Caller::Pending) => Expected::LetIn,
        (Who::Developer | Who::Approved, Caller::Approved | Caller::Other) => Expected::LetIn,
        (
            Who::Developer | Who::Approved,
            Caller::Nobody
            | Caller::Unverified
            | Caller::Rejected
            | Caller::Revoked
            | Caller::AdminToken
            | Caller::ReadOnlyToken,
        ) => Expected::Unauthorized,
    }
}

/// A session and a token of each kind, made while they might be.
async fn callers(portal: &Portal) -> Vec<(Caller, Browser, Option<String>)> {
    let mut callers = Vec::new();
    let mut unverified = Browser::default();
    for caller in CALLERS {
        let email = format!("{caller:?}@example.org").to_lowercase();
        let (browser, token) = match caller {
            Caller::Nobody => (Browser::default(), None),
            Caller::AdminToken => (Browser::default(), Some(TOKEN.to_owned())),
            Caller::ReadOnlyToken => {
                let (_, made) =
                    portal.admin("POST", "/tokens", json!({"name": "r", "read_only": true})).await;
                (Browser::default(), Some(made["token"].as_str().unwrap().to_owned()))
            }
            Caller::Pending => {
                portal.pending(&email).await;
                (portal.logged_in(&email).await, None)
            }
            Caller::Unverified => {
                portal.admin("PATCH", "/settings", json!({"email_verification": false})).await;
                portal.register(&email, PASSWORD).await.is(200);
                unverified = portal.logged_in(&email).await;
                portal.admin("PATCH", "/settings", json!({"email_verification": true})).await;
                (unverified.clone(), None)
            }
            Caller::Approved | Caller::Other | Caller::Rejected | Caller::Revoked => {
                portal.developer(&email).await;
                let browser = portal.logged_in(&email).await;
                match caller {
                    Caller::Rejected => portal.set_status(&email, 2).await,
                    Caller::Revoked => portal.set_status(&email, 3).await,
                    _ => {}
                }
                (browser, None)
            }
        };
        callers.push((caller, browser, token));
    }
    assert!(unverified.cookie(SESSION).is_some());
    callers
}

#[tokio::test]
async fn every_endpoint_answers_every_caller_as_the_table_says() {
    let portal = Portal::new().await;
    let callers = callers(&portal).await;
    let mut cells = 0;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.surface == Surface::Portal) {
        for call in endpoint.calls {
            for (caller, browser, token) in &callers {
                // What ends a session is tried last, by a session of its own.
                let path = endpoint.path.replace(['{', '}'], "");
                if call.method == "DELETE" && matches!(endpoint.path, "/auth" | "/developer") {
                    continue;
                }
                let fields: Vec<(&str, &str)> =
                    token.iter().map(|token| ("kong-admin-token", token.as_str())).collect();
                let body = matches!(call.method, "POST" | "PATCH").then(|| json!({}));
                let got = portal.send(&mut browser.clone(), call.method, &path, body, &fields).await;
                let cell = format!("{} {path} as {caller:?}: {} {}", call.method, got.status, got.body);
                match expected(call.who(Surface::Portal), *caller) {
                    Expected::LetIn => {
                        assert!(call.answers.contains(&got.status), "{cell}");
                        let asks = call.who(Surface::Portal) != Who::Anyone;
                        assert!(!asks || !matches!(got.status, 401 | 403), "{cell}");
                    }
                    Expected::Unauthorized => {
                        assert_eq!(got.status, 401, "{cell}");
                        assert_eq!(got.body, json!({"message": "Invalid authentication credentials"}));
                    }
                    Expected::Forbidden => assert_eq!(got.status, 403, "{cell}"),
                }
                cells += 1;
            }
        }
    }
    for (caller, browser, token) in &callers {
        let fields: Vec<(&str, &str)> =
            token.iter().map(|token| ("kong-admin-token", token.as_str())).collect();
        let got = portal.send(&mut browser.clone(), "DELETE", "/developer", None, &fields).await;
        let is_let = expected(Who::Developer, *caller) == Expected::LetIn;
        assert_eq!(got.status, if is_let { 204 } else { 401 }, "{caller:?}");
    }
    assert!(cells > 300, "{cells}");
}
