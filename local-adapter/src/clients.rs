//! The clients of one thread: how they reach it, what is held for them, who gives way to others, and
//! how they are let go at the end.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use latchkey_gateway::request::{Headers, Scheme};
use latchkey_request::client::{Client, Connection, TrustedIps, client};
use slab::Slab;
use tokio::time::{Instant, sleep};

use crate::budget::{Charge, Kind};
use crate::hold::Holding;
use crate::progress::Progress;

/// How often a draining thread looks whether it is done.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// How clients reach a door.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Its port.
    pub(crate) port: u16,
    /// Peers that are believed who the client is.
    pub(crate) trusted: TrustedIps,
}

/// What clients get at a door.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How they reach it.
    pub(crate) reached: Reached,
    /// What may be held for them.
    pub(crate) holding: Holding,
    /// As what the heads of their requests are held.
    pub(crate) heads: Kind,
    /// How long their requests under way get at the end.
    pub(crate) drain: Duration,
}

/// The clients of one thread.
pub(crate) struct Clients {
    terms: Terms,
    /// Counts the waits for clients, so that it is known which began first.
    waits: Rc<Cell<u64>>,
    draining: Cell<bool>,
    served: RefCell<Slab<Served>>,
}

/// A connection that is being served: its task, and how far it is.
struct Served {
    waker: Option<Waker>,
    progress: Rc<Progress>,
}

impl Clients {
    /// None yet.
    pub(crate) fn new(terms: Terms) -> Self {
        Clients { terms, waits: Rc::default(), draining: Cell::new(false), served: RefCell::default() }
    }

    /// Whose request it is that came from a peer with these fields.
    pub(crate) fn client<'h, H: Headers>(&self, peer_ip: IpAddr, headers: &'h H) -> Client<'h> {
        let Reached { port, ref trusted } = self.terms.reached;
        client(Connection { peer_ip, scheme: Scheme::Http, port }, headers, trusted)
    }

    /// What may be held for them.
    pub(crate) fn holding(&self) -> &Holding {
        &self.terms.holding
    }

    /// What is to be charged for heads of a peer's requests.
    pub(crate) fn charge_heads(&self, peer: IpAddr) -> Charge {
        self.terms.holding.budget.charge(self.terms.heads, peer)
    }

    /// Whether connections are to end after the request under way.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Counts a connection in, until what is returned first is dropped.
    pub(crate) fn enter(&self) -> (Presence<'_>, Rc<Progress>) {
        let progress = Rc::new(Progress::new(&self.waits));
        let served = Served { waker: None, progress: Rc::clone(&progress) };
        (Presence { clients: self, place: self.served.borrow_mut().insert(served) }, progress)
    }

    /// Has the connection that has waited longest for its client give way, if there is any.
    pub(crate) fn make_room(&self) {
        let served = self.served.borrow();
        let waiting = served.iter().filter_map(|(_, client)| {
            Some((client.progress.turn_to_give_way()?, &client.progress, client.waker.as_ref()?))
        });
        if let Some((_, progress, waker)) = waiting.min_by_key(|(turn, ..)| *turn) {
            progress.give_way();
            waker.wake_by_ref();
        }
    }

    /// Lets the requests under way finish, as long as the terms say.
    pub(crate) async fn drain(&self) {
        self.draining.set(true);
        let wakers: Vec<Waker> =
            self.served.borrow().iter().filter_map(|(_, client)| client.waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
        let end = Instant::now() + self.terms.drain;
        while !self.served.borrow().is_empty() && Instant::now() < end {
            sleep(DRAIN_LOOK).await;
        }
        let cut_off = self.served.borrow().len();
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "requests did not finish in time and are cut off");
        }
    }
}

/// A connection that is being served.
pub(crate) struct Presence<'c> {
    clients: &'c Clients,
    place: usize,
}

impl Presence<'_> {
    /// Has the calling task woken when draining begins.
    pub(crate) fn wake_on_drain(&self, cx: &Context<'_>) {
        if let Some(Served { waker: waker @ None, .. }) = self.clients.served.borrow_mut().get_mut(self.place)
        {
            *waker = Some(cx.waker().clone());
        }
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.clients.served.borrow_mut().remove(self.place);
    }
}
