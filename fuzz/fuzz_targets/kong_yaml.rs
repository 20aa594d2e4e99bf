//! Declarations read to the parts that are sent, and less what changes nothing in them.
//!
//! The code is the local program's own, which is no library.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../local-adapter/src/declaration/mod.rs"]
mod declaration;

use latchkey_control::schema::EntityKind;
use latchkey_published::limits::ADMIN_BODY_BYTES_MAX;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use crate::declaration::{body, read, split, strip};

fn variable(name: &str) -> Option<String> {
    (name == "DECK_A").then(|| "a\n b: \"c".to_owned())
}

fuzz_target!(|text: &str| {
    let whole = read(text, false, &variable);
    if let Err(faults) = &whole {
        assert!(!faults.is_empty());
        assert!(faults.iter().all(|fault| !fault.sentence.is_empty()));
    }
    if let Ok(declaration) = read(text, true, &variable) {
        let parts = split(&declaration).expect("no text is as long as a part");
        for part in parts {
            let body = body(&declaration, &part);
            assert!(body.len() <= ADMIN_BODY_BYTES_MAX);
            let body: Value = serde_json::from_str(&body).expect("it is JSON");
            for entity in body["entities"].as_array().expect("they are a list") {
                let kind = entity["kind"].as_str().and_then(EntityKind::parse);
                assert!(kind.is_some() && entity["entity"].is_object());
            }
        }
    } else {
        assert!(whole.is_err(), "what is taken whole is taken less what is unknown");
    }
    // What is left is stripped, and is as long at most.
    if let Ok(stripped) = strip(text) {
        assert!(stripped.text.len() <= text.len() + 2);
        assert_eq!(strip(&stripped.text).expect("it was not refused").text, stripped.text);
    }
});
