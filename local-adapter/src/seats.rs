//! How many connections there may be: clients' at once, and upstreams' that are idle.
//!
//! What handles of files the control door does not need is shared in halves. Each client's connection has one connection to an upstream
//! at most, so that what clients are given, upstreams can be given too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_published::limits::{CONNECTIONS_DEFAULT, CONTROL_CONNECTIONS, HANDLES_RESERVED};
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Connections taken however few handles there are.
const CONNECTIONS_MIN: usize = 16;
/// The same at the control door.
const CONTROL_CONNECTIONS_MIN: usize = 8;
/// Of all handles, those that the control door's clients may take: one in so many.
const CONTROL_SHARE: u64 = 8;
/// Of the handles kept for upstreams, those that idle connections may take: one in so many.
const IDLE_SHARE: usize = 4;

/// Bounds of this process, from its settings and its limit of handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Clients' connections at the gateway.
    pub(crate) connections: usize,
    /// Clients' connections at the control door.
    pub(crate) control_connections: usize,
    /// Idle connections to upstreams.
    pub(crate) idle: usize,
}

impl Bounds {
    /// Raises the limit of handles as far as the system lets us, and shares them out.
    pub(crate) fn find(connections: Option<usize>) -> Self {
        let handles = raise_handles();
        let bounds = Bounds::of_handles(handles, connections);
        if let Some(handles) = handles
            && bounds.connections as u64 > bounds.half_of(handles)
        {
            tracing::warn!(
                max_connections = bounds.connections,
                handles,
                "upstreams may find no file handle left: raise the limit (ulimit -n), or lower --max-connections"
            );
        }
        bounds
    }

    fn of_handles(handles: Option<u64>, connections: Option<usize>) -> Self {
        let control_connections = handles.map_or(CONTROL_CONNECTIONS, |handles| {
            let share = usize::try_from(handles / CONTROL_SHARE).unwrap_or(usize::MAX);
            share.clamp(CONTROL_CONNECTIONS_MIN, CONTROL_CONNECTIONS)
        });
        let mut bounds = Bounds { connections: 0, control_connections, idle: 0 };
        let half = handles.map_or(CONNECTIONS_DEFAULT, |handles| {
            usize::try_from(bounds.half_of(handles)).unwrap_or(usize::MAX)
        });
        bounds.connections = connections.unwrap_or_else(|| half.clamp(CONNECTIONS_MIN, CONNECTIONS_DEFAULT));
        bounds.idle = (half / IDLE_SHARE).max(1);
        bounds
    }

    /// Half of the handles that the gateway's clients and upstreams share.
    fn half_of(&self, handles: u64) -> u64 {
        handles.saturating_sub(HANDLES_RESERVED + self.control_connections as u64) / 2
    }
}

/// Raises the limit of file handles to the highest that needs no privilege; what it is then.
#[cfg(unix)]
fn raise_handles() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

#[cfg(not(unix))]
fn raise_handles() -> Option<u64> {
    None
}

/// Seats for clients' connections.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Semaphore>);

/// A free seat, not yet with a thread.
pub(crate) type Permit = OwnedSemaphorePermit;

impl Seats {
    /// So many, all free.
    pub(crate) fn new(count: usize) -> Self {
        Seats(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }

    /// A seat that is free now.
    pub(crate) fn try_take(&self) -> Result<Permit, TryAcquireError> {
        Arc::clone(&self.0).try_acquire_owned()
    }

    /// The next seat that is free.
    pub(crate) async fn take(&self) -> Result<Permit, AcquireError> {
        Arc::clone(&self.0).acquire_owned().await
    }
}

/// A seat taken by a connection of one thread, until it is dropped.
pub(crate) struct Seat {
    of_thread: Arc<AtomicUsize>,
    _permit: Permit,
}

impl Seat {
    /// Counts the connection among those of its thread too.
    pub(crate) fn new(permit: Permit, of_thread: &Arc<AtomicUsize>) -> Self {
        of_thread.fetch_add(1, Ordering::Relaxed);
        Seat { of_thread: Arc::clone(of_thread), _permit: permit }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.of_thread.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells all threads to close their idle connections to upstreams, because one found no handle.
pub(crate) type Shed = Arc<Notify>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_handles_is_kept_for_upstreams() {
        for (handles, asked, connections, control_connections, idle) in [
            (Some(1024), None, 416, 128, 104),
            (Some(20_192), None, 10_000, 128, 2500),
            (Some(1 << 20), None, CONNECTIONS_DEFAULT, 128, 131_048),
            (Some(256), None, 80, 32, 20),
            (Some(80), None, CONNECTIONS_MIN, 10, 1),
            (Some(3), None, CONNECTIONS_MIN, CONTROL_CONNECTIONS_MIN, 1),
            (None, None, CONNECTIONS_DEFAULT, CONTROL_CONNECTIONS, 4096),
            (Some(1024), Some(7), 7, 128, 104),
            (Some(1024), Some(900), 900, 128, 104),
        ] {
            let expected = Bounds { connections, control_connections, idle };
            assert_eq!(Bounds::of_handles(handles, asked), expected, "{handles:?}");
        }
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_left() {
        let (seats, of_thread) = (Seats::new(1), Arc::default());
        let seat = Seat::new(seats.try_take().unwrap(), &of_thread);
        assert!(seats.try_take().is_err());
        assert_eq!(of_thread.load(Ordering::Relaxed), 1);
        drop(seat);
        assert!(seats.try_take().is_ok());
        assert_eq!(of_thread.load(Ordering::Relaxed), 0);
    }
}
