//! Settings of a plugin as fields of a form, made from the plugin's table.

use serde_json::Value;

use super::details::number;
use super::route_fields::lines;
use crate::http::pages::faults::Faults;
use crate::http::pages::form::Form;
use crate::schema::{self, FieldKind, Object};
use latchkey_pages::Language;
use latchkey_pages::manager::{Plugin, plugin_field};
use latchkey_pages::parts::{Field, Input};

/// A setting, as it is shown.
pub(super) struct Setting {
    field: &'static schema::Field,
    value: String,
    fault: Option<String>,
}

/// Settings that forms leave as they are: a secret, and what only grants have that there are none of.
const LEFT_OUT: [&str; 7] = [
    "provision_key",
    "enable_authorization_code",
    "enable_implicit_grant",
    "enable_password_grant",
    "refresh_token_ttl",
    "reuse_refresh_token",
    "pkce",
];

/// The one grant that there is: the form of oauth2 turns it on.
const CLIENT_CREDENTIALS: &str = "enable_client_credentials";

/// The table of the settings of a plugin that its form shows.
fn table(plugin: Plugin) -> impl Iterator<Item = &'static schema::Field> {
    let fields = schema::plugin(plugin.name()).map(|plugin| plugin.config).unwrap_or_default();
    fields.iter().filter(|field| !LEFT_OUT.contains(&field.name) && field.name != CLIENT_CREDENTIALS)
}

/// What was typed, as the endpoint takes it.
pub(super) fn sent(plugin: Plugin, form: &Form) -> Object {
    let value = |field: &schema::Field| match field.kind {
        FieldKind::Boolean => form.is_ticked(field.name).into(),
        FieldKind::Array(_) | FieldKind::Set(_) => lines(form, field.name).collect::<Vec<_>>().into(),
        FieldKind::Integer | FieldKind::Number | FieldKind::WholeNumber => number(form.text(field.name)),
        _ => form.value(field.name),
    };
    let granted = (plugin == Plugin::OAuth2).then(|| (CLIENT_CREDENTIALS.to_owned(), true.into()));
    table(plugin).map(|field| (field.name.to_owned(), value(field))).chain(granted).collect()
}

/// The settings with what was typed where the form was sent, else as they are stored, or with their defaults.
pub(super) fn shown(
    plugin: Plugin,
    typed: Option<&Form>,
    stored: Option<&Object>,
    faults: &Faults,
) -> Vec<Setting> {
    let typed = typed.map(|form| sent(plugin, form));
    let setting = |field: &'static schema::Field| {
        let known = typed.as_ref().or(stored).and_then(|settings| settings.get(field.name));
        let value = text(known.unwrap_or(&field.default.value()));
        let fault = faults.of_field(&format!("config.{}", field.name)).map(str::to_owned);
        Setting { field, value, fault }
    };
    table(plugin).map(setting).collect()
}

/// What is wrong with no field of the form.
pub(super) fn other_faults(plugin: Plugin, faults: &Faults) -> Option<String> {
    let names: Vec<String> = table(plugin).map(|field| format!("config.{}", field.name)).collect();
    faults.of_others(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "true".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(false) | Value::Object(_) => String::new(),
    }
}

impl Setting {
    pub(super) fn field(&self, plugin: Plugin, language: Language) -> Field<'_> {
        let name = self.field.name;
        let (label, help) = plugin_field(language, plugin, name).unwrap_or((name, self.field.description));
        let (input, is_text) = match self.field.kind {
            FieldKind::Boolean => (Input::Tick, false),
            FieldKind::Array(_) | FieldKind::Set(_) => (Input::Lines, false),
            FieldKind::Integer | FieldKind::Number | FieldKind::WholeNumber => (Input::Line("number"), true),
            _ => (Input::Line("text"), true),
        };
        Field {
            help: Some(help),
            fault: self.fault.as_deref(),
            is_required: self.field.required && is_text,
            input,
            ..Field::line(name, label, &self.value)
        }
    }
}
