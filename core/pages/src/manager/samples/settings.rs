//! Audit, admin tokens, settings.

use super::{NOW, Shelf};
use crate::manager::{
    Audit, AuditFilter, Change, Did, Kind, LookFields, MailFields, Record, RegistrationField,
    RegistrationKind, SettingsPage, TokenNew, TokenRow, TokenShown, TokenShownAlready, Tokens, Who,
};
use crate::parts::{Ends, Typed};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = audit(shelf);
    samples.extend(tokens(shelf));
    samples.extend(settings(shelf));
    samples
}

fn audit(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let fields = [text, text];
    let change = Change {
        kind: Ok(Kind::Service),
        did: Ok(Did::Changed),
        id: Some(text),
        fields: &fields,
        count: None,
    };
    let sum = Change { did: Ok(Did::LogInsFailed), id: None, fields: &[], count: Some(3), ..change };
    let newer = Change { kind: Err(text), did: Err(text), ..change };
    let kinds = Kind::ALL.iter().map(|kind| Change { kind: Ok(*kind), ..change });
    let did = Did::ALL.iter().map(|did| Change { did: Ok(*did), ..change });
    let changes: Vec<Change<'_>> = kinds.chain(did).chain([sum, newer]).collect();
    let record = |who| Record { at: NOW, who, address: Some(text), changes: &changes };
    let mut records: Vec<Record<'_>> = [
        Who::Program,
        Who::Gateway,
        Who::AdminToken,
        Who::NamedToken(text),
        Who::Developer(text),
        Who::Visitor,
    ]
    .map(record)
    .into();
    records.push(Record { address: None, changes: &changes[..1], ..record(Who::Other(text)) });
    let filter = AuditFilter {
        who: text,
        kind: Some(Kind::Contract),
        since: Typed { value: "2026-11-27", fault: None },
        until: shelf.wrong(),
    };
    let page = |records, filter| Audit {
        frame,
        records,
        filter,
        export: crate::manager::paths::AUDIT_EXPORT,
        paging: shelf.middle(),
    };
    vec![
        shelf.sample("audit", &page(&records, AuditFilter::default())),
        shelf.sample("audit-filtered", &page(&records[..1], filter)),
        shelf.sample("audit-empty", &page(&[], filter)),
    ]
}

fn tokens(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, text) = (shelf.frame, shelf.text);
    let token = TokenRow {
        id: text,
        name: text,
        start: text,
        is_read_only: false,
        created: NOW,
        expires: None,
        is_expired: false,
        is_own: true,
    };
    let other = TokenRow { name: shelf.long, is_read_only: true, is_own: false, ..token };
    let expired = TokenRow { expires: Some(NOW), is_expired: true, ..other };
    let new = |name, is_read_only| TokenNew { frame, name, is_read_only, ends: Ends::default(), nonce: text };
    vec![
        shelf.sample("tokens", &Tokens { frame, tokens: &[token, other, expired] }),
        shelf.sample("tokens-empty", &Tokens { frame, tokens: &[] }),
        shelf.sample("token-new", &new(Typed::default(), false)),
        shelf.sample("token-new-wrong", &new(shelf.wrong(), true)),
        shelf.sample("token-shown", &TokenShown { frame, name: text, token: text }),
        shelf.sample("token-shown-already", &TokenShownAlready { frame, token: text }),
    ]
}

fn settings(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, typed) = (shelf.frame, shelf.typed());
    let language = frame.language;
    let look = LookFields { name: typed, colour: typed, language, has_logo: true, logo_fault: None };
    let field = |kind| RegistrationField { label: typed, name: typed, kind, is_required: true };
    let registration = RegistrationKind::ALL.map(field);
    let wrong_field = [RegistrationField { name: shelf.wrong(), ..registration[0] }];
    let mail = MailFields { addresses: typed, is_daily: true, has_names: false, test: typed };
    let page = SettingsPage {
        frame,
        look,
        is_auto_approving: true,
        registration: &registration,
        registration_fault: None,
        mail: Some(mail),
    };
    let wrong_look = LookFields { name: shelf.wrong(), colour: shelf.wrong(), has_logo: false, ..look };
    let wrong_logo = LookFields { logo_fault: Some(shelf.text), ..look };
    let wrong_mail = MailFields { addresses: shelf.wrong(), ..mail };
    vec![
        shelf.sample("settings", &page),
        shelf.sample("settings-no-mail", &SettingsPage { mail: None, registration: &[], ..page }),
        shelf.sample("settings-wrong-look", &SettingsPage { look: wrong_look, ..page }),
        shelf.sample("settings-wrong-logo", &SettingsPage { look: wrong_logo, ..page }),
        shelf.sample("settings-wrong-field", &SettingsPage { registration: &wrong_field, ..page }),
        shelf.sample("settings-wrong-mail", &SettingsPage { mail: Some(wrong_mail), ..page }),
    ]
}
