//! An environment of the control plane: what core answers at the control door, over DynamoDB.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use latchkey_control::http::{Control, ControlSettings, Door, Fault, Head, InternalCause, Knock, Step};
use latchkey_control::registry::{Error, Registry, Resealing};
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::keys::Peppers;
use latchkey_request::framing;
use tokio::sync::OnceCell;

use crate::gateway_calls::GatewayCalls;
use crate::log_ins::LogIns;
use crate::mail::Mailer;
use crate::request::Request;
use crate::store::DynamoStore;
use crate::system::{SystemClock, SystemRandom, Timer};

/// Moves to the current pepper, asked for by gateways, that are carried out before one call: at some
/// 50 ms each they would otherwise hold it up.
const REHASHES_BEFORE_A_CALL: usize = 10;
/// The same in one run of the schedule, which comes again in a minute.
const REHASHES_AT_ONCE: usize = 500;

/// Commits that seal anew what is sealed under the previous pepper, in one run of the schedule: some
/// ten credentials each.
const RESEALED_PARTS_AT_ONCE: usize = 100;

/// How long mails are begun to be sent after an answer, and in one run of the schedule. While an environment
/// sends after an answer, others serve; the outbox gives mails out again after a minute.
const MAILS_AFTER_AN_ANSWER_MAX: Duration = Duration::from_secs(5);
const MAILS_AT_ONCE_MAX: Duration = Duration::from_secs(25);

/// What outlives an invocation of the control plane; the registry is opened when it is first needed.
pub struct ControlEnvironment {
    store: DynamoStore,
    peppers: Peppers,
    settings: ControlSettings,
    door: Door,
    timer: Timer,
    opened: OnceCell<Opened>,
    log_ins: LogIns,
    /// `None`: nobody has said where the gateway is.
    gateway: Option<GatewayCalls>,
    /// `None`: there is no mail.
    mailer: Option<Mailer>,
    /// Whether the last call may have written a mail.
    may_have_mailed: Cell<bool>,
}

type Opened = Control<DynamoStore, SystemClock, SystemRandom>;

impl ControlEnvironment {
    /// Reads nothing yet.
    pub(crate) fn new(
        store: DynamoStore,
        peppers: Peppers,
        settings: ControlSettings,
        upstreams: UpstreamAddresses,
        mailer: Option<Mailer>,
    ) -> Self {
        let gateway = settings.gateway_origin.as_ref();
        let gateway = gateway.and_then(|origin| GatewayCalls::at(origin, upstreams));
        let settings = ControlSettings { calls_gateway: gateway.is_some(), ..settings };
        ControlEnvironment {
            door: Door::new(settings.clone(), peppers.clone()),
            log_ins: LogIns::new(store.clone()),
            timer: Timer::start(),
            opened: OnceCell::new(),
            may_have_mailed: Cell::new(false),
            gateway,
            store,
            peppers,
            settings,
            mailer,
        }
    }

    /// Answers a request; changes are durable when it returns. For what may not come in by its head
    /// alone the registry is not opened.
    pub(crate) async fn respond(&self, request: &Request) -> Response<Bytes> {
        if let Err(misframed) = framing::judge_each(&request.headers) {
            return Fault::Misframed(misframed).respond();
        }
        let head = head(request);
        let body_bytes_max = match self.door.knock(&head, self.timer.now().monotonic_ms) {
            Knock::Read { body_bytes_max, .. } => body_bytes_max,
            Knock::Answer(response) => {
                self.log_guesses();
                return response;
            }
        };
        if request.body.len() > body_bytes_max {
            return self.door.fault(&head, Fault::BodyTooLarge);
        }
        match self.open().await {
            Ok(control) => self.serve(control, &head, &request.body).await,
            Err(error) => {
                tracing::error!(%error, "the registry cannot be opened");
                Fault::Failed.respond()
            }
        }
    }

    /// What is due when nobody asks: changes that were interrupted go on, mails are sent, failed log-ins are
    /// written down, what is sealed under the previous pepper is sealed anew, keys that gateways have found
    /// under it move to the current one, and some of the records go that are no longer kept.
    pub(crate) async fn do_what_is_due(&self) -> Result<(), Error> {
        let control = self.open().await?;
        let registry = control.registry();
        resume_jobs(registry).await?;
        if let Some(mailer) = &self.mailer {
            mailer.send_due(control, MAILS_AT_ONCE_MAX).await?;
        }
        registry.note_failed_log_ins(&self.log_ins.sweep().await?).await?;
        if registry.reseal(RESEALED_PARTS_AT_ONCE).await? == Resealing::Done {
            tracing::info!("{}", Resealing::DONE);
        }
        registry.carry_out_rehashes(REHASHES_AT_ONCE).await?;
        control.drop_old_records().await.map(drop)
    }

    async fn serve(&self, control: &Opened, head: &Head<'_>, body: &[u8]) -> Response<Bytes> {
        // So that the call finds keys where the gateway has put them; at other times nothing is asked for.
        if self.peppers.previous.is_some()
            && let Err(error) = control.registry().carry_out_rehashes(REHASHES_BEFORE_A_CALL).await
        {
            tracing::warn!(%error, "keys could not be moved to the current pepper");
        }
        let response = self.ask(control, head, body).await;
        if let Some(cause) = response.extensions().get::<InternalCause>() {
            tracing::error!(endpoint = cause.endpoint, error = %cause.error, "a call to the control plane failed");
        }
        response
    }

    /// What is answered; where that hangs on a password or a call, in two steps.
    async fn ask(&self, control: &Opened, head: &Head<'_>, body: &[u8]) -> Response<Bytes> {
        // Whatever comes of it: a mail is written by calls that fail, too.
        self.may_have_mailed.set(!matches!(head.method, "GET" | "HEAD" | "OPTIONS"));
        let step = match (control.ask(head, body, None).await, &self.gateway) {
            (Step::Password(need), _) => {
                self.may_have_mailed.set(true);
                match self.log_ins.answer(*need).await {
                    Ok(answer) => control.ask(head, body, Some(&answer)).await,
                    Err(fault) => return fault.respond(),
                }
            }
            (Step::Call(call), Some(gateway)) => {
                let answer = gateway.make(*call, &self.timer).await;
                control.ask_called(head, body, &answer).await
            }
            (step, _) => step,
        };
        match step {
            Step::Answer(response) => response,
            Step::Password(_) | Step::Call(_) => Fault::Failed.respond(),
        }
    }

    /// Sends the mail that the last call may have written: after its answer, which does not tell by its time
    /// whether there was one. What is left is sent by the schedule.
    pub(crate) async fn after_answer(&self) {
        let (true, Some(mailer)) = (self.may_have_mailed.take(), &self.mailer) else { return };
        let Some(control) = self.opened.get() else { return };
        if let Err(error) = mailer.send_due(control, MAILS_AFTER_AN_ANSWER_MAX).await {
            tracing::warn!(%error, "mails could not be sent after an answer");
        }
    }

    /// Opens the registry and finishes what was interrupted; after a failure the next call tries
    /// again.
    async fn open(&self) -> Result<&Opened, Error> {
        let open = || async {
            let store = self.store.clone();
            let registry = Registry::open(store, SystemClock, SystemRandom, self.peppers.clone()).await?;
            resume_jobs(&registry).await?;
            Ok(Control::new(registry, self.settings.clone()))
        };
        self.opened.get_or_try_init(open).await
    }

    fn log_guesses(&self) {
        for report in self.door.reports(self.timer.now().monotonic_ms) {
            let (wrong, answered_429) = (report.wrong, report.refused);
            tracing::warn!(address = %report.guesser, wrong, answered_429, "wrong admin tokens");
        }
    }
}

async fn resume_jobs(registry: &Registry<DynamoStore, SystemClock, SystemRandom>) -> Result<(), Error> {
    for job in registry.resume_jobs().await? {
        tracing::error!(job, "a change was begun by a newer version, which must complete it");
    }
    Ok(())
}

fn head(request: &Request) -> Head<'_> {
    Head {
        method: request.method.as_str(),
        host: &request.host,
        path: &request.path,
        query: request.query.as_deref(),
        headers: &request.headers,
        client_ip: request.client_ip,
        request_id: None,
    }
}
