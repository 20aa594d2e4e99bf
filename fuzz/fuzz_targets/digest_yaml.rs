//! Declarations whose keys are replaced by their digests, as they stand and, where the text is JSON, as
//! serde_json reads it.
//!
//! The code is the local program's own, which is no library.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../local-adapter/src/declaration/mod.rs"]
mod declaration;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use crate::declaration::{digest_key, digest_keys};

fuzz_target!(|text: &str| {
    let Ok(digested) = digest_keys(text) else { return };
    // What is digested stays, and is read alike.
    assert_eq!(digest_keys(&digested).as_deref(), Ok(&*digested));
    let Ok(mut before) = serde_json::from_str::<Value>(text) else { return };
    // A merge means something in YAML alone.
    if before.to_string().contains("\"<<\"") {
        return;
    }
    each(before.get_mut("keyauth_credentials"), &mut digest_member);
    each(before.get_mut("consumers"), &mut |consumer| {
        each(consumer.get_mut("keyauth_credentials"), &mut digest_member);
    });
    let after: Value = serde_json::from_str(&digested).expect("JSON stays JSON");
    assert_eq!(after, before);
});

/// Does something with every element of a list, and of lists in it.
fn each(list: Option<&mut Value>, act: &mut dyn FnMut(&mut Value)) {
    for element in list.and_then(Value::as_array_mut).into_iter().flatten() {
        if element.is_array() {
            each(Some(element), act);
        } else {
            act(element);
        }
    }
}

fn digest_member(credential: &mut Value) {
    if let Some(Value::String(key)) = credential.get_mut("key") {
        *key = digest_key(key).expect("the whole was not refused");
    }
}
