//! A window of the browser: what a person does in it, and sees.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::driver::{Complaint, Driver};
use super::look::Look;

/// How long something may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Under this name WebDriver gives elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub const TAB: char = '\u{e004}';
pub const ENTER: char = '\u{e007}';

/// A window with a browser of its own, ended when it is dropped.
pub struct Window {
    driver: Driver,
    look: Look,
    clicks: Cell<u32>,
}

/// An element of the page that is shown.
#[derive(Clone, Debug)]
struct Element(String);

impl Window {
    pub fn open(look: &Look) -> Self {
        let window = Self { driver: Driver::start(look), look: look.clone(), clicks: Cell::new(0) };
        window.dress(look);
        window
    }

    /// Takes another size and colour scheme; scripts and language stay as they were at its start.
    pub fn dress(&self, look: &Look) {
        let size =
            json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false});
        self.ask_browser("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.is_dark { "dark" } else { "light" };
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.ask_browser("Emulation.setEmulatedMedia", &media);
    }

    /// As it was opened.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// How often something was clicked so far.
    pub fn clicks(&self) -> u32 {
        self.clicks.get()
    }

    pub fn go(&self, url: &str) {
        self.call("POST", "/url", &json!({"url": url}));
    }

    pub fn url(&self) -> String {
        self.text_of(self.call("GET", "/url", &Value::Null))
    }

    pub fn back(&self) {
        self.call("POST", "/back", &json!({}));
    }

    /// What was posted is posted again, as by a person who says yes to the browser's question.
    pub fn reload(&self) {
        self.call("POST", "/refresh", &json!({}));
    }

    /// The page as the browser has it now.
    pub fn source(&self) -> String {
        self.text_of(self.call("GET", "/source", &Value::Null))
    }

    /// All that is to be read on the page.
    pub fn words(&self) -> String {
        self.text("body")
    }

    /// Waits until the page says this.
    #[track_caller]
    pub fn expect(&self, words: &str) {
        self.until(&format!("the page says {words:?}"), |window| {
            window.words().contains(words).then_some(())
        });
    }

    /// How often something is there.
    pub fn count(&self, css: &str) -> usize {
        let found = self.call("POST", "/elements", &json!({"using": "css selector", "value": css}));
        found.as_array().map_or(0, Vec::len)
    }

    pub fn has(&self, css: &str) -> bool {
        self.count(css) > 0
    }

    /// Waits until something is there.
    #[track_caller]
    pub fn wait_for(&self, css: &str) {
        self.until(&format!("{css} is there"), |window| window.has(css).then_some(()));
    }

    /// Waits until the address has this at its end, what follows `?` and `#` left aside.
    #[track_caller]
    pub fn wait_for_path(&self, end: &str) {
        self.until(&format!("the address ends with {end}"), |window| {
            window.path().ends_with(end).then_some(())
        });
    }

    /// Path of the address.
    pub fn path(&self) -> String {
        let url = self.url();
        let path = url.split(['?', '#']).next().unwrap_or_default();
        path.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default()
    }

    #[track_caller]
    pub fn click(&self, css: &str) {
        self.clicks.set(self.clicks.get() + 1);
        self.with(css, |window, element| {
            window.driver.call("POST", &format!("/element/{}/click", element.0), &json!({}))
        });
    }

    /// Clicks twice, as fast as a hand can.
    #[track_caller]
    pub fn double_click(&self, css: &str) {
        self.with(css, |window, element| {
            let origin = json!({ELEMENT: element.0});
            let press =
                [json!({"type": "pointerDown", "button": 0}), json!({"type": "pointerUp", "button": 0})];
            let moved = json!({"type": "pointerMove", "duration": 0, "origin": origin, "x": 0, "y": 0});
            let actions: Vec<Value> = [moved].into_iter().chain(press.clone()).chain(press).collect();
            window.act(&json!({"type": "pointer", "id": "mouse", "actions": actions}))
        });
    }

    /// Replaces what stands in a field, at once, as pasting does: a key at a time, a busy machine takes seconds.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.with(css, |window, element| {
            window.driver.call("POST", &format!("/element/{}/clear", element.0), &json!({}))?;
            let focus = json!({"script": "arguments[0].focus()", "args": [{ELEMENT: element.0}]});
            window.driver.call("POST", "/execute/sync", &focus)?;
            let insert = json!({"cmd": "Input.insertText", "params": {"text": text}});
            window.driver.call("POST", "/goog/cdp/execute", &insert)
        });
        assert_eq!(self.property(css, "value"), text, "{css}");
    }

    /// Picks an option of a list by its value.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        self.with(&format!("{css} option[value={value:?}]"), |window, element| {
            window.driver.call("POST", &format!("/element/{}/click", element.0), &json!({}))
        });
    }

    /// Presses keys one after the other, wherever the focus is.
    pub fn press(&self, keys: &str) {
        let press = |key: char| {
            [("keyDown", key), ("keyUp", key)].map(|(what, key)| json!({"type": what, "value": key}))
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        self.act(&json!({"type": "key", "id": "keys", "actions": actions}))
            .unwrap_or_else(|error| panic!("{error}"));
    }

    fn act(&self, device: &Value) -> Result<Value, Complaint> {
        self.driver.call("POST", "/actions", &json!({"actions": [device]}))
    }

    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.text_of(self.with(css, |window, element| {
            window.driver.call("GET", &format!("/element/{}/text", element.0), &Value::Null)
        }))
    }

    /// A property of an element, as text: `value`, `href`.
    #[track_caller]
    pub fn property(&self, css: &str, name: &str) -> String {
        self.text_of(self.with(css, |window, element| {
            window.driver.call("GET", &format!("/element/{}/property/{name}", element.0), &Value::Null)
        }))
    }

    /// Runs a script of the test, which is no script of the page: it runs where those do not.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// The same, of a script that calls its last argument with what it has found.
    pub fn run_later(&self, script: &str, arguments: &[Value]) -> Value {
        self.call("POST", "/execute/async", &json!({"script": script, "args": arguments}))
    }

    /// The names and values of the cookies that the page would be sent.
    pub fn cookies(&self) -> Vec<(String, String)> {
        let cookies = self.call("GET", "/cookie", &Value::Null);
        let text = |cookie: &Value, name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
        cookies.as_array().into_iter().flatten().map(|one| (text(one, "name"), text(one, "value"))).collect()
    }

    pub fn forget_cookies(&self) {
        self.call("DELETE", "/cookie", &Value::Null);
    }

    /// The tab that is looked at.
    pub fn tab(&self) -> String {
        self.text_of(self.call("GET", "/window", &Value::Null))
    }

    /// Opens a tab, and looks at it.
    pub fn new_tab(&self) -> String {
        let made = self.call("POST", "/window/new", &json!({"type": "tab"}));
        let handle = self.text_of(made["handle"].clone());
        self.look_at(&handle);
        self.dress(&self.look);
        handle
    }

    pub fn look_at(&self, tab: &str) {
        self.call("POST", "/window", &json!({"handle": tab}));
    }

    /// What is seen, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let text = self.text_of(self.call("GET", "/screenshot", &Value::Null));
        STANDARD.decode(text).expect("a picture in Base64")
    }

    /// How many pixels the page is wider than the window.
    pub fn overflow(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.run(script, &[]).as_i64().expect("a number")
    }

    /// Asks Chromium by its own protocol.
    pub fn ask_browser(&self, command: &str, parameters: &Value) -> Value {
        self.call("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.driver
            .call(method, path, body)
            .unwrap_or_else(|complaint| panic!("{method} {path}: {complaint}"))
    }

    /// Does something with an element once it is there; the page may change meanwhile.
    #[track_caller]
    fn with(&self, css: &str, act: impl Fn(&Self, &Element) -> Result<Value, Complaint>) -> Value {
        self.until(css, |window| {
            let found =
                window.driver.call("POST", "/element", &json!({"using": "css selector", "value": css}));
            let done = found.and_then(|found| {
                let id = found[ELEMENT].as_str().unwrap_or_default().to_owned();
                act(window, &Element(id))
            });
            match done {
                Ok(value) => Some(value),
                Err(complaint) if complaint.passes() => None,
                Err(complaint) => panic!("{css}: {complaint}"),
            }
        })
    }

    #[track_caller]
    pub fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            if Instant::now() > deadline {
                panic!("not within {PATIENCE:?}: {what}\n{}\n{}", self.url(), self.words());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn text_of(&self, value: Value) -> String {
        match value {
            Value::String(text) => text,
            other => panic!("no text: {other}"),
        }
    }
}

impl Complaint {
    /// Whether it may be otherwise a moment later.
    fn passes(&self) -> bool {
        let kinds = [
            "no such element",
            "stale element reference",
            "element not interactable",
            "element click intercepted",
        ];
        kinds.contains(&self.kind.as_str())
    }
}
