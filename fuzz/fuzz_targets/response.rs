//! What an upstream answers is read as hyper's client reads it, or refused, and how it arrives makes
//! no difference.
//!
//! The first byte says whether HEAD was asked and in how long pieces the rest arrives, which is the
//! response. The codec is the local program's own, which is no library.
#![no_main]
#![allow(dead_code)]

#[path = "../../local-adapter/src/upstream/codec_oracle.rs"]
mod codec_oracle;
#[path = "../../local-adapter/src/upstream/response_body.rs"]
mod response_body;
#[path = "../../local-adapter/src/upstream/response_head.rs"]
mod response_head;

use http::Method;
use libfuzzer_sys::fuzz_target;

use crate::codec_oracle::{assert_read_alike, by_us};

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let method = if first & 1 == 0 { Method::GET } else { Method::HEAD };
    let piece = usize::from(first >> 1) + 1;
    assert_read_alike(text, &method, piece);
    let (whole, pieces) = (by_us(text, &method, usize::MAX), by_us(text, &method, piece));
    assert_eq!(whole.ok().flatten(), pieces.ok().flatten());
});
