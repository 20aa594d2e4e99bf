//! What an administrator changes while it runs: one record, `GET PATCH /admin/settings`.

use serde::{Deserialize, Serialize};

use crate::mail::Language;

/// The settings; what is absent in the record has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// What the portal is called.
    pub portal_name: String,
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
