//! What holds for every page of the portal.

use std::collections::BTreeSet;

use super::all;
use crate::Language;
use crate::sample::Sample;

fn check(name: &str, holds: impl Fn(&Sample) -> bool) {
    for language in Language::ALL {
        for sample in all(language, "x") {
            assert!(holds(&sample), "{name}: {} {}: {}", language.tag(), sample.name, sample.html);
        }
    }
}

/// The page of that name, in English.
fn page(name: &str) -> String {
    let mut samples = all(Language::En, "x").into_iter();
    let found = samples.find(|sample| sample.name == name);
    found.unwrap_or_else(|| panic!("{name} is no sample")).html
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

/// What is within the frame.
fn main(html: &str) -> &str {
    html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or_default()
}

/// The forms within the frame that are sent by POST, with what is in them.
fn posts(html: &str) -> Vec<&str> {
    let forms = main(html).split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
    forms.filter(|form| form.contains("method=\"post\"")).collect()
}

#[test]
fn what_people_typed_is_escaped() {
    for language in Language::ALL {
        for sample in all(language, "<i>\"'&") {
            assert!(!sample.html.contains("<i>"), "{}", sample.name);
            assert!(!sample.html.contains("\"'&"), "{}", sample.name);
            assert!(!sample.html.contains("'&<"), "{}", sample.name);
        }
    }
}

#[test]
fn names_are_distinct_and_fit_for_files() {
    let samples = all(Language::En, "x");
    let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names.len(), samples.len());
    let fits = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    assert!(names.iter().all(fits), "{names:?}");
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    check("inline", |sample| {
        let html = &sample.html;
        let inline = html.contains("<style") || html.contains(" style=") || html.contains(" onclick=");
        let elsewhere = ["href", "src", "action", "formaction"]
            .iter()
            .flat_map(|attribute| values(html, attribute))
            .any(|value| value.contains("//"));
        !inline && !elsewhere && html.matches("<script").count() <= 1
    });
}

#[test]
fn a_page_has_one_title() {
    check("title", |sample| {
        let title = sample.html.split("<title>").nth(1).unwrap_or_default();
        sample.html.matches("<h1>").count() == 1 && !title.starts_with(" –")
    });
}

#[test]
fn ids_are_distinct_and_what_refers_to_one_finds_it() {
    check("ids", |sample| {
        let html = &sample.html;
        let ids = values(html, "id");
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        let described = values(html, "aria-describedby").into_iter().flat_map(str::split_whitespace);
        let links = values(html, "href").into_iter().filter_map(|href| href.strip_prefix('#'));
        let mut referred = described.chain(values(html, "for")).chain(links);
        distinct.len() == ids.len() && referred.all(|id| distinct.contains(id))
    });
}

#[test]
fn each_field_has_a_label() {
    check("labels", |sample| {
        let html = &sample.html;
        let labelled: BTreeSet<&str> = values(html, "for").into_iter().collect();
        let fields = ["input", "select", "textarea"].into_iter().flat_map(|name| tags(html, name));
        let is_named = |field: &str| {
            let by_label = values(field, "id").iter().any(|id| labelled.contains(id));
            by_label || field.contains(" aria-label=\"") || field.contains("type=\"hidden\"")
        };
        fields.into_iter().all(is_named)
    });
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

/// A GET is harmless: no form that asks leads where something is done.
#[test]
fn only_lists_are_asked_by_get() {
    check("methods", |sample| {
        let gets =
            tags(main(&sample.html), "form").into_iter().filter(|form| form.contains("method=\"get\""));
        gets.flat_map(|form| values(form, "action"))
            .all(|action| ["/portal/", "/portal/apps"].contains(&action))
    });
}

/// WCAG 2.2, 1.3.5: whatever asks for the developer's own says what it is.
#[test]
fn fields_of_the_developers_own_say_what_they_are() {
    check("autocomplete", |sample| {
        tags(&sample.html, "input").into_iter().all(|field| {
            let one = |attribute| values(field, attribute).first().copied().unwrap_or_default();
            let expected: &[&str] = match (one("type"), one("name")) {
                ("hidden" | "checkbox", _) => return true,
                ("password", "old_password") => &["current-password"],
                ("password", _) => &["current-password", "new-password"],
                // `off` for somebody else's, which an application is offered to.
                ("email", "email") => &["email", "off"],
                (_, "code") => &["one-time-code"],
                (_, "meta.full_name") => &["name"],
                // Of an application or a key, not the developer's.
                (_, "name") => &["off"],
                _ => return true,
            };
            expected.contains(&one("autocomplete"))
        })
    });
    assert!(page("portal-transfer").contains("autocomplete=\"off\""));
    assert!(!page("portal-reset").contains("current-password"));
    assert!(!page("portal-log-in").contains("new-password"));
}

#[test]
fn what_makes_something_is_done_once() {
    let makes = |action: &str| {
        let ends = ["/apps/new", "/keys/new", "/request", "/rotate", "/replace"];
        ends.iter().any(|end| action.ends_with(end))
    };
    let mut made = BTreeSet::new();
    check("nonce", |sample| {
        posts(&sample.html).into_iter().all(|form| {
            let action = values(form, "action").first().copied().unwrap_or_default();
            // A rotation is of the key that it was shown for.
            let once = if action.ends_with("/rotate") { "name=\"start\"" } else { "name=\"nonce\"" };
            makes(action) == form.contains(once)
        })
    });
    for sample in all(Language::En, "x") {
        let actions = posts(&sample.html).into_iter().flat_map(|form| values(form, "action"));
        made.extend(actions.filter(|action| makes(action)).map(str::to_owned));
    }
    let expected = [
        "/portal/apps/new",
        "/portal/apps/x/keys/new",
        "/portal/apps/x/keys/x/replace",
        "/portal/apps/x/keys/x/rotate",
        "/portal/apps/x/services/x/request",
        "/portal/services/x/request",
    ];
    assert_eq!(made.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_key_is_on_no_page_but_those_that_show_it() {
    let samples = all(Language::En, "x");
    let shown = samples.iter().filter(|sample| sample.html.contains("class=\"secret\""));
    let names: Vec<&str> = shown.map(|sample| sample.name.as_str()).collect();
    let expected = ["portal-key-shown", "portal-key-rotated", "portal-no-access-key-shown"];
    assert_eq!(names, expected);
    assert!(page("portal-key-shown").contains("Orders: Active; Stock: Waiting for approval; x: Revoked"));
}

#[test]
fn pages_that_ask_say_what_stops_and_when() {
    for (name, expected) in [
        ("portal-key-delete", "Calls with it are refused within 5 seconds."),
        ("portal-key-end-old", "Calls with it are refused within 5 seconds."),
        ("portal-access-end", "Calls of this application to the service are refused within 5 seconds."),
        ("portal-application-delete", "It has no keys: no call stops."),
        ("portal-application-delete-one-key", "1 key ends: calls with it are refused within 5 seconds."),
        ("portal-application-delete-wrong", "2 keys end: calls with them are refused within 5 seconds."),
        (
            "portal-account-delete-one",
            "1 application stops: calls with its keys are refused within 5 seconds.",
        ),
        ("portal-account-delete-two", "2 applications stop: calls with their keys are refused"),
    ] {
        assert!(page(name).contains(expected), "{name}");
    }
}

#[test]
fn access_can_be_asked_for_where_nothing_waits_and_nothing_was_revoked() {
    let service = page("portal-service");
    let options = tags(&service, "option");
    assert_eq!(options.len(), 2, "of the rejected and the one that never asked: {service}");
    for (name, asks) in [
        ("portal-contract-active", "End access"),
        ("portal-contract-waiting", "Withdraw"),
        ("portal-contract-rejected", "Ask again"),
        ("portal-contract-none", "Request access"),
    ] {
        assert!(page(name).contains(&format!(">{asks}<")), "{name}");
    }
    let revoked = page("portal-contract-revoked");
    assert!(posts(&revoked).is_empty() && !main(&revoked).contains("class=\"button"), "{revoked}");
}

#[test]
fn a_service_is_called_with_the_keys_of_an_application_that_may() {
    for name in ["portal-service", "portal-contract-active"] {
        let html = page(name);
        assert!(
            html.contains("<h2>How to call</h2>") && html.contains("https://gateway.test/orders"),
            "{html}"
        );
    }
    assert!(!page("portal-contract-waiting").contains("How to call"));
}

#[test]
fn what_a_contract_is_for_stands_before_the_snippets_and_its_end_after_them() {
    let ends = page("portal-contract-active");
    let at = |html: &str, text: &str| html.find(text).expect("is there");
    assert!(at(&ends, "How to call") < at(&ends, "End access"), "{ends}");
    for (name, asks) in
        [("portal-contract-rejected", ">Ask again<"), ("portal-contract-none", ">Request access<")]
    {
        let html = page(name);
        assert!(at(&html, asks) < at(&html, "How to call"), "{html}");
    }
}

#[test]
fn who_waits_is_told_so_where_services_are() {
    for name in ["portal-services-waiting", "portal-service-waiting"] {
        let html = page(name);
        assert!(html.contains("Waiting for approval: An administrator has to approve"), "{html}");
        assert!(posts(&html).is_empty() && !main(&html).contains("/portal/apps"), "{html}");
    }
}

#[test]
fn an_application_shows_keys_before_services_before_details() {
    let html = page("portal-application");
    let at = |heading: &str| html.find(&format!(">{heading}</h2>")).expect("is a heading");
    assert!(html.contains("<h2 id=\"keys\">Authentication</h2>"), "links lead there: {html}");
    assert!(at("Authentication") < at("Services") && at("Services") < at("Details"));
    assert!(at("Details") < at("Delete application"), "what takes access away is last");
}

#[test]
fn the_field_of_a_new_installation_is_said_in_the_language_of_the_page() {
    let field = |label, language| {
        let (name, kind) = ("meta.full_name", crate::portal::MetaKind::Text);
        let typed = crate::parts::Typed::default();
        crate::portal::MetaField { name, label, kind, is_required: true, typed }.field(language).label
    };
    assert_eq!(field("Full name", Language::Ja), "氏名");
    assert_eq!(field("Full name", Language::En), "Full name");
    assert_eq!(field("Your name", Language::Ja), "Your name");
}

#[test]
fn a_rotation_ends_the_old_key_after_a_day_unless_another_time_is_chosen() {
    assert!(page("portal-rotate").contains("<option value=\"24h\" selected>"));
    assert!(page("portal-rotate-wrong").contains("<option value=\"own\" selected>"));
    for name in ["portal-rotate-ended", "portal-rotate-while-rotating"] {
        assert!(posts(&page(name)).is_empty(), "{name}");
    }
}

#[test]
fn a_log_in_goes_on_to_what_was_asked_for() {
    let hidden = "<input type=\"hidden\" name=\"return_to\" value=\"x\">";
    assert_eq!(page("portal-log-in").matches(hidden).count(), 2, "by password and by link");
    assert!(!page("portal-log-in-no-mail").contains("return_to"));
    let again = "/portal/log-in?return_to=%2Fportal%2Fapps%3Fq%3Da";
    assert!(page("portal-session-ended").contains(again));
}

#[test]
fn every_log_in_that_fails_is_answered_alike_but_for_the_time() {
    let sentence = "E-mail address and password do not belong together, or the account cannot be used.";
    assert!(page("portal-log-in-wrong").contains(sentence));
    // Whose password is asked again is known.
    assert!(page("portal-log-in-again-wrong").contains("This is not your password."));
    assert!(!page("portal-log-in-again-wrong").contains(sentence));
    for name in ["portal-log-in-too-many", "portal-sign-up-too-many", "portal-too-many-seconds"] {
        assert!(page(name).contains("Try again in 8 s."), "{name}");
    }
}
