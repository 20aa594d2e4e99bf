//! Who is waited for on a client's connection, so that one that stalls is found without a timer for
//! every request.

use std::cell::Cell;
use std::time::Instant;

/// Shared by everything that serves one client connection, on one thread; one request at a time.
#[derive(Debug)]
pub(crate) struct Progress {
    steps: Cell<u64>,
    on_client: Cell<bool>,
    upload_open: Cell<bool>,
    upload_moved_at: Cell<Instant>,
}

impl Progress {
    /// A connection just opened: the client is to send a request.
    pub(crate) fn new() -> Self {
        Progress {
            steps: Cell::new(0),
            on_client: Cell::new(true),
            upload_open: Cell::new(false),
            upload_moved_at: Cell::new(Instant::now()),
        }
    }

    /// From now on the client is to act: send more, or take what was sent.
    pub(crate) fn turn_to_client(&self) {
        self.step(true);
    }

    /// From now on we, or the upstream, are to act.
    pub(crate) fn turn_to_upstream(&self) {
        self.step(false);
    }

    /// Changes with every step; while it does not and [`Progress::is_on_client`], the client stalls.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Whether the client is to act.
    pub(crate) fn is_on_client(&self) -> bool {
        self.on_client.get()
    }

    /// The request's body is about to be sent on.
    pub(crate) fn open_upload(&self) {
        self.upload_open.set(true);
        self.upload_moved_at.set(Instant::now());
    }

    /// A piece of the request's body was handed to the upstream's connection.
    pub(crate) fn move_upload(&self) {
        self.upload_moved_at.set(Instant::now());
        self.turn_to_upstream();
    }

    /// The request's body has been handed over, or given up.
    pub(crate) fn close_upload(&self) {
        if self.upload_open.replace(false) {
            self.upload_moved_at.set(Instant::now());
        }
    }

    /// Whether some of the request's body is still to come.
    pub(crate) fn is_upload_open(&self) -> bool {
        self.upload_open.get()
    }

    /// When the request's body last moved, or ended.
    pub(crate) fn upload_moved_at(&self) -> Instant {
        self.upload_moved_at.get()
    }

    fn step(&self, on_client: bool) {
        self.on_client.set(on_client);
        self.steps.set(self.steps.get().wrapping_add(1));
    }
}
