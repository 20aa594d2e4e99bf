//! Services, routes, consumers and plugins.

use serde_json::json;

use super::*;

#[tokio::test]
async fn service_lives() {
    let admin = new_admin().await;
    let made = call(&admin, "POST", "/services", "{\"name\":\"s\",\"url\":\"https://u.test/v1\"}").await;
    let made = expect(
        made,
        201,
        json!({
            "name": "s", "protocol": "https", "host": "u.test", "port": 443, "path": "/v1", "retries": 5,
            "connect_timeout": 60000, "tags": null, "enabled": true, "created_at": START_MS / 1000,
        }),
    );
    assert!(made.get("url").is_none());
    let id = text(&made, "id");
    admin.registry().clock().advance(5000);
    let path = format!("/services/{}", id.to_uppercase());
    expect(call(&admin, "GET", &path, "").await, 200, made.clone());
    expect(
        call(&admin, "PATCH", "/services/s", "{\"path\":null,\"retries\":1}").await,
        200,
        json!({"id": id, "path": null, "retries": 1, "port": 443, "updated_at": START_MS / 1000 + 5}),
    );
    expect(
        call(&admin, "PUT", "/services/s", "{\"host\":\"v.test\"}").await,
        200,
        json!({"id": id, "name": "s", "host": "v.test", "retries": 5, "protocol": "http", "port": 80}),
    );
    expect(call(&admin, "PUT", "/services/new", "{\"host\":\"v.test\"}").await, 200, json!({"name": "new"}));
    expect(
        call(&admin, "POST", "/services", "{\"name\":\"s\",\"host\":\"a\"}").await,
        409,
        json!({"code": 5, "name": "unique constraint violation", "fields": {"name": "s"},
               "message": "UNIQUE violation detected on '{name=\"s\"}'"}),
    );
    expect(
        call(&admin, "POST", "/services", &json!({"id": id, "host": "a"}).to_string()).await,
        400,
        json!({"code": 3, "message": format!("primary key violation on key '{{id=\"{id}\"}}'")}),
    );
    for _ in 0..2 {
        expect(call(&admin, "DELETE", "/services/s", "").await, 204, Value::Null);
    }
    expect(call(&admin, "GET", "/services/s", "").await, 404, json!({"message": "Not found"}));
    expect(
        call(&admin, "PATCH", "/services/s", "{}").await,
        404,
        json!({"code": 6, "name": "not found", "message": "could not find the entity with '{name=\"s\"}'"}),
    );
    expect(
        call(&admin, "PATCH", &format!("/services/{id}"), "{}").await,
        404,
        json!({"message": format!("could not find the entity with primary key '{{id=\"{id}\"}}'")}),
    );
    expect(call(&admin, "POST", "/services", "{\"name\":\"s\",\"host\":\"a\"}").await, 201, json!({}));
}

#[tokio::test]
async fn routes_belong_to_services() {
    let admin = new_admin().await;
    let service = call(&admin, "PUT", "/services/s", "{\"host\":\"a\"}").await.1;
    let made = call(&admin, "POST", "/services/s/routes", "{\"name\":\"r\",\"paths\":[\"/a\"]}").await;
    let route = expect(made, 201, json!({"service": {"id": service["id"]}, "protocols": ["http", "https"]}));
    expect(call(&admin, "GET", "/services/s/routes/r", "").await, 200, route.clone());
    expect(call(&admin, "GET", "/routes/r/service", "").await, 200, service.clone());
    expect(call(&admin, "PATCH", "/routes/r/service", "{\"retries\":9}").await, 200, json!({"retries": 9}));
    expect(call(&admin, "DELETE", "/routes/r/service", "").await, 405, json!({}));
    expect(
        call(&admin, "DELETE", "/services/s", "").await,
        400,
        json!({"code": 4, "message": "an existing 'routes' entity references this 'services' entity",
               "fields": {"@referenced_by": "routes"}}),
    );
    call(&admin, "PUT", "/services/other", "{\"host\":\"a\"}").await;
    expect(call(&admin, "GET", "/services/other/routes/r", "").await, 404, json!({}));
    expect(call(&admin, "DELETE", "/services/other/routes/r", "").await, 404, json!({}));
    expect(call(&admin, "PUT", "/services/other/routes/r", "{\"paths\":[\"/\"]}").await, 404, json!({}));
    expect(call(&admin, "GET", "/services/none/routes", "").await, 404, json!({"message": "Not found"}));
    expect(call(&admin, "POST", "/services/none/routes", "{\"paths\":[\"/\"]}").await, 404, json!({}));
    expect(call(&admin, "DELETE", "/services/s/routes/r", "").await, 204, Value::Null);
    expect(call(&admin, "DELETE", "/services/s/routes/r", "").await, 404, json!({}));
    expect(call(&admin, "DELETE", "/services/s", "").await, 204, Value::Null);
}

#[tokio::test]
async fn plugins_are_unique_in_their_scope_and_go_with_it() {
    let admin = new_admin().await;
    let service = call(&admin, "PUT", "/services/s", "{\"host\":\"a\"}").await.1;
    let path = "/services/s/plugins";
    let made = expect(
        call(&admin, "POST", path, "{\"name\":\"key-auth\",\"instance_name\":\"ka\"}").await,
        201,
        json!({"config": {"key_names": ["apikey"], "hide_credentials": false, "key_in_header": true,
                           "key_in_query": true, "key_in_body": false, "run_on_preflight": true, "realm": null,
                           "anonymous": null},
               "protocols": ["grpc", "grpcs", "http", "https"], "enabled": true, "route": null}),
    );
    let message = format!(
        "UNIQUE violation detected on '{{consumer=null,name=\"key-auth\",route=null,service={{id={}}}}}'",
        service["id"]
    );
    expect(call(&admin, "POST", path, "{\"name\":\"key-auth\"}").await, 409, json!({"message": message}));
    expect(call(&admin, "POST", "/plugins", "{\"name\":\"key-auth\"}").await, 201, json!({"service": null}));
    expect(
        call(&admin, "PATCH", "/plugins/ka", "{\"config\":{\"key_in_body\":true}}").await,
        200,
        json!({"config": {"key_in_body": true, "key_names": ["apikey"]}}),
    );
    expect(call(&admin, "GET", "/plugins/ka/service", "").await, 200, service);
    expect(call(&admin, "GET", "/plugins/ka/route", "").await, 404, json!({}));
    expect(call(&admin, "GET", "/plugins/enabled", "").await, 200, json!({}));
    expect(
        call(&admin, "GET", "/", "").await,
        200,
        json!({"version": "3.9.1", "plugins": {"enabled_in_cluster": ["key-auth"]}}),
    );
    expect(call(&admin, "DELETE", "/services/s", "").await, 204, Value::Null);
    expect(call(&admin, "GET", &format!("/plugins/{}", text(&made, "id")), "").await, 404, json!({}));
}

#[tokio::test]
async fn consumers_are_found_by_custom_id() {
    let admin = new_admin().await;
    let bob = call(&admin, "POST", "/consumers", "{\"username\":\"bob\",\"custom_id\":\"42\"}").await.1;
    expect(
        call(&admin, "GET", "/consumers?custom_id=42", "").await,
        200,
        json!({"data": [bob], "next": null}),
    );
    expect(call(&admin, "GET", "/consumers?custom_id=43", "").await, 200, json!({"data": []}));
    let empty = call(&admin, "GET", "/consumers?custom_id=", "").await;
    expect(empty, 400, json!({"message": "custom_id must be an unempty string"}));
    expect(call(&admin, "PUT", "/consumers/eve%2F1", "{}").await, 200, json!({"username": "eve/1"}));
    expect(call(&admin, "GET", "/consumers/eve%2F1", "").await, 200, json!({"username": "eve/1"}));
    let taken = call(&admin, "PATCH", "/consumers/eve%2F1", "{\"custom_id\":\"42\"}").await;
    expect(taken, 409, json!({"fields": {"custom_id": "42"}}));
}

#[tokio::test]
async fn lists_are_paged() {
    let admin = new_admin().await;
    call(&admin, "PUT", "/services/s", "{\"host\":\"a\"}").await;
    for number in 0..7 {
        call(&admin, "POST", "/services/s/routes", &format!("{{\"paths\":[\"/{number}\"]}}")).await;
    }
    let mut seen = Vec::new();
    let mut target = "/routes?size=3".to_owned();
    loop {
        let page = call(&admin, "GET", &target, "").await.1;
        seen.extend(page["data"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => {
                assert!(next.starts_with("/routes?offset=") && next.ends_with("&size=3"), "{next}");
                next.clone_into(&mut target);
            }
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    let nested = call(&admin, "GET", "/services/s/routes?size=3", "").await.1;
    let next = text(&nested, "next");
    assert!(
        next.starts_with("/services/") && next.contains("/routes?offset=") && !next.contains("size"),
        "{next}"
    );
    expect(call(&admin, "GET", &next, "").await, 200, json!({"data": [{}, {}, {}, {}], "next": null}));
    for (query, code, message) in [
        ("size=x", 9, "size must be a number"),
        ("size=0", 9, "size must be an integer between 1 and 1000"),
        ("size=1001", 9, "size must be an integer between 1 and 1000"),
        ("size=1.5", 9, "size must be an integer between 1 and 1000"),
        ("offset=x", 7, "'x' is not a valid offset: bad base64 encoding"),
    ] {
        expect(
            call(&admin, "GET", &format!("/routes?{query}"), "").await,
            400,
            json!({"code": code, "message": message}),
        );
    }
}
