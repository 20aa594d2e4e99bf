//! Log-ins: attempts are counted, and passwords hashed on threads of their own, so that a flood of them
//! takes nothing from proxied requests, from the control thread or from the change feed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::{io, thread};

use latchkey_control::http::Fault;
use latchkey_control::log_in::{FailureReport, PasswordAnswer, PasswordNeed, PasswordOutcome, Room, Work};
use latchkey_control::passwords::{Hashed, Hasher, Parameters};
use latchkey_control::ports::Random as _;
use latchkey_published::limits::LOG_INS_WAITING_MAX;
use latchkey_store::StoreError;
use latchkey_store::memory::MemoryStore;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::system::{SystemClock, SystemRandom};

/// Counts attempts, in memory, and hashes passwords. The threads end when it is dropped.
pub(crate) struct LogIns {
    room: Room<MemoryStore, SystemClock>,
    hashing: Hashing,
}

impl LogIns {
    /// Starts the threads: one for two cores, but one at least.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let parameters = Parameters::LARGE;
        let hash = move || {
            let mut hasher = Hasher::new(parameters);
            move |work: &Work| {
                let mut salt = [0; 16];
                SystemRandom.fill(&mut salt);
                hasher.work(work, salt)
            }
        };
        let hashing = Hashing::start((cores / 2).max(1), hash)?;
        Ok(LogIns { room: Room::new(MemoryStore::default(), SystemClock), hashing })
    }

    /// Does what a call hangs on. Whoever asks no longer, frees the place that it had.
    pub(crate) async fn answer(&self, need: PasswordNeed) -> Result<PasswordAnswer, Fault> {
        // Before it is counted: what is not looked at is no attempt.
        let Some(place) = self.hashing.place() else {
            return Ok(PasswordAnswer { state: need.state, outcome: PasswordOutcome::Busy });
        };
        let need = Arc::new(need);
        let admitted = match self.room.admit(&need).await.map_err(uncounted)? {
            Ok(admitted) => admitted,
            Err(held) => return Ok(held),
        };
        let hashed = self.hashing.hash(place, &need).await.ok_or(Fault::Failed)?;
        self.room.finish(&need, admitted, hashed).await.map_err(uncounted)
    }

    /// Failed log-ins that are due for the audit, taken away; what no longer counts goes.
    pub(crate) async fn sweep(&self) -> Result<Vec<FailureReport>, StoreError> {
        let mut reports = Vec::new();
        loop {
            // A part of them at a time.
            let some = self.room.reports().await?;
            if some.is_empty() {
                break;
            }
            reports.extend(some);
        }
        while self.room.drop_old().await? {}
        Ok(reports)
    }
}

fn uncounted(error: StoreError) -> Fault {
    tracing::error!(%error, "a log-in could not be counted");
    Fault::Failed
}

/// Threads that hash, and a bounded queue before them.
struct Hashing {
    /// One for each thread, and one for each that waits.
    places: Arc<Semaphore>,
    /// One for each thread: who has one finds a thread that does nothing.
    turns: Arc<Semaphore>,
    jobs: mpsc::Sender<Job>,
}

/// What one thread is given to hash.
struct Job {
    need: Arc<PasswordNeed>,
    answer: oneshot::Sender<Hashed>,
    /// Of the queue; the thread gives it back, also where nobody waits for its answer any more.
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Hashing {
    /// `make`: called on each thread, and once more after a panic.
    fn start<H: FnMut(&Work) -> Hashed>(
        threads: usize,
        make: impl Fn() -> H + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let (queue, make) = (Arc::clone(&queue), make.clone());
            thread::Builder::new().name(format!("hasher-{number}")).spawn(move || {
                yield_to_others();
                work(&queue, make);
            })?;
        }
        let places = Arc::new(Semaphore::new(threads + LOG_INS_WAITING_MAX));
        Ok(Hashing { places, turns: Arc::new(Semaphore::new(threads)), jobs })
    }

    /// `None`: there are too many already.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Waits for a thread, in the order of coming. `None`: it failed.
    async fn hash(&self, place: OwnedSemaphorePermit, need: &Arc<PasswordNeed>) -> Option<Hashed> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let (answer, hashed) = oneshot::channel();
        self.jobs.send(Job { need: Arc::clone(need), answer, _turn: turn, _place: place }).ok()?;
        hashed.await.ok()
    }
}

/// Hashes until nobody can ask any more. A panic costs what was asked, and no thread.
fn work<H: FnMut(&Work) -> Hashed>(queue: &Mutex<mpsc::Receiver<Job>>, make: impl Fn() -> H) {
    let mut hash = make();
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        if job.answer.is_closed() {
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| hash(&job.need.work))) {
            Ok(hashed) => drop(job.answer.send(hashed)),
            Err(_) => {
                tracing::error!("hashing a password panicked");
                hash = make();
            }
        }
    }
}

/// Where cores are scarce, whoever logs in waits for requests, and not the reverse.
fn yield_to_others() {
    /// Of a scale from -20 to 19: about a tenth of what a thread at 0 gets.
    #[cfg(target_os = "linux")]
    const NICENESS: i32 = 10;
    // On Linux this is of the calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "log-ins take as much of the cores as requests do");
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};
    use std::time::Duration;

    use latchkey_control::passwords::Password;
    use latchkey_published::keys::{Pepper, PlainKey};

    use super::*;

    fn need(password: &str) -> Arc<PasswordNeed> {
        let account = Pepper::new(b"pepper").digest_key(&PlainKey::new("dee@example.org"));
        let work = Work::LogIn { password: Password::new(password), stored: None };
        Arc::new(PasswordNeed { account, address: None, known_browser: None, work, state: None })
    }

    /// Threads that hash when they are let, and how often they began to.
    fn gated(threads: usize) -> (Hashing, mpsc::Sender<()>, Arc<AtomicUsize>) {
        let (opener, gate) = mpsc::channel::<()>();
        let (gate, count) = (Arc::new(Mutex::new(gate)), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        let hash = move || {
            let (gate, count) = (Arc::clone(&gate), Arc::clone(&counted));
            move |_: &Work| {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = gate.lock().unwrap().recv();
                Hashed::Wrong
            }
        };
        (Hashing::start(threads, hash).unwrap(), opener, count)
    }

    async fn hash(hashing: &Hashing) -> Option<Hashed> {
        hashing.hash(hashing.place()?, &need("x")).await
    }

    #[tokio::test]
    async fn so_many_wait_and_who_goes_makes_room() {
        let (hashing, opener, count) = gated(2);
        let mut asked: Vec<_> = (0..2 + LOG_INS_WAITING_MAX).map(|_| Box::pin(hash(&hashing))).collect();
        for future in &mut asked {
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(hashing.place().is_none());
        // What no thread has begun would be let go with those that wait.
        for _ in 0..500 {
            if count.load(Ordering::SeqCst) == 2 {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
        // One that waits for its turn.
        drop(asked.pop());
        let after = hashing.place().expect("its place is free at once");
        assert!(hashing.place().is_none());
        drop(after);
        // All that wait: what is being hashed goes on.
        asked.clear();
        assert_eq!(hashing.places.available_permits(), LOG_INS_WAITING_MAX);
        drop(opener);
        assert!(matches!(hash(&hashing).await, Some(Hashed::Wrong)));
        assert!(count.load(Ordering::SeqCst) <= 3);
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let hash_or_panic = || {
            |work: &Work| match work {
                Work::Set { .. } => panic!("a test asked for a panic"),
                _ => Hashed::Wrong,
            }
        };
        let hashing = Hashing::start(1, hash_or_panic).unwrap();
        let set = Work::Set { password: Password::new("x") };
        let set = Arc::new(PasswordNeed { work: set, ..(*need("x")).clone() });
        assert!(hashing.hash(hashing.place().unwrap(), &set).await.is_none());
        assert!(matches!(hash(&hashing).await, Some(Hashed::Wrong)));
    }

    #[test]
    fn threads_end_with_it() {
        let (hashing, opener, count) = gated(1);
        drop((hashing, opener));
        for _ in 0..500 {
            // Whoever hashes has the counter too.
            if Arc::strong_count(&count) == 1 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("a thread goes on");
    }

    #[tokio::test]
    async fn a_log_in_of_nobody_is_wrong() {
        let log_ins = LogIns::start().unwrap();
        let answer = log_ins.answer((*need("violet harbour tulip 93")).clone()).await.unwrap();
        assert!(matches!(answer.outcome, PasswordOutcome::Wrong), "{answer:?}");
    }
}
