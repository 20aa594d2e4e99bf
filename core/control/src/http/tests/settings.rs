//! The portal's logo and colour, and the test mail.

use serde_json::json;

use super::portal::Portal;
use super::*;

/// What begins a PNG of one pixel; no more of it is looked at.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const AT: &str = "/admin/settings/logo";

#[tokio::test]
async fn the_logo_comes_back_as_it_was_uploaded() {
    let control = new_control().await;
    let (png, none) = (headers(Some("image/png")), headers(None));
    assert_eq!(control.serve(&head("GET", AT, None, &none), b"").await.status(), 404);
    for (body, media_type, status) in [(PNG, "image/svg+xml", 415), (b"GIF89a", "image/png", 400)] {
        let headers = headers(Some(media_type));
        let answer = control.serve(&head("PUT", AT, None, &headers), body).await;
        assert_eq!(answer.status().as_u16(), status, "{media_type}");
    }
    let put = control.serve(&head("PUT", AT, None, &png), PNG).await;
    let facts: Value = serde_json::from_slice(put.body()).unwrap();
    let known = control.registry().logo_facts().await.unwrap().unwrap();
    assert_eq!(facts, json!({"hash": known.hash, "size": PNG.len(), "width": 1, "height": 1}));
    let got = control.serve(&head("GET", AT, None, &none), b"").await;
    assert_eq!(
        (got.body().as_ref(), &got.headers()["content-type"]),
        (PNG, &HeaderValue::from_static("image/png"))
    );
    assert_eq!(control.registry().logo().await.unwrap().unwrap().hash, known.hash);
    let (_, audit) = call(&control, "GET", "/audit?entity=settings", "").await;
    assert_eq!(audit["data"][0]["changes"][0]["fields"], json!(["logo"]), "{audit}");
    assert_eq!(control.serve(&head("DELETE", AT, None, &none), b"").await.status(), 204);
    assert_eq!(control.registry().logo_facts().await, Ok(None));
}

#[tokio::test]
async fn a_colour_is_six_digits() {
    let control = new_control().await;
    for (colour, status) in [("#0a5FaD", 200), ("#fff", 400), ("red", 400), ("#12345g", 400)] {
        let body = json!({"portal_colour": colour}).to_string();
        assert_eq!(call(&control, "PATCH", "/settings", &body).await.0, status, "{colour}");
    }
}

#[tokio::test]
async fn a_test_mail_goes_to_an_address_or_to_administrators() {
    let portal = Portal::new().await;
    let send = async |body: Value| portal.admin("POST", "/settings/test-mail", body).await;
    assert_eq!(send(json!({})).await.0, 400, "nobody is told by mail");
    assert_eq!(send(json!({"to": "a, b@c.org"})).await.0, 400);
    expect(send(json!({"to": "x@example.org"})).await, 200, json!({"to": ["x@example.org"]}));
    portal.admin("PATCH", "/settings", json!({"admin_mails": {"to": ["a@b.org", "c@d.org"]}})).await;
    expect(send(json!({})).await, 200, json!({"to": ["a@b.org", "c@d.org"]}));
    let mut to: Vec<String> = portal.mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["a@b.org", "c@d.org", "x@example.org"]);
    let without = Portal::over(false).await;
    assert_eq!(without.admin("POST", "/settings/test-mail", json!({"to": "x@example.org"})).await.0, 400);
}
