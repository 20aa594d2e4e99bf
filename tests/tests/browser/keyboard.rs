//! Without a mouse: Tab, Enter, Space and what is typed.

use latchkey_tests::browser::{ENTER, Look, TAB, Window, World};

use crate::people::{self, EMAIL, PASSWORD};

/// More stops than any page has that is walked here.
const STOPS_MAX: usize = 60;
const ESCAPE: char = '\u{e00c}';

/// Whether the element with the focus is the one.
const HAS_FOCUS: &str = "return document.activeElement.matches(arguments[0])";
/// Whether one can see that the element with the focus has it, and that it is in sight.
const IS_SEEN: &str = "const element = document.activeElement;
    if (element === document.body) return '';
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
    return ring && inside ? '' : element.outerHTML;";

/// Goes from stop to stop until the focus is there; each stop must be seen.
#[track_caller]
fn tab_to(window: &Window, css: &str) {
    for _ in 0..STOPS_MAX {
        if window.run(HAS_FOCUS, &[css.into()]) == true {
            return;
        }
        window.press(&TAB.to_string());
        let unseen = window.run(IS_SEEN, &[]);
        assert_eq!(unseen, "", "{}: no focus to be seen", window.url());
    }
    panic!("{}: no way to {css} by Tab\n{}", window.url(), window.words());
}

#[track_caller]
fn type_into(window: &Window, css: &str, text: &str) {
    tab_to(window, css);
    window.press(text);
}

#[track_caller]
fn enter(window: &Window, css: &str) {
    tab_to(window, css);
    window.press(&ENTER.to_string());
}

#[track_caller]
fn press_space(window: &Window, css: &str) {
    tab_to(window, css);
    window.press(" ");
}

#[test]
fn a_developer_needs_no_mouse() {
    for has_scripts in [true, false] {
        walk(&Look { has_scripts, ..Look::DESK });
    }
}

fn walk(look: &Look) {
    let world = World::start();
    people::developer(&world);
    let window = Window::open(look);
    window.go(&world.page("/portal/log-in"));
    window.press(&TAB.to_string());
    assert_eq!(window.run(HAS_FOCUS, &["a.skip".into()]), true, "the first stop skips to the content");
    type_into(&window, "#log-in-email", EMAIL);
    type_into(&window, "#log-in-password", &format!("{PASSWORD}{ENTER}"));
    window.wait_for_path("/portal/");
    enter(&window, "nav a[href='/portal/apps']");
    window.wait_for_path("/portal/apps");
    enter(&window, "main a[href='/portal/apps/new']");
    window.wait_for_path("/portal/apps/new");
    type_into(&window, "#application-name", "Shop");
    type_into(&window, "#application-redirect_uri", "https://shop.example.test/");
    press_space(&window, "form#application button");
    window.wait_for("#client_id");
    if look.has_scripts {
        press_space(&window, "main .copy button");
    }
    enter(&window, "main a.primary");
    window.wait_for("#key-name");
    type_into(&window, "#key-name", "Laptop");
    press_space(&window, "form#key button");
    window.wait_for("#client_id");
    enter(&window, "main a.primary");
    window.wait_for("#key-name");
    end_a_key(&window);
}

/// The question stands on the page itself where scripts run, and gives the focus back.
fn end_a_key(window: &Window) {
    let link = "main td.actions a[href$='/delete']";
    let keys = window.count(link);
    assert_eq!(keys, 2);
    enter(window, link);
    if window.look().has_scripts {
        window.wait_for("dialog[open]");
        assert_eq!(window.run(HAS_FOCUS, &["dialog *".into()]), true, "the focus is in the question");
        window.press(&ESCAPE.to_string());
        window.until("the question is gone", |window| (!window.has("dialog")).then_some(()));
        assert_eq!(window.run(HAS_FOCUS, &[link.into()]), true, "the focus is back");
        enter(window, link);
        window.wait_for("dialog[open]");
    }
    enter(window, "form[action$='/delete'] button");
    window.wait_for("main [role=status]");
    assert_eq!(window.count(link), 1);
}
