//! What a call hangs on that comes with a password: attempts are counted in the table, and the hash is
//! worked beside the one thread that speaks to the platform.

use std::sync::{Arc, Mutex};

use latchkey_control::http::Fault;
use latchkey_control::log_in::{FailureReport, PasswordAnswer, PasswordNeed, Room};
use latchkey_control::passwords::{Hasher, Parameters};
use latchkey_control::ports::Random as _;
use latchkey_store::StoreError;

use crate::store::DynamoStore;
use crate::system::{SystemClock, SystemRandom};

/// Counts attempts, for all environments together, and hashes, one at a time.
pub(crate) struct LogIns {
    room: Room<DynamoStore, SystemClock>,
    hasher: Arc<Mutex<Hasher>>,
}

impl LogIns {
    /// Over the installation's table, where counters have partitions of their own.
    pub(crate) fn new(store: DynamoStore) -> Self {
        let hasher = Arc::new(Mutex::new(Hasher::new(Parameters::LARGE)));
        LogIns { room: Room::new(store, SystemClock), hasher }
    }

    /// What comes of a password. Where it cannot be counted, nobody comes in.
    pub(crate) async fn answer(&self, need: PasswordNeed) -> Result<PasswordAnswer, Fault> {
        let need = Arc::new(need);
        let admitted = match self.room.admit(&need).await.map_err(uncounted)? {
            Ok(admitted) => admitted,
            Err(held) => return Ok(held),
        };
        let (hasher, worked) = (Arc::clone(&self.hasher), Arc::clone(&need));
        let hash = move || {
            let mut salt = [0; 16];
            SystemRandom.fill(&mut salt);
            // After a panic there is another one.
            let mut hasher = hasher.lock().unwrap_or_else(|poisoned| {
                let mut hasher = poisoned.into_inner();
                *hasher = Hasher::new(Parameters::LARGE);
                hasher
            });
            hasher.work(&worked.work, salt)
        };
        let hashed = tokio::task::spawn_blocking(hash).await.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Fault::Failed
        })?;
        self.room.finish(&need, admitted, hashed).await.map_err(uncounted)
    }

    /// Sums of failed log-ins that are due for the audit, taken away; some of what no longer counts goes.
    pub(crate) async fn sweep(&self) -> Result<Vec<FailureReport>, StoreError> {
        let reports = self.room.reports().await?;
        self.room.drop_old().await?;
        Ok(reports)
    }
}

fn uncounted(error: StoreError) -> Fault {
    tracing::error!(%error, "a log-in could not be counted");
    Fault::OutOfReach
}
