//! Why the registry refuses, in Kong's classes; knows no HTTP.

use std::borrow::Cow;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::schema::{EntityKind, Violation};
use latchkey_store::StoreError;

/// Why a call was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The entity breaks its schema.
    #[error("{}", .0.message())]
    Schema(Violation),
    /// An option of a call, such as `ttl`, that is not what it may be.
    #[error("invalid option ({option}: {sentence})")]
    InvalidOption {
        /// Its name.
        option: &'static str,
        /// What it must be.
        sentence: &'static str,
    },
    /// The id is in use.
    #[error("primary key violation on key '{{id=\"{0}\"}}'")]
    IdInUse(Uuid),
    /// A reference to something that does not exist.
    #[error("the foreign key '{{id=\"{id}\"}}' does not reference an existing '{kind}' entity.")]
    NoSuchReference {
        /// Field with the reference.
        field: &'static str,
        /// Kind it should refer to.
        kind: &'static str,
        /// The id given.
        id: String,
    },
    /// References by unique values that nothing has; not empty.
    #[error("{}", unresolved_message(.0))]
    Unresolved(Vec<Unresolved>),
    /// What stands for an id is none.
    #[error("invalid primary key: '{{id=\"{NO_ID}\"}}'")]
    InvalidPrimaryKey,
    /// What stands for a unique value can be none.
    #[error("{sentence}")]
    InvalidUnique {
        /// The unique field.
        field: &'static str,
        /// What is wrong with it.
        sentence: String,
    },
    /// Something refers to what was to be deleted.
    #[error("an existing '{}' entity references this '{}' entity", by.name(), kind.name())]
    Referenced {
        /// Kind of what was to be deleted.
        kind: EntityKind,
        /// Kind of what refers to it.
        by: EntityKind,
    },
    /// Another entity has the same value. Keys are left out.
    #[error("UNIQUE violation detected on '{}'", table(.0))]
    NotUnique(Map<String, Value>),
    /// Entities of a part of an import that may not be; not empty.
    #[error("{}", part_message(*part, faults))]
    Part {
        /// The part, from 0.
        part: u32,
        /// What is wrong.
        faults: Vec<PartFault>,
    },
    /// It is not the time for this.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// Nothing under that path.
    #[error("Not found")]
    NotFound,
    /// Nobody has this key.
    #[error("{}", if *is_forged { FORGED } else { UNKNOWN })]
    UnknownKey {
        /// Whether it claims to be made here, and was not.
        is_forged: bool,
    },
    /// No entity to change.
    #[error("could not find the entity with {}'{{{field}=\"{value}\"}}'", if *field == "id" { "primary key " } else { "" })]
    NoEntity {
        /// `id` or the entity's endpoint key.
        field: &'static str,
        /// What was asked for.
        value: String,
    },
    /// Not an offset that a list answered.
    #[error("'{0}' is not a valid offset: bad base64 encoding")]
    InvalidOffset(String),
    /// Not a size a page can have.
    #[error("{0}")]
    InvalidSize(String),
    /// All that is stored is being replaced: until that is done, nothing else is answered.
    #[error("{0}")]
    Restoring(String),
    /// Too many others change the same; may be tried again.
    #[error("too many changes at once, try again")]
    Busy,
    /// The installation has sent as many mails as it may in an hour.
    #[error("too many mails were sent in the last hour, try again later")]
    TooManyMails {
        /// When there is room again, in seconds.
        retry_after_s: u64,
    },
    /// What a developer asks for with an account is not so.
    #[error("{}", .0.message())]
    Account(AccountFault),
    /// The store's keys were digested under another pepper.
    #[error(
        "the pepper is not one that the keys in this store were digested with; \
         to change the pepper, give the old one as the previous pepper until all keys have been used once"
    )]
    UnknownPepper,
    /// The store did not answer, or holds what cannot be read.
    #[error("An unexpected error occurred")]
    Store(#[from] StoreError),
}

const UNKNOWN: &str = "no credential has this key";
const FORGED: &str = "this key was not made here: it begins with 'lk_', and its tag is wrong";

/// Why a developer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountFault {
    /// Nobody is logged in, or a log-in is refused: why is not told.
    NoSession,
    /// The token is not good, or not for this.
    WrongToken,
    /// The old password is another.
    OldPassword,
    /// The password was shown too long ago.
    LogInAgain,
    /// An administrator has to approve the developer first.
    NotApproved,
}

impl AccountFault {
    fn message(self) -> &'static str {
        match self {
            AccountFault::NoSession => "Invalid authentication credentials",
            AccountFault::WrongToken => "Unauthorized",
            AccountFault::OldPassword => "Old password is invalid",
            AccountFault::LogInAgain => "Please log in again",
            AccountFault::NotApproved => "Your account waits to be approved",
        }
    }
}

/// What is wrong with an entity of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFault {
    /// Its place in the part, from 0.
    pub entity: u32,
    /// Name of its kind, as far as it says one.
    pub kind: String,
    /// What it is called, as far as that is no secret.
    pub name: Option<String>,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The same, in the shape of the entity.
    pub fields: Value,
}

/// A unique value in a reference that nothing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Field with the reference.
    pub field: &'static str,
    /// The unique field of what is referred to.
    pub by: &'static str,
    /// The value given.
    pub value: String,
    /// Kind of what is referred to.
    pub kind: EntityKind,
}

/// Classes of refusal, with Kong's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// 1
    InvalidPrimaryKey,
    /// 2
    SchemaViolation,
    /// 3
    PrimaryKeyViolation,
    /// 4
    ForeignKeyViolation,
    /// 5
    UniqueViolation,
    /// 6
    NotFound,
    /// 7
    InvalidOffset,
    /// 8
    DatabaseError,
    /// 9
    InvalidSize,
    /// 10, for the unique field of that name.
    InvalidUnique(&'static str),
    /// 11
    InvalidOptions,
    /// 13
    ForeignKeysUnresolved,
    /// None of Kong's.
    Busy,
    /// None of Kong's.
    TooManyMails,
    /// None of Kong's.
    Account(AccountFault),
    /// None of Kong's.
    Conflict,
    /// None of Kong's.
    Restoring,
}

impl Error {
    /// It is not the time for this, and why.
    pub fn conflict(sentence: impl Into<Cow<'static, str>>) -> Self {
        Error::Conflict(sentence.into())
    }

    /// A sentence about one field.
    pub fn field(field: &str, sentence: impl Into<Value>) -> Self {
        Error::Schema(Violation::of(field, sentence))
    }

    /// Its class.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Schema(_) | Error::Part { .. } => ErrorCode::SchemaViolation,
            Error::Conflict(_) => ErrorCode::Conflict,
            Error::IdInUse(_) => ErrorCode::PrimaryKeyViolation,
            Error::NoSuchReference { .. } | Error::Referenced { .. } => ErrorCode::ForeignKeyViolation,
            Error::NotUnique(_) => ErrorCode::UniqueViolation,
            Error::Unresolved(_) => ErrorCode::ForeignKeysUnresolved,
            Error::InvalidPrimaryKey => ErrorCode::InvalidPrimaryKey,
            Error::InvalidUnique { field, .. } => ErrorCode::InvalidUnique(field),
            Error::NotFound | Error::UnknownKey { .. } | Error::NoEntity { .. } => ErrorCode::NotFound,
            Error::InvalidOffset(_) => ErrorCode::InvalidOffset,
            Error::InvalidSize(_) => ErrorCode::InvalidSize,
            Error::InvalidOption { .. } => ErrorCode::InvalidOptions,
            Error::Busy => ErrorCode::Busy,
            Error::TooManyMails { .. } => ErrorCode::TooManyMails,
            Error::Account(fault) => ErrorCode::Account(*fault),
            Error::Restoring(_) => ErrorCode::Restoring,
            Error::UnknownPepper | Error::Store(_) => ErrorCode::DatabaseError,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Busy
            | Error::TooManyMails { .. }
            | Error::Restoring(_)
            | Error::Store(StoreError::Unavailable(_) | StoreError::Unknown(_)) => true,
            Error::Store(StoreError::Failed(_))
            | Error::Account(_)
            | Error::UnknownPepper
            | Error::Schema(_)
            | Error::Part { .. }
            | Error::Conflict(_)
            | Error::IdInUse(_)
            | Error::NoSuchReference { .. }
            | Error::Referenced { .. }
            | Error::NotUnique(_)
            | Error::Unresolved(_)
            | Error::InvalidPrimaryKey
            | Error::InvalidUnique { .. }
            | Error::NotFound
            | Error::UnknownKey { .. }
            | Error::NoEntity { .. }
            | Error::InvalidOffset(_)
            | Error::InvalidSize(_)
            | Error::InvalidOption { .. } => false,
        }
    }
}

impl ErrorCode {
    /// Kong's number; `None` where it has none.
    pub fn number(self) -> Option<u8> {
        match self {
            ErrorCode::InvalidPrimaryKey => Some(1),
            ErrorCode::SchemaViolation => Some(2),
            ErrorCode::PrimaryKeyViolation => Some(3),
            ErrorCode::ForeignKeyViolation => Some(4),
            ErrorCode::UniqueViolation => Some(5),
            ErrorCode::NotFound => Some(6),
            ErrorCode::InvalidOffset => Some(7),
            ErrorCode::DatabaseError => Some(8),
            ErrorCode::InvalidSize => Some(9),
            ErrorCode::InvalidUnique(_) => Some(10),
            ErrorCode::InvalidOptions => Some(11),
            ErrorCode::ForeignKeysUnresolved => Some(13),
            ErrorCode::Busy
            | ErrorCode::TooManyMails
            | ErrorCode::Account(_)
            | ErrorCode::Conflict
            | ErrorCode::Restoring => None,
        }
    }

    /// Kong's name.
    pub fn name(self) -> Cow<'static, str> {
        let name = match self {
            ErrorCode::InvalidUnique(field) => return format!("invalid unique {field}").into(),
            ErrorCode::InvalidPrimaryKey => "invalid primary key",
            ErrorCode::SchemaViolation => "schema violation",
            ErrorCode::PrimaryKeyViolation => "primary key violation",
            ErrorCode::ForeignKeyViolation => "foreign key violation",
            ErrorCode::UniqueViolation => "unique constraint violation",
            ErrorCode::NotFound => "not found",
            ErrorCode::InvalidOffset => "invalid offset",
            ErrorCode::DatabaseError => "database error",
            ErrorCode::InvalidSize => "invalid size",
            ErrorCode::InvalidOptions => "invalid options",
            ErrorCode::ForeignKeysUnresolved => "foreign keys unresolved",
            ErrorCode::Busy => "busy",
            ErrorCode::TooManyMails => "too many mails",
            ErrorCode::Account(_) => "refused",
            ErrorCode::Conflict => "conflict",
            ErrorCode::Restoring => "restoring",
        };
        name.into()
    }
}

/// What is wrong with an id that is none.
pub(crate) const NO_ID: &str = "expected a valid UUID";

impl Unresolved {
    /// What is wrong, in one sentence.
    pub fn sentence(&self) -> String {
        let given = Map::from_iter([(self.by.to_owned(), self.value.as_str().into())]);
        let kind = self.kind.name();
        format!("the foreign key cannot be resolved with '{}' for an existing '{kind}' entity", table(&given))
    }
}

fn unresolved_message(all: &[Unresolved]) -> String {
    let each = all.iter().map(|one| format!("{}.{}: {}", one.field, one.by, one.sentence()));
    let sentences = each.collect::<Vec<_>>().join("; ");
    match all.len() {
        1 => format!("foreign key unresolved ({sentences})"),
        count => format!("{count} foreign keys unresolved ({sentences})"),
    }
}

/// Faults of a part that its message repeats.
const TOLD_MAX: usize = 10;

fn part_message(part: u32, faults: &[PartFault]) -> String {
    let told = faults.iter().take(TOLD_MAX).map(|fault| {
        let PartFault { entity, kind, name, sentence, .. } = fault;
        let name = name.as_ref().map(|name| format!(" '{name}'")).unwrap_or_default();
        format!("part {part}, entity {entity} ({kind}{name}): {sentence}")
    });
    let told = told.collect::<Vec<_>>().join("; ");
    match faults.len().saturating_sub(TOLD_MAX) {
        0 => told,
        more => format!("{told}; and {more} more"),
    }
}

/// Lua's notation of a table: `{a="b",c=null}`, names in order.
fn table(members: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = members.keys().collect();
    names.sort();
    let members: Vec<String> = names
        .into_iter()
        .map(|name| match &members[name] {
            Value::Object(inner) => format!("{name}={}", table(inner)),
            value => format!("{name}={value}"),
        })
        .collect();
    format!("{{{}}}", members.join(","))
}
