//! The portal's logo: its bytes in one record, and what pages need of it in another, which is small.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::{Registry, SETTINGS, records};
use crate::audit::{Did, Line};
use crate::logo;
use crate::ports::{Clock, Random};
use latchkey_published::keys::hex;
use latchkey_store::Store;
use latchkey_store::feed::read_json;

/// Hex digits of a logo's hash, which stands in its path: enough that another one has another path.
const HASH_DIGITS: usize = 16;

/// What is known of the logo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoFacts {
    /// The beginning of its SHA-256, in hex.
    pub hash: String,
    /// In bytes.
    pub size: usize,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// The logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// A PNG.
    pub bytes: Vec<u8>,
    /// As in [`LogoFacts`].
    pub hash: String,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Sets the logo.
    pub async fn put_logo(&self, bytes: &[u8]) -> Result<LogoFacts, Error> {
        let (width, height) = logo::check(bytes).map_err(|fault| Error::field("logo", fault.to_string()))?;
        let facts = LogoFacts { hash: hash(bytes), size: bytes.len(), width, height };
        Ok(transact!(self, attempts, |transaction| put_in(&mut transaction, &facts, bytes)))
    }

    /// Removes it; none is fine.
    pub async fn delete_logo(&self) -> Result<(), Error> {
        transact!(self, attempts, |transaction| delete_in(&mut transaction));
        Ok(())
    }

    /// What is known of the logo, which costs a small read.
    pub async fn logo_facts(&self) -> Result<Option<LogoFacts>, Error> {
        Ok(read_json(&self.store, &records::logo_facts()).await?)
    }

    /// The logo.
    pub async fn logo(&self) -> Result<Option<Logo>, Error> {
        let found = self.store.get(&records::logo()).await?;
        Ok(found.map(|found| Logo { hash: hash(&found.value), bytes: found.value }))
    }
}

async fn put_in<S: Store>(
    transaction: &mut EntityTransaction<'_, S>,
    facts: &LogoFacts,
    bytes: &[u8],
) -> Result<LogoFacts, Error> {
    transaction.put(records::logo(), bytes.to_vec());
    transaction.put_json(records::logo_facts(), facts);
    note(transaction);
    Ok(facts.clone())
}

async fn delete_in<S: Store>(transaction: &mut EntityTransaction<'_, S>) -> Result<(), Error> {
    if transaction.is_there(&records::logo_facts()).await? {
        transaction.delete(records::logo());
        transaction.delete(records::logo_facts());
        note(transaction);
    }
    Ok(())
}

fn note<S: Store>(transaction: &mut EntityTransaction<'_, S>) {
    let fields = vec!["logo".to_owned()];
    transaction.note(Line { fields, ..Line::new(SETTINGS, None, Did::Changed) });
}

fn hash(bytes: &[u8]) -> String {
    let mut hash = hex(&Sha256::digest(bytes));
    hash.truncate(HASH_DIGITS);
    hash
}
