//! What JavaScript calls. A call that throws leaves the instance behind: the shim makes another.

#![allow(unreachable_pub, reason = "JavaScript reaches it")]

use std::cell::RefCell;

use latchkey_gateway::forward::{is_withheld, is_withheld_back};
use latchkey_gateway::own_answer::VIA;
use latchkey_gateway::own_cookies::{is_set_by, without_own};
use latchkey_gateway::request::Body;
use latchkey_request::field_name::folded;
use wasm_bindgen::prelude::*;

use crate::config::Settings;
use crate::data_plane::{self, DataPlane, GrantText};

thread_local! {
    static DATA_PLANE: RefCell<Option<DataPlane>> = const { RefCell::new(None) };
}

/// Makes the data plane from a JSON object of settings and 16 random bytes.
/// Empty, or why it cannot be made.
#[wasm_bindgen]
pub fn configure(settings: &str, seed: &[u8]) -> String {
    let half = |at: usize| {
        seed.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    match Settings::parse(settings) {
        Ok(settings) => {
            DATA_PLANE.set(Some(DataPlane::new(&settings, [half(0), half(8)])));
            String::new()
        }
        Err(reason) => reason,
    }
}

fn with<T>(use_it: impl FnOnce(&mut DataPlane) -> T) -> T {
    DATA_PLANE.with_borrow_mut(|plane| use_it(plane.as_mut().expect("the shim configures it first")))
}

/// Decides about a request whose body was not read.
#[wasm_bindgen]
pub fn ask(request: &str) -> String {
    with(|plane| plane.ask(request, Body::Unread))
}

/// Decides about a request with its whole body; `None`: it is too long.
#[wasm_bindgen(js_name = askWithBody)]
pub fn ask_with_body(request: &str, body: Option<Box<[u8]>>) -> String {
    let body = body.as_deref().map_or(Body::TooLarge, Body::Whole);
    with(|plane| plane.ask(request, body))
}

/// The response to a request that failed.
#[wasm_bindgen]
pub fn refuse(request: &str, problem: &str) -> String {
    with(|plane| plane.refuse(request, problem))
}

/// The response while a setting is missing or wrong; needs no configuration.
#[wasm_bindgen(js_name = refuseUnconfigured)]
pub fn refuse_unconfigured() -> String {
    data_plane::refuse_unconfigured()
}

/// Takes in the feed's answer, or that there was none. Empty, or what is wrong with it, for the log.
#[wasm_bindgen(js_name = learnFeed)]
pub fn learn_feed(asked_ms: f64, now_ms: f64, reply: Option<String>) -> String {
    with(|plane| match plane.learn_feed(asked_ms as u64, now_ms as u64, reply.as_deref()) {
        Ok(true) => plane.unusable(),
        Ok(false) => String::new(),
        Err(wrong) => wrong,
    })
}

/// Takes in a grant; `missing` counts where there is none. `mac`: what is beside a replica's text.
#[wasm_bindgen(js_name = learnGrant)]
pub fn learn_grant(
    digest: &str,
    source: &str,
    stamp: f64,
    now_ms: f64,
    found: Option<String>,
    missing: bool,
    mac: &str,
) -> String {
    let found = match (&found, missing) {
        (Some(text), _) if source == "authority" => GrantText::Found(text),
        (Some(text), _) => GrantText::Copied(text, mac),
        (None, true) => GrantText::Missing,
        (None, false) => GrantText::Failed,
    };
    with(|plane| plane.learn_grant(digest, source, stamp as u64, now_ms as u64, found))
}

/// The header fields to describe a request with, a line each.
#[wasm_bindgen(js_name = headerNames)]
pub fn header_names() -> String {
    with(|plane| plane.header_names())
}

/// What becomes of fields of a name, in lower case: a digit, 1 where no request passes them on, 2
/// where no response passes them back, 3 for both; then the spelling that all names have in common
/// that are the same.
#[wasm_bindgen(js_name = judgeField)]
pub fn judge_field(name: &str) -> String {
    let fields = with(|plane| plane.response_fields());
    let judgement = u8::from(is_withheld(name)) + 2 * u8::from(is_withheld_back(name, fields));
    format!("{judgement}{}", folded(name))
}

/// The fields that an upstream's response is added, in lower case, a line each; empty: none.
#[wasm_bindgen(js_name = responseFields)]
pub fn response_fields() -> String {
    with(|plane| plane.response_fields().of_upstreams_responses().collect::<Vec<_>>().join("\n"))
}

/// Whether a `Set-Cookie` of an upstream sets a cookie of ours, and so is not passed back.
#[wasm_bindgen(js_name = isOwnCookie)]
pub fn is_own_cookie(set_cookie: &str) -> bool {
    is_set_by(set_cookie.as_bytes())
}

/// A request's `Cookie` without cookies of ours; empty: nothing is left.
#[wasm_bindgen(js_name = withoutOwnCookies)]
pub fn without_own_cookies(cookie: &str) -> String {
    without_own(cookie.as_bytes())
        .map_or_else(|| cookie.to_owned(), |kept| String::from_utf8_lossy(&kept).into_owned())
}

/// What `Via` gets of us.
#[wasm_bindgen(js_name = via)]
pub fn via() -> String {
    VIA.to_owned()
}

/// Fails as a defect would: for the tests, which alone can reach it.
#[wasm_bindgen(js_name = failForTests)]
pub fn fail_for_tests() {
    panic!("a test asked for a panic");
}
