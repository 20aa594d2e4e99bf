//! The specification of a service.

use http::Response;
use serde_json::json;

use super::*;
use crate::whole_store::is_taken;

const PETS: &str =
    "{ \"openapi\": \"3.0.3\",\n \"info\": {\"title\": \"Pets\", \"version\": \"7\"}, \"paths\": {} }";

/// A call with a body of a type, as an administrator.
async fn send(
    control: &TestControl,
    method: &str,
    path: &str,
    media_type: &str,
    body: &[u8],
) -> Response<bytes::Bytes> {
    let headers = headers((!media_type.is_empty()).then_some(media_type));
    control.serve(&head(method, path, None, &headers), body).await
}

fn json_of(response: &Response<bytes::Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

async fn with_service() -> (TestControl, String) {
    let control = new_control().await;
    let (_, service) =
        call(&control, "POST", "/services", &json!({"name": "pets", "host": "a"}).to_string()).await;
    (control, text(&service, "id").to_owned())
}

fn records_of_documents(control: &TestControl) -> usize {
    let dump = control.registry().store().dump();
    let of_documents = dump.keys().filter(|key| key.partition.starts_with("document/"));
    of_documents.inspect(|key| assert!(is_taken(key), "back-ups hold it")).count()
}

const AT: &str = "/admin/services/pets/document";

#[tokio::test]
async fn it_comes_back_as_it_was_uploaded() {
    let (control, id) = with_service().await;
    let put = send(&control, "PUT", AT, "application/json; charset=utf-8", PETS.as_bytes()).await;
    assert_eq!(put.status(), 200, "{:?}", put.body());
    let facts = json_of(&put);
    let sha256 = text(&facts, "sha256").to_owned();
    assert_eq!(sha256.len(), 64);
    let expected = json!({"name": "Pets", "version": "7", "format": "3.0.3", "media_type": "application/json",
        "size": PETS.len(), "sha256": sha256, "uploaded_at": START_MS / 1000, "problems": []});
    assert_eq!(facts, expected);

    for path in [AT.to_owned(), format!("/admin/services/{id}/document")] {
        let got = send(&control, "GET", &path, "", b"").await;
        assert_eq!((got.status().as_u16(), got.body().as_ref()), (200, PETS.as_bytes()));
        for (name, value) in [
            ("content-type", "application/json"),
            ("content-disposition", "attachment; filename=\"openapi.json\""),
            ("content-security-policy", "sandbox"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(got.headers()[name], value);
        }
    }
    let (_, audit) = call(&control, "GET", "/audit?entity=documents", "").await;
    let change = &audit["data"][0]["changes"][0];
    assert_eq!((&change["entity_id"], &change["did"]), (&json!(id), &json!("created")));
    assert!(!audit.to_string().contains("Pets"), "{audit}");
}

#[tokio::test]
async fn a_form_brings_it_with_its_name() {
    let (control, _) = with_service().await;
    let yaml = "openapi: 3.1.0\npaths: {}\n";
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"nonce\"\r\n\r\nx\r\n--b\r\ncontent-disposition: form-data; \
         name=\"document\"; filename=\"pets.yaml\"\r\ncontent-type: application/octet-stream\r\n\r\n{yaml}\r\n--b--\r\n"
    );
    let form = "multipart/form-data; boundary=b";
    let put = send(&control, "PUT", AT, form, body.as_bytes()).await;
    assert_eq!(put.status(), 200, "{:?}", put.body());
    assert_eq!(json_of(&put)["name"], "pets.yaml");
    let got = send(&control, "GET", AT, "", b"").await;
    assert_eq!(
        (got.body().as_ref(), &got.headers()["content-type"]),
        (yaml.as_bytes(), &HeaderValue::from_static("application/yaml"))
    );

    let without = body.replace("name=\"document\"", "name=\"other\"");
    let put = send(&control, "PUT", AT, form, without.as_bytes()).await;
    assert_eq!(
        (put.status().as_u16(), json_of(&put)),
        (400, json!({"message": "The form has no file 'document'"}))
    );
}

#[tokio::test]
async fn what_is_no_document_is_refused_and_changes_nothing() {
    let (control, _) = with_service().await;
    send(&control, "PUT", AT, "text/yaml", PETS.as_bytes()).await;
    for (media_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", r#"{"openapi": "3.1.0", "paths": 7}"#, 400),
        ("application/yaml", "a: b", 400),
        ("application/yaml", "", 400),
        ("text/html", PETS, 415),
        ("", PETS, 415),
        ("multipart/form-data; boundary=b", "--x", 400),
    ] {
        let put = send(&control, "PUT", AT, media_type, body.as_bytes()).await;
        assert_eq!(put.status().as_u16(), status, "{media_type} {body}");
    }
    let put = send(&control, "PUT", AT, "application/json", b"{}").await;
    let said = "The document has neither \"openapi\" nor \"swagger\": it is no OpenAPI document.";
    assert_eq!(json_of(&put)["fields"], json!({"document": said}));
    assert_eq!(send(&control, "GET", AT, "", b"").await.body().as_ref(), PETS.as_bytes());
    let missing = send(&control, "PUT", "/admin/services/cats/document", "text/yaml", PETS.as_bytes()).await;
    assert_eq!(missing.status(), 404);
}

/// Of bytes that cannot be packed, so that it has as many pieces as any may.
#[tokio::test]
async fn the_longest_is_replaced_whole_and_goes_with_its_service() {
    let (control, _) = with_service().await;
    let mut state = 7u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'0' + (state >> 26) as u8)
    };
    let head_of_it = r#"{"openapi":"3.0.0","paths":{},"x-noise":""#;
    let noise = latchkey_published::limits::DOCUMENT_BYTES_MAX - head_of_it.len() - 2;
    let noise: String = (0..noise)
        .map(|_| match letter() {
            '\\' => ' ',
            letter => letter,
        })
        .collect();
    let long = format!("{head_of_it}{noise}\"}}");
    let put = send(&control, "PUT", AT, "application/json", long.as_bytes()).await;
    assert_eq!(put.status(), 200, "{:?}", put.body());
    assert!(records_of_documents(&control) > 4);
    assert!(send(&control, "GET", AT, "", b"").await.body().as_ref() == long.as_bytes());
    send(&control, "PUT", AT, "application/json", PETS.as_bytes()).await;
    assert_eq!(records_of_documents(&control), 2);

    assert_eq!(send(&control, "DELETE", AT, "", b"").await.status(), 204);
    assert_eq!(send(&control, "DELETE", AT, "", b"").await.status(), 204, "none is fine");
    assert_eq!(send(&control, "GET", AT, "", b"").await.status(), 404);
    assert_eq!(records_of_documents(&control), 0);

    send(&control, "PUT", AT, "application/json", long.as_bytes()).await;
    expect(call(&control, "DELETE", "/services/pets", "").await, 204, json!(null));
    assert_eq!(records_of_documents(&control), 0);
}

#[tokio::test]
async fn developers_read_it_of_services_that_are_open() {
    let (control, id) = with_service().await;
    send(&control, "PUT", AT, "application/json", PETS.as_bytes()).await;
    let path = format!("/portal/api/application_services/{id}/document");
    let ask = async || {
        let fields = HeaderMap::new();
        control.serve(&head("GET", &path, None, &fields), b"").await
    };
    assert_eq!(ask().await.status(), 404, "not open");
    let plugin = json!({"name": "application-registration", "service": {"id": id}, "config": {"display_name": "Pets"}});
    let (status, made) = call(&control, "POST", "/plugins", &plugin.to_string()).await;
    assert_eq!(status, 201, "{made}");
    let got = ask().await;
    assert_eq!((got.status().as_u16(), got.body().as_ref()), (200, PETS.as_bytes()));
    assert_eq!(got.headers()["content-security-policy"], "sandbox");
    let off = json!({"enabled": false}).to_string();
    call(&control, "PATCH", &format!("/plugins/{}", text(&made, "id")), &off).await;
    assert_eq!(ask().await.status(), 404);
}
