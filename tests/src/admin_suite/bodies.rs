//! How the body of a write is read.

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    Answer, answer, data, expect, expect_gone, get, id, make, patch, post, put, request, with_json,
};

tests!("bodies":
    bodies_are_of_three_types,
    broken_json_is_refused,
    bytes_that_are_no_utf8_are_refused needs "binary-bodies",
    one_content_type_is_taken,
    two_content_types_are_refused needs "repeated-fields",
    other_types_are_refused_for_every_write,
    too_many_members_are_refused,
    forms_are_typed_by_their_fields,
    forms_name_lists_maps_and_references,
    multipart_is_read_as_a_form_is,
    a_form_that_changes_a_plugin_is_typed_by_it,
    a_form_with_an_empty_value_clears,
    indexes_and_depth_take_no_room,
    numbers_are_read_as_json_has_them,
    bodies_of_reading_methods_do_not_matter,
    long_entities_are_refused,
    long_bodies_are_refused needs "adapter",
);

fn bodies_are_of_three_types(api: &dyn Api) {
    for (content_type, body, status) in [
        (Some("application/json"), "{\"username\":\"a\"}", 201),
        (Some("Application/JSON; charset=utf-8"), "{\"username\":\"b\"}", 201),
        (Some("application/json;charset=\"utf-8\""), "{\"username\":\"c\"}", 201),
        (Some("application/json; x=\"a,b\""), "{\"username\":\"e\"}", 201),
        (Some("application/json"), " \r\n{\"username\" : \"d\"}\n", 201),
        (Some("application/json"), "", 400),
        (Some("application/json"), "[]", 400),
        (Some("application/json"), "null", 400),
        (Some("application/json"), "\"a\"", 400),
        (Some("application/json"), "{", 400),
        (Some("text/plain"), "{}", 415),
        (Some("application/x-www-form-urlencoded"), "username=f", 201),
        (Some("Application/X-WWW-Form-Urlencoded;charset=utf-8"), "username=g+%C3%BC", 201),
        (Some("application/x-www-form-urlencoded"), "", 400),
        (Some("application/x-www-form-urlencoded"), "username=%ff", 400),
        (Some("multipart/form-data"), "", 400),
        (Some("multipart/form-data"), "username=a", 400),
        (Some("multipart/form-data; boundary=b"), "--b\r\n", 400),
        (
            Some("multipart/form-data; boundary=b"),
            "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
            400,
        ),
        (Some("text/x-www-form-urlencoded"), "username=a", 415),
        (Some("multipart/mixed; boundary=b"), "--b--\r\n", 415),
        (Some("application/jsonx"), "{}", 415),
        (Some("application/json-patch+json"), "{}", 415),
        (None, "{}", 415),
        (None, "", 400),
    ] {
        let mut request = request(api, "POST", "/consumers").body(body);
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let response = api.send(&request);
        assert_eq!(response.status, status, "{content_type:?} {body:?}: {}", response.text());
        assert_eq!(status == 415, response.body.is_empty(), "{content_type:?} {body:?}");
    }
    // Neither body nor length.
    expect(answer(&api.send(&request(api, "POST", "/consumers"))), 400, json!({"code": 2}));
}

fn broken_json_is_refused(api: &dyn Api) {
    let deep = format!("{{\"username\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
    for body in [
        b"{".as_slice(),
        b"{\"username\":\"a\"",
        b"{\"username\":\"a\"}}",
        b"{\"username\":\"a\",}",
        b"{'username':'a'}",
        b"{username:\"a\"}",
        b"{\"username\":\"\\ud800\"}",
        b"{\"username\":\"a\nb\"}",
        b"\xef\xbb\xbf{\"username\":\"a\"}",
        b"{\"username\":\"a\",\"tags\":[1e999]}",
        b"{\"username\":NaN}",
        b"{\"username\":01}",
        deep.as_bytes(),
    ] {
        let request =
            request(api, "POST", "/consumers").header("Content-Type", "application/json").body(body);
        let refused = answer(&api.send(&request));
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(refused, (400, json!({"message": "Cannot parse JSON body"})), "{shown}");
    }
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}

fn bytes_that_are_no_utf8_are_refused(api: &dyn Api) {
    for body in [b"{\"username\":\"\xff\"}".as_slice(), b"\xff", b"{\"username\":\"a\xc3\"}"] {
        let request =
            request(api, "POST", "/consumers").header("Content-Type", "application/json").body(body);
        expect(answer(&api.send(&request)), 400, json!({"message": "Cannot parse JSON body"}));
    }
}

fn one_content_type_is_taken(api: &dyn Api) {
    let joined = "application/json; charset=utf-8, application/json";
    let two = request(api, "POST", "/consumers").header("Content-Type", joined).body("{\"username\":\"a\"}");
    expect(answer(&api.send(&two)), 400, json!({"message": "Multiple Content-Type headers not allowed"}));
}

/// Whether the platform shows the fields one by one or joined.
fn two_content_types_are_refused(api: &dyn Api) {
    for second in ["application/json", "text/plain", "application/json; charset=utf-8"] {
        let two = request(api, "POST", "/consumers")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Content-Type", second)
            .body("{\"username\":\"a\"}");
        expect(answer(&api.send(&two)), 400, json!({"message": "Multiple Content-Type headers not allowed"}));
    }
}

fn other_types_are_refused_for_every_write(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    for (method, path) in [("POST", "/consumers"), ("PUT", "/consumers/eve"), ("PATCH", "/consumers/bob")] {
        let request = request(api, method, path).header("Content-Type", "text/plain").body("{}");
        let response = api.send(&request);
        assert_eq!((response.status, response.body.len()), (415, 0), "{method} {path}");
    }
    // Whether it is there is not told before.
    let request = request(api, "PATCH", "/consumers/nobody").header("Content-Type", "text/plain").body("{}");
    assert_eq!(api.send(&request).status, 415);
}

fn too_many_members_are_refused(api: &dyn Api) {
    let mut members = serde_json::Map::new();
    for number in 0..1000 {
        members.insert(format!("x{number}"), json!(number));
    }
    let thousand = Value::Object(members.clone());
    expect(post(api, "/consumers", thousand), 400, json!({"code": 2, "fields": {"x0": "unknown field"}}));
    members.insert("x1000".to_owned(), json!(1000));
    let too_many = json!({"message": "Too many arguments"});
    expect(post(api, "/consumers", Value::Object(members)), 400, too_many.clone());
    let form = |count: usize| vec!["tags[]=a"; count].join("&");
    let named = |count: usize| format!("username=a&{}", form(count));
    expect(send_form(api, "POST", "/consumers", &named(999)), 201, json!({"tags": ["a"]}));
    expect(send_form(api, "POST", "/consumers", &named(1000)), 400, too_many.clone());
    let parts = vec![("tags[]", "a"); 1001];
    expect(send_multipart(api, "POST", "/consumers", &parts), 400, too_many.clone());
    // Some platforms tell of each name once.
    let query = (0..=1000).map(|number| number.to_string()).collect::<Vec<_>>().join("&");
    expect(get(api, &format!("/consumers?{query}")), 400, too_many);
}

fn send_form(api: &dyn Api, method: &str, path: &str, form: &str) -> Answer {
    let request = request(api, method, path).header("Content-Type", "application/x-www-form-urlencoded");
    answer(&api.send(&request.body(form)))
}

fn send_multipart(api: &dyn Api, method: &str, path: &str, parts: &[(&str, &str)]) -> Answer {
    let part = |(name, content): &(&str, &str)| {
        format!("--b-o\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let body = format!("{}--b-o--\r\n", parts.iter().map(part).collect::<String>());
    let request = request(api, method, path).header("Content-Type", "multipart/form-data; boundary=\"b-o\"");
    answer(&api.send(&request.body(body)))
}

fn forms_are_typed_by_their_fields(api: &dyn Api) {
    let made =
        send_form(api, "POST", "/services", "name=123&url=http://a.test:81/x&retries=2&enabled=false&tags=t");
    expect(
        made,
        201,
        json!({"name": "123", "host": "a.test", "port": 81, "path": "/x", "retries": 2, "enabled": false,
               "tags": ["t"]}),
    );
    for (form, fields) in [
        ("host=a&port=x", json!({"port": "expected an integer"})),
        ("host=a&port=1.5", json!({"port": "expected an integer"})),
        ("host=a&enabled=yes", json!({"enabled": "expected a boolean"})),
        ("host=a&host=b", json!({"host": "expected a string"})),
        ("host=", json!({"host": "required field missing"})),
        ("host=a&nothing=1", json!({"nothing": "unknown field"})),
        ("host=a&tags[x]=1", json!({"tags": "expected a set"})),
    ] {
        expect(send_form(api, "POST", "/services", form), 400, json!({"code": 2, "fields": fields}));
    }
    expect(send_form(api, "PUT", "/consumers/some%20one", "custom_id=1"), 200, json!({"custom_id": "1"}));
}

fn forms_name_lists_maps_and_references(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a"}));
    let routes = format!(
        "name=r&paths[]=/b&paths[]=/a&hosts[2]=b.test&hosts[1]=a.test&methods=GET\
         &headers[x-a]=1&headers.x-b[1]=2&headers%5Bx-b%5D%5B2%5D=3&service.id={}",
        id(&service)
    );
    expect(
        send_form(api, "POST", "/routes", &routes),
        201,
        json!({"paths": ["/b", "/a"], "hosts": ["a.test", "b.test"], "methods": ["GET"],
               "headers": {"x-a": ["1"], "x-b": ["2", "3"]}, "service": {"id": service["id"]}}),
    );
    expect(
        send_form(api, "POST", "/routes", "paths=/c&service.name=s"),
        201,
        json!({"service": {"id": service["id"]}}),
    );
    expect(send_form(api, "POST", "/routes", "paths=/c&service.name=t"), 400, json!({"code": 13}));
    expect(send_form(api, "PATCH", "/routes/r", "service="), 200, json!({"service": null}));
}

fn multipart_is_read_as_a_form_is(api: &dyn Api) {
    let parts = [
        ("name", "key-auth"),
        ("config.key_names[2]", "b"),
        ("config.key_names%5B1%5D", "a"),
        ("config.hide_credentials", "true"),
        ("tags[]", "first\nsecond"),
    ];
    expect(send_multipart(api, "POST", "/plugins", &parts), 400, json!({"code": 2}));
    expect(
        send_multipart(api, "POST", "/plugins", &parts[..4]),
        201,
        json!({"config": {"key_names": ["a", "b"], "hide_credentials": true}}),
    );
    expect(
        send_multipart(api, "PUT", "/consumers/bob", &[("custom_id", "ü & co")]),
        200,
        json!({"username": "bob", "custom_id": "ü & co"}),
    );
}

fn a_form_that_changes_a_plugin_is_typed_by_it(api: &dyn Api) {
    let config = json!({"key_names": ["a"], "realm": "r"});
    let made = make(api, "/plugins", json!({"name": "key-auth", "config": config}));
    let path = format!("/plugins/{}", id(&made));
    expect(
        send_form(api, "PATCH", &path, "config.hide_credentials=true"),
        200,
        json!({"config": {"hide_credentials": true, "key_names": ["a"], "realm": "r"}}),
    );
    let changed = json!({"config": {"key_names": ["b"], "realm": null}});
    expect(send_form(api, "PATCH", &path, "config.key_names=b&config.realm="), 200, changed);
    let refused = json!({"fields": {"config": {"hide_credentials": "expected a boolean"}}});
    expect(send_form(api, "PATCH", &path, "config.hide_credentials=1"), 400, refused);
}

fn a_form_with_an_empty_value_clears(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob", "custom_id": "1", "tags": ["a"]}));
    expect(
        send_form(api, "PATCH", "/consumers/bob", "custom_id=&tags="),
        200,
        json!({"username": "bob", "custom_id": null, "tags": null}),
    );
}

fn indexes_and_depth_take_no_room(api: &dyn Api) {
    let sparse = "username=a&tags[4294967295]=b&tags[1000000]=a";
    expect(send_form(api, "POST", "/consumers", sparse), 201, json!({"tags": ["a", "b"]}));
    for name in ["a".to_owned() + &"[1]".repeat(60_000), "a".to_owned() + &".b".repeat(90_000)] {
        let refused = send_form(api, "POST", "/consumers", &format!("username=b&{name}=1"));
        assert_eq!((refused.0, &refused.1["code"]), (400, &json!(2)));
    }
}

fn numbers_are_read_as_json_has_them(api: &dyn Api) {
    for (text, expected) in [
        ("8080", Ok(8080)),
        ("8080.0", Ok(8080)),
        ("8.08e3", Ok(8080)),
        ("0", Ok(0)),
        ("-0", Ok(0)),
        ("65536", Err("value should be between 0 and 65535")),
        ("-1", Err("value should be between 0 and 65535")),
        ("1e30", Err("value should be between 0 and 65535")),
        ("18446744073709551616", Err("value should be between 0 and 65535")),
        ("1.5", Err("expected an integer")),
        ("\"80\"", Err("expected an integer")),
        ("true", Err("expected an integer")),
        ("[80]", Err("expected an integer")),
        ("null", Err("required field missing")),
    ] {
        let body = format!("{{\"host\":\"a\",\"port\":{text}}}");
        let answered = answer(&api.send(&with_json(request(api, "POST", "/services"), &body)));
        match expected {
            Ok(port) => expect(answered, 201, json!({"port": port})),
            Err(sentence) => expect(answered, 400, json!({"fields": {"port": sentence}})),
        };
    }
}

fn bodies_of_reading_methods_do_not_matter(api: &dyn Api) {
    make(api, "/consumers", json!({"username": "bob"}));
    for (method, status) in [("OPTIONS", 204), ("DELETE", 204)] {
        let request =
            request(api, method, "/consumers/bob").header("Content-Type", "text/plain").body("no json");
        assert_eq!(api.send(&request).status, status, "{method}");
    }
    expect_gone(super::ask::delete(api, "/consumers/bob"));
}

/// 64 KiB as stored.
fn long_entities_are_refused(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    let plugin = |bytes: usize| {
        json!({"name": "application-registration",
               "config": {"display_name": "S", "description": "x".repeat(bytes)}})
    };
    let refused = expect(post(api, "/services/s/plugins", plugin(65 << 10)), 400, json!({"code": 2}));
    assert!(refused.to_string().len() < 1000, "the answer repeats what was sent: {refused}");
    expect(get(api, "/services/s/plugins"), 200, json!({"data": []}));
    let made = expect(post(api, "/services/s/plugins", plugin(60 << 10)), 201, json!({}));
    let path = format!("/plugins/{}", made["id"].as_str().unwrap());
    expect(get(api, &path), 200, made.clone());
    expect(patch(api, &path, json!({"tags": [("x".repeat(6 << 10))]})), 400, json!({"code": 2}));
    expect(get(api, &path), 200, made);
    // As many as a body takes: refused at once, and not after comparing each with all others.
    let many: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let refused =
        expect(put(api, "/services/t", json!({"host": "a", "tags": many})), 400, json!({"code": 2}));
    assert!(refused.to_string().len() < 1000, "the answer repeats what was sent");
    assert_eq!(data(&get(api, "/services").1).len(), 1);
}

/// 1 MiB as sent.
fn long_bodies_are_refused(api: &dyn Api) {
    let body = |bytes: usize| {
        let frame = "{\"username\":\"\"}".len();
        format!("{{\"username\":\"{}\"}}", "x".repeat(bytes - frame))
    };
    let most = 1 << 20;
    let taken = answer(&api.send(&with_json(request(api, "POST", "/consumers"), &body(most))));
    expect(taken, 400, json!({"fields": {"username": "length must be at most 512"}}));
    let refused = api.send(&with_json(request(api, "POST", "/consumers"), &body(most + 1)));
    assert_eq!(refused.status, 413, "{}", refused.text());
    expect(get(api, "/consumers"), 200, json!({"data": []}));
}
