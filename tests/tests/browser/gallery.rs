//! The screenshots in docs/, drawn from pages of a gateway that some people use.

use std::fs;
use std::path::PathBuf;

use latchkey_tests::browser::{GALLERY_VARIABLE, Look, Window, World};
use latchkey_tests::client::Client as _;
use serde_json::json;

use crate::people::{self, EMAIL};

const DESK: Look = Look { height: 800, ..Look::DESK };
const DARK: Look = Look { is_dark: true, ..DESK };
const PHONE: Look = Look { width: 390, height: 780, ..Look::DESK };
/// All of them together stay as small as a page with pictures may be.
const BYTES_MAX: u64 = 1_000_000;

/// Services: name, what it is called, what it is.
const SERVICES: [(&str, &str, &str); 4] = [
    ("orders", "Orders", "Read, place and cancel orders of the shop."),
    ("stock", "Stock", "How many of each article are in which warehouse."),
    ("invoices", "Invoices", "Invoices as PDF, and whether they are paid."),
    ("parcels", "Parcels", "Where a parcel is, and when it will arrive."),
];
/// Who asks, for which application, for which service, and why.
const REQUESTS: [(&str, &str, &str, &str, &str); 5] = [
    (
        "ada@northwind.example",
        "Ada Berg",
        "Warehouse display",
        "stock",
        "A screen above the packing table, one call a minute.",
    ),
    (
        "ben@contoso.example",
        "Ben Okafor",
        "Ledger",
        "invoices",
        "Month-end closing: reads invoices of the last 30 days.",
    ),
    ("chiyo@fabrikam.example", "Chiyo Mori", "Tracking bot", "parcels", "Answers customers in the chat."),
    (
        "dario@adatum.example",
        "Dario Conti",
        "Shop app",
        "orders",
        "Places orders from our app, some 2,000 a day.",
    ),
    ("ewa@litware.example", "Ewa Nowak", "Forecast", "stock", "Trains a model each night."),
];

struct Gallery {
    folder: PathBuf,
    world: World,
    window: Window,
}

impl Gallery {
    fn draw(&self, name: &str, look: &Look) {
        self.window.dress(look);
        fs::write(self.folder.join(format!("{name}.png")), self.window.picture()).unwrap();
    }

    fn go(&self, path: &str) {
        self.window.go(&self.world.page(path));
    }
}

#[test]
#[ignore = "draws instead of testing: `cargo xtask browser --screenshots`"]
fn screenshots_are_drawn() {
    let folder = std::env::var_os(GALLERY_VARIABLE);
    let folder = PathBuf::from(folder.unwrap_or_else(|| panic!("{GALLERY_VARIABLE} must name a folder")));
    let gallery = Gallery { folder, world: World::start(), window: Window::open(&DESK) };
    people::log_in_to_manager(&gallery.window, &gallery.world);
    gallery.draw("manager-first-run", &DESK);
    let application = furnish(&gallery.world);
    of_manager(&gallery);
    of_portal(&gallery, &application);
    in_japanese(&gallery, &application);
    let files = fs::read_dir(&gallery.folder).unwrap().flatten();
    let bytes: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < BYTES_MAX, "{bytes} bytes of pictures");
}

/// Services, people and what they have asked for; the application of the developer who is looked at.
fn furnish(world: &World) -> String {
    let settings = json!({"sign_ups_per_hour": 100});
    assert_eq!(world.deployment.admin("PATCH", "/settings", Some(&settings)).status, 200);
    let services = SERVICES.map(|(name, title, description)| {
        let service =
            world.make("/services", &json!({"name": name, "url": format!("http://{name}.internal:8080")}));
        let path = format!("/services/{name}");
        world.make(&format!("{path}/routes"), &json!({"name": name, "paths": [format!("/{name}")]}));
        world.make(
            &format!("{path}/plugins"),
            &json!({"name": "key-auth", "config": {"key_in_body": name == "orders"}}),
        );
        let config = json!({"display_name": title, "description": description});
        world
            .make(&format!("{path}/plugins"), &json!({"name": "application-registration", "config": config}));
        service["id"].as_str().unwrap().to_owned()
    });
    let service = |name: &str| &services[SERVICES.iter().position(|(known, ..)| *known == name).unwrap()];
    for (email, person, application, asked, note) in REQUESTS {
        let mut page = people::account(world, email, person);
        let made = people::make_application(&mut page, world, application);
        people::request(&mut page, world, &made, service(asked), note);
    }
    let mut page = people::account(world, EMAIL, "Dee Veloper");
    let shop = people::make_application(&mut page, world, "Shop");
    people::make_application(&mut page, world, "Reports");
    for (name, note, decision) in [
        ("orders", "Orders from the web shop.", Some((0, "Welcome."))),
        ("stock", "Shows what is left.", None),
        ("invoices", "Shows invoices.", Some((2, "Ask again once the shop has a privacy notice."))),
    ] {
        people::request(&mut page, world, &shop, service(name), note);
        if let Some((status, reason)) = decision {
            people::decide(world, &shop, service(name), status, reason);
        }
    }
    shop
}

fn of_manager(gallery: &Gallery) {
    gallery.go("/manager/requests");
    gallery.draw("manager-requests", &DESK);
    gallery.draw("manager-requests-dark", &DARK);
    gallery.draw("manager-requests-phone", &PHONE);
    gallery.window.dress(&DESK);
    gallery.go("/manager/services");
    gallery.window.click("main tbody a");
    gallery.window.click(".tabs a[href$='/plugins']");
    gallery.window.click("main a[href$='/plugins/key-auth']");
    gallery.window.wait_for("form#plugin");
    gallery.draw("manager-key-auth", &DESK);
}

fn of_portal(gallery: &Gallery, application: &str) {
    // As a visitor sees it, who has no applications yet.
    gallery.go("/portal/");
    gallery.window.click("main a[href^='/portal/services/']");
    gallery.window.wait_for("[role=tablist]");
    gallery.draw("portal-service", &DESK);
    gallery.draw("portal-service-dark", &DARK);
    gallery.window.dress(&DESK);
    people::log_in(&gallery.window, &gallery.world);
    gallery.go(&format!("/portal/apps/{application}"));
    gallery.window.fill("#key-name", "Laptop");
    gallery.window.click("form#key button");
    gallery.window.wait_for("#client_id");
    gallery.draw("portal-key", &DESK);
    gallery.go(&format!("/portal/apps/{application}"));
    gallery.draw("portal-application", &DESK);
    gallery.draw("portal-application-phone", &PHONE);
    gallery.draw("portal-application-phone-dark", &Look { is_dark: true, ..PHONE });
}

/// In a browser of its own, since a browser keeps to its language.
fn in_japanese(gallery: &Gallery, application: &str) {
    let look = Look { language: "ja", ..DESK };
    let window = Window::open(&look);
    people::log_in(&window, &gallery.world);
    window.go(&gallery.world.page(&format!("/portal/apps/{application}")));
    window.expect("マイアプリ");
    fs::write(gallery.folder.join("portal-application-ja.png"), window.picture()).unwrap();
}
