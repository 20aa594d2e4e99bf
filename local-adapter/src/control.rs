//! The control thread: runs the Admin API, one call at a time, away from the threads that serve
//! requests, because a commit waits for the disk.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use latchkey_core::gateway::Rehash;
use latchkey_core::store::StoreError;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, oneshot};

use crate::admin::{AdminPlane, AdminRequest};
use crate::published::{Published, Publisher};
use crate::store::RedbStore;

/// Calls that may wait; further callers are held back.
const CALLS_WAITING_MAX: usize = 64;

/// Sends calls to the control thread; the thread ends when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Control {
    calls: mpsc::Sender<Call>,
}

enum Call {
    Admin(AdminRequest, oneshot::Sender<Response<Bytes>>),
    Rehash(Rehash),
}

impl Control {
    /// Reads the published state and starts the thread. `plane` is called on it.
    pub(crate) fn start(
        store: RedbStore,
        plane: impl FnOnce() -> AdminPlane + Send + 'static,
    ) -> Result<(Self, Arc<Published>, JoinHandle<()>), StoreError> {
        let failed = |error: io::Error| StoreError::Failed(error.to_string());
        let (calls, queue) = mpsc::channel(CALLS_WAITING_MAX);
        let (started, start) = std::sync::mpsc::channel();
        let run = move || {
            let runtime = match Builder::new_current_thread().build_local(LocalOptions::default()) {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(failed(error)))),
            };
            match runtime.block_on(Publisher::start(store)) {
                Ok(publisher) => {
                    let _ = started.send(Ok(publisher.published()));
                    serve(&runtime, queue, publisher, plane());
                }
                Err(error) => drop(started.send(Err(error))),
            }
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(run).map_err(failed)?;
        let published = start.recv().map_err(|error| StoreError::Failed(error.to_string()))??;
        Ok((Control { calls }, published, thread))
    }

    /// Answers a request to the Admin API. What it changed acts from the answer on.
    pub(crate) async fn admin(&self, request: AdminRequest) -> Response<Bytes> {
        let (sender, answer) = oneshot::channel();
        if self.calls.send(Call::Admin(request, sender)).await.is_err() {
            return failure();
        }
        answer.await.unwrap_or_else(|_| failure())
    }

    /// Asks for a grant to be moved to the current pepper; dropped when there is much to do.
    pub(crate) fn rehash(&self, rehash: Rehash) {
        let _ = self.calls.try_send(Call::Rehash(rehash));
    }
}

fn serve(
    runtime: &LocalRuntime,
    mut queue: mpsc::Receiver<Call>,
    mut publisher: Publisher<RedbStore>,
    plane: AdminPlane,
) {
    let plane = Rc::new(plane);
    runtime.block_on(async {
        while let Some(call) = queue.recv().await {
            match call {
                Call::Admin(request, answer) => {
                    let response = handle(&plane, request).await;
                    let _ = answer.send(acknowledge(&mut publisher, response).await);
                }
                Call::Rehash(rehash) => {
                    tracing::debug!(pepper_id = ?rehash.pepper_id, "key found under the previous pepper");
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
