//! What is sent twice, or too late: a second click, the back button, a reload, another tab, a session that ended
//! in between. Nothing is done twice, and a page says what happened.

use latchkey_tests::browser::{Look, Window, World};
use latchkey_tests::client::Client as _;
use serde_json::json;

use crate::people::{self, list};

const SHOWN_ALREADY: &str = "This key was shown already";
const NOTHING_CHANGED: &str = "Your session has ended\nLog in again. Nothing was changed.";
const DONE_ALREADY: &str = "nothing was done again";

/// A developer with an application, logged in.
struct Desk {
    world: World,
    window: Window,
    service: String,
    application: String,
}

impl Desk {
    fn set(has_scripts: bool) -> Self {
        let world = World::start();
        people::developer(&world);
        let service = people::open_service(&world, "orders");
        let application = people::application(&world, "Shop");
        let window = Window::open(&Look { has_scripts, ..Look::DESK });
        people::log_in(&window, &world);
        Self { world, window, service, application }
    }

    fn go(&self, path: &str) {
        self.window.go(&self.world.page(path));
    }

    fn go_to_application(&self) {
        self.go(&format!("/portal/apps/{}", self.application));
    }

    fn keys(&self) -> usize {
        list(&self.world, &format!("/applications/{}/credentials/oauth2", self.application)).len()
    }

    fn contracts(&self) -> usize {
        list(&self.world, &format!("/applications/{}/application_instances", self.application)).len()
    }

    /// In another tab the developer logs out, and what is done here then leads to the log-in page.
    fn end_session(&self) {
        let tab = self.window.tab();
        self.window.new_tab();
        self.go("/portal/account");
        self.window.click(".who button");
        self.window.wait_for_path("/portal/log-in");
        self.window.look_at(&tab);
    }
}

#[test]
fn a_second_click_generates_no_second_key() {
    for has_scripts in [true, false] {
        let desk = Desk::set(has_scripts);
        desk.go_to_application();
        let before = desk.keys();
        desk.window.double_click("form#key button");
        desk.window.wait_for_path("/keys/new");
        desk.window.until("the key, or that it was shown", |window| {
            (window.has("#client_id") || window.words().contains(SHOWN_ALREADY)).then_some(())
        });
        assert_eq!(desk.keys(), before + 1, "scripts: {has_scripts}");
    }
}

#[test]
fn a_key_is_not_shown_by_a_reload_nor_by_going_back() {
    let desk = Desk::set(true);
    desk.go_to_application();
    desk.window.click("form#key button");
    let key = desk.window.property("#client_id", "value");
    let keys = desk.keys();
    desk.window.reload();
    desk.window.expect(SHOWN_ALREADY);
    assert!(!desk.window.source().contains(&key), "it is shown once");
    desk.window.back();
    assert!(!desk.window.source().contains(&key), "nor by going back");
    desk.go("/portal/");
    desk.window.back();
    assert!(!desk.window.source().contains(&key), "nor from what the browser kept");
    assert_eq!(desk.keys(), keys);
}

#[test]
fn two_tabs_rotate_a_key_once() {
    let desk = Desk::set(false);
    desk.go_to_application();
    desk.window.click("main a[href$='/rotate']");
    desk.window.wait_for("form#rotate");
    let (first, page) = (desk.window.tab(), desk.window.url());
    desk.window.new_tab();
    desk.window.go(&page);
    desk.window.click("form#rotate button");
    let key = desk.window.property("#client_id", "value");
    desk.window.look_at(&first);
    desk.window.click("form#rotate button");
    desk.window.until("a page without the key", |window| {
        let words = window.words();
        (words.contains(SHOWN_ALREADY) || words.contains("already")).then_some(())
    });
    assert!(!desk.window.source().contains(&key) && !desk.window.has("#client_id"));
    assert_eq!(desk.keys(), 1);
}

#[test]
fn access_is_asked_for_and_withdrawn_once() {
    let desk = Desk::set(false);
    let path = format!("/portal/apps/{}/services/{}", desk.application, desk.service);
    for (button, contracts) in
        [("form[action$='/request'] button", 1), ("form[action$='/withdraw'] button", 0)]
    {
        desk.go(&path);
        let first = desk.window.tab();
        desk.window.new_tab();
        desk.go(&path);
        desk.window.click(button);
        desk.window.wait_for("main [role=status]");
        desk.window.look_at(&first);
        desk.window.click(button);
        desk.window.wait_for("main [role=status]");
        desk.window.expect(DONE_ALREADY);
        assert_eq!(desk.contracts(), contracts);
    }
}

#[test]
fn what_is_sent_after_the_session_is_not_done() {
    let desk = Desk::set(false);
    let (application, keys) = (desk.application.clone(), desk.keys());
    let contract = format!("/portal/apps/{application}/services/{}", desk.service);
    for (path, button) in [
        ("/portal/apps/new".to_owned(), "form#application button"),
        (format!("/portal/apps/{application}"), "form#key button"),
        (contract, "form[action$='/request'] button"),
        (format!("/portal/apps/{application}/delete"), "form#confirm button"),
    ] {
        desk.go(&path);
        for (field, text) in [
            ("#application-name", "Other"),
            ("#application-redirect_uri", "https://a.test"),
            ("#confirm-typed_name", "Shop"),
        ] {
            if desk.window.has(field) {
                desk.window.fill(field, text);
            }
        }
        desk.end_session();
        desk.window.click(button);
        desk.window.expect(NOTHING_CHANGED);
        desk.window.click("main a");
        desk.window.wait_for("form#log-in");
        people::log_in(&desk.window, &desk.world);
    }
    desk.end_session();
    desk.window.click(".who button");
    desk.window.expect(NOTHING_CHANGED);
    assert_eq!(list(&desk.world, "/applications").len(), 1);
    assert_eq!((desk.keys(), desk.contracts()), (keys, 0));
}

#[test]
fn a_key_is_deleted_once() {
    let desk = Desk::set(false);
    let delete = || {
        desk.go_to_application();
        desk.window.click("main td.actions a[href$='/delete']");
        desk.window.wait_for("form#confirm");
    };
    delete();
    let first = desk.window.tab();
    desk.window.new_tab();
    delete();
    desk.window.click("form#confirm button");
    desk.window.wait_for("main [role=status]");
    assert_eq!(desk.keys(), 0);
    desk.window.look_at(&first);
    desk.window.click("form#confirm button");
    desk.window.wait_for("main [role=status]");
    desk.window.expect(DONE_ALREADY);
}

/// Where scripts would ask on the page itself, what is gone has a page that says so.
#[test]
fn nothing_is_asked_of_a_key_that_is_gone() {
    let desk = Desk::set(true);
    desk.go_to_application();
    let keys = list(&desk.world, &format!("/applications/{}/credentials/oauth2", desk.application));
    let path =
        format!("/applications/{}/credentials/oauth2/{}", desk.application, keys[0]["id"].as_str().unwrap());
    assert_eq!(desk.world.deployment.admin("DELETE", &path, None).status, 204);
    desk.window.click("main td.actions a[href$='/delete']");
    desk.window.wait_for_path("/delete");
    assert!(desk.window.has("h1") && !desk.window.has("form#confirm"), "{}", desk.window.words());
}

#[test]
fn an_administrator_decides_once() {
    let desk = Desk::set(false);
    let manager = Window::open(&Look { has_scripts: false, ..Look::DESK });
    people::log_in_to_manager(&manager, &desk.world);
    let request = json!({"service": {"id": desk.service}});
    let contracts = format!("/applications/{}/application_instances", desk.application);
    desk.world.make(&contracts, &request);
    let requests = desk.world.page("/manager/requests");
    manager.go(&requests);
    let first = manager.tab();
    manager.new_tab();
    manager.go(&requests);
    manager.click("main td.actions button");
    manager.wait_for("main [role=status]");
    manager.look_at(&first);
    manager.click("main td.actions button");
    manager.wait_for("main [role=status]");
    manager.expect(DONE_ALREADY);
    assert_eq!(list(&desk.world, &contracts)[0]["status"], 0);
    make_a_service(&desk.world, &manager);
}

fn make_a_service(world: &World, manager: &Window) {
    let before = list(world, "/services").len();
    manager.go(&world.page("/manager/services/new"));
    manager.fill("#service-name", "stock");
    manager.fill("#service-url", "http://127.0.0.1:9");
    manager.double_click("form#service button");
    manager.wait_for("main [role=status]");
    assert_eq!(list(world, "/services").len(), before + 1);
    manager.go(&world.page("/manager/services/new"));
    manager.fill("#service-name", "late");
    manager.fill("#service-url", "http://127.0.0.1:9");
    manager.forget_cookies();
    manager.click("form#service button");
    manager.expect(NOTHING_CHANGED);
    assert_eq!(list(world, "/services").len(), before + 1);
}
