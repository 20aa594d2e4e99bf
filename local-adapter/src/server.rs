//! Accepts connections and shares them out; stops at a signal.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::worker::WorkerThread;

/// Pause after an accept that failed for want of something, such as file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until told to stop, then lets everything under way finish.
pub(crate) async fn run(listener: TcpListener, workers: Vec<WorkerThread>) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let mut turn = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    turn = (turn + 1) % workers.len();
                    if let Err(error) = hand_over(stream, peer, &workers, turn) {
                        tracing::debug!(%error, "a connection was lost before it began");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            () = stop.asked() => break,
        }
    }
    drop(listener);
    tracing::info!("stopping: requests under way are finished");
    let threads: Vec<_> = workers.into_iter().map(WorkerThread::drain).collect();
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

/// To the thread with the fewest connections; among equals they take turns.
fn hand_over(
    stream: tokio::net::TcpStream,
    peer: std::net::SocketAddr,
    workers: &[WorkerThread],
    turn: usize,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let (before, after) = workers.split_at(turn);
    if let Some(worker) = after.iter().chain(before).min_by_key(|worker| worker.load()) {
        worker.give(stream, peer);
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
