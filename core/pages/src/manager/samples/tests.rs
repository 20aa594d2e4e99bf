//! What holds for every page of the manager.

use super::all;
use crate::Language;
use crate::sample::Sample;

fn check(name: &str, holds: impl Fn(&Sample) -> bool) {
    for language in [Language::En, Language::Ja] {
        for sample in all(language, "x") {
            assert!(holds(&sample), "{name}: {} {}: {}", language.tag(), sample.name, sample.html);
        }
    }
}

/// The values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let before = format!(" {attribute}=\"");
    html.split(&before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The tags that begin so, with their attributes.
fn tags<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let before = format!("<{name}");
    let is_whole = |rest: &&str| rest.starts_with([' ', '>']);
    html.split(&before).skip(1).filter(is_whole).filter_map(|rest| rest.split('>').next()).collect()
}

#[test]
fn a_table_has_a_caption_and_its_cells_have_labels() {
    check("tables", |sample| {
        let html = &sample.html;
        let has_captions = html.matches("<table>").count() == html.matches("<caption>").count();
        let headings = tags(html, "th").into_iter().all(|heading| heading.contains(" scope=\""));
        has_captions && headings && tags(html, "td").into_iter().all(|cell| cell.contains("data-label=\""))
    });
}

#[test]
fn what_is_wrong_is_said_at_the_top() {
    check("faults", |sample| {
        let is_faulty = sample.html.contains("aria-invalid=\"true\"");
        !is_faulty || sample.html.contains("role=\"alert\" tabindex=\"-1\" autofocus")
    });
}

/// A GET is harmless: what is wrong with a form apart, no form that asks leads where something is done.
#[test]
fn only_questions_are_asked_by_get() {
    check("methods", |sample| {
        let asking = ["/manager/services", "/manager/routes", "/manager/requests", "/manager/contracts"];
        let more = ["/manager/developers", "/manager/applications", "/manager/consumers", "/manager/audit"];
        let forms = tags(&sample.html, "form");
        let gets = forms.into_iter().filter(|form| form.contains("method=\"get\""));
        let is_list = |action: &&str| asking.contains(action) || more.contains(action);
        gets.flat_map(|form| values(form, "action")).all(|action| is_list(&action))
    });
}

#[test]
fn a_key_or_token_is_on_no_page_but_those_that_show_it() {
    let samples = all(Language::En, "x");
    let shown = samples.iter().filter(|sample| sample.html.contains("class=\"secret\""));
    let names: Vec<&str> = shown.map(|sample| sample.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "manager-invited-by-link",
            "manager-reset-link",
            "manager-key-shown",
            "manager-key-rotated",
            "manager-token-shown"
        ]
    );
}

#[test]
fn pages_that_ask_say_how_many_stop_and_when() {
    let samples = all(Language::En, "x");
    let page = |name: &str| samples.iter().find(|sample| sample.name == name).expect("is a sample");
    for (name, expected) in [
        ("manager-suspend-service", "It serves no more calls, within 5 seconds."),
        ("manager-delete-service", "1 application stops, within 5 seconds."),
        ("manager-delete-document", "2 applications stop, within 5 seconds."),
        ("manager-found-key", "1 application stops, within 5 seconds."),
    ] {
        assert!(page(name).html.contains(expected), "{name}");
    }
}

/// Enter in a form presses its first button.
#[test]
fn enter_in_the_queue_approves_none_but_those_picked() {
    let samples = all(Language::En, "x");
    let page = samples.iter().find(|sample| sample.name == "manager-requests").expect("is a sample");
    let form = page.html.split("<form id=\"requests\"").nth(1).expect("has the form");
    let of_rows = tags(form, "button").into_iter().filter(|button| button.contains(" form=\"one\""));
    assert_eq!(of_rows.count(), 2);
    let own = tags(form, "button").into_iter().find(|button| !button.contains(" form="));
    assert_eq!(own, Some(" class=\"primary\""));
    assert_eq!(values(form, "formaction"), ["/manager/requests/reject"]);
}
