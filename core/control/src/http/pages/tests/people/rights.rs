//! Who may do what: nobody without a session does anything, and who may only read reads.

use super::*;
use crate::http::endpoints::Endpoint;
use crate::http::page_rows::people::ROWS;

/// A path of these pages, for things that are there.
struct Path {
    path: String,
    is_shown: bool,
    is_done: bool,
}

async fn all_paths(control: &TestControl) -> Vec<Path> {
    let (_, developer, ids) = queue(control, 1).await;
    let application = contract(control, &ids[0]).await["application"]["id"].as_str().unwrap().to_owned();
    let keys = format!("/applications/{application}/credentials/oauth2");
    let key = id(&admin(control, "POST", &keys, json!({})).await);
    let named = [
        ("{contract}", &ids[0]),
        ("{developer}", &developer),
        ("{application}", &application),
        ("{key}", &key),
    ];
    let path = |row: &Endpoint| Path {
        path: named.iter().fold(format!("/manager{}", row.path), |path, (name, id)| path.replace(name, id)),
        is_shown: row.call("GET").is_some(),
        is_done: row.call("POST").is_some(),
    };
    ROWS.iter().map(path).collect()
}

#[tokio::test]
async fn nothing_is_shown_or_done_without_a_session() {
    let control = new_control().await;
    for Path { path, is_shown, is_done } in all_paths(&control).await {
        if is_shown {
            let response = Browser::default().get(&control, &path).await;
            assert_eq!((response.status().as_u16(), response.body().len()), (303, 0), "{path}");
            assert!(location(&response).starts_with("/manager/log-in"), "{path}");
        }
        if is_done {
            assert_eq!(Browser::default().post(&control, &path, &[]).await.status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let control = new_control().await;
    let token = admin(&control, "POST", "/tokens", json!({"name": "o", "read_only": true})).await;
    let mut browser = Browser::default();
    let form = [("admin_token", token["token"].as_str().unwrap())];
    assert_eq!(browser.post(&control, "/manager/log-in", &form).await.status(), 303);
    let paths = all_paths(&control).await;
    make_developer(&control, "bob@b.test", 1).await;
    let (_, before) = call(&control, "GET", "/application_instances", "").await;
    let picked = id(&before["data"][0]);
    let form = [("contract", picked.as_str()), ("addresses", "n@x.test"), ("email", "bob@b.test")];
    for Path { path, is_shown, is_done } in paths {
        if is_shown {
            assert_eq!(browser.get(&control, &path).await.status(), 200, "{path}");
        }
        // A developer who is approved already is left so, by whomever.
        let decides = path.ends_with("/approve") || path.ends_with("/reject");
        let is_so = path.contains("/developers/") && decides;
        if is_done && !is_so {
            let response = browser.post(&control, &path, &form).await;
            assert_eq!(response.status(), 403, "{path}: {}", text(&response));
        }
    }
    let (_, after) = call(&control, "GET", "/application_instances", "").await;
    assert_eq!(after, before);
}
