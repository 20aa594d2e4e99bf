//! Who is waited for on a client's connection, so that one that stalls is found without a timer for
//! every request.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::client_stream::Wire;

/// Shared by everything that serves one client connection, on one thread; one request at a time.
#[derive(Debug)]
pub(crate) struct Progress {
    steps: Cell<u64>,
    on_client: Cell<bool>,
    upload_open: Cell<bool>,
    upload_moved_at: Cell<Instant>,
    /// Some of the request's body may still come.
    is_unread: Cell<bool>,
    is_holding: Cell<bool>,
    gives_way: Cell<bool>,
    /// When the wait for the client began, by the thread's count of such waits.
    waits_since: Cell<u64>,
    waits: Rc<Cell<u64>>,
    wire: Arc<Wire>,
}

impl Progress {
    /// A connection just opened: the client is to send a request. `waits` counts for the whole
    /// thread.
    pub(crate) fn new(waits: &Rc<Cell<u64>>) -> Self {
        let progress = Progress {
            steps: Cell::new(0),
            on_client: Cell::new(true),
            upload_open: Cell::new(false),
            upload_moved_at: Cell::new(Instant::now()),
            is_unread: Cell::new(false),
            is_holding: Cell::new(false),
            gives_way: Cell::new(false),
            waits_since: Cell::new(0),
            waits: Rc::clone(waits),
            wire: Arc::default(),
        };
        progress.begin_wait();
        progress
    }

    /// The client's socket.
    pub(crate) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// A request has come, perhaps with a body that is still to come.
    pub(crate) fn begin_request(&self, has_body: bool) {
        self.is_unread.set(has_body);
        self.wire.begin_request();
        self.turn_to_upstream();
    }

    /// The response has been handed over: the client is to take it, and to send the next request.
    pub(crate) fn end_request(&self) {
        self.wire.end_request();
        self.begin_wait();
        self.turn_to_client();
    }

    /// The request's body was read to its end.
    pub(crate) fn end_body(&self) {
        self.is_unread.set(false);
    }

    /// Whether more of a request may come than anybody will read.
    pub(crate) fn is_unread(&self) -> bool {
        self.is_unread.get()
    }

    /// The request's body is read whole from now on.
    pub(crate) fn begin_holding(&self) {
        self.is_holding.set(true);
        self.wire.hold_body(true);
        self.begin_wait();
        self.turn_to_client();
    }

    /// No longer; `is_whole`: because all of it is there.
    pub(crate) fn end_holding(&self, is_whole: bool) {
        self.is_holding.set(false);
        self.wire.hold_body(false);
        self.is_unread.set(!is_whole);
        self.turn_to_upstream();
    }

    /// In which order connections are given up when others want their place; `None`: not at all.
    /// First those that wait for a request, then those that wait for a body that is held, which
    /// waited longest first.
    pub(crate) fn turn_to_give_way(&self) -> Option<(bool, u64)> {
        let may_end = !self.wire.is_in_request() || self.is_holding.get();
        (may_end && !self.gives_way.get()).then(|| (self.is_holding.get(), self.waits_since.get()))
    }

    /// The connection is given up, unless a request comes first.
    pub(crate) fn give_way(&self) {
        self.gives_way.set(true);
    }

    /// Whether the connection is given up, now that all that has come was looked at.
    pub(crate) fn has_to_give_way(&self) -> bool {
        self.gives_way.replace(false) && self.turn_to_give_way().is_some()
    }

    fn begin_wait(&self) {
        self.waits.set(self.waits.get().wrapping_add(1));
        self.waits_since.set(self.waits.get());
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
