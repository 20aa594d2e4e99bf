use super::*;

const SITE: Site<'_> = Site { name: "Acme", logo: None, style: "/s.css", script: "/s.js" };

fn frame(front: Front, caller: Option<&'static str>, path: &'static str) -> Frame<'static> {
    let language = Language::En;
    Frame {
        front,
        language,
        site: SITE,
        caller,
        path,
        waiting: Some(Waiting { count: 3, or_more: false }),
        message: None,
    }
}

fn current(path: &'static str) -> Option<(&'static str, &'static str)> {
    let front = if path.starts_with("/portal") { Front::Portal } else { Front::Manager };
    let items = frame(front, Some("a"), path).navigation();
    let current: Vec<_> = items.iter().filter_map(|item| Some((item.text, item.current?))).collect();
    assert!(current.len() <= 1, "{path}: {current:?}");
    current.first().copied()
}

#[test]
fn the_navigation_marks_the_page() {
    for (path, expected) in [
        ("/portal/", Some(("Services", "page"))),
        ("/portal/services/a", Some(("Services", "true"))),
        ("/portal/apps?q=x", Some(("My apps", "page"))),
        ("/portal/apps/a/keys/k", Some(("My apps", "true"))),
        ("/portal/application", None),
        ("/manager/", None),
        ("/manager/requests", Some(("Requests", "page"))),
        ("/manager/services/s/plugins", Some(("Services", "true"))),
        ("/manager/match?path=/x", Some(("Routes", "true"))),
        ("/manager/find-key", Some(("Consumers", "true"))),
        ("/manager/tokens/new", Some(("Settings", "true"))),
    ] {
        assert_eq!(current(path), expected, "{path}");
    }
}

#[test]
fn who_is_not_logged_in_is_led_nowhere_that_asks_for_it() {
    let texts = |front, caller| -> Vec<&str> {
        frame(front, caller, "/").navigation().iter().map(|item| item.text).collect()
    };
    assert_eq!(texts(Front::Portal, None), ["Services", "Log in", "Sign up"]);
    assert_eq!(texts(Front::Portal, Some("a")), ["Services", "My apps", "Account"]);
    assert!(texts(Front::Manager, None).is_empty());
}

#[test]
fn the_count_stands_beside_requests_where_some_wait() {
    let mut frame = frame(Front::Manager, Some("a"), "/manager/");
    let counts = |frame: &Frame<'_>| -> Vec<_> {
        frame.navigation().iter().filter_map(|item| Some((item.text, item.count?.to_string()))).collect()
    };
    assert_eq!(counts(&frame), [("Requests", "3".to_owned())]);
    frame.waiting = Some(Waiting { count: 100, or_more: true });
    assert_eq!(counts(&frame), [("Requests", "100+".to_owned())]);
    frame.waiting = Some(Waiting { count: 0, or_more: false });
    assert!(counts(&frame).is_empty());
}

#[test]
fn the_language_changes_on_the_same_page() {
    for (path, expected) in [
        ("/portal/", "/portal/?lang=ja"),
        ("/manager/audit?q=a%26b&page=2", "/manager/audit?q=a%26b&page=2&lang=ja"),
        ("/portal/?lang=en&q=lang", "/portal/?q=lang&lang=ja"),
        ("/portal/?", "/portal/?lang=ja"),
    ] {
        let languages = frame(Front::Portal, None, path).languages();
        assert_eq!(languages, [("ja", "日本語", expected.to_owned())], "{path}");
    }
}
