//! Routes: the fields that have a default.

use super::{Setting, Texts};

pub(crate) const PROTOCOLS: Setting<Texts> = Setting::new("protocols", &["http", "https"]);
pub(crate) const HTTPS_REDIRECT_STATUS_CODE: Setting<i64> = Setting::new("https_redirect_status_code", 426);
pub(crate) const REGEX_PRIORITY: Setting<i64> = Setting::new("regex_priority", 0);
pub(crate) const STRIP_PATH: Setting<bool> = Setting::new("strip_path", true);
pub(crate) const PRESERVE_HOST: Setting<bool> = Setting::new("preserve_host", false);
