//! The story of a key, by pages alone: an administrator opens a service, a developer gets a key for it, uses it,
//! changes it and loses it.

use std::process::Command;

use latchkey_tests::browser::{Look, Place, Window, World};
use latchkey_tests::deployment::Deployment;

use crate::people::{EMAIL, PASSWORD};

/// Clicks from nothing to the first answer of 200, at most; the link from the terminal is one.
const FIRST_RUN_CLICKS_MAX: u32 = 8;

/// What pages say, in their language.
struct Said {
    waiting: &'static str,
    active: &'static str,
    revoked: &'static str,
}

const ENGLISH: Said = Said { waiting: "Waiting for approval", active: "Active", revoked: "Revoked" };
const JAPANESE: Said = Said { waiting: "承認待ち", active: "利用中", revoked: "取り消し済み" };

/// Both people, each in a browser of their own.
struct Story<D> {
    world: World<D>,
    administrator: Window,
    developer: Window,
    said: &'static Said,
}

/// From the link that the program printed to an answer of 200, on an empty gateway.
fn first_run(look: &Look) {
    let world = World::start();
    let window = Window::open(look);
    window.go(&world.manager_link());
    window.click("form#link button");
    window.fill("#service-name", "orders");
    window.fill("#service-url", &world.upstream_url());
    window.click("form#service button");
    window.fill("#route-path", "/orders");
    window.click("form#route button");
    window.click("form#key button");
    let line = window.text("main pre");
    let answer = run_in_shell(&line);
    assert!(answer.starts_with("HTTP/1.1 200"), "{line}\n{answer}");
    let clicks = 1 + window.clicks();
    println!("from nothing to the first 200: {clicks} clicks");
    assert!(clicks <= FIRST_RUN_CLICKS_MAX, "{clicks} clicks to the first call");
}

/// What a line of a shell prints.
fn run_in_shell(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().expect("cannot start a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Goes on by the navigation, which is a menu where the window is narrow.
fn turn_to(window: &Window, path: &str) {
    if window.look().width < 640 {
        window.click("a.menu[href='#nav']");
    }
    window.click(&format!("nav a[href='{path}']"));
}

impl<D: Deployment> Story<D> {
    fn begin(world: World<D>, look: &Look) -> Self {
        let said = if look.language == "ja" { &JAPANESE } else { &ENGLISH };
        let (administrator, developer) = (Window::open(look), Window::open(look));
        Self { world, administrator, developer, said }
    }

    /// The whole of it.
    fn run(&self) {
        self.open_a_service();
        self.sign_up();
        let first = self.make_an_application();
        self.ask_for_access(&first);
        let key = self.generate();
        self.call_everywhere(&key);
        self.try_it(&key);
        let key = self.rotate(&key);
        self.lose_access(&key);
        let printed = self.world.deployment.output();
        for key in [&first, &key] {
            assert!(!printed.contains(key.as_str()), "a key is in the log");
        }
    }

    /// A service with a route, key-auth and application-registration.
    fn open_a_service(&self) {
        let window = &self.administrator;
        window.go(&self.world.page("/manager/services"));
        window.fill("#log-in-admin_token", self.world.deployment.admin_token());
        window.click("form#log-in button");
        window.click("main a[href='/manager/services/new']");
        window.fill("#service-name", "orders");
        window.fill("#service-url", &self.world.upstream_url());
        window.click("form#service button");
        window.click("main tbody a");
        window.click(".tabs a[href$='/routes']");
        window.click("main a[href$='/routes/new']");
        window.fill("#route-paths", "/orders");
        window.click("form#route button");
        window.wait_for("main [role=status]");
        turn_to(window, "/manager/services");
        window.click("main tbody a");
        window.click(".tabs a[href$='/plugins']");
        window.click("main a[href$='/plugins/new']");
        window.click("main a[href$='/plugins/key-auth']");
        window.click("form#plugin [name=key_in_body]");
        window.click("form#plugin button");
        window.wait_for("main [role=status]");
        window.click(".tabs a[href$='/plugins']");
        window.click("main a[href$='/plugins/new']");
        window.click("main a[href$='/plugins/application-registration']");
        window.fill("form#plugin [name=display_name]", "Orders");
        window.click("form#plugin button");
        window.wait_for("main [role=status]");
    }

    /// To an account that an administrator has approved.
    fn sign_up(&self) {
        let (window, world) = (&self.developer, &self.world);
        window.go(&world.page("/portal/"));
        window.click("main a[href='/portal/sign-up']");
        window.fill("[name='meta.full_name']", "Dee Veloper");
        window.fill("#sign-up-email", EMAIL);
        window.fill("#sign-up-password", PASSWORD);
        window.click("form#sign-up button");
        window.wait_for_path("/look-into-mail");
        window.go(&world.mailed_link(EMAIL, "/portal/verify"));
        window.click("form#mailed button");
        window.wait_for_path("/log-in");
        window.fill("#log-in-email", EMAIL);
        window.fill("#log-in-password", PASSWORD);
        window.click("form#log-in button");
        window.wait_for_path("/portal/");
        window.expect(self.said.waiting);
        let window = &self.administrator;
        window.click("a.brand");
        window.click("main a[href*='state=requested']");
        window.click("main form[action$='/approve'] button");
        window.wait_for("main [role=status]");
    }

    /// With the key that comes along, which is good for nothing yet.
    fn make_an_application(&self) -> String {
        let window = &self.developer;
        window.go(&self.world.page("/portal/"));
        turn_to(window, "/portal/apps");
        window.click("main a[href='/portal/apps/new']");
        window.fill("#application-name", "Shop & more");
        window.fill("#application-redirect_uri", "https://shop.example.test/");
        window.click("form#application button");
        let key = self.shown_key();
        assert_eq!(self.world.call("/orders", Place::Header, &key).status, 401, "without a contract");
        window.click("main a.primary");
        key
    }

    /// The key on the page that shows it, the one time that it does.
    fn shown_key(&self) -> String {
        let window = &self.developer;
        let key = window.property("#client_id", "value");
        assert!(key.starts_with("lk_"), "{key}");
        assert!(!window.url().contains(&key), "a key is in the address");
        assert_eq!(
            window.has("main .copy button"),
            window.look().has_scripts,
            "copy buttons are made by the script"
        );
        key
    }

    fn ask_for_access(&self, key: &str) {
        let window = &self.developer;
        window.click("main td a[href*='/services/']");
        window.fill("form [name=note]", "For our shop.");
        window.click("form[action$='/request'] button");
        window.wait_for("main [role=status]");
        window.expect(self.said.waiting);
        let window = &self.administrator;
        turn_to(window, "/manager/requests");
        window.expect("For our shop.");
        window.click("main td.actions button");
        window.wait_for("main [role=status]");
        let window = &self.developer;
        window.reload();
        window.expect(self.said.active);
        assert_eq!(self.world.call("/orders", Place::Header, key).status, 200, "with a contract");
    }

    /// A second key, which works by the line that is shown with it.
    fn generate(&self) -> String {
        let window = &self.developer;
        window.click("main dd a[href*='/apps/']");
        window.fill("#key-name", "Laptop");
        window.click("form#key button");
        let key = self.shown_key();
        let line = window.text("main pre");
        assert!(line.contains(&key), "{line}");
        self.world.settle();
        let answer = run_in_shell(&line);
        assert!(answer.starts_with("HTTP/1.1 200"), "{line}\n{answer}");
        window.click("main a.primary");
        key
    }

    fn call_everywhere(&self, key: &str) {
        for place in Place::ALL {
            assert_eq!(self.world.call("/orders", place, key).status, 200, "{place:?}");
        }
        let came = self.world.upstream.take();
        let callers: Vec<_> =
            came.iter().rev().take(3).map(|call| call.headers.values("x-consumer-username")).collect();
        assert!(callers[0].len() == 1 && callers.iter().all(|caller| *caller == callers[0]), "{callers:?}");
    }

    /// The same in the page, which has no key: the upstream sees who calls, and what it answers is shown.
    fn try_it(&self, key: &str) {
        let window = &self.developer;
        turn_to(window, "/portal/");
        window.click("main a[href*='/services/']");
        window.click("main a[href$='/try']");
        window.click("form#try button");
        let status = window.text("main dd code");
        assert_eq!(status, "200", "{}", window.words());
        assert!(!window.source().contains(key), "the page has the key");
        let came = self.world.upstream.take();
        let call = came.last().expect("the upstream was called");
        assert_eq!(call.headers.values("x-consumer-username").len(), 1);
        turn_to(window, "/portal/apps");
        window.click("main a[href*='/apps/']:not([href$='/new'])");
    }

    /// The new key; the old one is good beside it until it is ended.
    fn rotate(&self, old: &str) -> String {
        let window = &self.developer;
        assert_eq!(window.count("main tr a[href$='/rotate']"), 2);
        window.run(
            "for (const row of document.querySelectorAll('main tr'))
                if (row.textContent.includes('Laptop')) row.querySelector('a').click();",
            &[],
        );
        window.click("main .head a[href$='/rotate']");
        window.click("form#rotate button");
        let new = self.shown_key();
        for key in [old, &new] {
            assert_eq!(self.world.call("/orders", Place::Header, key).status, 200);
        }
        window.click("main a.primary");
        new
    }

    /// An administrator takes it, and both are told.
    fn lose_access(&self, key: &str) {
        let window = &self.administrator;
        turn_to(window, "/manager/contracts");
        window.click("main a[href$='/revoke']");
        window.click("form[action$='/revoke'] button");
        window.wait_for("main [role=status]");
        for place in Place::ALL {
            assert_eq!(self.world.call("/orders", place, key).status, 401, "{place:?}");
        }
        let window = &self.developer;
        window.reload();
        window.expect(self.said.revoked);
    }
}

#[test]
fn the_first_call_takes_few_clicks() {
    first_run(&Look::DESK);
}

const WITHOUT_SCRIPTS: Look = Look { has_scripts: false, ..Look::DESK };

#[test]
fn with_scripts() {
    Story::begin(World::start(), &Look::DESK).run();
}

#[test]
fn without_scripts() {
    Story::begin(World::start(), &WITHOUT_SCRIPTS).run();
}

#[test]
#[ignore = "needs the built Worker: `cargo xtask browser --long`"]
fn on_the_worker() {
    for look in [Look::DESK, WITHOUT_SCRIPTS, Look { language: "ja", ..Look::DESK }] {
        Story::begin(World::on_the_worker(), &look).run();
    }
}

#[test]
#[ignore = "minutes: `cargo xtask browser --long`"]
fn in_japanese_and_at_every_size() {
    for (has_scripts, width) in [(true, 1280), (false, 1280), (true, 320), (false, 320)] {
        let look = Look { has_scripts, width, language: "ja", ..Look::DESK };
        first_run(&look);
        Story::begin(World::start(), &look).run();
    }
}
