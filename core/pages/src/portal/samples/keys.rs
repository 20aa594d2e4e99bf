//! Keys of an application.

use super::{NOW, Shelf};
use crate::parts::{Ends, State, Typed};
use crate::portal::{
    EndKey, EndingKey, Key, KeyFields, KeyNew, KeyOnce, KeyPage, KeyShownAlready, RotateKey, RotatedAlready,
};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = pages(shelf);
    samples.extend(shown(shelf));
    samples.extend(rotation(shelf));
    samples
}

/// A key in each state: good, rotating, suspended, ended.
pub(super) fn each<'a>(shelf: &Shelf<'a>) -> [Key<'a>; 4] {
    let key = Key {
        id: shelf.text,
        name: shelf.text,
        start: shelf.text,
        created: NOW,
        expires: None,
        is_expired: false,
        is_enabled: true,
        old_until: None,
    };
    [
        key,
        Key { name: shelf.long, expires: Some(NOW), old_until: Some(NOW), ..key },
        Key { is_enabled: false, ..key },
        Key { expires: Some(NOW), is_expired: true, ..key },
    ]
}

/// What was typed of a new key, with all of it wrong.
pub(super) fn wrong<'a>(shelf: &Shelf<'a>) -> KeyFields<'a> {
    let own = Typed { value: "own", fault: Some(shelf.text) };
    let ends = Ends { ends: own, own: shelf.wrong() };
    KeyFields { name: shelf.wrong(), ends, fault: Some(shelf.text) }
}

fn pages(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, application) = (shelf.frame, shelf.thing);
    let [good, rotating, suspended, ended] = each(shelf);
    let new = |fields| KeyNew { frame, application, fields, nonce: shelf.text };
    let page = |key, name| KeyPage { frame, application, key, name };
    let end = |ending| EndKey { frame, application, key: shelf.thing, ending, within_seconds: 5 };
    vec![
        shelf.sample("key-new", &new(KeyFields::default())),
        shelf.sample("key-new-wrong", &new(wrong(shelf))),
        shelf.sample("key", &page(good, shelf.typed())),
        shelf.sample("key-rotating", &page(rotating, shelf.typed())),
        shelf.sample("key-suspended", &page(suspended, shelf.wrong())),
        shelf.sample("key-ended", &page(ended, shelf.typed())),
        shelf.sample("key-delete", &end(EndingKey::Whole)),
        shelf.sample("key-end-old", &end(EndingKey::Old)),
    ]
}

fn shown(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, application, text) = (shelf.frame, shelf.thing, shelf.text);
    let good_for = [("Orders", State::Active), ("Stock", State::Waiting), (text, State::Revoked)];
    let shown = KeyOnce {
        frame,
        application,
        key: text,
        secret: Some(text),
        good_for: &good_for,
        curl: Some(text),
        old_until: None,
    };
    let rotated = KeyOnce { secret: None, old_until: Some(NOW), ..shown };
    let early = KeyOnce { secret: None, good_for: &[], curl: None, ..shown };
    let already = KeyShownAlready { frame, application, credential: text, nonce: text };
    vec![
        shelf.sample("key-shown", &shown),
        shelf.sample("key-rotated", &rotated),
        shelf.sample("no-access-key-shown", &early),
        shelf.sample("key-shown-already", &already),
        shelf.sample("key-rotated-already", &RotatedAlready { frame, application, credential: text }),
    ]
}

fn rotation(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, application) = (shelf.frame, shelf.thing);
    let [good, rotating, _, ended] = each(shelf);
    let rotate = |key| RotateKey { frame, application, key, ends: Ends::default() };
    let ending = Key { expires: Some(NOW), ..good };
    let own = Typed { value: "own", fault: None };
    let wrong = RotateKey { ends: Ends { ends: own, own: shelf.wrong() }, ..rotate(ending) };
    vec![
        shelf.sample("rotate", &rotate(good)),
        shelf.sample("rotate-wrong", &wrong),
        shelf.sample("rotate-while-rotating", &rotate(rotating)),
        shelf.sample("rotate-ended", &rotate(ended)),
    ]
}
