//! Hashes of passwords are sealed, so that a dump of the store is nothing to guess at, and are sealed anew when
//! the pepper changes without anybody logging in.

use uuid::Uuid;

use super::super::Registry;
use super::super::sealed::Nonce;
use crate::accounts::{Account, SealedPassword};
use crate::passwords::PhcString;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

/// What the associated data begin with; the developer's id follows.
const LABEL: &[u8] = b"password of ";

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) fn seal_password(&self, developer: Uuid, phc: &PhcString, nonce: Nonce) -> SealedPassword {
        let (sealed, pepper_id) = self.key_ring.seal(LABEL, developer, phc.as_str().as_bytes(), nonce);
        SealedPassword { sealed, pepper_id }
    }

    /// The hash of a developer's password; `None`: there is none, or its pepper is set no more.
    pub(super) fn open_password(&self, developer: Uuid, account: &Account) -> Option<PhcString> {
        let SealedPassword { sealed, pepper_id } = account.password.as_ref()?;
        let opened = self.key_ring.open_sealed(LABEL, *pepper_id, developer, sealed)?;
        String::from_utf8(opened).ok().map(PhcString::new)
    }

    /// The same password, sealed under the pepper in use; `None`: it is so, or cannot be opened.
    pub(in crate::registry) fn resealed_password(
        &self,
        developer: Uuid,
        account: &Account,
        nonce: Nonce,
    ) -> Option<SealedPassword> {
        let is_due = account.password.as_ref()?.pepper_id != self.peppers.current.id();
        let phc = is_due.then(|| self.open_password(developer, account))??;
        Some(self.seal_password(developer, &phc, nonce))
    }
}
