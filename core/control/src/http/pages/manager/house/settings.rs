//! Settings: how pages look, what is asked for at a sign-up, what administrators are told.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use crate::http::pages::answered::answered;
use crate::http::pages::desk::{Desk, object};
use crate::http::pages::faults::Faults;
use crate::http::pages::form::Form;
use crate::http::pages::meta_field::MetaField;
use crate::http::problem::Refusal;
use crate::http::uploads::Upload;
use crate::ports::{Clock, Random};
use crate::schema::Object;
use latchkey_pages::manager::{
    LookFields, MailFields, RegistrationField, RegistrationKind, SettingsPage, paths,
};
use latchkey_pages::parts::Typed;
use latchkey_pages::{Language, Said};
use latchkey_store::Store;

answered! {
    /// What is set, as the Admin API shows it.
    struct Settings {
        portal_name: String,
        portal_colour: Option<String>,
        language: Language,
        auto_approve_developers: bool,
        meta_fields: Vec<MetaField>,
        admin_mails: AdminMails,
    }

    struct AdminMails {
        to: Vec<String>,
        daily: bool,
        names: bool,
    }
}

fn kind_of(field: &MetaField) -> RegistrationKind {
    match (field.validator.r#type.as_str(), field.is_email) {
        (_, true) => RegistrationKind::Email,
        ("number", _) => RegistrationKind::Number,
        ("boolean", _) => RegistrationKind::Tick,
        _ => RegistrationKind::Text,
    }
}

/// A row of the form of sign-ups, as it was typed.
struct Row<'f> {
    label: &'f str,
    name: &'f str,
    kind: RegistrationKind,
    is_required: bool,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn settings(&self) -> Result<Response<Bytes>, Refusal> {
        self.show_settings(&Faults::default()).await
    }

    pub(super) async fn settings_look(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let members = [("portal_name", "portal_name"), ("portal_colour", "colour"), ("language", "language")];
        let members = members.map(|(member, field)| (member.to_owned(), form.value(field)));
        self.change_settings(Object::from_iter(members)).await
    }

    pub(super) async fn settings_logo(&self) -> Result<Response<Bytes>, Refusal> {
        let nothing = Upload { name: None, bytes: Vec::new() };
        let file = self.page.form.file().unwrap_or(&nothing);
        match self.put_file(&["settings", "logo"], file).await {
            Ok(_) => Ok(self.page.done(Said::Saved, paths::SETTINGS)),
            Err(refusal) => self.show_settings(&Faults::of(refusal)?).await,
        }
    }

    pub(super) async fn settings_logo_remove(&self) -> Result<Response<Bytes>, Refusal> {
        self.delete(&["settings", "logo"]).await?;
        Ok(self.page.done(Said::Deleted, paths::SETTINGS))
    }

    pub(super) async fn settings_test_mail(&self) -> Result<Response<Bytes>, Refusal> {
        match self.post(&["settings", "test-mail"], object([("to", self.page.form.value("to"))])).await {
            Ok(_) => Ok(self.page.done(Said::Mailed, paths::SETTINGS)),
            Err(refusal) => self.show_settings(&Faults::of(refusal)?).await,
        }
    }

    pub(super) async fn settings_sign_up(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let fields: Vec<Value> = rows(form).iter().map(meta_field).collect();
        let auto_approve = json!(form.is_ticked("auto_approve_developers"));
        let members = [("auto_approve_developers", auto_approve), ("meta_fields", json!(fields))];
        self.change_settings(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
            .await
    }

    pub(super) async fn settings_mail(&self) -> Result<Response<Bytes>, Refusal> {
        let form = &self.page.form;
        let to: Vec<&str> = form.text("to").lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let mails = json!({"to": to, "daily": form.is_ticked("daily"), "names": form.is_ticked("names")});
        self.change_settings(Object::from_iter([("admin_mails".to_owned(), mails)])).await
    }

    async fn change_settings(&self, changes: Object) -> Result<Response<Bytes>, Refusal> {
        match self.patch(&["settings"], changes).await {
            Ok(_) => Ok(self.page.done(Said::Saved, paths::SETTINGS)),
            Err(refusal) => self.show_settings(&Faults::of(refusal)?).await,
        }
    }

    /// What is stored, but for the form that was sent, which shows what was typed.
    async fn show_settings(&self, faults: &Faults) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        let settings: Settings = self.get(&["settings"], "").await?;
        let is_sent = |path: &str| page.head.path == path;
        let look = is_sent(paths::SETTINGS_LOOK);
        let addresses = settings.admin_mails.to.join("\n");
        let typed_rows = rows(form);
        let registration = match is_sent(paths::SETTINGS_SIGN_UP) {
            true => (0..).zip(&typed_rows).map(|(at, row)| row.view(at, faults)).collect(),
            false => settings.meta_fields.iter().map(stored).collect::<Vec<_>>(),
        };
        let others = faults.of_others_than(is_of_row);
        let registration_fault = others.as_deref().filter(|_| is_sent(paths::SETTINGS_SIGN_UP));
        let path = page.path();
        let frame = page.manager_frame(&path);
        let mail = is_sent(paths::SETTINGS_MAIL);
        let view = SettingsPage {
            frame: &frame,
            look: LookFields {
                name: match look {
                    true => faults.typed(form, "portal_name"),
                    false => Typed { value: &settings.portal_name, fault: None },
                },
                colour: match look {
                    true => faults.typed_as(form, "colour", "portal_colour"),
                    false => {
                        Typed { value: settings.portal_colour.as_deref().unwrap_or_default(), fault: None }
                    }
                },
                language: match look {
                    true => Language::parse(form.text("language")).unwrap_or(settings.language),
                    false => settings.language,
                },
                has_logo: page.look.has_logo(),
                logo_fault: faults.of_field("logo"),
            },
            is_auto_approving: match is_sent(paths::SETTINGS_SIGN_UP) {
                true => form.is_ticked("auto_approve_developers"),
                false => settings.auto_approve_developers,
            },
            registration: &registration,
            registration_fault,
            mail: self.control.registry.has_mail().then(|| MailFields {
                addresses: match mail {
                    true => faults.typed_as(form, "to", "admin_mails.to"),
                    false => Typed { value: &addresses, fault: None },
                },
                is_daily: if mail { form.is_ticked("daily") } else { settings.admin_mails.daily },
                has_names: if mail { form.is_ticked("names") } else { settings.admin_mails.names },
                test: match is_sent(paths::SETTINGS_TEST_MAIL) {
                    true => faults.typed(form, "to"),
                    false => Typed::default(),
                },
            }),
        };
        Ok(self.form(faults, &view))
    }
}

/// The rows that were filled in: the last is for another field.
fn rows(form: &Form) -> Vec<Row<'_>> {
    let row = |at: usize| {
        let field = |name: &str| form.text(&format!("{name}_{at}"));
        let (label, name) = (field("label"), field("name"));
        let kind = RegistrationKind::ALL.into_iter().find(|kind| kind.value() == field("type"))?;
        let is_required = form.is_ticked(&format!("required_{at}"));
        Some(Row { label, name, kind, is_required })
    };
    let all = (0..).map_while(row);
    all.filter(|row| !(row.label.is_empty() && row.name.is_empty())).collect()
}

fn meta_field(row: &Row<'_>) -> Value {
    let kind = match row.kind {
        RegistrationKind::Text | RegistrationKind::Email => "string",
        RegistrationKind::Number => "number",
        RegistrationKind::Tick => "boolean",
    };
    json!({
        "title": row.name,
        "label": row.label,
        "is_email": row.kind == RegistrationKind::Email,
        "validator": {"type": kind, "required": row.is_required},
    })
}

impl<'f> Row<'f> {
    /// The row at a place, with what is wrong there.
    fn view(&self, at: usize, faults: &'f Faults) -> RegistrationField<'f> {
        let fault = |field: &str| faults.of_field(&format!("meta_fields.{at}.{field}"));
        RegistrationField {
            label: Typed { value: self.label, fault: fault("label") },
            name: Typed { value: self.name, fault: fault("title") },
            kind: self.kind,
            is_required: self.is_required,
        }
    }
}

/// Whether a fault of this name is said of a cell: of the label or the name of a row.
fn is_of_row(name: &str) -> bool {
    let row = name.strip_prefix("meta_fields.").and_then(|rest| rest.split_once('.'));
    row.is_some_and(|(_, field)| matches!(field, "label" | "title"))
}

fn stored(field: &MetaField) -> RegistrationField<'_> {
    RegistrationField {
        label: Typed { value: &field.label, fault: None },
        name: Typed { value: &field.title, fault: None },
        kind: kind_of(field),
        is_required: field.validator.required,
    }
}
