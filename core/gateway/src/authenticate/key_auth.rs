//! key-auth: the caller is whose key the request presents.

use std::sync::Arc;

use super::try_call::TryCall;
use super::{Caller, Callers, ImportedPlaces, Outcome, Rehash, too_large};
use crate::anonymous::Anonymous;
use crate::basis::Basis;
use crate::config::KeyAuth;
use crate::decision::Need;
use crate::extract_key::{Presented, Searched, Unsearched, extract_key};
use crate::find_route::Routed;
use crate::grant_memory::{CachedGrant, Remembered};
use crate::problem::Problem;
use crate::request::{Body, Headers, RequestHead};
use crate::strip_key::HiddenCuts;
use latchkey_published::key_sha256::{ImportedDigests, KeySha256};
use latchkey_published::keys::{KeyDigest, Peppers, has_our_prefix, is_reserved};
use latchkey_published::limits;

impl Callers {
    /// Finds the key and verifies it. What is to be hidden goes into `hidden`, also where key-auth
    /// does not ask.
    #[inline]
    pub(super) fn key_auth<'a, H: Headers>(
        &mut self,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        head: &RequestHead<'a, H>,
        body: Body<'a>,
        hidden: &mut HiddenCuts,
    ) -> Result<Outcome, Need> {
        let Some(auth) = routed.rules.key_auth.as_deref() else { return Ok(Outcome::NotAsked) };
        let mut searched = Searched::new(auth, head, body);
        if let Err(why) = searched.find_hidden() {
            return self.unsearched(&why, head, body);
        }
        let outcome = match routed.asks_for_key {
            true => self.ask_for_key(routed, basis, (head, body), auth, &mut searched)?,
            false => Outcome::NotAsked,
        };
        *hidden = searched.into_hidden();
        Ok(outcome)
    }

    #[inline]
    pub(super) fn ask_for_key<'a, H: Headers>(
        &mut self,
        routed: &Routed<'_>,
        basis: Basis<'_>,
        (head, body): (&RequestHead<'a, H>, Body<'a>),
        auth: &KeyAuth,
        searched: &mut Searched<'_, 'a>,
    ) -> Result<Outcome, Need> {
        let refusal = match extract_key(auth, head, searched) {
            Presented::Key(key) => match self.verify(&key.0, basis)? {
                Some(grant) => return Ok(Outcome::Caller(Caller::Credential(grant))),
                None => Problem::Unauthorized(auth.challenge.clone()),
            },
            Presented::Duplicate => Problem::DuplicateKey(auth.challenge.clone()),
            Presented::BodyNeeded => return self.need_body(head, body),
            Presented::Nothing => match self.try_call(routed, basis, head)? {
                TryCall::Of(Some(grant)) => return Ok(Outcome::Caller(Caller::Tried(grant))),
                TryCall::Of(None) => Problem::Unauthorized(auth.challenge.clone()),
                TryCall::None => Problem::NoKey(auth.challenge.clone()),
            },
        };
        Ok(match &auth.anonymous {
            Anonymous::No => Outcome::Refused(refusal),
            Anonymous::NoSuch(name) => Outcome::Refused(Problem::AnonymousMissing(name.clone())),
            Anonymous::As(identity) => Outcome::Caller(Caller::Anonymous(identity.clone())),
        })
    }

    fn unsearched<H: Headers>(
        &self,
        why: &Unsearched,
        head: &RequestHead<'_, H>,
        body: Body<'_>,
    ) -> Result<Outcome, Need> {
        match why {
            Unsearched::Needed => self.need_body(head, body),
            Unsearched::Unreadable => Ok(Outcome::Refused(Problem::BodyUnreadable)),
        }
    }

    fn need_body<H: Headers>(&self, head: &RequestHead<'_, H>, body: Body<'_>) -> Result<Outcome, Need> {
        match too_large(self.body_search_bytes, head, body) {
            Some(problem) => Ok(Outcome::Refused(problem)),
            None => Err(Need::Body { bytes_max: self.body_search_bytes }),
        }
    }

    /// The grant of a key that is good now; `None` for an unknown, forged, expired or malformed one.
    #[inline]
    fn verify(&mut self, key: &[u8], basis: Basis<'_>) -> Result<Option<Arc<CachedGrant>>, Need> {
        Ok(self.find(key, basis)?.map(|(_, grant)| grant))
    }

    /// The same, and where it is.
    #[inline]
    pub(crate) fn find(
        &mut self,
        key: &[u8],
        basis: Basis<'_>,
    ) -> Result<Option<(KeyDigest, Arc<CachedGrant>)>, Need> {
        Ok(self.find_grant(key, basis)?.filter(|(_, grant)| grant.is_current(basis.now)))
    }

    /// The grant of a key, expired or not, and where it is; `None` for an unknown, forged or malformed one.
    #[inline]
    pub(crate) fn find_grant(
        &mut self,
        key: &[u8],
        basis: Basis<'_>,
    ) -> Result<Option<(KeyDigest, Arc<CachedGrant>)>, Need> {
        if key.len() > limits::KEY_BYTES_MAX || is_reserved(key) || std::str::from_utf8(key).is_err() {
            return Ok(None);
        }
        let has_others = basis.config.has_imported_keys;
        let digest = self.peppers.current.digest(key);
        if let Some(grant) = self.look_up(key, digest, has_others, basis)? {
            return Ok(Some((digest, grant)));
        }
        if let Some(previous) = &self.peppers.previous {
            let old = previous.digest(key);
            if let Some(grant) = self.look_up(key, old, has_others, basis)? {
                let pepper_id = self.peppers.current.id();
                self.rehash = Some(Rehash { old, new: digest, pepper_id, secret: None });
                return Ok(Some((old, grant)));
            }
        }
        match basis.config.has_digest_keys {
            true => self.find_by_sha256(key, digest, basis),
            false => Ok(None),
        }
    }

    /// The same of a key that was never seen in clear, but brought as its SHA-256. It moves to the
    /// current pepper without being shown, so nobody is asked for that.
    fn find_by_sha256(
        &mut self,
        key: &[u8],
        own_digest: KeyDigest,
        basis: Basis<'_>,
    ) -> Result<Option<(KeyDigest, Arc<CachedGrant>)>, Need> {
        let sha256 = KeySha256::of(key);
        let places = self.imported.get_or_insert_with(|| ImportedPlaces::new(&self.peppers));
        for place in places.of(&sha256).into_iter().flatten() {
            if let Some(grant) = self.look_up(key, place, true, basis)? {
                self.memory.misplace(own_digest, &grant);
                return Ok(Some((place, grant)));
            }
        }
        Ok(None)
    }

    /// The grant at a digest of a key. `has_others`: keys that were not made here may be there.
    fn look_up(
        &mut self,
        key: &[u8],
        digest: KeyDigest,
        has_others: bool,
        basis: Basis<'_>,
    ) -> Result<Option<Arc<CachedGrant>>, Need> {
        let Basis { config, epoch, now, .. } = basis;
        match self.memory.look_up(&digest) {
            Remembered::Grant(grant) => return Ok(Some(grant)),
            Remembered::Missing => return Ok(None),
            Remembered::Unknown => {}
        }
        let genuine = config.tag_keys.iter().any(|tag_key| tag_key.is_genuine(key));
        if !genuine && (has_our_prefix(key) || !has_others) {
            return Ok(None);
        }
        Err(self.memory.need(digest, genuine, epoch, now))
    }
}

impl ImportedPlaces {
    fn new(peppers: &Peppers) -> Self {
        let previous = peppers.previous.as_ref().map(ImportedDigests::new);
        ImportedPlaces { current: ImportedDigests::new(&peppers.current), previous }
    }

    /// Where the grant of a key may lie, the current pepper's place first.
    fn of(&self, sha256: &KeySha256) -> [Option<KeyDigest>; 2] {
        [Some(self.current.digest(sha256)), self.previous.as_ref().map(|previous| previous.digest(sha256))]
    }
}
