//! How long an upstream may keep silent.

use std::future::Future as _;
use std::pin::Pin;
use std::task::Context;
use std::time::{Duration, Instant};

use latchkey_gateway::upstream::Upstream;
use tokio::time::Sleep;

use crate::progress::Progress;

/// How long the upstream may keep silent. One timer for the life of the connection: it is set
/// anew only when it fires, and then looks whether the wait really was that long.
pub(crate) struct Patience {
    read_timeout: Duration,
    write_timeout: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    /// What the service grants.
    pub(crate) fn new(upstream: &Upstream) -> Self {
        let read_timeout = Duration::from_millis(upstream.read_timeout_ms);
        let write_timeout = Duration::from_millis(upstream.write_timeout_ms);
        let timer = Box::pin(tokio::time::sleep(read_timeout.min(write_timeout)));
        Patience { read_timeout, write_timeout, waiting_since: None, timer }
    }

    /// Something came.
    pub(crate) fn reward(&mut self) {
        self.waiting_since = None;
    }

    /// To be asked whenever nothing came.
    pub(crate) fn is_over(&mut self, cx: &mut Context<'_>, progress: &Progress) -> bool {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let deadline = self.deadline(since, now, progress);
            if deadline <= now {
                return true;
            }
            let look_again = deadline.min(now + self.read_timeout.min(self.write_timeout));
            self.timer.as_mut().reset(look_again.into());
        }
        false
    }

    /// While a body is sent its pieces must move, unless it is the client who keeps us waiting;
    /// after that the response must.
    fn deadline(&self, since: Instant, now: Instant, progress: &Progress) -> Instant {
        if progress.is_upload_open() && progress.is_on_client() {
            return now + self.write_timeout;
        }
        let timeout = if progress.is_upload_open() { self.write_timeout } else { self.read_timeout };
        since.max(progress.upload_moved_at()) + timeout
    }
}
