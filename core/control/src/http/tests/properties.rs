//! Nothing that is sent breaks anything.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::http::Step;
use crate::http::endpoints::{ENDPOINTS, Takes};
use crate::http::openapi::statuses;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z/~.*:@%\u{0}é-]{0,8}".prop_map(Value::from),
        Just(json!("https")),
        Just(json!("key-auth")),
        Just(json!("application-registration")),
        Just(json!(Uuid::nil())),
        Just(json!("lk_x")),
        Just(json!("a@b")),
        Just(json!("{}")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field_name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names of real fields, mostly.
fn field_name() -> impl Strategy<Value = String> {
    let mut names: Vec<String> =
        vec!["config".into(), "key_names".into(), "anonymous".into(), "_digest".into()];
    for kind in crate::schema::EntityKind::ALL {
        names.extend(kind.schema().fields.iter().map(|field| field.name.to_owned()));
    }
    names.push("url".into());
    prop::sample::select(names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_anything(members in prop::collection::vec((field_name(), any_json()), 0..8)) {
        let body = Value::Object(members.into_iter().collect()).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let control = new_control().await;
            call(&control, "POST", "/services", "{\"name\":\"s\",\"host\":\"a\"}").await;
            call(&control, "POST", "/consumers", "{\"username\":\"s\"}").await;
            call(&control, "POST", "/developers", "{\"email\":\"s@t\"}").await;
            for endpoint in ENDPOINTS {
                let path: Vec<&str> = endpoint.path.split('/')
                    .map(|segment| match segment { "{developers}" => "s@t", _ if segment.starts_with('{') => "s", _ => segment })
                    .collect();
                let path = path.join("/");
                for written in endpoint.calls.iter().filter(|call| call.takes == Takes::Object) {
                    let method = written.method;
                    let prefix = endpoint.surface.prefix();
                    let headers = headers(Some("application/json"));
                    let asked = format!("{prefix}{path}");
                    let step = control.ask(&head(method, &asked, None, &headers), body.as_bytes(), None).await;
                    // It hangs on a password.
                    let Step::Answer(response) = step else { continue };
                    let (status, answer) = (response.status().as_u16(), response.body());
                    assert!(status < 500, "{method} {path} {body}: {status} {answer:?}");
                    assert!(statuses(endpoint, written).contains(&status), "{method} {path} {body}: {status}");
                }
            }
        });
    }

    #[test]
    fn no_query_breaks_anything(query in "[a-z=&%0-9+é]{0,20}", size in any::<f64>(), offset in "[A-Za-z0-9+/=]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let control = new_control().await;
            for query in [query, format!("size={size}"), format!("offset={offset}")] {
                let (status, answer) = call(&control, "GET", &format!("/services?{query}"), "").await;
                assert!(status < 500, "{query}: {status} {answer}");
            }
        });
    }
}
