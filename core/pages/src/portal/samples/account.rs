//! The own account.

use super::{NOW, Shelf};
use crate::parts::Typed;
use crate::portal::{Account, AccountDelete, PasswordFields, Session};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let this = Session { id: text, browser: Some(text), created: NOW, last_seen: NOW, is_this: true };
    let sessions = [
        this,
        Session { browser: Some(shelf.long), is_this: false, ..this },
        Session { browser: None, is_this: false, ..this },
    ];
    let (meta, wrong) = (shelf.meta(shelf.typed()), shelf.meta(shelf.wrong()));
    let page = Account {
        frame,
        email: text,
        meta: &meta,
        new_email: Typed::default(),
        password: PasswordFields::default(),
        password_min: 12,
        sessions: &sessions,
    };
    let fault = Some(text);
    let password = PasswordFields { old_fault: fault, new_fault: fault, wait: None };
    let delete = |applications| AccountDelete { frame, applications, within_seconds: 5 };
    vec![
        shelf.sample("account", &page),
        shelf.sample("account-bare", &Account { meta: &[], sessions: &sessions[..1], ..page }),
        shelf.sample("account-meta-wrong", &Account { meta: &wrong, ..page }),
        shelf.sample("account-email-wrong", &Account { new_email: shelf.wrong(), ..page }),
        shelf.sample("account-password-wrong", &Account { password, ..page }),
        shelf.sample(
            "account-password-too-many",
            &Account { password: PasswordFields { wait: Some(8), ..PasswordFields::default() }, ..page },
        ),
        shelf.sample("account-delete", &delete(0)),
        shelf.sample("account-delete-one", &delete(1)),
        shelf.sample("account-delete-two", &delete(2)),
    ]
}
