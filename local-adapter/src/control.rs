//! The control thread: runs the Admin API, one call at a time, away from the threads that serve
//! requests, because a commit waits for the disk.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode, request};
use latchkey_control::http::{ControlSettings, Door, Head, Knock};
use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::{KeyDigest, Peppers, PlainKey};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, oneshot};

use crate::admin::{AdminPlane, AdminRequest};
use crate::published::{Published, Publisher};
use crate::secrets::AdminToken;
use crate::store::RedbStore;
use crate::system::Timer;

/// Calls that may wait; further callers are held back.
const CALLS_WAITING_MAX: usize = 64;

/// Sends calls to the control thread; the thread ends when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Control {
    calls: mpsc::Sender<Call>,
    door: Arc<Door>,
    timer: Timer,
}

enum Call {
    Admin(AdminRequest, oneshot::Sender<Response<Bytes>>),
    Rehash(Rehash),
    SetToken(KeyDigest),
}

/// What is known once the thread has started.
pub(crate) struct Started {
    /// Calls it.
    pub(crate) control: Control,
    /// The state it publishes.
    pub(crate) published: Arc<Published>,
    /// The admin token.
    pub(crate) token: AdminToken,
    /// Ends when nobody can call it any more.
    pub(crate) thread: JoinHandle<()>,
}

impl Control {
    /// Opens the control plane on a thread of its own. The error is for the person at the terminal.
    /// `token`: the one that is set, if one is. `guesses_per_second`: as [`Door::new`] has it.
    pub(crate) fn start(
        store: RedbStore,
        peppers: Peppers,
        token: Option<PlainKey>,
        guesses_per_second: u32,
    ) -> Result<Started, String> {
        let door_peppers = peppers.clone();
        let (calls, queue) = mpsc::channel(CALLS_WAITING_MAX);
        let (sender, started) = std::sync::mpsc::channel();
        let run = move || match open(store, peppers, token, guesses_per_second) {
            Ok((runtime, plane, publisher, token, settings)) => {
                let _ = sender.send(Ok((publisher.published(), token, settings)));
                serve(&runtime, queue, publisher, plane);
            }
            Err(error) => drop(sender.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(run);
        let thread = thread.map_err(|error| error.to_string())?;
        let (published, token, settings) = started.recv().map_err(|error| error.to_string())??;
        let door = Arc::new(Door::new(settings, door_peppers));
        let control = Control { calls, door, timer: Timer::start() };
        Ok(Started { control, published, token, thread })
    }

    /// The answer to a request to the Admin API that may not come in, judged by its head before
    /// its body is read.
    pub(crate) fn refuse(&self, head: &request::Parts, peer: IpAddr) -> Option<Response<Bytes>> {
        let now_ms = self.timer.now(Instant::now()).monotonic_ms;
        let head = Head {
            method: head.method.as_str(),
            host: b"",
            path: "/admin",
            query: None,
            headers: &head.headers,
            client_ip: Some(peer),
        };
        match self.door.knock(&head, now_ms) {
            Knock::Answer(refusal)
                if refusal.status().is_client_error() || refusal.status().is_server_error() =>
            {
                self.log_guesses();
                Some(refusal).filter(|refusal| refusal.status() != StatusCode::METHOD_NOT_ALLOWED)
            }
            Knock::Answer(_) | Knock::Read { .. } => None,
        }
    }

    /// Logs wrong admin tokens that were not logged yet, as far as they are due.
    pub(crate) fn log_guesses(&self) {
        for report in self.door.reports(self.timer.now(Instant::now()).monotonic_ms) {
            let (wrong, answered_429) = (report.wrong, report.refused);
            tracing::warn!(address = %report.guesser, wrong, answered_429, "wrong admin tokens");
        }
    }

    /// Answers a request to the Admin API. What it changed acts from the answer on.
    pub(crate) async fn admin(&self, request: AdminRequest) -> Response<Bytes> {
        let (sender, answer) = oneshot::channel();
        if self.calls.send(Call::Admin(request, sender)).await.is_err() {
            return failure();
        }
        answer.await.unwrap_or_else(|_| failure())
    }

    /// Makes the Admin API take another token, from the next call on.
    pub(crate) async fn set_token(&self, digest: KeyDigest) {
        let _ = self.calls.send(Call::SetToken(digest)).await;
    }

    /// Asks for a grant to be moved to the current pepper; dropped when there is much to do.
    pub(crate) fn rehash(&self, rehash: Rehash) {
        let _ = self.calls.try_send(Call::Rehash(rehash));
    }
}

type Opened = (LocalRuntime, AdminPlane, Publisher<RedbStore>, AdminToken, ControlSettings);

/// The publisher comes last: opening the registry may have published something.
fn open(store: RedbStore, peppers: Peppers, token: Option<PlainKey>, guesses: u32) -> Result<Opened, String> {
    let runtime = Builder::new_current_thread().build_local(LocalOptions::default());
    let runtime = runtime.map_err(|error| error.to_string())?;
    let opened = runtime.block_on(AdminPlane::open(store.clone(), peppers, token, guesses));
    let (plane, token, settings) = opened.map_err(|error| error.to_string())?;
    let publisher = runtime.block_on(Publisher::start(store)).map_err(|error| error.to_string())?;
    Ok((runtime, plane, publisher, token, settings))
}

fn serve(
    runtime: &LocalRuntime,
    mut queue: mpsc::Receiver<Call>,
    mut publisher: Publisher<RedbStore>,
    plane: AdminPlane,
) {
    let mut plane = Rc::new(plane);
    runtime.block_on(async {
        while let Some(call) = queue.recv().await {
            match call {
                Call::Admin(request, answer) => {
                    let response = handle(&plane, request).await;
                    let _ = answer.send(acknowledge(&mut publisher, response).await);
                }
                Call::Rehash(rehash) => {
                    plane.rehash(rehash).await;
                    if let Err(error) = publisher.refresh().await {
                        tracing::error!(%error, "the published state cannot be read");
                    }
                }
                Call::SetToken(digest) => {
                    // No call is under way here, so nobody else holds the plane.
                    if let Some(plane) = Rc::get_mut(&mut plane) {
                        plane.set_token(digest);
                    }
                }
            }
        }
    });
}

/// In a task of its own, so that a panic costs this call and no other.
async fn handle(plane: &Rc<AdminPlane>, request: AdminRequest) -> Response<Bytes> {
    let plane = Rc::clone(plane);
    let call = tokio::task::spawn_local(async move { plane.handle(request).await });
    call.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call to the Admin API panicked");
        failure()
    })
}

/// Publishes before answering, whatever the answer: a failed call may have changed something.
async fn acknowledge(publisher: &mut Publisher<RedbStore>, response: Response<Bytes>) -> Response<Bytes> {
    match publisher.refresh().await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "the published state cannot be read");
            failure()
        }
    }
}

fn failure() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{\"message\":\"An unexpected error occurred\"}"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
