//! Multipart, against `multer`. The boundary is `b`.

#![no_main]

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use latchkey_core::places::{Found, Unreadable, multipart};
use latchkey_fuzz::{NAMES, kept};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut cuts = Vec::new();
    if multipart::cut(input, b"b", &NAMES, &mut cuts).is_err() {
        assert!(cuts.is_empty());
        // An unclear name may stop the search for one name and not for another.
        assert!(NAMES.iter().any(|name| multipart::find(input, b"b", name) == Err(Unreadable)));
        return;
    }
    let kept = kept(input, &cuts);
    let found = NAMES.map(|name| multipart::find(input, b"b", name));
    assert_eq!(found.iter().all(|it| *it == Ok(Found::Nothing)), cuts.is_empty());
    for name in NAMES {
        assert_eq!(multipart::find(&kept, b"b", name), Ok(Found::Nothing));
    }

    let Ok(after) = fields(&kept) else { return };
    for name in NAMES {
        assert!(!after.iter().any(|field| field.name.as_deref() == Some(name)), "leaks {name}");
    }
    let Ok(before) = fields(input) else { return };
    if before.iter().all(|field| field.name.is_some()) {
        // Each field left is one of those before, and they are in the same order.
        let mut rest = before.iter();
        assert!(after.iter().all(|field| rest.any(|it| it == field)));
    }
});

#[derive(Debug, PartialEq)]
struct Field {
    name: Option<String>,
    file_name: Option<String>,
    headers: String,
    content: Bytes,
}

fn fields(input: &[u8]) -> Result<Vec<Field>, multer::Error> {
    let stream = BodyDataStream::new(Full::new(Bytes::copy_from_slice(input)));
    let mut multipart = multer::Multipart::new(stream, "b");
    let mut fields = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
    runtime.block_on(async {
        while let Some(field) = multipart.next_field().await? {
            fields.push(Field {
                name: field.name().map(str::to_owned),
                file_name: field.file_name().map(str::to_owned),
                headers: format!("{:?}", field.headers()),
                content: field.bytes().await?,
            });
        }
        Ok(fields)
    })
}
