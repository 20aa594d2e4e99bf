//! The specification of a service, kept as it was uploaded: packed, in pieces that every store takes.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::attempts::transact;
use super::entity_transaction::EntityTransaction;
use super::error::Error;
use super::lookup::Step;
use super::{Registry, records};
use crate::audit::{Did, Line};
use crate::document::{self, Form};
use crate::ports::{Clock, Random};
use crate::schema::{EntityKind, Object};
use latchkey_published::keys::hex;
use latchkey_published::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_PIECE_BYTES, NAME_BYTES_MAX};
use latchkey_store::feed::{decode, read_json};
use latchkey_store::{Store, StoreError};

/// What the audit calls them.
pub(crate) const DOCUMENTS: &str = "documents";

/// Records of one document, at most: what is known of it, and its pieces. What cannot be packed grows by a
/// few bytes, which is one piece more at most.
pub(super) const DOCUMENT_RECORDS_MAX: usize = 2 + DOCUMENT_BYTES_MAX.div_ceil(DOCUMENT_PIECE_BYTES);

/// Times that a document is read anew that was replaced while it was read.
const READS_MAX: usize = 3;

/// What is known of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFacts {
    /// What its file was called, where it was sent as one; else its title.
    pub name: Option<String>,
    /// Its own version.
    pub version: Option<String>,
    /// The version of OpenAPI or Swagger that it says.
    pub format: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// In bytes.
    pub size: usize,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// In seconds since the Unix epoch.
    pub uploaded_at: u64,
    /// What is wrong with it, each in a sentence.
    pub problems: Vec<String>,
    /// Pieces that it is stored in.
    pub(super) pieces: usize,
}

impl DocumentFacts {
    /// As callers see it.
    pub fn to_object(&self) -> Object {
        let mut object = match serde_json::to_value(self) {
            Ok(Value::Object(object)) => object,
            _ => unreachable!("a struct with named fields is an object"),
        };
        object.remove("pieces");
        object
    }
}

/// A document as it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// What is known of it.
    pub facts: DocumentFacts,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl StoredDocument {
    /// How it is written.
    pub fn form(&self) -> Form {
        Form::parse(&self.facts.media_type)
    }
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Keeps a document of the service at the end of a path, in the place of the one before.
    /// `name`: of its file.
    pub async fn put_document(
        &self,
        path: &[Step<'_>],
        name: Option<&str>,
        bytes: &[u8],
    ) -> Result<DocumentFacts, Error> {
        let checked = document::check(bytes).map_err(|fault| Error::field("document", fault))?;
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(Error::field("document", format!("must not exceed {DOCUMENT_BYTES_MAX} bytes")));
        }
        let packed = pack(bytes)?;
        let named = name.filter(|name| (1..=NAME_BYTES_MAX).contains(&name.len())).map(str::to_owned);
        let facts = DocumentFacts {
            name: named.or(checked.title),
            version: checked.version,
            format: checked.format,
            media_type: checked.form.media_type().to_owned(),
            size: bytes.len(),
            sha256: sha256(bytes),
            uploaded_at: 0,
            problems: checked.problems,
            pieces: packed.len().div_ceil(DOCUMENT_PIECE_BYTES),
        };
        Ok(transact!(self, attempts, |transaction| self.put_document_in(
            &mut transaction,
            path,
            &facts,
            &packed
        )))
    }

    async fn put_document_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
        facts: &DocumentFacts,
        packed: &[u8],
    ) -> Result<DocumentFacts, Error> {
        let (_, service) = self.parent(transaction, path).await?.ok_or(Error::NotFound)?;
        let old: Option<DocumentFacts> = transaction.read_json(&records::document(service)).await?;
        let new = DocumentFacts { uploaded_at: transaction.now_ms / 1000, ..facts.clone() };
        let before = old.as_ref().map(DocumentFacts::to_object);
        transaction.note(Line::of_change(DOCUMENTS, service, before.as_ref(), &new.to_object()));
        transaction.put_json(records::document(service), &new);
        for (at, piece) in packed.chunks(DOCUMENT_PIECE_BYTES).enumerate() {
            transaction.put(records::document_piece(service, at), piece.to_vec());
        }
        for at in new.pieces..old.map_or(0, |old| old.pieces) {
            transaction.delete(records::document_piece(service, at));
        }
        Ok(new)
    }

    /// Removes the document of the service at the end of a path; none is fine.
    pub async fn delete_document(&self, path: &[Step<'_>]) -> Result<(), Error> {
        transact!(self, attempts, |transaction| self.delete_document_in(&mut transaction, path));
        Ok(())
    }

    async fn delete_document_in(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        path: &[Step<'_>],
    ) -> Result<(), Error> {
        let (_, service) = self.parent(transaction, path).await?.ok_or(Error::NotFound)?;
        self.remove_document(transaction, service).await
    }

    /// Removes the document of a service, if it has one.
    pub(super) async fn remove_document(
        &self,
        transaction: &mut EntityTransaction<'_, S>,
        service: Uuid,
    ) -> Result<(), Error> {
        let key = records::document(service);
        let Some(old) = transaction.read_json::<DocumentFacts>(&key).await? else { return Ok(()) };
        (0..old.pieces).for_each(|at| transaction.delete(records::document_piece(service, at)));
        transaction.delete(key);
        transaction.note(Line::new(DOCUMENTS, Some(service), Did::Deleted));
        Ok(())
    }

    /// The document of the service at the end of a path; `Error::NotFound`: it has none.
    pub async fn document(&self, path: &[Step<'_>]) -> Result<StoredDocument, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let (_, service) = self.parent(&mut transaction, path).await?.ok_or(Error::NotFound)?;
        self.read_document(service).await
    }

    /// What is known of the document of the service at the end of a path; `None`: it has none.
    pub async fn document_facts(&self, path: &[Step<'_>]) -> Result<Option<DocumentFacts>, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let (_, service) = self.parent(&mut transaction, path).await?.ok_or(Error::NotFound)?;
        Ok(read_json(&self.store, &records::document(service)).await?)
    }

    /// The document of a service that is open for registration; `Error::NotFound`: it has none, or is not open.
    pub async fn open_document(&self, service: Uuid) -> Result<StoredDocument, Error> {
        let mut transaction = EntityTransaction::new(&self.store, self.clock.unix_ms());
        let is_there = transaction.load(EntityKind::Services, service).await?.is_some();
        match is_there && self.registration(&mut transaction, service).await?.is_some() {
            true => self.read_document(service).await,
            false => Err(Error::NotFound),
        }
    }

    /// Its pieces may be another's when it is replaced meanwhile: that shows in the hash.
    async fn read_document(&self, service: Uuid) -> Result<StoredDocument, Error> {
        for _ in 0..READS_MAX {
            let found = self.store.get(&records::document(service)).await?.ok_or(Error::NotFound)?;
            let facts: DocumentFacts = decode(&found.value)?;
            let mut packed = Vec::new();
            for at in 0..facts.pieces {
                let piece = self.store.get(&records::document_piece(service, at)).await?;
                packed.extend(piece.map(|piece| piece.value).unwrap_or_default());
            }
            let bytes = unpack(&packed, facts.size);
            if let Some(bytes) = bytes.filter(|bytes| sha256(bytes) == facts.sha256) {
                return Ok(StoredDocument { facts, bytes });
            }
        }
        Err(Error::Busy)
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut packed = Vec::new();
    let done = DeflateEncoder::new(bytes, Compression::default()).read_to_end(&mut packed);
    done.map_err(|error| Error::Store(StoreError::Failed(format!("packing a document: {error}"))))?;
    Ok(packed)
}

/// `None`: they are no pieces of one document, or of a longer one.
fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size.min(DOCUMENT_BYTES_MAX));
    let most = DOCUMENT_BYTES_MAX as u64 + 1;
    DeflateDecoder::new(packed).take(most).read_to_end(&mut bytes).ok()?;
    (bytes.len() == size).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst that there is: what cannot be packed.
    #[test]
    fn the_longest_document_fits_its_pieces() {
        let mut state = 1u32;
        let noise = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let bytes: Vec<u8> = (0..DOCUMENT_BYTES_MAX).map(noise).collect();
        let packed = pack(&bytes).unwrap();
        assert!(packed.len() > DOCUMENT_BYTES_MAX);
        assert!(packed.len().div_ceil(DOCUMENT_PIECE_BYTES) < DOCUMENT_RECORDS_MAX);
        assert_eq!(unpack(&packed, bytes.len()), Some(bytes));
        assert_eq!(unpack(&packed[1..], 7), None);
    }
}
