//! Services: the fields that have a default.
#![expect(missing_docs, reason = "fields are called as in Kong, and mean what they mean there")]

use crate::setting::Setting;

pub const ENABLED: Setting<bool> = Setting::new("enabled", true);
pub const PROTOCOL: Setting<&'static str> = Setting::new("protocol", "http");
pub const PORT: Setting<i64> = Setting::new("port", 80);
pub const RETRIES: Setting<i64> = Setting::new("retries", 5);
/// In milliseconds, as the other two.
pub const CONNECT_TIMEOUT: Setting<i64> = Setting::new("connect_timeout", 60_000);
pub const WRITE_TIMEOUT: Setting<i64> = Setting::new("write_timeout", 60_000);
pub const READ_TIMEOUT: Setting<i64> = Setting::new("read_timeout", 60_000);
