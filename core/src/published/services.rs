//! Services: the fields that have a default.

use super::Setting;

pub(crate) const ENABLED: Setting<bool> = Setting::new("enabled", true);
pub(crate) const PROTOCOL: Setting<&'static str> = Setting::new("protocol", "http");
pub(crate) const PORT: Setting<i64> = Setting::new("port", 80);
pub(crate) const RETRIES: Setting<i64> = Setting::new("retries", 5);
/// In milliseconds, as the other two.
pub(crate) const CONNECT_TIMEOUT: Setting<i64> = Setting::new("connect_timeout", 60_000);
pub(crate) const WRITE_TIMEOUT: Setting<i64> = Setting::new("write_timeout", 60_000);
pub(crate) const READ_TIMEOUT: Setting<i64> = Setting::new("read_timeout", 60_000);
