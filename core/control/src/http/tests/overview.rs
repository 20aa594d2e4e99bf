//! What waits for an administrator, and lists that are searched.

use serde_json::json;

use super::*;

async fn make(control: &TestControl, path: &str, body: Value) -> String {
    let (status, made) = call(control, "POST", path, &body.to_string()).await;
    assert!(status < 300, "{path}: {made}");
    text(&made, "id").to_owned()
}

/// The names found, over all pages.
async fn found(control: &TestControl, target: &str, name: &str) -> Vec<String> {
    let (mut names, mut next) = (Vec::new(), Some(target.to_owned()));
    while let Some(target) = next {
        let (status, page) = call(control, "GET", &target, "").await;
        assert_eq!(status, 200, "{target}: {page}");
        names.extend(page["data"].as_array().unwrap().iter().map(|one| text(one, name).to_owned()));
        next = page["next"].as_str().map(str::to_owned);
    }
    names.sort();
    names
}

#[tokio::test]
async fn lists_are_searched_in_whatever_case_page_by_page() {
    let control = new_control().await;
    for (name, host) in [("Orders", "a.example"), ("pets", "orders.example"), ("x", "b.example")] {
        make(&control, "/services", json!({"name": name, "host": host})).await;
    }
    for username in ["Ünal", "bob", "BOBBY"] {
        make(&control, "/consumers", json!({"username": username})).await;
    }
    for (target, name, expected) in [
        ("/services?q=ORDERS&size=1", "name", vec!["Orders", "pets"]),
        ("/services?q=nothing", "name", vec![]),
        ("/services?q=", "name", vec!["Orders", "pets", "x"]),
        ("/consumers?q=bob", "username", vec!["BOBBY", "bob"]),
        ("/consumers?q=%C3%BCNAL", "username", vec!["Ünal"]),
    ] {
        assert_eq!(found(&control, target, name).await, expected, "{target}");
    }
    assert_eq!(call(&control, "GET", "/application_instances?status=x", "").await.0, 400);
    assert_eq!(call(&control, "GET", "/developers?status=x", "").await.0, 400);
}

#[tokio::test]
async fn how_many_are_found_is_said_where_it_is_asked_for() {
    let control = new_control().await;
    for number in 0..7 {
        make(&control, "/consumers", json!({"username": format!("bob-{number}")})).await;
        make(&control, "/developers", json!({"email": format!("dee-{number}@a.test"), "status": number % 2}))
            .await;
    }
    for (target, expected) in [
        ("/consumers?q=bob&size=2", json!(null)),
        ("/consumers?q=bob&size=2&total=false", json!(null)),
        ("/consumers?q=bob&size=2&total=true", json!(7)),
        ("/consumers?q=bob-3&total=true", json!(1)),
        ("/consumers?q=nobody&total=true", json!(0)),
        ("/consumers?size=2&total=true", json!(7)),
        ("/consumers?size=2", json!(null)),
        ("/developers?q=dee&size=3&total=true", json!(7)),
        ("/developers?status=1&total=true", json!(3)),
        ("/developers?size=1", json!(7)),
        ("/application_instances?total=true", json!(0)),
    ] {
        let (status, page) = call(&control, "GET", target, "").await;
        assert_eq!((status, &page["total"]), (200, &expected), "{target}: {page}");
    }
    // Of every page the same.
    let first = call(&control, "GET", "/consumers?q=bob&size=2&total=true", "").await.1;
    let next = first["next"].as_str().unwrap();
    assert_eq!(call(&control, "GET", next, "").await.1["total"], json!(7), "{next}");
}

#[tokio::test]
async fn the_overview_has_what_waits_and_keys_that_end_within_a_week() {
    let control = new_control().await;
    let none = json!({"count": 0, "or_more": false});
    let empty = json!({"requests_waiting": none, "developers_waiting": none, "keys_ending": [], "more_keys_ending": false});
    assert_eq!(call(&control, "GET", "/overview", "").await, (200, empty));

    let service = make(&control, "/services", json!({"name": "pets", "host": "a"})).await;
    let plugin = json!({"name": "application-registration", "service": {"id": service}, "config": {"display_name": "Pets"}});
    make(&control, "/plugins", plugin).await;
    make(&control, "/developers", json!({"email": "a@b.org", "status": 0})).await;
    let app = json!({"name": "App", "redirect_uri": "http://a.b"});
    let app = make(&control, "/developers/a@b.org/applications", app).await;
    let contract = json!({"service": {"id": service}}).to_string();
    let path = format!("/applications/{app}/application_instances");
    let (status, made) = call(&control, "POST", &path, &contract).await;
    assert_eq!((status, &made["status"]), (201, &json!(1)), "{made}");
    make(&control, "/developers", json!({"email": "w@b.org"})).await;
    make(&control, "/consumers", json!({"username": "bob"})).await;
    for ttl in [86_400, 6 * 86_400, 8 * 86_400] {
        make(&control, "/consumers/bob/key-auth", json!({"ttl": ttl})).await;
    }

    let (_, overview) = call(&control, "GET", "/overview", "").await;
    let one = json!({"count": 1, "or_more": false});
    assert_eq!((&overview["requests_waiting"], &overview["developers_waiting"]), (&one, &one), "{overview}");
    let keys = overview["keys_ending"].as_array().unwrap();
    let ends: Vec<u64> = keys.iter().filter_map(|key| key["expires_at"].as_u64()).collect();
    assert_eq!(ends, [START_MS / 1000 + 86_400, START_MS / 1000 + 6 * 86_400]);
    assert_eq!((&keys[0]["owner"]["name"], &keys[0]["owner"]["kind"]), (&json!("bob"), &json!("consumers")));

    let (status, changed) =
        call(&control, "PATCH", &format!("{path}/{}", text(&made, "id")), r#"{"status":0}"#).await;
    assert_eq!(status, 200, "{changed}");
    for (entity, applications, credentials) in [
        ("services/pets".to_owned(), 1, 1),
        ("developers/a@b.org".to_owned(), 1, 1),
        (format!("applications/{app}"), 1, 1),
        (format!("application_instances/{}", text(&made, "id")), 1, 1),
        ("consumers/bob".to_owned(), 0, 3),
    ] {
        let tally = |count| json!({"count": count, "or_more": false});
        let expected =
            json!({"applications": tally(applications), "credentials": tally(credentials), "within_s": 5});
        assert_eq!(
            call(&control, "GET", &format!("/impact/{entity}"), "").await,
            (200, expected),
            "{entity}"
        );
    }
    let one = format!("/application_instances/{}", text(&made, "id"));
    assert_eq!(call(&control, "GET", &one, "").await.1["status"], json!(0), "by its id alone");
    let (_, all) = call(&control, "GET", "/application_instances", "").await;
    assert_eq!((all["data"].as_array().map(Vec::len), &all["total"]), (Some(1), &Value::Null), "{all}");
    assert_eq!(call(&control, "GET", "/impact/services/none", "").await.0, 404);
    assert_eq!(call(&control, "GET", "/impact/things/none", "").await.0, 404);

    for (target, count) in [("?status=0", 1), ("?status=1", 0), ("?status=0&q=zzz", 0)] {
        assert_eq!(found(&control, &format!("{path}{target}"), "id").await.len(), count, "{target}");
        let below_service = format!("/services/{service}/application_instances{target}");
        assert_eq!(found(&control, &below_service, "id").await.len(), count, "{target}");
        let all = format!("/application_instances{target}");
        assert_eq!(found(&control, &all, "id").await.len(), count, "{target}");
    }
}
