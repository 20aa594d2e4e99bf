//! Multipart, against `multer`. The boundary is `b`.

#![no_main]

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use latchkey_fuzz::{NAMES, kept};
use latchkey_gateway::places::{Found, Names, Scanned, Unreadable, multipart};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let all = Names::new(&NAMES);
    let each = NAMES.map(|name| multipart::scan(input, b"b", &Names::new(&[name])));
    let Ok(mut scanned) = multipart::scan(input, b"b", &all) else {
        // An unclear name may stop the search for one name and not for another.
        return assert!(each.iter().any(|it| *it == Err(Unreadable)));
    };
    let found = [0, 1].map(|place| scanned.take(place));
    for (found, alone) in found.iter().zip(each) {
        assert_eq!(Ok(found), alone.map(|mut it| it.take(0)).as_ref());
    }
    let cuts = scanned.into_cuts().into_vec();
    assert_eq!(found.iter().all(|it| *it == Found::Nothing), cuts.is_empty());
    let kept = kept(input, &cuts);
    assert_eq!(multipart::scan(&kept, b"b", &all), Ok(Scanned::default()));

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
