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

use latchkey_control::ports::Random;
use latchkey_gateway::request::{Headers, Scheme};
use latchkey_gateway::request_ids::RequestIds;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_request::client::{Client, Connection, TrustedIps, client};
use slab::Slab;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep};

use crate::connection;
use crate::data_plane::DataPlane;
use crate::hold::Holding;
use crate::progress::Progress;
use crate::seats::{Permit, Seat, Shed};
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
    /// What responses are added.
    pub(crate) response_fields: ResponseFields,
    /// What may be held for clients.
    pub(crate) holding: Holding,
    /// Counts the waits for clients, so that it is known which began first.
    pub(crate) waits: Rc<Cell<u64>>,
    draining: Cell<bool>,
    clients: RefCell<Slab<Served>>,
}

/// How clients reach us.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Our port.
    pub(crate) port: u16,
    /// Peers that are believed who the client is.
    pub(crate) trusted: TrustedIps,
}

/// A connection that is being served: its task, and how far it is.
struct Served {
    waker: Option<Waker>,
    progress: Rc<Progress>,
}

/// What a thread is told.
enum Order {
    /// To serve a connection from there.
    Serve(TcpStream, SocketAddr, Seat),
    /// To close one that waits for its client.
    MakeRoom,
}

/// What all threads are started with.
#[derive(Clone)]
pub(crate) struct Common {
    /// How clients reach us.
    pub(crate) reached: Reached,
    /// How long requests under way get at the end.
    pub(crate) drain: Duration,
    /// What may be held for clients.
    pub(crate) holding: Holding,
    /// What responses are added.
    pub(crate) response_fields: ResponseFields,
    /// Where upstreams may be.
    pub(crate) upstreams: UpstreamAddresses,
    /// Idle connections to upstreams that one thread keeps.
    pub(crate) idle_max: usize,
    /// Has idle connections closed.
    pub(crate) shed: Shed,
}

/// The handle to a thread that serves requests.
pub(crate) struct WorkerThread {
    orders: mpsc::UnboundedSender<Order>,
    connections: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl WorkerThread {
    /// Starts a thread; `data_plane` and `gateway` are made on it.
    pub(crate) fn start(
        number: usize,
        common: Common,
        data_plane: impl FnOnce() -> DataPlane + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, queue) = mpsc::unbounded_channel();
        let runtime_started = move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => {
                    let worker = Rc::new(Worker::new(data_plane(), &common));
                    runtime.block_on(run(worker, queue, common));
                }
                Err(error) => tracing::error!(%error, "a thread cannot start"),
            }
        };
        let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(runtime_started)?;
        Ok(WorkerThread { orders, connections: Arc::default(), thread })
    }

    /// Connections it serves now.
    pub(crate) fn load(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Has it close a connection that waits for its client, the one that has waited longest.
    pub(crate) fn make_room(&self) {
        let _ = self.orders.send(Order::MakeRoom);
    }

    /// Hands it a connection.
    pub(crate) fn give(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        let seat = Seat::new(permit, &self.connections);
        if self.orders.send(Order::Serve(stream, peer, seat)).is_err() {
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
    pub(crate) fn new(data_plane: DataPlane, common: &Common) -> Self {
        Worker {
            data_plane,
            upstreams: Upstreams::new(common.upstreams.clone(), common.idle_max, Arc::clone(&common.shed)),
            request_ids: RequestIds::new(Random::seed(&SystemRandom)),
            reached: common.reached.clone(),
            response_fields: common.response_fields,
            holding: common.holding.clone(),
            waits: Rc::default(),
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
    pub(crate) fn enter(&self, progress: &Rc<Progress>) -> Presence<'_> {
        let client = Served { waker: None, progress: Rc::clone(progress) };
        Presence { worker: self, place: self.clients.borrow_mut().insert(client) }
    }

    /// Has the connection that has waited longest for its client give way, if there is any.
    fn make_room(&self) {
        let clients = self.clients.borrow();
        let waiting = clients.iter().filter_map(|(_, client)| {
            Some((client.progress.turn_to_give_way()?, &client.progress, client.waker.as_ref()?))
        });
        if let Some((_, progress, waker)) = waiting.min_by_key(|(turn, ..)| *turn) {
            progress.give_way();
            waker.wake_by_ref();
        }
    }

    async fn drain(&self, longest: Duration) {
        self.draining.set(true);
        let wakers: Vec<Waker> =
            self.clients.borrow().iter().filter_map(|(_, client)| client.waker.clone()).collect();
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
        if let Some(Served { waker: waker @ None, .. }) = self.worker.clients.borrow_mut().get_mut(self.place)
        {
            *waker = Some(cx.waker().clone());
        }
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.worker.clients.borrow_mut().remove(self.place);
    }
}

/// Serves what is accepted until no more can come, then drains.
async fn run(worker: Rc<Worker>, mut queue: mpsc::UnboundedReceiver<Order>, common: Common) {
    let mut sweep = interval(SWEEP);
    loop {
        tokio::select! {
            order = queue.recv() => match order {
                Some(Order::Serve(stream, peer, seat)) => take(&worker, stream, peer, seat),
                Some(Order::MakeRoom) => worker.make_room(),
                None => break,
            },
            () = common.shed.notified() => worker.upstreams.idle.clear(),
            _ = sweep.tick() => {
                worker.upstreams.idle.sweep();
                worker.data_plane.control.log_guesses();
            }
        }
    }
    worker.drain(common.drain).await;
    worker.upstreams.idle.clear();
}

fn take(worker: &Rc<Worker>, stream: TcpStream, peer: SocketAddr, seat: Seat) {
    let stream = match tokio::net::TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "a connection cannot be served"),
    };
    let worker = Rc::clone(worker);
    tokio::task::spawn_local(connection::serve(worker, stream, peer, seat));
}
