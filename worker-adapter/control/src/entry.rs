//! What JavaScript calls in the plain isolate. A call that throws leaves the instance behind: the
//! script makes another.

#![allow(unreachable_pub, reason = "JavaScript reaches it")]

use std::cell::RefCell;

use latchkey_control::ports::Random;
use wasm_bindgen::prelude::*;

use latchkey_worker_object::system::SystemRandom;

use crate::config::Settings;
use crate::door::{self, TextDoor};
use crate::request::Described;

thread_local! {
    static DOOR: RefCell<Option<TextDoor>> = const { RefCell::new(None) };
}

/// Makes the door from a JSON object of settings. Empty, or why it cannot be made.
#[wasm_bindgen]
pub fn configure(settings: &str) -> String {
    match Settings::parse(settings, SystemRandom.uuid()) {
        Ok(settings) => {
            DOOR.set(Some(TextDoor::new(settings)));
            String::new()
        }
        Err(reason) => reason,
    }
}

/// What becomes of a request by its head ([`TextDoor::knock`]).
#[wasm_bindgen]
pub fn knock(
    method: &str,
    url: &str,
    headers: &str,
    client_ip: &str,
    is_over_limit: bool,
    now_ms: f64,
) -> String {
    let Some(described) = Described::of(method, url, headers, client_ip) else { return fault("") };
    DOOR.with_borrow(|door| {
        let door = door.as_ref().expect("the script configures it first");
        door.knock(&described, is_over_limit, now_ms as u64)
    })
}

/// What the platform counts a client's requests under.
#[wasm_bindgen(js_name = limitKey)]
pub fn limit_key(client_ip: &str) -> String {
    door::limit_key(client_ip)
}

/// What befell a request that was let in, as an answer.
#[wasm_bindgen(js_name = faultOf)]
pub fn fault_of(method: &str, url: &str, headers: &str, client_ip: &str, why: &str) -> String {
    let Some(described) = Described::of(method, url, headers, client_ip) else { return fault(why) };
    DOOR.with_borrow(|door| door.as_ref().map_or_else(|| fault(why), |door| door.fault(&described, why)))
}

/// What befell a request, as an answer; needs no configuration.
#[wasm_bindgen]
pub fn fault(why: &str) -> String {
    door::fault(why)
}

/// Fails as a defect would: for the tests, which alone can reach it.
#[wasm_bindgen(js_name = failForTests)]
pub fn fail_for_tests() {
    panic!("a test asked for a panic");
}
