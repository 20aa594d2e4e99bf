//! The read copy in Workers KV, written by the object alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use latchkey_core::keys::KeyDigest;
use latchkey_core::ports::Clock;
use latchkey_core::replica::{Replica, ReplicaError};
use worker::{Delay, KvStore};

use crate::system::SystemClock;

/// Workers KV takes one write a second for each key; a little more, for clocks that differ.
const WRITE_PAUSE_MS: u64 = 1_100;
/// Writes remembered; the pause matters only for the latest.
const WRITES_REMEMBERED: usize = 1_000;

/// The namespace, and what was last written to it.
pub(crate) struct KvReplica {
    namespace: KvStore,
    written: RefCell<HashMap<KeyDigest, Written>>,
}

struct Written {
    at_ms: u64,
    record: Option<Vec<u8>>,
}

impl KvReplica {
    pub(crate) fn new(namespace: KvStore) -> Self {
        KvReplica { namespace, written: RefCell::default() }
    }

    /// How long a write of this key must wait, in milliseconds; `None`: it says what is there.
    fn pause_ms(&self, digest: &KeyDigest, record: Option<&[u8]>) -> Option<u64> {
        let written = self.written.borrow();
        let Some(last) = written.get(digest) else { return Some(0) };
        let same = last.record.as_deref() == record;
        (!same).then(|| (last.at_ms + WRITE_PAUSE_MS).saturating_sub(SystemClock.unix_ms()))
    }

    fn remember(&self, digest: KeyDigest, record: Option<&[u8]>) {
        let at_ms = SystemClock.unix_ms();
        let mut written = self.written.borrow_mut();
        if written.len() >= WRITES_REMEMBERED {
            written.retain(|_, last| last.at_ms + WRITE_PAUSE_MS > at_ms);
        }
        written.insert(digest, Written { at_ms, record: record.map(<[u8]>::to_vec) });
    }
}

impl Replica for KvReplica {
    async fn write(&self, digest: &KeyDigest, record: Option<&[u8]>) -> Result<(), ReplicaError> {
        let Some(pause_ms) = self.pause_ms(digest, record) else { return Ok(()) };
        if pause_ms > 0 {
            Delay::from(Duration::from_millis(pause_ms)).await;
        }
        // Whatever comes of the attempt, the next one of this key has to wait.
        self.written.borrow_mut().remove(digest);
        let key = digest.to_hex();
        let refused = |error: worker::KvError| ReplicaError(error.to_string());
        match record {
            Some(record) => {
                let text = std::str::from_utf8(record).map_err(|error| ReplicaError(error.to_string()))?;
                self.namespace.put(&key, text).map_err(refused)?.execute().await.map_err(refused)?;
            }
            None => self.namespace.delete(&key).await.map_err(refused)?,
        }
        self.remember(*digest, record);
        Ok(())
    }
}
