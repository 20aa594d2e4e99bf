//! Applications.

use super::{NOW, Shelf};
use crate::parts::Typed;
use crate::portal::{
    AcceptTransfer, Application, ApplicationDelete, ApplicationEdit, ApplicationFields, ApplicationNew,
    ApplicationRow, Applications, Askable, Details, KeyFields, RequestFields, Transfer,
};
use crate::sample::Sample;

pub(super) fn all(shelf: &Shelf<'_>) -> Vec<Sample> {
    let mut samples = list(shelf);
    samples.extend(forms(shelf));
    samples.extend(one(shelf));
    samples.extend(leaving(shelf));
    samples
}

fn list(shelf: &Shelf<'_>) -> Vec<Sample> {
    let names = [shelf.text, shelf.long];
    let row = ApplicationRow { application: shelf.thing, services: &names, keys: 1, created: NOW };
    let rows = [row, ApplicationRow { services: &[], keys: 0, ..row }];
    let list = |applications, paging| Applications { frame: shelf.frame, applications, paging };
    vec![
        shelf.sample("applications", &list(&rows, shelf.middle())),
        shelf.sample("applications-none-found", &list(&[], shelf.middle())),
        shelf.sample("applications-empty", &list(&[], shelf.one_page())),
    ]
}

fn forms(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, typed) = (shelf.frame, shelf.typed());
    let stored = ApplicationFields { name: typed, redirect_uri: typed, fault: None };
    let wrong =
        ApplicationFields { name: shelf.wrong(), redirect_uri: shelf.wrong(), fault: Some(shelf.text) };
    let service = shelf.thing;
    let services = [Askable { service, is_picked: true }, Askable { service, is_picked: false }];
    let new = ApplicationNew {
        frame,
        fields: ApplicationFields::default(),
        services: &services,
        request: RequestFields::default(),
        nonce: shelf.text,
    };
    let faulty = ApplicationNew { fields: wrong, request: shelf.request_wrong(), ..new };
    let edit = |fields| ApplicationEdit { frame, application: shelf.thing, fields };
    vec![
        shelf.sample("application-new", &new),
        shelf.sample("application-new-no-services", &ApplicationNew { services: &[], ..new }),
        shelf.sample("application-new-wrong", &faulty),
        shelf.sample("application-edit", &edit(stored)),
        shelf.sample("application-edit-wrong", &edit(wrong)),
    ]
}

fn one(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (keys, access) = (super::keys::each(shelf), shelf.access());
    let details =
        Details { redirect_uri: shelf.text, created: NOW, consumer: shelf.text, custom_id: Some(shelf.text) };
    let page = Application {
        frame: shelf.frame,
        application: shelf.thing,
        is_enabled: true,
        keys: &keys,
        new_key: KeyFields::default(),
        access: &access,
        details,
        nonce: shelf.text,
    };
    let bare = Application {
        is_enabled: false,
        keys: &[],
        access: &[],
        details: Details { custom_id: None, ..details },
        ..page
    };
    vec![
        shelf.sample("application", &page),
        shelf.sample("application-wrong", &Application { new_key: super::keys::wrong(shelf), ..page }),
        shelf.sample("application-suspended", &bare),
    ]
}

fn leaving(shelf: &Shelf<'_>) -> Vec<Sample> {
    let (frame, application) = (shelf.frame, shelf.thing);
    let delete =
        |keys, typed_name| ApplicationDelete { frame, application, keys, within_seconds: 5, typed_name };
    let transfer = |email| Transfer { frame, application, email };
    vec![
        shelf.sample("application-delete", &delete(0, Typed::default())),
        shelf.sample("application-delete-one-key", &delete(1, Typed::default())),
        shelf.sample("application-delete-wrong", &delete(2, shelf.wrong())),
        shelf.sample("transfer", &transfer(Typed::default())),
        shelf.sample("transfer-wrong", &transfer(shelf.wrong())),
        shelf.sample("accept-transfer", &AcceptTransfer { frame, application }),
    ]
}
