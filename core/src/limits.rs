//! Every bound, with its unit and reason.

/// Records in one batch: DynamoDB's `TransactWriteItems` takes 100 items.
pub const BATCH_RECORDS_MAX: usize = 100;

/// A piece of the configuration, unpacked, in bytes: guards against a broken store only.
pub const PIECE_BYTES_MAX: u64 = 64 << 20;

/// Key in bytes: longer ones are refused before they are digested.
pub const KEY_BYTES_MAX: usize = 512;

/// Names a key-auth plugin may list: each costs a look in every place.
pub const KEY_NAMES_MAX: usize = 16;

/// Credentials of one application, so that one DynamoDB transaction can change them all.
pub const APPLICATION_CREDENTIALS_MAX: usize = 50;

/// Entities in a page of a list, as Kong has it.
pub const PAGE_SIZE_MAX: usize = 1000;

/// Entities in a page when the caller names no size, as Kong has it.
pub const PAGE_SIZE_DEFAULT: usize = 100;
