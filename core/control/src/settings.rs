//! What an administrator changes while it runs: one record, `GET PATCH /admin/settings`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::mail::Language;
use crate::schema::{FieldFaults, Object, SETTINGS};

/// The settings; what is absent in the record has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What the portal is called.
    pub portal_name: String,
    /// The colour of its pages, as `#rrggbb`; `null`: their own.
    pub portal_colour: Option<String>,
    /// The language where nothing else says one.
    pub language: Language,
    /// Whether developers may log in and have applications without an administrator's approval.
    pub auto_approve_developers: bool,
    /// What is asked for at a sign-up besides address and password.
    pub meta_fields: Vec<MetaField>,
    /// Whether log-in by a mailed link is open beside passwords.
    pub log_in_links: bool,
    /// Characters of a password, at least.
    pub password_min_length: u32,
    /// In seconds.
    pub portal_session_idle: u64,
    /// In seconds.
    pub portal_session_max: u64,
    /// Whether a sign-up has to confirm its address; `null`: where there is mail.
    pub email_verification: Option<bool>,
    /// Whether a sign-up with a used address says so (409).
    pub portal_reveal_accounts: bool,
    /// Whether a log-in from a new browser is told by mail.
    pub new_browser_mails: bool,
    /// Sign-ups of one client's address in an hour.
    pub sign_ups_per_hour: u32,
    /// Mails of the whole installation in an hour.
    pub mails_per_hour: u32,
    /// Mails in an hour that strangers may cause to one mailbox.
    pub mails_per_mailbox: u32,
    /// What administrators are told by mail.
    pub admin_mails: AdminMails,
}

/// A field of a sign-up (Kong's `meta_fields`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetaField {
    /// Its name in `meta`.
    pub title: String,
    /// What people read.
    pub label: String,
    /// Whether it must be an e-mail address.
    #[serde(default)]
    pub is_email: bool,
    /// What it must be.
    pub validator: MetaValidator,
}

/// What a [`MetaField`] must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetaValidator {
    /// `string`, `number` or `boolean`.
    pub r#type: String,
    /// Whether it must be there.
    #[serde(default)]
    pub required: bool,
}

/// What administrators are told by mail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminMails {
    /// To whom; none: nothing.
    pub to: Vec<String>,
    /// One a day of all that waits, in the place of one for each request.
    pub daily: bool,
    /// Whether developers are named.
    pub names: bool,
}

impl Settings {
    /// What a record says, with the default of what it does not say.
    pub(crate) fn of(record: Object) -> serde_json::Result<Self> {
        serde_json::from_value(Value::Object(record))
    }

    /// Every setting, as the table has them.
    pub(crate) fn to_object(&self) -> Object {
        match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            _ => unreachable!("a struct with named fields is an object"),
        }
    }

    /// What a record says after a change, before it is checked: records merge, null is the default.
    pub(crate) fn changed(record: &Object, changes: &Object) -> Object {
        let defaults = Settings::default().to_object();
        let is_known = |name: &String| SETTINGS.iter().any(|field| field.name == name.as_str());
        let known = record.iter().filter(|(name, _)| is_known(name));
        let mut whole = defaults.clone();
        whole.extend(known.map(|(name, value)| (name.clone(), value.clone())));
        for (name, change) in changes {
            let default = defaults.get(name).cloned().unwrap_or_default();
            let value = laid_over(whole.get(name), change, &default);
            whole.insert(name.clone(), value);
        }
        whole
    }

    /// What of a whole record cannot be, taken together.
    pub(crate) fn add_contradictions(whole: &Object, has_mail: bool, faults: &mut FieldFaults) {
        let is_on = |name: &str| whole.get(name) == Some(&Value::Bool(true));
        for name in ["log_in_links", "email_verification"].into_iter().filter(|name| !has_mail && is_on(name))
        {
            faults.add(name, NEEDS_MAIL);
        }
        let to = whole.get("admin_mails").and_then(|mails| mails.get("to")).and_then(Value::as_array);
        if !has_mail && to.is_some_and(|to| !to.is_empty()) {
            faults.add("admin_mails", json!({"to": NEEDS_MAIL}));
        }
        let seconds = |name: &str| whole.get(name).and_then(Value::as_u64);
        if seconds("portal_session_idle") > seconds("portal_session_max") {
            faults.add("portal_session_idle", "must not exceed 'portal_session_max'");
        }
        let titles = whole.get("meta_fields").and_then(Value::as_array).into_iter().flatten();
        let mut titles: Vec<&str> = titles.filter_map(|field| field.get("title")?.as_str()).collect();
        titles.sort_unstable();
        if titles.windows(2).any(|two| two[0] == two[1]) {
            faults.add("meta_fields", "two fields have the same title");
        }
    }
}

const NEEDS_MAIL: &str = "needs mail, which this installation does not send: set its sender first";

/// `change` laid over `value`; null stands for `default`, also within a record.
fn laid_over(value: Option<&Value>, change: &Value, default: &Value) -> Value {
    match (value, change) {
        (_, Value::Null) => default.clone(),
        (Some(Value::Object(value)), Value::Object(changes)) => {
            let mut merged = value.clone();
            for (name, change) in changes {
                let default = default.get(name).cloned().unwrap_or_default();
                merged.insert(name.clone(), laid_over(value.get(name), change, &default));
            }
            Value::Object(merged)
        }
        (_, change) => change.clone(),
    }
}

impl Default for Settings {
    fn default() -> Self {
        let full_name = MetaField {
            title: "full_name".to_owned(),
            label: "Full name".to_owned(),
            is_email: false,
            validator: MetaValidator { r#type: "string".to_owned(), required: true },
        };
        Settings {
            portal_name: "Developer portal".to_owned(),
            portal_colour: None,
            language: Language::En,
            auto_approve_developers: false,
            meta_fields: vec![full_name],
            log_in_links: false,
            password_min_length: 15,
            portal_session_idle: 12 * 3600,
            portal_session_max: 7 * 86400,
            email_verification: None,
            portal_reveal_accounts: false,
            new_browser_mails: true,
            sign_ups_per_hour: 5,
            mails_per_hour: 500,
            mails_per_mailbox: 3,
            admin_mails: AdminMails::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Mode, validate_record};

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn the_table_has_every_setting_and_its_default() {
        let defaults = Settings::default().to_object();
        let names: Vec<&str> = SETTINGS.iter().map(|field| field.name).collect();
        assert_eq!(defaults.keys().map(String::as_str).collect::<Vec<_>>().len(), names.len());
        for field in SETTINGS {
            let value = field.default.value();
            let default = defaults.get(field.name).unwrap_or_else(|| panic!("{} is no setting", field.name));
            assert!(value.is_null() || value == *default, "{}: {value} {default}", field.name);
        }
        let whole = Settings::changed(&Object::new(), &Object::new());
        let checked = validate_record(SETTINGS, Mode::Whole, &whole).unwrap();
        assert_eq!(Settings::of(checked).unwrap(), Settings::default());
    }

    /// As the first program with settings stored them (`core/published/golden`).
    #[test]
    fn settings_read_as_they_were_stored() {
        let golden: Object =
            serde_json::from_str(include_str!("../../published/golden/1/settings.json")).unwrap();
        let settings = Settings::of(golden.clone()).unwrap();
        assert_eq!((settings.portal_name.as_str(), settings.language), ("Acme", Language::Ja));
        assert_eq!((settings.portal_session_max, settings.mails_per_mailbox), (6000, 4));
        assert_eq!(settings.admin_mails.to, ["a@b.org"]);
        let mut expected = golden.clone();
        // What came later has its default.
        expected.insert("portal_colour".to_owned(), Value::Null);
        assert_eq!(settings.to_object(), expected, "programs of before read it");
        let whole = Settings::changed(&golden, &Object::new());
        assert_eq!(validate_record(SETTINGS, Mode::Whole, &whole).unwrap(), expected);
    }

    #[test]
    fn null_is_the_default_and_records_merge() {
        let record = object(
            json!({"portal_name": "Acme", "newer": 1, "admin_mails": {"to": ["a@b.org"], "names": true}}),
        );
        let changes = object(
            json!({"portal_name": null, "admin_mails": {"to": null, "daily": true}, "language": "ja"}),
        );
        let whole = Settings::changed(&record, &changes);
        assert!(!whole.contains_key("newer"));
        let settings = Settings::of(whole).unwrap();
        let mails = AdminMails { to: Vec::new(), daily: true, names: true };
        let expected = Settings { admin_mails: mails, language: Language::Ja, ..Settings::default() };
        assert_eq!(settings, expected);
    }

    #[test]
    fn contradictions_are_all_named() {
        let changes = json!({"log_in_links": true, "email_verification": true, "admin_mails": {"to": ["a@b.org"]},
            "portal_session_idle": 11, "portal_session_max": 10, "meta_fields": [{"title": "x"}, {"title": "x"}]});
        let whole = Settings::changed(&Object::new(), &object(changes));
        let names = |has_mail| {
            let mut faults = FieldFaults::default();
            Settings::add_contradictions(&whole, has_mail, &mut faults);
            object(faults.into_value()).keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        let with_mail: std::collections::BTreeSet<String> =
            ["portal_session_idle", "meta_fields"].map(str::to_owned).into();
        let mut without = with_mail.clone();
        without.extend(["log_in_links", "email_verification", "admin_mails"].map(str::to_owned));
        assert_eq!((names(true), names(false)), (with_mail, without));
    }
}
