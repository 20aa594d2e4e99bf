//! Routes.

use super::*;

#[tokio::test]
async fn a_route_is_made_once() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let page = see(&mut browser, &control, &format!("/manager/services/{service}/routes")).await;
    assert!(page.contains("There are no routes yet."), "{page}");
    let new = browser.get(&control, &format!("/manager/services/{service}/routes/new")).await;
    assert!(text(&new).contains(&format!("value=\"{service}\" selected")), "{}", text(&new));
    let nonce = nonce(&new);
    let form = |paths: &'static str, headers: &'static str| {
        vec![
            ("nonce", nonce.clone()),
            ("name", "orders-v1".to_owned()),
            ("service", service.clone()),
            ("methods", "GET\r\nPOST\r\n".to_owned()),
            ("hosts", String::new()),
            ("paths", paths.to_owned()),
            ("headers", headers.to_owned()),
            ("strip_path", "true".to_owned()),
        ]
    };
    for (paths, headers, beside) in
        [("/a", "x-version 1", "x-version 1"), ("a", "x-version: 1", "should start with")]
    {
        let response = send(&mut browser, &control, "/manager/routes/new", &form(paths, headers)).await;
        assert_eq!(response.status(), 400);
        let page = text(&response);
        assert!(page.contains(beside) && page.contains("aria-invalid") && page.contains(&nonce), "{page}");
        assert!(page.contains("GET\r\nPOST") || page.contains("GET\nPOST"), "what was typed stays: {page}");
    }
    let good = form("/a\r\n/b", "x-version: 1\r\nx-version: 2\r\nx-b: c:d");
    for said in ["Created.", "nothing was done again"] {
        let response = send(&mut browser, &control, "/manager/routes/new", &good).await;
        let page = follow(&mut browser, &control, &response, said).await;
        assert_eq!(page.matches(">orders-v1<").count(), 1, "{page}");
    }
    let stored = admin(&control, "GET", "/routes/orders-v1", Value::Null).await;
    assert_eq!(stored["id"], nonce.as_str());
    assert_eq!(stored["paths"], json!(["/a", "/b"]));
    assert_eq!(stored["headers"], json!({"x-version": ["1", "2"], "x-b": ["c:d"]}));
    assert_eq!(json!([stored["strip_path"], stored["preserve_host"]]), json!([true, false]));
    assert_eq!(stored["hosts"], Value::Null);
    let unknown = "/manager/services/nothing/routes/new";
    assert_eq!(browser.get(&control, unknown).await.status(), 404);
}

async fn send(
    browser: &mut Browser,
    control: &TestControl,
    path: &str,
    form: &[(&str, String)],
) -> Response<Bytes> {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(control, path, &form).await
}

#[tokio::test]
async fn a_route_is_changed_and_deleted() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let body = json!({"name": "r", "paths": ["/r"], "hosts": ["a.test"], "headers": {"x-a": ["b", "c"]},
        "preserve_host": true, "service": {"id": service}});
    let route = id(&admin(&control, "POST", "/routes", body).await);
    let list = see(&mut browser, &control, "/manager/routes?q=A.TEST").await;
    assert!(list.contains(">r<") && list.contains(">orders<") && list.contains("a.test"), "{list}");
    assert!(see(&mut browser, &control, "/manager/routes?q=zzz").await.contains("Nothing matches"));

    let path = format!("/manager/routes/{route}");
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("x-a: b\nx-a: c") && page.contains(&format!("value=\"{service}\" selected")));
    assert_eq!(page.matches(" checked").count(), 2, "{page}");
    let response = browser.post(&control, &path, &[("name", "r"), ("paths", "r")]).await;
    assert_eq!(response.status(), 400);
    assert_eq!(text(&response).matches(" checked").count(), 0, "boxes as they were sent");
    let response = browser.post(&control, &path, &[("name", "r2"), ("paths", "/r2")]).await;
    follow(&mut browser, &control, &response, "Saved.").await;
    let stored = admin(&control, "GET", &format!("/routes/{route}"), Value::Null).await;
    let cleared = json!([stored["name"], stored["hosts"], stored["headers"], stored["service"]]);
    assert_eq!(cleared, json!(["r2", null, null, null]));

    let delete = format!("{path}/delete");
    let page = see(&mut browser, &control, &delete).await;
    assert!(page.contains("Delete the route r2?") && page.contains("within 5 seconds"), "{page}");
    control.registry.clock().advance(11 * 60_000);
    assert_eq!(browser.post(&control, &delete, &[]).await.status(), 401, "the token is asked for again");
    for _ in 0..2 {
        let response = browser.post(&control, &delete, &[("admin_token", TOKEN)]).await;
        follow(&mut browser, &control, &response, "Deleted.").await;
    }
    assert_eq!(browser.get(&control, &path).await.status(), 404);
}

#[tokio::test]
async fn the_page_says_which_route_matches_and_why_not_another() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    for (name, paths) in [("near", "/orders"), ("far", "/stock")] {
        let route = json!({"name": name, "paths": [paths], "service": {"id": service}});
        admin(&control, "POST", "/routes", route).await;
    }
    admin(&control, "POST", "/plugins", json!({"name": "key-auth"})).await;
    let list = see(&mut browser, &control, "/manager/routes").await;
    assert!(list.contains("href=\"/manager/match\""), "{list}");
    let asked = see(&mut browser, &control, "/manager/match").await;
    assert!(asked.contains("name=\"headers\"") && !asked.contains("This route matches"), "{asked}");

    let form = |path: &str, headers: &str| {
        let fields =
            [("method", "GET"), ("scheme", "http"), ("host", ""), ("path", path), ("headers", headers)];
        fields.map(|(name, value)| (name, value.to_owned())).to_vec()
    };
    let found = send(&mut browser, &control, "/manager/match", &form("/orders/7", "x-secret: canary")).await;
    assert_eq!(found.status(), 200);
    let page = text(&found);
    for part in [">near<", "http://orders.test:8080/v1/7", "key-auth", ">far<", "No path of it matches."] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("x-secret: canary"), "what was typed stays: {page}");
    let none = send(&mut browser, &control, "/manager/match", &form("/none", "")).await;
    assert!(text(&none).contains("No route matches"), "{}", text(&none));
    let own = send(&mut browser, &control, "/manager/match", &form("/-/health", "")).await;
    assert!(text(&own).contains("answers this path itself"), "{}", text(&own));
    for (path, headers, beside) in [("orders", "", "should start with"), ("/", "a b: c", "bad header name")] {
        let wrong = send(&mut browser, &control, "/manager/match", &form(path, headers)).await;
        assert_eq!(wrong.status(), 400, "{path}");
        assert!(text(&wrong).contains(beside), "{beside}: {}", text(&wrong));
    }
}
