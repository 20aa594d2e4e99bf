//! Plugins of a service.

use super::*;

#[tokio::test]
async fn key_auth_is_made_once_and_changed() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let list = format!("/manager/services/{service}/plugins");
    assert!(see(&mut browser, &control, &list).await.contains("No plugins yet"));
    let cards = see(&mut browser, &control, &format!("{list}/new")).await;
    assert!(cards.contains(&format!("{list}/key-auth\"")) && cards.contains("Enable"), "{cards}");
    let path = format!("{list}/key-auth");
    let new = browser.get(&control, &path).await;
    for label in ["Key names", "Key in body", "Run on preflight", "Realm", "Anonymous"] {
        assert!(text(&new).contains(label), "{label}: {}", text(&new));
    }
    assert!(text(&new).contains("\napikey</textarea>"), "defaults stand in the form: {}", text(&new));
    let nonce = nonce(&new);
    let mut form = vec![
        ("nonce", nonce.as_str()),
        ("enabled", "true"),
        ("key_names", "apikey\r\nx-key"),
        ("key_in_header", "true"),
        ("realm", "a\"b"),
        ("anonymous", ""),
    ];
    let response = browser.post(&control, &path, &form).await;
    assert_eq!(response.status(), 400);
    assert!(text(&response).contains("must not contain quotes"), "{}", text(&response));
    assert!(text(&response).contains("a&#34;b") && text(&response).contains("aria-invalid"));
    form[4] = ("realm", "");
    for said in ["Created.", "nothing was done again"] {
        let response = browser.post(&control, &path, &form).await;
        follow(&mut browser, &control, &response, said).await;
    }
    let stored = || admin(&control, "GET", "/plugins", Value::Null);
    let plugin = stored().await["data"][0].clone();
    assert_eq!(plugin["id"], nonce.as_str());
    let config = &plugin["config"];
    assert_eq!(
        json!([config["key_names"], config["key_in_query"], config["run_on_preflight"], config["realm"]]),
        json!([["apikey", "x-key"], false, false, null])
    );

    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("apikey\nx-key") && !page.contains("Keys in the query end up in logs"), "{page}");
    let change = [("enabled", "true"), ("key_names", "apikey"), ("key_in_query", "true")];
    let response = browser.post(&control, &path, &change).await;
    follow(&mut browser, &control, &response, "Saved.").await;
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("Keys in the query end up in logs"), "{page}");
}

#[tokio::test]
async fn the_preview_of_key_auth_shows_no_refusal_where_nobody_is_refused() {
    let mut control = new_control().await;
    set_gateway(&mut control);
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let route = json!({"name": "r", "paths": ["/r"]});
    admin(&control, "POST", &format!("/services/{service}/routes"), route).await;
    let made =
        admin(&control, "POST", &format!("/services/{service}/plugins"), json!({"name": "key-auth"})).await;
    let plugin = id(&made);
    let path = format!("/manager/services/{service}/plugins/key-auth");
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("A request without a key gets") && page.contains("401 Unauthorized"), "{page}");
    assert!(page.contains("The service is then served as if there were no such plugin."), "{page}");
    let consumer = id(&admin(&control, "POST", "/consumers", json!({"username": "anybody"})).await);
    let config = json!({"config": {"anonymous": consumer}});
    admin(&control, "PATCH", &format!("/plugins/{plugin}"), config).await;
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("A good call") && !page.contains("401 Unauthorized"), "{page}");
    assert!(page.contains("is let through as this consumer"), "{page}");
}

#[tokio::test]
async fn key_auth_is_suspended_resumed_and_deleted() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    admin(&control, "POST", &format!("/services/{service}/plugins"), json!({"name": "key-auth"})).await;
    let list = format!("/manager/services/{service}/plugins");
    let path = format!("{list}/key-auth");
    let stored = || admin(&control, "GET", "/plugins", Value::Null);
    let page = see(&mut browser, &control, &format!("{path}/suspend")).await;
    assert!(page.contains("can be called without a key"), "{page}");
    for (what, said, enabled) in [("suspend", "Suspended.", false), ("resume", "Resumed.", true)] {
        let response = browser.post(&control, &format!("{path}/{what}"), &[]).await;
        follow(&mut browser, &control, &response, said).await;
        assert_eq!(stored().await["data"][0]["enabled"], enabled);
    }
    assert!(
        see(&mut browser, &control, &format!("{path}/delete")).await.contains("Delete key-auth of orders?")
    );
    for said in ["Deleted.", "nothing was done again"] {
        let response = browser.post(&control, &format!("{path}/delete"), &[]).await;
        follow(&mut browser, &control, &response, said).await;
    }
    assert_eq!(stored().await["data"], json!([]));
    for what in ["suspend", "delete"] {
        assert_eq!(browser.get(&control, &format!("{path}/{what}")).await.status(), 404);
    }
    assert_eq!(browser.get(&control, &format!("{list}/acl")).await.status(), 404);
}

#[tokio::test]
async fn what_key_auth_comes_to_is_shown() {
    let mut control = new_control().await;
    set_gateway(&mut control);
    let mut browser = administrator(&control).await;
    let service = make_service(&control, "orders").await;
    let path = format!("/services/{service}");
    let plugin = json!({"name": "key-auth", "config": {"key_names": ["x-key"], "realm": "house"}});
    admin(&control, "POST", &format!("{path}/plugins"), plugin).await;
    let form = format!("/manager{path}/plugins/key-auth");
    assert!(!see(&mut browser, &control, &form).await.contains("A good call"), "no route, no call");
    for (route, shown) in [
        (json!({"paths": ["~/a/\\d+"]}), None),
        (json!({"hosts": ["*.a.test"]}), None),
        (json!({"paths": ["/b"], "headers": {"x-a": ["b"]}}), None),
        (json!({"paths": ["/c"], "methods": ["PUT"]}), Some("http://gateway.test:8000/c")),
        (json!({"hosts": ["*.a.test", "d.test"]}), Some("http://d.test:8000/")),
    ] {
        let route = id(&admin(&control, "POST", &format!("{path}/routes"), route).await);
        let page = see(&mut browser, &control, &form).await;
        match shown {
            None => assert!(!page.contains("A good call"), "{page}"),
            Some(url) => {
                assert!(page.contains(url) && page.contains("x-key: "), "{page}");
                assert!(page.contains("Key realm=&#34;house&#34;"), "{page}");
                assert!(page.contains("No API key found in request"), "{page}");
            }
        }
        admin(&control, "DELETE", &format!("/routes/{route}"), Value::Null).await;
    }
}

#[tokio::test]
async fn those_who_wait_are_asked_about_when_new_ones_are_approved_at_once() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_queue(&control, 3).await;
    let path = format!("/manager/services/{service}/plugins/application-registration");
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("Requests for access that wait: 3"), "{page}");
    assert!(page.contains("Leave them waiting") && page.contains("Approve them all"), "{page}");
    let contracts = format!("/services/{service}/application_instances");
    let states = || async {
        let listed = admin(&control, "GET", &contracts, Value::Null).await;
        let data = listed["data"].as_array().unwrap().clone();
        data.iter().map(|contract| contract["status"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let mut form = vec![("enabled", "true"), ("display_name", ""), ("waiting", "approve")];
    form.push(("auto_approve", "true"));
    assert_eq!(browser.post(&control, &path, &form).await.status(), 400, "a name is missing");
    assert_eq!(states().await, [1, 1, 1]);
    form[1] = ("display_name", "Orders");
    for (waiting, auto_approve, expected) in
        [("leave", "true", [1, 1, 1]), ("approve", "", [1, 1, 1]), ("approve", "true", [0, 0, 0])]
    {
        form[2] = ("waiting", waiting);
        form[3] = ("auto_approve", auto_approve);
        let response = browser.post(&control, &path, &form).await;
        follow(&mut browser, &control, &response, "Saved.").await;
        assert_eq!(states().await, expected);
    }
    let page = see(&mut browser, &control, &path).await;
    assert!(!page.contains("Approve them all"), "{page}");
    let page = see(&mut browser, &control, &format!("{path}/suspend")).await;
    assert!(page.contains("3 applications stop, within 5 seconds."), "{page}");
}

#[tokio::test]
async fn a_form_approves_five_hundred_at_most() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let service = make_queue(&control, 501).await;
    let path = format!("/manager/services/{service}/plugins/application-registration");
    let form =
        [("enabled", "true"), ("display_name", "Orders"), ("waiting", "approve"), ("auto_approve", "true")];
    let response = browser.post(&control, &path, &form).await;
    follow(&mut browser, &control, &response, "Not all of them could be changed").await;
    let page = see(&mut browser, &control, &path).await;
    assert!(page.contains("Requests for access that wait: 1"), "{page}");
    let response = browser.post(&control, &path, &form).await;
    follow(&mut browser, &control, &response, "Saved.").await;
}
