//! What is to become of one entity.

use uuid::Uuid;

use super::Minted;
use super::given_key::GivenKey;
use super::held_key::Claim;
use super::lookup::Holder;
use super::stored_credential::HeldSecret;
use crate::schema::{EntityKind, Object};

/// A change to one entity, while it is being decided.
pub(super) struct EntityChange<'a> {
    pub(super) kind: EntityKind,
    pub(super) id: Uuid,
    /// What the caller sent, with the references that the path gives.
    pub(super) input: &'a Object,
    /// The entity before; `None` when it is new. A credential that takes a new id had another one.
    pub(super) old: Option<&'a Object>,
    pub(super) minted: &'a Minted,
    /// A key that was read before, in the place of one in `input`.
    pub(super) key: Option<&'a GivenKey>,
    /// The same of a client secret.
    pub(super) secret: Option<&'a HeldSecret>,
    /// Whether it comes with others, from elsewhere: nobody sees what is answered to it.
    pub(super) is_import: bool,
}

impl<'a> EntityChange<'a> {
    /// A change that a caller asks for.
    pub(super) fn new(
        kind: EntityKind,
        id: Uuid,
        input: &'a Object,
        old: Option<&'a Object>,
        minted: &'a Minted,
    ) -> Self {
        EntityChange { kind, id, input, old, minted, key: None, secret: None, is_import: false }
    }

    /// A key that is given in a field of a credential.
    pub(super) fn claim(&self, field: &'a str) -> Claim<'a> {
        Claim { field, holder: Holder::of(self.kind, self.id), old: self.old, nonce: self.minted.nonce }
    }
}
