//! Accepts connections and shares them out; stops at a signal.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::seats::{Permit, Seats};
use crate::worker_thread::WorkerThread;

/// Pause after an accept that failed for want of something, such as file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a thread gets to free a seat before the next is asked.
const SEAT_WAIT: Duration = Duration::from_millis(20);

/// A door that connections come in at.
pub(crate) struct Door {
    /// Where they come.
    pub(crate) listener: TcpListener,
    /// Who serves them, one at least.
    pub(crate) threads: Vec<WorkerThread>,
    /// How many there may be.
    pub(crate) seats: Seats,
}

/// Accepts at all doors until told to stop, then lets everything under way finish.
pub(crate) async fn run(gateway: Door, control: Door) -> io::Result<()> {
    let mut stop = Stop::new()?;
    tokio::select! {
        never = gateway.accept() => match never {},
        never = control.accept() => match never {},
        () = stop.asked() => {}
    }
    tracing::info!("stopping: requests under way are finished");
    // With the listeners.
    let threads = [gateway, control].into_iter().flat_map(|door| door.threads);
    let threads: Vec<_> = threads.map(WorkerThread::drain).collect();
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            let _ = thread.join();
        }
    });
    tokio::select! {
        _ = joined => {}
        // Whoever asks twice does not want to wait.
        () = stop.asked() => std::process::exit(1),
    }
    Ok(())
}

impl Door {
    async fn accept(&self) -> Infallible {
        let Door { listener, threads, seats } = self;
        let mut turn = 0;
        loop {
            let Some((stream, peer, permit)) = accept(listener, threads, seats, turn).await else { continue };
            turn = (turn + 1) % threads.len();
            if let Err(error) = hand_over(stream, peer, permit, threads, turn) {
                tracing::debug!(%error, "a connection was lost before it began");
            }
        }
    }
}

/// Accepts a connection and waits for a seat; those behind it wait with the kernel. What is served
/// goes on in any case.
async fn accept(
    listener: &TcpListener,
    workers: &[WorkerThread],
    seats: &Seats,
    turn: usize,
) -> Option<(TcpStream, SocketAddr, Permit)> {
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, seat(workers, seats, turn).await?)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept");
            workers.iter().for_each(WorkerThread::make_room);
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// A seat. When there is none, one thread after the other is asked to close a connection that waits
/// for its client, beginning with the one whose turn it is.
async fn seat(workers: &[WorkerThread], seats: &Seats, turn: usize) -> Option<Permit> {
    if let Ok(permit) = seats.try_take() {
        return Some(permit);
    }
    tracing::debug!("all connections are taken");
    for worker in workers.iter().cycle().skip(turn) {
        worker.make_room();
        if let Ok(permit) = timeout(SEAT_WAIT, seats.take()).await {
            return permit.ok();
        }
    }
    None
}

/// To the thread with the fewest connections; among equals they take turns.
fn hand_over(
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
    workers: &[WorkerThread],
    turn: usize,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let (before, after) = workers.split_at(turn);
    if let Some(worker) = after.iter().chain(before).min_by_key(|worker| worker.load()) {
        worker.give(stream, peer, permit);
    }
    Ok(())
}

/// The signals that ask a process to stop.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Stop {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn asked(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
