//! From nothing to the first call.

use super::*;

#[tokio::test]
async fn three_steps_lead_to_the_first_call() {
    let mut control = new_control().await;
    set_gateway(&mut control);
    let mut browser = administrator(&control).await;
    let start = browser.get(&control, "/manager/").await;
    assert!(text(&start).contains("three steps to the first call"), "{}", text(&start));
    let drawn = nonce(&start);
    let bad = [("nonce", drawn.as_str()), ("name", "a b"), ("url", "http://up.test")];
    let response = browser.post(&control, "/manager/first/service", &bad).await;
    assert_eq!(response.status(), 400);
    assert!(text(&response).contains("value=\"a b\"") && text(&response).contains("aria-invalid"));
    assert_eq!(nonce(&response), drawn);
    let good = [("nonce", drawn.as_str()), ("name", "orders"), ("url", "http://up.test")];
    for said in ["Created.", "nothing was done again"] {
        let response = browser.post(&control, "/manager/first/service", &good).await;
        let page = follow(&mut browser, &control, &response, said).await;
        assert!(page.contains("/manager/first/route"), "the next step: {page}");
    }

    let drawn = nonce(&browser.get(&control, "/manager/").await);
    let response =
        browser.post(&control, "/manager/first/route", &[("nonce", &drawn), ("path", "orders")]).await;
    assert_eq!(response.status(), 400);
    assert!(text(&response).contains("should start with: /"), "{}", text(&response));
    for said in ["Created.", "nothing was done again"] {
        let form = [("nonce", drawn.as_str()), ("path", "/orders")];
        let response = browser.post(&control, "/manager/first/route", &form).await;
        let page = follow(&mut browser, &control, &response, said).await;
        assert!(page.contains("/manager/first/key-auth"), "the next step: {page}");
    }

    let drawn = nonce(&browser.get(&control, "/manager/").await);
    let shown = browser.post(&control, "/manager/first/key-auth", &[("nonce", &drawn)]).await;
    assert_eq!(shown.status(), 200, "{}", text(&shown));
    let found = text(&shown).find("lk_").expect("the key is shown");
    let key: String = text(&shown)[found..]
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    let curl = text(&shown).split_once("curl ").expect("a line of curl").1;
    let curl = curl.split_once("</").unwrap().0;
    assert!(curl.contains("http://gateway.test:8000/orders") && curl.contains(&key), "{curl}");
    let listed = admin(&control, "POST", "/keys/find", json!({"key": key})).await;
    assert_eq!(json!([listed["good"], listed["consumer"]["username"]]), json!([true, "first-consumer"]));

    let again = browser.post(&control, "/manager/first/key-auth", &[("nonce", &drawn)]).await;
    assert_eq!(again.status(), 200);
    assert!(!text(&again).contains("lk_"), "a key is shown once: {}", text(&again));
    assert!(text(&again).contains(&format!("/keys/{drawn}/rotate")), "{}", text(&again));
    let keys = admin(&control, "GET", "/key-auths", Value::Null).await;
    assert_eq!(keys["data"].as_array().unwrap().len(), 1);
    let page = see(&mut browser, &control, "/manager/").await;
    assert!(page.contains("Nothing waits.") && !page.contains("three steps"), "{page}");
}

#[tokio::test]
async fn the_steps_are_for_the_first_service_alone() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    make_service(&control, "a").await;
    assert!(see(&mut browser, &control, "/manager/").await.contains("three steps"));
    make_service(&control, "b").await;
    assert!(!see(&mut browser, &control, "/manager/").await.contains("three steps"));
    for step in ["route", "key-auth"] {
        let response = browser.post(&control, &format!("/manager/first/{step}"), &[("path", "/x")]).await;
        follow(&mut browser, &control, &response, "nothing was done again").await;
    }
    for list in ["/routes", "/plugins", "/consumers", "/key-auths"] {
        assert_eq!(admin(&control, "GET", list, Value::Null).await["data"], json!([]), "{list}");
    }
}
