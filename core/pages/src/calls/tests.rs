//! What holds for the pages about calls.

use super::samples::all;
use crate::Language;
use std::collections::BTreeSet;

fn html(name: &str, language: Language) -> String {
    let sample = all(language, "x").into_iter().find(|sample| sample.name == name);
    sample.expect("is a sample").html
}

#[test]
fn what_people_typed_is_escaped() {
    for language in Language::ALL {
        for sample in all(language, "<i>\"'&") {
            assert!(!sample.html.contains("<i>") && !sample.html.contains("\"'&"), "{}", sample.name);
        }
    }
}

#[test]
fn ids_are_distinct() {
    for sample in all(Language::En, "x") {
        let ids: Vec<&str> =
            sample.html.split(" id=\"").skip(1).filter_map(|id| id.split('"').next()).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len(), "{}: {ids:?}", sample.name);
    }
}

#[test]
fn the_places_stand_in_their_order_with_one_language_open() {
    let html = html("portal-call-variable", Language::En);
    let titles = [
        "Key in a header field",
        "Key in Authorization",
        "Key in the query",
        "URLs are kept in logs",
        "Key in the body",
    ];
    let at: Vec<Option<usize>> = titles.iter().map(|title| html.find(title)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?}");
    assert_eq!(html.matches("<details name=").count(), 24);
    assert_eq!(html.matches(" open>\n<summary>curl</summary>").count(), 4);
    assert_eq!(html.matches("<pre id=\"call-").count(), 24);
}

#[test]
fn a_page_says_why_a_service_cannot_be_called() {
    for (name, sentence) in [
        ("portal-call-suspended", "This service is suspended"),
        ("portal-call-no-route", "no route leads to it"),
        ("portal-call-not-plain", "match by patterns"),
        ("portal-call-anybody", "anybody may call it"),
        ("portal-call-no-place", "no request that could carry the key"),
    ] {
        let html = html(name, Language::En);
        assert!(html.contains(sentence), "{html}");
        assert!(!html.contains("<details"), "{html}");
    }
    assert!(html("portal-call-anybody", Language::En).contains("GET https://x/x\nX-Tenant: x"));
}

#[test]
fn browsers_are_warned_where_preflights_are_refused() {
    assert!(html("portal-call-variable", Language::En).contains("OPTIONS request without a key"));
    assert!(html("portal-call-variable", Language::Ja).contains("キーなしのOPTIONSリクエスト"));
}

#[test]
fn what_was_typed_stays_and_what_is_wrong_stands_beside_it() {
    for (name, field, sentence) in [
        ("caller", "try-caller", "that is still good"),
        ("path", "try-path", "No route of this service takes this path"),
        ("headers", "try-headers", "Write one a line"),
        ("too-large", "try-body", "At most 64 KiB can be sent"),
    ] {
        let html = html(&format!("portal-try-refused-{name}"), Language::En);
        assert!(html.contains(&format!("id=\"{field}-fault\">")) && html.contains(sentence), "{html}");
        assert!(html.contains("<option value=\"POST\" selected>"), "{html}");
        assert!(html.contains("<option value=\"query\" selected>"), "{html}");
    }
    for (name, sentence) in [
        ("too-many", "Try again in 42 s."),
        ("unreachable", "cannot be reached"),
        ("too-slow", "took too long"),
    ] {
        let html = html(&format!("portal-try-refused-{name}"), Language::En);
        assert!(html.contains("role=\"alert\"") && html.contains(sentence), "{html}");
    }
}

#[test]
fn an_answer_says_where_it_was_cut_and_what_is_no_text() {
    for (name, sentence) in [
        ("portal-try-cut", "The first 64 KiB of 70000 bytes:"),
        ("portal-try-binary", "The body is not text: 70000 bytes."),
        ("portal-try-empty", "The answer has no body."),
        ("portal-try-no-route", "None matched"),
    ] {
        assert!(html(name, Language::En).contains(sentence), "{name}");
    }
}

#[test]
fn without_a_credential_there_is_no_form() {
    let html = html("portal-try-none", Language::En);
    let has_form = html.contains("name=\"caller\"") || html.contains("name=\"method\"");
    assert!(!has_form && html.contains("href=\"/portal/apps\""), "{html}");
}
