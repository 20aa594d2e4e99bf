//! Routes: the fields that have a default.
#![expect(missing_docs, reason = "fields are called as in Kong, and mean what they mean there")]

use crate::setting::{Setting, Texts};

pub const PROTOCOLS: Setting<Texts> = Setting::new("protocols", &["http", "https"]);
pub const HTTPS_REDIRECT_STATUS_CODE: Setting<i64> = Setting::new("https_redirect_status_code", 426);
pub const REGEX_PRIORITY: Setting<i64> = Setting::new("regex_priority", 0);
pub const STRIP_PATH: Setting<bool> = Setting::new("strip_path", true);
pub const PRESERVE_HOST: Setting<bool> = Setting::new("preserve_host", false);
