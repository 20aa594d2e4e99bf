//! Which secrets of OAuth2 clients may be chosen, and which may be brought.

use super::credentials::refuse_reserved;
use super::error::Error;
use latchkey_published::limits::CLIENT_SECRET_CHARACTERS_MIN;

/// What a hash of Kong's begins with.
const KONG_HASH_PREFIX: &str = "$pbkdf2-";

/// Checks a secret that an administrator has chosen, and does not bring from elsewhere.
pub(super) fn check_secret(given: &str) -> Result<(), Error> {
    check_brought_secret(given)?;
    match given.chars().count() < CLIENT_SECRET_CHARACTERS_MIN {
        true => Err(Error::field(
            "client_secret",
            format!(
                "must have at least {CLIENT_SECRET_CHARACTERS_MIN} characters: leave it out to have one made, \
                 or bring a shorter one by an import"
            ),
        )),
        false => Ok(()),
    }
}

/// The same of one that is brought.
pub(super) fn check_brought_secret(given: &str) -> Result<(), Error> {
    refuse_reserved("client_secret", given)?;
    match given.starts_with(KONG_HASH_PREFIX) {
        true => Err(Error::field(
            "client_secret",
            "a hash of a secret cannot be brought: bring the secret itself, or leave it out and have another made",
        )),
        false => Ok(()),
    }
}
