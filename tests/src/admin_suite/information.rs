//! What the installation says of itself.

use serde_json::{Value, json};

use super::Api;
use super::ask::{data, expect, get, make, text};

tests!("information":
    root_tells_version_and_plugins,
    status_tells_whether_the_store_answers,
    endpoints_are_listed,
    plugins_are_listed,
);

fn root_tells_version_and_plugins(api: &dyn Api) {
    let root = expect(
        get(api, "/"),
        200,
        json!({"edition": "community", "plugins": {"enabled_in_cluster": []},
               "configuration": {"database": "latchkey", "router_flavor": "traditional_compatible"}}),
    );
    for door in ["proxy_listeners", "admin_listeners"] {
        for listener in root["configuration"][door].as_array().unwrap() {
            let port = listener["port"].as_u64().unwrap();
            let place = format!("{}:{port}", text(listener, "ip"));
            assert!(text(listener, "listener").starts_with(&place), "{listener}");
            assert!(listener["ssl"].is_boolean() && listener["http2"].is_boolean(), "{listener}");
        }
    }
    let version = text(&root, "version");
    let numbers: Vec<u64> = version.split('.').map(|number| number.parse().unwrap()).collect();
    assert!(numbers.len() == 3 && numbers[0] == 3, "clients choose their behaviour by it: {version}");
    assert!(!text(&root, "tagline").is_empty() && !text(&root, "hostname").is_empty(), "{root}");
    assert_eq!(text(&root, "node_id").len(), 36);
    assert!(!text(&root["latchkey"], "version").is_empty(), "{root}");
    let available = root["plugins"]["available_on_server"].as_object().unwrap();
    assert_eq!(available.keys().collect::<Vec<_>>(), ["application-registration", "key-auth", "oauth2"]);
    assert_eq!(available["key-auth"]["priority"], 1250);
    assert!(available["key-auth"]["version"].is_string());

    make(api, "/services", json!({"name": "s", "host": "a"}));
    make(api, "/plugins", json!({"name": "key-auth"}));
    make(api, "/services/s/plugins", json!({"name": "key-auth"}));
    make(
        api,
        "/services/s/plugins",
        json!({"name": "application-registration", "config": {"display_name": "S"}}),
    );
    expect(
        get(api, "/"),
        200,
        json!({"plugins": {"enabled_in_cluster": ["application-registration", "key-auth"]},
               "node_id": root["node_id"]}),
    );
}

fn status_tells_whether_the_store_answers(api: &dyn Api) {
    expect(get(api, "/status"), 200, json!({"database": {"reachable": true}, "memory": {}, "server": {}}));
}

fn endpoints_are_listed(api: &dyn Api) {
    let list = expect(get(api, "/endpoints"), 200, json!({}));
    let paths = data(&list);
    for path in
        ["/", "/services/{services}", "/consumers/{consumers}/key-auth/{keyauth_credentials}", "/key-auths"]
    {
        assert!(paths.contains(&Value::from(path)), "{path} is not in {list}");
    }
    let segments = |path: &Value| path.as_str().unwrap().split('/').map(str::to_owned).collect::<Vec<_>>();
    assert!(paths.is_sorted_by_key(segments), "{list}");
}

fn plugins_are_listed(api: &dyn Api) {
    expect(
        get(api, "/plugins/enabled"),
        200,
        json!({"enabled_plugins": ["key-auth", "application-registration", "oauth2"]}),
    );
}
