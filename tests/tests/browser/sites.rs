//! Pages of others, in a browser that is logged in to ours: what they send is refused, and our cookies stay where
//! they belong.

use latchkey_tests::browser::{Look, Window, World};
use latchkey_tests::upstream::{Upstream, answer};
use serde_json::json;

use crate::people::{self, list};

/// What a foreign page sends, and where.
const FORMS: [(&str, &str, &str); 6] = [
    ("/portal/apps/new", "name", "Stolen"),
    ("/portal/log-out", "x", "x"),
    ("/portal/log-in", "email", "eve@example.test"),
    ("/portal/account/delete", "x", "x"),
    ("/manager/services/new", "name", "stolen"),
    ("/manager/log-out", "x", "x"),
];

/// A site of somebody else, on a port of its own, with a page for each form.
fn foreign_site(ours: String) -> Upstream {
    Upstream::answering(move |request| {
        let page = match request.path() {
            "/form" => {
                let at: usize = request.query().and_then(|at| at.parse().ok()).unwrap_or(0);
                let (path, name, value) = FORMS[at];
                format!(
                    "<form method=post action=\"{ours}{path}\"><input name={name} value={value}><button>Win</button></form>"
                )
            }
            "/link" => format!("<a href=\"{ours}{}\">Win</a>", request.query().unwrap_or_default()),
            _ => "<title>foreign</title>".to_owned(),
        };
        answer(200, &[("Content-Type", "text/html")], page.as_bytes())
    })
}

/// The host 127.0.0.1 is ours too, so the browser takes it for the same site; `localhost` is another.
fn foreign_origins(site: &Upstream) -> [String; 2] {
    ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", site.port()))
}

fn both_logged_in(world: &World) -> Window {
    people::developer(world);
    people::open_service(world, "orders");
    people::application(world, "Shop");
    let window = Window::open(&Look::DESK);
    people::log_in(&window, world);
    people::log_in_to_manager(&window, world);
    window
}

#[track_caller]
fn expect_still_logged_in(window: &Window, world: &World) {
    window.go(&world.page("/portal/account"));
    assert!(window.has(".who button"), "{}", window.words());
    window.go(&world.page("/manager/"));
    assert!(window.has(".who button"), "{}", window.words());
}

#[test]
fn what_foreign_pages_send_is_refused() {
    let world = World::start();
    let window = both_logged_in(&world);
    let site = foreign_site(world.page(""));
    let before = list(&world, "/audit?size=1000").len();
    for origin in foreign_origins(&site) {
        for (at, (path, ..)) in FORMS.iter().enumerate() {
            window.go(&format!("{origin}/form?{at}"));
            window.click("button");
            window.wait_for_path(path);
            let status = window.run(STATUS, &[]);
            assert_eq!(status, 403, "{origin} to {path}: {}", window.words());
        }
        send_by_scripts(&window, &world, &origin);
    }
    expect_still_logged_in(&window, &world);
    assert_eq!(list(&world, "/audit?size=1000").len(), before, "nothing was changed");
    assert_eq!(list(&world, "/applications").len(), 1);
}

/// Of the page that is shown.
const STATUS: &str = "return performance.getEntriesByType('navigation')[0].responseStatus";

/// By `fetch` and by an image: nothing can be read, and nothing happens.
fn send_by_scripts(window: &Window, world: &World, origin: &str) {
    window.go(&format!("{origin}/"));
    for (path, method) in [
        ("/portal/apps/new", "POST"),
        ("/portal/api/applications", "POST"),
        ("/portal/api/session", "GET"),
        ("/portal/api/auth", "DELETE"),
        ("/portal/apps", "GET"),
        ("/manager/services/new", "POST"),
        ("/admin/services", "GET"),
    ] {
        let read = window.run_later(
            "const [url, method, done] = arguments;
            const body = method === 'POST' ? new URLSearchParams({ name: 'stolen' }) : undefined;
            fetch(url, { method, body, credentials: 'include' }).then(
              async (answer) => done(`read ${answer.status} ${await answer.text()}`),
              () => done('kept from it'));",
            &[world.page(path).into(), method.into()],
        );
        assert_eq!(read, "kept from it", "{origin}: {method} {path}");
    }
    let image = window.run_later(
        "const [url, done] = arguments;
        const image = new Image();
        image.onload = () => done('shown');
        image.onerror = () => done('not shown');
        image.src = url;",
        &[world.page("/portal/log-out").into()],
    );
    assert_eq!(image, "not shown");
}

#[test]
fn a_link_from_elsewhere_keeps_the_portal_and_asks_at_the_manager() {
    let world = World::start();
    let window = both_logged_in(&world);
    let site = foreign_site(world.page(""));
    let [_, elsewhere] = foreign_origins(&site);
    window.go(&format!("{elsewhere}/link?/portal/apps"));
    window.click("a");
    window.wait_for_path("/portal/apps");
    window.expect("Shop");
    window.go(&format!("{elsewhere}/link?/manager/services"));
    window.click("a");
    window.wait_for("main h1");
    assert!(!window.has(".who button"), "no session is brought along: {}", window.words());
    window.click("main a[href='/manager/services']");
    window.wait_for_path("/manager/services");
    window.expect("orders");
}

#[test]
fn no_page_is_framed_and_no_cookie_is_seen() {
    let world = World::start();
    let window = both_logged_in(&world);
    assert_eq!(window.run("return document.cookie", &[]), "", "scripts do not see it");
    let site = foreign_site(world.page(""));
    for origin in foreign_origins(&site) {
        window.go(&format!("{origin}/"));
        let framed = window.run_later(
            "const [url, done] = arguments;
            const frame = document.createElement('iframe');
            frame.onload = () => {
              let seen = 'nothing';
              try { seen = frame.contentDocument.body.innerHTML } catch { seen = 'kept from it' }
              done(seen);
            };
            frame.src = url;
            document.body.append(frame);",
            &[world.page("/portal/apps").into()],
        );
        assert_eq!(framed, "kept from it", "{origin}");
        let body =
            window.run("return document.querySelector('iframe').getBoundingClientRect().width > 0", &[]);
        assert_eq!(body, true);
    }
}

#[test]
fn our_cookies_do_not_reach_a_service() {
    let world = World::start();
    let window = both_logged_in(&world);
    let names: Vec<String> = window.cookies().into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name.contains("lk_")), "{names:?}");
    world.make("/consumers", &json!({"username": "bob"}));
    let key = world.make("/consumers/bob/key-auth", &json!({}))["key"].as_str().unwrap().to_owned();
    world.make("/services", &json!({"name": "echo", "url": world.upstream_url()}));
    world.make("/services/echo/routes", &json!({"paths": ["/echo"]}));
    world.make("/services/echo/plugins", &json!({"name": "key-auth"}));
    // Cookies do not look at ports: the gateway's answer is asked for with ours.
    let gateway = world.gateway(&format!("/echo?apikey={key}"));
    window.run("document.cookie = 'theirs=1; path=/'", &[]);
    world.upstream.take();
    window.go(&gateway);
    window.expect("\"target\"");
    let came = world.upstream.take();
    let cookies: Vec<String> = came.iter().flat_map(|call| call.headers.values("cookie")).collect();
    assert!(cookies.iter().any(|cookies| cookies.contains("theirs=1")), "{cookies:?}");
    assert!(!cookies.iter().any(|cookies| cookies.contains("lk_")), "{cookies:?}");
}
