//! What a developer may be called, and what must be known of one.

use serde_json::Value;

use super::super::Registry;
use super::super::error::Error;
use crate::passwords::{Password, judge};
use crate::ports::{Clock, Random};
use crate::schema::{FieldFaults, Mode, Object, REGISTER, Violation, check_email, validate_record};
use crate::settings::{MetaField, Settings};
use latchkey_store::Store;

/// What product is; no password is made of it.
const PRODUCT: &str = "latchkey";

/// A sign-up that may be.
#[derive(Debug)]
pub(crate) struct CheckedSignUp {
    pub(crate) email: String,
    pub(crate) meta: Option<String>,
    pub(crate) password: Password,
    pub(crate) settings: Settings,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Checks what was sent for a sign-up: all that is wrong with it is said at once.
    pub(crate) async fn check_sign_up(&self, input: &Object) -> Result<CheckedSignUp, Error> {
        let settings = self.read_settings().await?;
        let mut faults = match validate_record(REGISTER, Mode::Whole, input) {
            Ok(_) => FieldFaults::default(),
            Err(violation) => violation.fields,
        };
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let (email, meta) = (text("email").unwrap_or_default(), text("meta"));
        match text("password") {
            Some(password) if !password.is_empty() => {
                if let Err(sentence) = judge_password(password, email, &settings) {
                    faults.add("password", sentence);
                }
            }
            _ if input.get("password").is_none_or(|sent| sent.is_null() || sent == "") => {
                faults.replace("password", "password is required");
            }
            _ => {}
        }
        if !faults.contains("meta")
            && let Err(fault) = check_meta(meta, &settings.meta_fields)
        {
            faults.add("meta", fault);
        }
        if !faults.is_empty() {
            return Err(Error::Schema(Violation { fields: faults }));
        }
        let (email, meta) = (email.to_owned(), meta.map(str::to_owned));
        let password = Password::new(text("password").unwrap_or_default());
        Ok(CheckedSignUp { email, meta, password, settings })
    }
}

/// Why a password may not be set, in a sentence.
pub(super) fn judge_password(password: &str, email: &str, settings: &Settings) -> Result<(), String> {
    let context = [PRODUCT, settings.portal_name.as_str(), email];
    judge(&Password::new(password), settings.password_min_length, &context).map_err(|refused| refused.0)
}

/// What is wrong with the metadata of a developer, in their shape.
pub(super) fn check_meta(meta: Option<&str>, fields: &[MetaField]) -> Result<(), Value> {
    let meta: Object = match meta {
        None => Object::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| "expected a JSON object, as a string")?,
    };
    let mut faults = FieldFaults::default();
    for field in fields {
        if let Err(sentence) = check_field(field, meta.get(&field.title)) {
            faults.add(&field.title, sentence);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.into_value()) }
}

fn check_field(field: &MetaField, value: Option<&Value>) -> Result<(), String> {
    let Some(value) = value.filter(|value| !value.is_null() && *value != "") else {
        return if field.validator.required { Err("required field missing".to_owned()) } else { Ok(()) };
    };
    let is_of_type = match field.validator.r#type.as_str() {
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_string(),
    };
    match (is_of_type, field.is_email, value.as_str()) {
        (false, ..) => Err(format!("expected a {}", field.validator.r#type)),
        (true, true, Some(text)) => check_email(text),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::MetaValidator;

    fn field(title: &str, of: &str, required: bool, is_email: bool) -> MetaField {
        let validator = MetaValidator { r#type: of.to_owned(), required };
        MetaField { title: title.to_owned(), label: String::new(), is_email, validator }
    }

    #[test]
    fn every_field_that_is_asked_for_is_looked_at() {
        let fields = [
            field("name", "string", true, false),
            field("age", "number", false, false),
            field("news", "boolean", true, false),
            field("boss", "string", false, true),
        ];
        let missing = "required field missing";
        for (meta, expected) in [
            (None, json!({"name": missing, "news": missing})),
            (Some("x"), json!("expected a JSON object, as a string")),
            (Some("[]"), json!("expected a JSON object, as a string")),
            (Some(r#"{"name":"","news":null}"#), json!({"name": missing, "news": missing})),
            (
                Some(r#"{"name":1,"age":"x","news":"yes","boss":"x"}"#),
                json!({"name": "expected a string", "age": "expected a number",
                    "news": "expected a boolean", "boss": "expected an e-mail address"}),
            ),
        ] {
            assert_eq!(check_meta(meta, &fields), Err(expected), "{meta:?}");
        }
        for meta in [
            r#"{"name":"Dee","news":false,"more":[1]}"#,
            r#"{"name":"Dee","news":true,"age":7,"boss":"a@b.org"}"#,
        ] {
            assert_eq!(check_meta(Some(meta), &fields), Ok(()));
        }
        assert_eq!(check_meta(None, &[]), Ok(()));
    }
}
