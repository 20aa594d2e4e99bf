//! Applications and their keys.

use super::*;

#[tokio::test]
async fn applications_are_listed_and_searched() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    assert!(page(&mut browser, &control, "/manager/applications").await.contains("no applications yet"));
    let developer = make_developer(&control, "jane@x.test", 0).await;
    for name in ["zoo", "shop"] {
        make_application(&control, &developer, name).await;
    }
    for (query, expected) in [("", [true, true]), ("?q=ZO", [true, false]), ("?q=nothing", [false, false])] {
        let shown = page(&mut browser, &control, &format!("/manager/applications{query}")).await;
        let found = ["zoo", "shop"].map(|name| shown.contains(&format!(">{name}<")));
        assert_eq!(found, expected, "{query}: {shown}");
        assert_eq!(shown.contains("jane@x.test"), expected[0], "{query}: {shown}");
    }
}

#[tokio::test]
async fn an_application_is_suspended_resumed_and_deleted() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 1).await;
    let application = contract(&control, &ids[0]).await["application"]["id"].as_str().unwrap().to_owned();
    let of = |what: &str| format!("/manager/applications/{application}{what}");
    let shown = page(&mut browser, &control, &of("")).await;
    let named = ["orders", "jane@a.test", "https://a.test", &ids[0]];
    assert!(named.iter().all(|name| shown.contains(name)), "{shown}");
    for what in ["/suspend", "/delete"] {
        let asked = page(&mut browser, &control, &of(what)).await;
        assert!(asked.contains("1 application stops, within 5 seconds."), "{asked}");
    }
    for (what, said) in [
        ("/suspend", "Suspended."),
        ("/suspend", AGAIN),
        ("/resume", "Resumed."),
        ("/resume", AGAIN),
        ("/delete", "Deleted."),
        ("/delete", AGAIN),
    ] {
        send(&mut browser, &control, &of(what), &[], said).await;
    }
    assert_eq!(browser.get(&control, &of("")).await.status(), 404);
}

#[tokio::test]
async fn an_application_is_moved_to_another_developer() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let jane = make_developer(&control, "jane@x.test", 0).await;
    let bob = make_developer(&control, "bob@x.test", 0).await;
    let application = make_application(&control, &jane, "zoo").await;
    let path = format!("/manager/applications/{application}/move");
    assert!(page(&mut browser, &control, &path).await.contains("jane@x.test"));
    for typed in ["", "nobody@x.test", "no address"] {
        let wrong = browser.post(&control, &path, &[("email", typed)]).await;
        assert_eq!(wrong.status(), 400, "{typed}");
        assert!(text(&wrong).contains("There is no developer with this address."), "{}", text(&wrong));
    }
    let moved = send(&mut browser, &control, &path, &[("email", "BOB@x.test")], "belongs to the other").await;
    assert!(moved.contains("bob@x.test") && !moved.contains("jane@x.test"), "{moved}");
    send(&mut browser, &control, &path, &[("email", "bob@x.test")], AGAIN).await;
    let owner = admin(&control, "GET", &format!("/applications/{application}"), Value::Null).await;
    assert_eq!(owner["developer"]["id"], json!(bob));
}

#[tokio::test]
async fn with_its_last_good_key_an_application_stops() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (service, _, ids) = queue(&control, 1).await;
    let application = contract(&control, &ids[0]).await["application"]["id"].as_str().unwrap().to_owned();
    let credentials = format!("/applications/{application}/credentials/oauth2");
    let first = id(&admin(&control, "GET", &credentials, Value::Null).await["data"][0]);
    let asked = async |browser: &mut Browser, key: &str| {
        let path = format!("/manager/applications/{application}/keys/{key}/suspend");
        let asked = page(browser, &control, &path).await;
        (asked.contains("1 application stops"), asked.contains("Calls with this key are refused"))
    };
    assert_eq!(asked(&mut browser, &first).await, (false, true), "it may call nothing yet");
    let path = format!("/services/{service}/application_instances/{}", ids[0]);
    admin(&control, "PATCH", &path, json!({"status": 0})).await;
    assert_eq!(asked(&mut browser, &first).await, (true, false));
    let made = admin(&control, "POST", &credentials, json!({})).await;
    let key = made["client_id"].as_str().unwrap().to_owned();
    assert_eq!(asked(&mut browser, &first).await, (false, true));
    let found = browser.post(&control, "/manager/find-key", &[("key", &key)]).await;
    assert!(text(&found).contains("Calls with this key are refused"), "{}", text(&found));
    let second = id(&made);
    admin(&control, "PATCH", &format!("{credentials}/{first}"), json!({"enabled": false})).await;
    assert_eq!(asked(&mut browser, &first).await, (false, true), "it is suspended already");
    assert_eq!(asked(&mut browser, &second).await, (true, false));
    let found = browser.post(&control, "/manager/find-key", &[("key", &key)]).await;
    assert!(text(&found).contains("1 application stops"), "{}", text(&found));
}

#[tokio::test]
async fn a_key_is_known_by_its_start_suspended_and_deleted() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let developer = make_developer(&control, "jane@x.test", 0).await;
    let application = make_application(&control, &developer, "zoo").await;
    let path = format!("/applications/{application}/credentials/oauth2");
    let made = admin(&control, "POST", &path, json!({"name": "nightly"})).await;
    let (key, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    let shown = page(&mut browser, &control, &format!("/manager/applications/{application}")).await;
    assert!(shown.contains("nightly") && shown.contains(&key[..7]), "{shown}");
    assert!(!shown.contains(key) && !shown.contains(secret), "{shown}");
    let of = |what: &str| format!("/manager/applications/{application}/keys/{}/{what}", id(&made));
    for what in ["suspend", "delete"] {
        let asked = page(&mut browser, &control, &of(what)).await;
        let said = "Calls with this key are refused, within 5 seconds.";
        assert!(asked.contains(said) && asked.contains("nightly"), "it has another: {asked}");
    }
    for (what, said) in [
        ("suspend", "Suspended."),
        ("suspend", AGAIN),
        ("resume", "Resumed."),
        ("delete", "Deleted."),
        ("delete", AGAIN),
    ] {
        send(&mut browser, &control, &of(what), &[], said).await;
    }
    // A key of another application is not found below this one.
    let other = make_application(&control, &developer, "shop").await;
    let made = admin(&control, "POST", &path, json!({})).await;
    let foreign = format!("/manager/applications/{other}/keys/{}/delete", id(&made));
    assert_eq!(browser.get(&control, &foreign).await.status(), 404);
}
