//! Consumers, their keys, and whose a key is.

use super::{NOW, Shelf};
use crate::manager::{
    Consumer, ConsumerFields, ConsumerKey, ConsumerNew, ConsumerRow, Consumers, FindKey, FoundKey, HeldKey,
    Impact, KeyFault, KeyFields, KeyNew, KeyShown, Owner, RotateKey,
};
use crate::parts::{Ends, Typed};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = consumers(shelf);
    samples.extend(keys(shelf));
    samples.extend(find(shelf));
    samples
}

/// A key in each state.
pub(super) fn held<'a>(shelf: &Shelf<'a>) -> [HeldKey<'a>; 3] {
    let key = HeldKey {
        id: shelf.text,
        name: shelf.text,
        start: shelf.text,
        created: NOW,
        expires: None,
        is_expired: false,
        is_enabled: true,
    };
    [
        key,
        HeldKey { is_enabled: false, name: shelf.long, ..key },
        HeldKey { expires: Some(NOW), is_expired: true, ..key },
    ]
}

fn consumers(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let row = ConsumerRow { id: text, name: text, custom_id: Some(text), keys: 2, is_enabled: true };
    let rows = [row, ConsumerRow { name: shelf.long, custom_id: None, is_enabled: false, ..row }];
    let list = |consumers, paging| Consumers { frame, consumers, paging };
    let keys = held(shelf).map(|key| ConsumerKey { key, old_until: (!key.is_expired).then_some(NOW) });
    let typed = shelf.typed();
    let fields = ConsumerFields { username: typed, custom_id: typed, fault: None };
    let wrong = ConsumerFields { username: shelf.wrong(), fault: Some(text), ..fields };
    let one = Consumer { frame, consumer: shelf.thing, created: NOW, is_enabled: true, keys: &keys, fields };
    let bare = Consumer { is_enabled: false, keys: &[], fields: wrong, ..one };
    let new = |fields| ConsumerNew { frame, fields, nonce: text };
    vec![
        shelf.sample("consumers", &list(&rows, shelf.middle())),
        shelf.sample("consumers-empty", &list(&[], shelf.one_page())),
        shelf.sample("consumer-new", &new(ConsumerFields::default())),
        shelf.sample("consumer-new-wrong", &new(wrong)),
        shelf.sample("consumer", &one),
        shelf.sample("consumer-suspended", &bare),
    ]
}

fn keys(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text, consumer) = (shelf.frame, shelf.text, shelf.thing);
    let own = Typed { value: "own", fault: None };
    let wrong = KeyFields { name: shelf.wrong(), ends: Ends { ends: own, own: shelf.wrong() } };
    let new = |fields| KeyNew { frame, consumer, fields, nonce: text };
    let ends = Ends::default();
    let rotate =
        RotateKey { frame, consumer, key: shelf.thing, ends, old_until: None, fault: None, nonce: text };
    let wrong_end = Ends { own: shelf.wrong(), ..ends };
    let shown = KeyShown { frame, consumer, key: text, curl: Some(text), old_until: None };
    vec![
        shelf.sample("key-new", &new(KeyFields::default())),
        shelf.sample("key-new-wrong", &new(wrong)),
        shelf.sample("key-shown", &shown),
        shelf.sample("key-rotated", &KeyShown { curl: None, old_until: Some(NOW), ..shown }),
        shelf.sample("rotate-key", &rotate),
        shelf.sample("rotate-key-wrong", &RotateKey { ends: wrong_end, ..rotate }),
        shelf.sample("rotate-key-twice", &RotateKey { old_until: Some(NOW), fault: Some(text), ..rotate }),
    ]
}

fn find(shelf: &Shelf<'_>) -> Vec<Sample> {
    let frame = shelf.frame;
    let places = [shelf.text, shelf.text];
    let good = FoundKey {
        frame,
        owner: Owner::Application(shelf.thing, shelf.thing),
        credential: shelf.thing,
        is_previous: false,
        since: NOW,
        ends: None,
        faults: &[],
        is_everywhere: false,
        places: &places,
        end: Some(crate::manager::paths::FIND_KEY),
        impact: Impact { applications: 1, within_seconds: 5 },
    };
    let faults = [
        KeyFault::CredentialEnded,
        KeyFault::GraceEnded,
        KeyFault::CredentialSuspended,
        KeyFault::ConsumerSuspended,
        KeyFault::ApplicationSuspended,
        KeyFault::DeveloperSuspended,
        KeyFault::DeveloperNotApproved,
        KeyFault::OwnerDeleted,
        KeyFault::Nowhere,
        KeyFault::NoKey,
    ];
    let ended = FoundKey { owner: Owner::Gone, faults: &faults, places: &[], end: None, ..good };
    let everywhere = FoundKey {
        owner: Owner::Consumer(shelf.thing),
        is_previous: true,
        ends: Some(NOW),
        is_everywhere: true,
        ..good
    };
    vec![
        shelf.sample("find-key", &FindKey { frame, is_unknown: false }),
        shelf.sample("find-key-unknown", &FindKey { frame, is_unknown: true }),
        shelf.sample("found-key", &good),
        shelf.sample("found-key-everywhere", &everywhere),
        shelf.sample("found-key-ended", &ended),
    ]
}
