//! A thread that serves the connections of one door: its own runtime, and a service on it.

use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::{io, thread};

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;

use crate::connection;
use crate::seats::{Permit, Seat};
use crate::service::Service;

/// What a thread is told.
enum Order {
    /// To serve a connection from there.
    Serve(TcpStream, SocketAddr, Seat),
    /// To close one that waits for its client.
    MakeRoom,
}

/// The handle to a thread that serves requests.
pub(crate) struct WorkerThread {
    orders: mpsc::UnboundedSender<Order>,
    connections: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl WorkerThread {
    /// Starts a thread of this name; `service` is made on it.
    pub(crate) fn start<S: Service>(
        name: String,
        service: impl FnOnce() -> S + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, queue) = mpsc::unbounded_channel();
        let runtime_started = move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => runtime.block_on(run(Rc::new(service()), queue)),
                Err(error) => tracing::error!(%error, "a thread cannot start"),
            }
        };
        let thread = thread::Builder::new().name(name).spawn(runtime_started)?;
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

/// Serves what is accepted until no more can come, then drains.
async fn run<S: Service>(service: Rc<S>, mut queue: mpsc::UnboundedReceiver<Order>) {
    let mut tending = pin!(service.tend());
    loop {
        tokio::select! {
            order = queue.recv() => match order {
                Some(Order::Serve(stream, peer, seat)) => take(&service, stream, peer, seat),
                Some(Order::MakeRoom) => service.clients().make_room(),
                None => break,
            },
            never = &mut tending => match never {},
        }
    }
    service.clients().drain().await;
    service.close();
}

fn take<S: Service>(service: &Rc<S>, stream: TcpStream, peer: SocketAddr, seat: Seat) {
    match tokio::net::TcpStream::from_std(stream) {
        Ok(stream) => {
            tokio::task::spawn_local(connection::serve(Rc::clone(service), stream, peer, seat));
        }
        Err(error) => tracing::warn!(%error, "a connection cannot be served"),
    }
}
