//! Accounts: what is known of a developer beside the entity, as typed records that are none.

mod account;
mod tokens;

pub use account::{Account, AskedLink, LinkOf, MailToken, SealedPassword, Session, SessionName, TokenUse};
pub use tokens::{AccountTags, TokenSeed};
