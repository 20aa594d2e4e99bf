//! Without a mouse: Tab, Enter, Space and what is typed.

use latchkey_tests::base::ADMIN_TOKEN;
use latchkey_tests::browser::{ENTER, Look, Place, TAB, Window, World};

use crate::people::{self, EMAIL, PASSWORD};

/// More stops than any page has that is walked here.
const STOPS_MAX: usize = 100;
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

/// Both people of the story, neither of whom has a mouse.
struct Hands {
    world: World,
    administrator: Window,
    developer: Window,
}

impl Hands {
    fn begin(look: &Look) -> Self {
        Hands { world: World::start(), administrator: Window::open(look), developer: Window::open(look) }
    }

    fn run(&self) {
        self.log_in_as_administrator();
        self.open_a_service();
        self.enable("key-auth", None);
        self.enable("application-registration", Some("Orders"));
        self.sign_up();
        self.approve_the_developer();
        let key = self.make_an_application();
        self.ask_for_access();
        self.approve_the_request(&key);
        self.revoke(&key);
    }

    fn log_in_as_administrator(&self) {
        let window = &self.administrator;
        window.go(&self.world.page("/manager/services"));
        window.press(&TAB.to_string());
        assert_eq!(window.run(HAS_FOCUS, &["a.skip".into()]), true, "the first stop skips to the content");
        type_into(window, "#log-in-admin_token", &format!("{ADMIN_TOKEN}{ENTER}"));
        window.wait_for("main a[href='/manager/services/new']");
    }

    /// With a route.
    fn open_a_service(&self) {
        let window = &self.administrator;
        enter(window, "main a[href='/manager/services/new']");
        window.wait_for("#service-name");
        type_into(window, "#service-name", "orders");
        type_into(window, "#service-url", &self.world.upstream_url());
        press_space(window, "form#service button");
        window.wait_for("main tbody a");
        self.turn_to_the_service();
        enter(window, ".tabs a[href$='/routes']");
        window.wait_for("main a[href$='/routes/new']");
        enter(window, "main a[href$='/routes/new']");
        window.wait_for("#route-paths");
        type_into(window, "#route-paths", "/orders");
        press_space(window, "form#route button");
        window.wait_for("main [role=status]");
    }

    fn turn_to_the_service(&self) {
        let window = &self.administrator;
        enter(window, "nav a[href='/manager/services']");
        window.wait_for_path("/manager/services");
        enter(window, "main tbody a");
        window.wait_for(".tabs a[href$='/plugins']");
    }

    /// Adds a plugin to the service, where it must be with a name to show.
    fn enable(&self, plugin: &str, shown_as: Option<&str>) {
        let window = &self.administrator;
        self.turn_to_the_service();
        enter(window, ".tabs a[href$='/plugins']");
        window.wait_for("main a[href$='/plugins/new']");
        enter(window, "main a[href$='/plugins/new']");
        let card = format!("main a[href$='/plugins/{plugin}']");
        window.wait_for(&card);
        enter(window, &card);
        window.wait_for("form#plugin");
        if let Some(name) = shown_as {
            type_into(window, "form#plugin [name=display_name]", name);
        }
        press_space(window, "form#plugin div.row button");
        window.wait_for("main [role=status]");
    }

    fn sign_up(&self) {
        let (window, world) = (&self.developer, &self.world);
        window.go(&world.page("/portal/"));
        enter(window, "main a[href='/portal/sign-up']");
        window.wait_for("#sign-up-email");
        type_into(window, "[name='meta.full_name']", "Dee Veloper");
        type_into(window, "#sign-up-email", EMAIL);
        type_into(window, "#sign-up-password", PASSWORD);
        press_space(window, "form#sign-up button");
        window.wait_for_path("/look-into-mail");
        window.go(&world.mailed_link(EMAIL, "/portal/verify"));
        press_space(window, "form#mailed button");
        window.wait_for_path("/log-in");
        type_into(window, "#log-in-email", EMAIL);
        type_into(window, "#log-in-password", &format!("{PASSWORD}{ENTER}"));
        window.wait_for_path("/portal/");
        window.expect("Waiting for approval");
    }

    fn approve_the_developer(&self) {
        let window = &self.administrator;
        enter(window, "a.brand");
        window.wait_for_path("/manager/");
        enter(window, "main a[href*='state=requested']");
        window.wait_for("main form[action$='/approve'] button");
        press_space(window, "main form[action$='/approve'] button");
        window.wait_for("main [role=status]");
    }

    /// The key that comes along.
    fn make_an_application(&self) -> String {
        let window = &self.developer;
        window.go(&self.world.page("/portal/apps"));
        enter(window, "main a[href='/portal/apps/new']");
        window.wait_for("#application-name");
        type_into(window, "#application-name", "Shop");
        type_into(window, "#application-redirect_uri", "https://shop.example.test/");
        press_space(window, "form#application button");
        window.wait_for("#client_id");
        let key = window.property("#client_id", "value");
        enter(window, "main a.primary");
        window.wait_for("main td a[href*='/services/']");
        key
    }

    fn ask_for_access(&self) {
        let window = &self.developer;
        enter(window, "main td a[href*='/services/']");
        window.wait_for("form [name=note]");
        type_into(window, "form [name=note]", "For our shop.");
        press_space(window, "form[action$='/request'] button");
        window.wait_for("main [role=status]");
    }

    /// Picked with the space bar, as several are.
    fn approve_the_request(&self, key: &str) {
        let window = &self.administrator;
        assert_eq!(self.world.call("/orders", Place::Header, key).status, 401, "without a contract");
        enter(window, "nav a[href='/manager/requests']");
        window.wait_for("form#requests");
        press_space(window, "form#requests input[type=checkbox]");
        press_space(window, "form#requests div.row button.primary");
        window.wait_for("main [role=status]");
        assert_eq!(self.world.call("/orders", Place::Header, key).status, 200, "with a contract");
    }

    fn revoke(&self, key: &str) {
        let window = &self.administrator;
        enter(window, "nav a[href='/manager/contracts']");
        let link = "main a[href$='/revoke']";
        window.wait_for(link);
        enter(window, link);
        let button = "form[action$='/revoke'] button";
        window.wait_for(button);
        press_space(window, button);
        window.wait_for("main [role=status]");
        assert_eq!(self.world.call("/orders", Place::Header, key).status, 401, "after it was revoked");
    }
}

#[test]
fn the_whole_story_needs_no_mouse() {
    Hands::begin(&Look::DESK).run();
}

#[test]
#[ignore = "minutes: `cargo xtask browser --long`"]
fn the_whole_story_needs_neither_mouse_nor_scripts() {
    Hands::begin(&Look { has_scripts: false, ..Look::DESK }).run();
}
