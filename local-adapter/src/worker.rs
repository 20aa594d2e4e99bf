//! One thread that serves requests: its own runtime, gateway and upstream connections.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use latchkey_core::client::{Client, Connection, TrustedIps, client};
use latchkey_core::request::{Headers, Scheme};
use latchkey_core::request_ids::RequestIds;
use latchkey_core::upstream_address::UpstreamAddresses;
use slab::Slab;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep};

use crate::connection;
use crate::data_plane::DataPlane;
use crate::system::SystemRandom;
use crate::upstream::Upstreams;

/// How often idle upstream connections are looked through.
const SWEEP: Duration = Duration::from_secs(10);
/// How often a draining thread looks whether it is done.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// What the tasks of one thread share.
pub(crate) struct Worker {
    /// Decides.
    pub(crate) data_plane: DataPlane,
    /// Connections to upstreams.
    pub(crate) upstreams: Upstreams,
    /// Draws request ids.
    pub(crate) request_ids: RequestIds,
    reached: Reached,
    draining: Cell<bool>,
    clients: RefCell<Slab<Option<Waker>>>,
}

/// How clients reach us.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Our port.
    pub(crate) port: u16,
    /// Peers that are believed who the client is.
    pub(crate) trusted: TrustedIps,
}

/// A connection and where it comes from.
type Accepted = (TcpStream, SocketAddr);

/// The handle to a thread that serves requests.
pub(crate) struct WorkerThread {
    accepted: mpsc::UnboundedSender<Accepted>,
    connections: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl WorkerThread {
    /// Starts a thread; `data_plane` and `gateway` are made on it.
    pub(crate) fn start(
        number: usize,
        reached: Reached,
        drain: Duration,
        upstreams: UpstreamAddresses,
        data_plane: impl FnOnce() -> DataPlane + Send + 'static,
    ) -> io::Result<Self> {
        let (accepted, queue) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let open = Arc::clone(&connections);
        let runtime_started = move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => {
                    let worker = Rc::new(Worker::new(data_plane(), reached, upstreams));
                    runtime.block_on(run(worker, queue, open, drain));
                }
                Err(error) => tracing::error!(%error, "a thread cannot start"),
            }
        };
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(runtime_started)?;
        Ok(WorkerThread { accepted, connections, thread })
    }

    /// Connections it serves now.
    pub(crate) fn load(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Hands it a connection.
    pub(crate) fn give(&self, stream: TcpStream, peer: SocketAddr) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        if self.accepted.send((stream, peer)).is_err() {
            tracing::error!("a thread has died; its share of connections is refused");
        }
    }

    /// Lets it finish what it has, and hands back what to wait for.
    pub(crate) fn drain(self) -> JoinHandle<()> {
        self.thread
    }
}

impl Worker {
    /// Nothing served yet.
    pub(crate) fn new(data_plane: DataPlane, reached: Reached, upstreams: UpstreamAddresses) -> Self {
        Worker {
            data_plane,
            upstreams: Upstreams::new(upstreams),
            request_ids: RequestIds::seeded(&SystemRandom),
            reached,
            draining: Cell::new(false),
            clients: RefCell::default(),
        }
    }

    /// Whose request it is that came from a peer with these fields.
    pub(crate) fn client<'h, H: Headers>(&self, peer_ip: IpAddr, headers: &'h H) -> Client<'h> {
        let Reached { port, ref trusted } = self.reached;
        client(Connection { peer_ip, scheme: Scheme::Http, port }, headers, trusted)
    }

    /// Whether connections are to end after the request under way.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Counts a connection in, until what is returned is dropped.
    pub(crate) fn enter(&self) -> Presence<'_> {
        Presence { worker: self, place: self.clients.borrow_mut().insert(None) }
    }

    async fn drain(&self, longest: Duration) {
        self.draining.set(true);
        let wakers: Vec<Waker> =
            self.clients.borrow().iter().filter_map(|(_, waker)| waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
        let end = Instant::now() + longest;
        while !self.clients.borrow().is_empty() && Instant::now() < end {
            sleep(DRAIN_LOOK).await;
        }
        let cut_off = self.clients.borrow().len();
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "requests did not finish in time and are cut off");
        }
    }
}

/// A connection that is being served.
pub(crate) struct Presence<'w> {
    worker: &'w Worker,
    place: usize,
}

impl Presence<'_> {
    /// Has the calling task woken when draining begins.
    pub(crate) fn wake_on_drain(&self, cx: &Context<'_>) {
        if let Some(waker @ None) = self.worker.clients.borrow_mut().get_mut(self.place) {
            *waker = Some(cx.waker().clone());
        }
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.worker.clients.borrow_mut().remove(self.place);
    }
}

/// One less when dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves what is accepted until no more can come, then drains.
async fn run(
    worker: Rc<Worker>,
    mut queue: mpsc::UnboundedReceiver<Accepted>,
    open: Arc<AtomicUsize>,
    drain: Duration,
) {
    let mut sweep = interval(SWEEP);
    loop {
        tokio::select! {
            accepted = queue.recv() => match accepted {
                Some((stream, peer)) => take(&worker, stream, peer, Counted(Arc::clone(&open))),
                None => break,
            },
            _ = sweep.tick() => {
                worker.upstreams.idle.sweep();
                worker.data_plane.control.log_guesses();
            }
        }
    }
    worker.drain(drain).await;
    worker.upstreams.idle.clear();
}

fn take(worker: &Rc<Worker>, stream: TcpStream, peer: SocketAddr, counted: Counted) {
    let stream = match tokio::net::TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "a connection cannot be served"),
    };
    let worker = Rc::clone(worker);
    tokio::task::spawn_local(async move {
        let _counted = counted;
        connection::serve(worker, stream, peer).await;
    });
}
