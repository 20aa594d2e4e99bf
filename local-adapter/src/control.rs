//! The control thread: runs the control plane, one call at a time, away from the threads that serve
//! connections, because a commit waits for the disk.

use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use latchkey_control::gateway_call::GatewayCall;
use latchkey_control::http::{ControlSettings, Door, Fault, Head, Knock, StartLink, Step};
use latchkey_control::log_in::PasswordNeed;
use latchkey_control::mail::MailOutcome;
use latchkey_control::registry::{AdminToken, DueMails, Error};
use latchkey_gateway::gateway::Rehash;
use latchkey_published::keys::{KeyDigest, Peppers, PlainKey};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::control_plane::{Came, ControlPlane, ControlRequest};
use crate::gateway_calls::GatewayCalls;
use crate::log_ins::LogIns;
use crate::published::{Published, Publisher};
use crate::store::RedbStore;
use crate::system::Timer;

/// Calls that may wait; further callers are held back.
const CALLS_WAITING_MAX: usize = 64;

/// Sends calls to the control thread; the thread ends when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Control {
    calls: mpsc::Sender<Call>,
    door: Arc<Door>,
    log_ins: Arc<LogIns>,
    /// `None`: calls are not made.
    gateway: Option<GatewayCalls>,
    /// Told of each call that was answered: it may have left a mail.
    answered: Arc<Notify>,
    timer: Timer,
}

enum Call {
    Ask(Box<ControlRequest>, Came, oneshot::Sender<Asked>),
    Rehash(Rehash),
    SetToken(KeyDigest),
    TakeMails(oneshot::Sender<Result<DueMails, Error>>),
    NoteMail(String, MailOutcome),
    MakeLink(StartLink, oneshot::Sender<PlainKey>),
}

/// How far a call has come.
enum Asked {
    Answer(Response<Bytes>),
    /// The call once more, and what of a password it hangs on.
    Password(Box<ControlRequest>, Box<PasswordNeed>),
    /// The same, and the call that is to be made at the gateway for it.
    Call(Box<ControlRequest>, Box<GatewayCall>),
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
    /// `token`: the one that is set, if one is; the one that is found goes into the settings. `gateway`: where
    /// calls of the portal's are made, if anywhere.
    pub(crate) fn start(
        store: RedbStore,
        peppers: Peppers,
        token: Option<PlainKey>,
        settings: ControlSettings,
        gateway: Option<GatewayCalls>,
    ) -> Result<Started, String> {
        let settings = ControlSettings { calls_gateway: gateway.is_some(), ..settings };
        let (of_door, door_peppers) = (settings.clone(), peppers.clone());
        let (calls, queue) = mpsc::channel(CALLS_WAITING_MAX);
        let (sender, started) = std::sync::mpsc::channel();
        let log_ins = Arc::new(LogIns::start().map_err(|error| error.to_string())?);
        let answered = Arc::new(Notify::new());
        let told = Told { log_ins: Arc::clone(&log_ins), answered: Arc::clone(&answered) };
        let run = move || match open(store.clone(), peppers, token, settings) {
            Ok((runtime, plane, publisher, token)) => {
                let _ = sender.send(Ok((publisher.published(), token)));
                serve(&runtime, queue, publisher, plane, Chores::new(store, told));
            }
            Err(error) => drop(sender.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(run);
        let thread = thread.map_err(|error| error.to_string())?;
        let (published, token) = started.recv().map_err(|error| error.to_string())??;
        let of_door = ControlSettings { token: Some(token.digest), ..of_door };
        let door = Arc::new(Door::new(of_door, door_peppers));
        let control = Control { calls, door, log_ins, gateway, answered, timer: Timer::start() };
        Ok(Started { control, published, token, thread })
    }

    /// Judges a request by its head, before its body is read.
    pub(crate) fn knock(&self, head: &Head<'_>) -> Knock {
        let knock = self.door.knock(head, self.now_ms());
        if matches!(knock, Knock::Answer(_)) {
            self.log_guesses();
        }
        knock
    }

    /// The answer to what befell a request that was let in.
    pub(crate) fn fault(&self, head: &Head<'_>, fault: Fault) -> Response<Bytes> {
        self.door.fault(head, fault)
    }

    /// Logs wrong admin tokens that were not logged yet, as far as they are due.
    pub(crate) fn log_guesses(&self) {
        for report in self.door.reports(self.now_ms()) {
            let (wrong, answered_429) = (report.wrong, report.refused);
            tracing::warn!(address = %report.guesser, wrong, answered_429, "wrong admin tokens");
        }
    }

    fn now_ms(&self) -> u64 {
        self.timer.now(std::time::Instant::now()).monotonic_ms
    }

    /// Answers a request that may come in. What it changed acts from the answer on.
    ///
    /// Where it hangs on a password or on a call, that is hashed or made between two calls of the control
    /// thread, which answers others meanwhile.
    pub(crate) async fn serve(&self, request: ControlRequest) -> Response<Bytes> {
        let answer = match (self.ask(Box::new(request), Came::Nothing).await, &self.gateway) {
            (Asked::Password(request, need), _) => match self.log_ins.answer(*need).await {
                Ok(password) => self.ask(request, Came::Password(password)).await,
                Err(fault) => Asked::Answer(fault.respond()),
            },
            (Asked::Call(request, call), Some(gateway)) => {
                self.ask(request, Came::Called(gateway.make(*call).await)).await
            }
            (answer, _) => answer,
        };
        match answer {
            Asked::Answer(response) => response,
            Asked::Password(..) | Asked::Call(..) => Fault::Failed.respond(),
        }
    }

    async fn ask(&self, request: Box<ControlRequest>, came: Came) -> Asked {
        let (sender, asked) = oneshot::channel();
        if self.calls.send(Call::Ask(request, came, sender)).await.is_err() {
            return Asked::Answer(Fault::Failed.respond());
        }
        asked.await.unwrap_or_else(|_| Asked::Answer(Fault::Failed.respond()))
    }

    /// Takes the mails that are due. `None`: the control plane is no more.
    pub(crate) async fn due_mails(&self) -> Option<Result<DueMails, Error>> {
        let (sender, due) = oneshot::channel();
        self.calls.send(Call::TakeMails(sender)).await.ok()?;
        due.await.ok()
    }

    /// Says what came of sending one.
    pub(crate) async fn mail_outcome(&self, id: String, outcome: MailOutcome) {
        let _ = self.calls.send(Call::NoteMail(id, outcome)).await;
    }

    /// Returns after a call was answered, at once if one was since the last time.
    pub(crate) async fn answered(&self) {
        self.answered.notified().await;
    }

    /// Makes the control plane take another token, from the next call on.
    pub(crate) async fn set_token(&self, digest: KeyDigest) {
        let _ = self.calls.send(Call::SetToken(digest)).await;
    }

    /// Makes the token of a link that logs in once, to be printed. `None`: the control plane is no more.
    pub(crate) async fn make_link(&self, to: StartLink) -> Option<PlainKey> {
        let (sender, made) = oneshot::channel();
        self.calls.send(Call::MakeLink(to, sender)).await.ok()?;
        made.await.ok()
    }

    /// Asks for a grant to be moved to the current pepper; dropped when there is much to do.
    pub(crate) fn rehash(&self, rehash: Rehash) {
        let _ = self.calls.try_send(Call::Rehash(rehash));
    }
}

type Opened = (LocalRuntime, ControlPlane, Publisher<RedbStore>, AdminToken);

/// Between two looks for old audit records, which are kept for days.
const DROP_INTERVAL: Duration = Duration::from_secs(3600);
/// The same while there are more of them than go at once: calls come in between.
const DROP_PAUSE: Duration = Duration::from_millis(100);
/// Between two looks for failed log-ins, which the audit has by the minute.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// Without a call for so long, the store's file is written through.
const SETTLE_AFTER: Duration = Duration::from_secs(1);

/// The publisher comes last: opening the registry may have published something.
fn open(
    store: RedbStore,
    peppers: Peppers,
    token: Option<PlainKey>,
    settings: ControlSettings,
) -> Result<Opened, String> {
    let runtime = Builder::new_current_thread().enable_time().build_local(LocalOptions::default());
    let runtime = runtime.map_err(|error| error.to_string())?;
    let opened = runtime.block_on(ControlPlane::open(store.clone(), peppers, token, settings));
    let (plane, token) = opened.map_err(|error| error.to_string())?;
    let publisher = runtime.block_on(Publisher::start(store)).map_err(|error| error.to_string())?;
    Ok((runtime, plane, publisher, token))
}

fn serve(
    runtime: &LocalRuntime,
    mut queue: mpsc::Receiver<Call>,
    mut publisher: Publisher<RedbStore>,
    plane: ControlPlane,
    mut chores: Chores,
) {
    let mut plane = Rc::new(plane);
    runtime.block_on(async {
        while let Some(call) = chores.until_call(&mut queue, &mut publisher, &plane).await {
            match call {
                Call::Ask(request, came, answer) => {
                    let asked = handle(&plane, request, came).await;
                    let _ = answer.send(acknowledge(&mut publisher, asked).await);
                    chores.told.answered.notify_one();
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
                Call::TakeMails(due) => drop(due.send(plane.due_mails().await)),
                Call::NoteMail(id, outcome) => plane.mail_outcome(&id, outcome).await,
                Call::MakeLink(to, made) => drop(made.send(plane.make_link(to))),
            }
        }
    });
}

/// Whom the control thread asks and tells.
struct Told {
    log_ins: Arc<LogIns>,
    answered: Arc<Notify>,
}

/// What is done while no call comes.
struct Chores {
    /// Whether something may be sealed under the pepper before.
    reseals: bool,
    /// When to look for old audit records.
    next_drop: Instant,
    /// When to look for failed log-ins.
    next_sweep: Instant,
    store: RedbStore,
    told: Told,
}

impl Chores {
    fn new(store: RedbStore, told: Told) -> Self {
        let now = Instant::now();
        Chores { reseals: true, next_drop: now, next_sweep: now + SWEEP_INTERVAL, store, told }
    }

    /// Does what is due until a call comes; `None`: none will.
    async fn until_call(
        &mut self,
        queue: &mut mpsc::Receiver<Call>,
        publisher: &mut Publisher<RedbStore>,
        plane: &ControlPlane,
    ) -> Option<Call> {
        loop {
            // However many calls come: these are how it shows that someone guesses.
            if self.next_sweep <= Instant::now() {
                self.sweep_log_ins(plane).await;
            }
            while self.reseals {
                match queue.try_recv() {
                    Ok(call) => return Some(call),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => {}
                }
                self.reseals = plane.reseal_some().await;
                if let Err(error) = publisher.refresh().await {
                    tracing::error!(%error, "the published state cannot be read");
                }
            }
            let due = self.next_drop.min(self.next_sweep);
            let idle = Instant::now() + SETTLE_AFTER;
            if let Ok(call) = timeout_at(idle.min(due), queue.recv()).await {
                return call;
            }
            self.store.settle();
            if let Ok(call) = timeout_at(due, queue.recv()).await {
                return call;
            }
            if self.next_drop <= Instant::now() {
                let pause = if plane.drop_old_records().await { DROP_PAUSE } else { DROP_INTERVAL };
                self.next_drop = Instant::now() + pause;
                // A restore may have brought back some.
                self.reseals = true;
            }
        }
    }

    async fn sweep_log_ins(&mut self, plane: &ControlPlane) {
        self.next_sweep = Instant::now() + SWEEP_INTERVAL;
        match self.told.log_ins.sweep().await {
            Ok(reports) if reports.is_empty() => {}
            Ok(reports) => plane.note_failed_log_ins(&reports).await,
            Err(error) => tracing::error!(%error, "failed log-ins could not be summed up"),
        }
    }
}

/// In a task of its own, so that a panic costs this call and no other.
async fn handle(plane: &Rc<ControlPlane>, request: Box<ControlRequest>, came: Came) -> Asked {
    let plane = Rc::clone(plane);
    let call = tokio::task::spawn_local(async move {
        match plane.ask(&request, &came).await {
            Step::Answer(response) => Asked::Answer(response),
            Step::Password(need) => Asked::Password(request, need),
            Step::Call(call) => Asked::Call(request, call),
        }
    });
    call.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call of the control plane panicked");
        Asked::Answer(Fault::Failed.respond())
    })
}

/// Publishes before answering, whatever the answer: a failed call may have changed something.
async fn acknowledge(publisher: &mut Publisher<RedbStore>, asked: Asked) -> Asked {
    match publisher.refresh().await {
        Ok(()) => asked,
        Err(error) => {
            tracing::error!(%error, "the published state cannot be read");
            Asked::Answer(Fault::Failed.respond())
        }
    }
}
