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

/// Names, in bytes: usernames, custom ids and such stand in header fields sent to upstreams.
pub const NAME_BYTES_MAX: usize = 512;

/// A developer's metadata, in bytes.
pub const META_BYTES_MAX: usize = 16 << 10;

/// Body of an Admin API request, in bytes; adapters answer 413 beyond. Entities are far smaller
/// and must fit a record (DynamoDB: 400 KB).
pub const ADMIN_BODY_BYTES_MAX: usize = 1 << 20;

/// An entity as stored, in bytes: DynamoDB takes 400 KB a record, and one commit takes 4 MB.
pub const ENTITY_BYTES_MAX: usize = 64 << 10;

/// Runs of one change that lost to others before the caller is told to come back.
pub const CONFLICTS_MAX: u32 = 32;

/// Credentials whose grants one commit of a longer change writes, at most.
pub const JOB_CHUNK_MAX: usize = 40;
