//! One execution environment: what outlives an invocation. One invocation at a time uses it.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use latchkey_control::http::ControlSettings;
use latchkey_control::ports::Random as _;
use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::request_ids::RequestIds;
use latchkey_published::keys::Peppers;

use crate::aws::AwsEnvironment;
use crate::config::{Mode, Settings};
use crate::control::ControlEnvironment;
use crate::data_plane::DataPlane;
use crate::mail::Mailer;
use crate::rehash_requests::RehashRequests;
use crate::secrets::Secrets;
use crate::store::DynamoStore;
use crate::system::{SystemRandom, Timer};
use crate::upstream::Upstreams;

/// What goes on beside a request is waited for so much longer than the request itself: after the
/// answer the platform freezes the environment, and what is under way would break.
const BESIDE_MAX: Duration = Duration::from_millis(250);

/// An environment, by what its function is for: none has both planes.
pub enum Environment {
    /// Passes requests on.
    Proxy(GatewayEnvironment),
    /// Tells API Gateway whether a request may pass.
    Authorizer(GatewayEnvironment),
    /// Answers at the control door, and does what is due.
    Control(Box<ControlEnvironment>),
}

impl Environment {
    /// To be called in a runtime: a gateway begins to read the published state.
    pub fn start(settings: Settings, secrets: Secrets, store: DynamoStore, aws: &AwsEnvironment) -> Self {
        let Secrets { peppers, admin_token, verify_token } = secrets;
        let gateway = GatewaySettings { verify_token, ..settings.gateway };
        let settings = Settings { gateway, ..settings };
        match settings.mode {
            Mode::Proxy => Environment::Proxy(GatewayEnvironment::start(settings, peppers, store)),
            Mode::Authorizer => Environment::Authorizer(GatewayEnvironment::start(settings, peppers, store)),
            Mode::Control => {
                let control = settings.control.with_token(admin_token, SystemRandom.uuid());
                let control = ControlSettings { own_paths: settings.gateway.own_paths, ..control };
                let mailer = control.mail_from.is_some().then(|| Mailer::new(aws.ses()));
                let upstreams = settings.upstreams;
                let control = ControlEnvironment::new(store, peppers, control, upstreams, mailer);
                Environment::Control(Box::new(control))
            }
        }
    }

    /// Does what an answer leaves to be done, for a bounded time: the platform gives such an environment no
    /// other invocation meanwhile.
    pub async fn after_answer(&self) {
        if let Environment::Control(control) = self {
            Box::pin(control.after_answer()).await;
        }
    }
}

/// What outlives an invocation of a gateway.
pub struct GatewayEnvironment {
    pub(crate) settings: Settings,
    pub(crate) data_plane: DataPlane,
    pub(crate) upstreams: Upstreams,
    pub(crate) ids: RequestIds,
    pub(crate) timer: Rc<Timer>,
    rehash_requests: RehashRequests,
}

impl GatewayEnvironment {
    fn start(settings: Settings, peppers: Peppers, store: DynamoStore) -> Self {
        let timer = Rc::new(Timer::start());
        GatewayEnvironment {
            rehash_requests: RehashRequests::new(store.clone()),
            data_plane: DataPlane::start(settings.gateway.clone(), peppers, store, Rc::clone(&timer)),
            upstreams: Upstreams::new(settings.upstreams.clone()),
            ids: RequestIds::new(SystemRandom.seed()),
            timer,
            settings,
        }
    }

    /// Does `main`, and beside it what is due: a poll of the feed, a key whose move is to be asked for.
    ///
    /// `main` goes first, so that nothing is waited for before a request is sent on.
    pub(crate) async fn beside<T>(&self, main: impl Future<Output = T>) -> T {
        let (poll, rehash) = (self.data_plane.refresh_due(), self.data_plane.take_rehash());
        if poll.is_none() && rehash.is_none() {
            return main.await;
        }
        let asked = self.timer.now();
        let polling = async {
            if let Some(request) = poll {
                Box::pin(self.data_plane.poll(request)).await;
            }
        };
        let asking = async {
            if let Some(rehash) = rehash {
                Box::pin(self.rehash_requests.ask(rehash)).await;
            }
        };
        let mut main = pin!(main);
        let mut aside = pin!(async { tokio::join!(polling, asking) });
        tokio::select! {
            biased;
            output = &mut main => {
                if tokio::time::timeout(BESIDE_MAX, aside).await.is_err() && poll.is_some() {
                    tracing::warn!("what was due beside a request took too long");
                    self.data_plane.give_up_poll(asked);
                }
                output
            }
            _ = &mut aside => main.await,
        }
    }
}
