//! One execution environment: what outlives an invocation.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use latchkey_control::ports::Random;
use latchkey_gateway::request_ids::RequestIds;

use crate::admin::AdminPlane;
use crate::config::Settings;
use crate::data_plane::DataPlane;
use crate::secrets::Secrets;
use crate::store::DynamoStore;
use crate::system::{SystemRandom, Timer};
use crate::upstream::Upstreams;

/// What goes on beside a request is waited for so much longer than the request itself: after the
/// answer the platform freezes the environment, and what is under way would break.
const BESIDE_MAX: Duration = Duration::from_millis(250);

/// What outlives an invocation. One invocation at a time uses it.
pub struct Environment {
    pub(crate) settings: Settings,
    pub(crate) data_plane: DataPlane,
    pub(crate) control: AdminPlane,
    pub(crate) upstreams: Upstreams,
    pub(crate) ids: RequestIds,
    pub(crate) timer: Rc<Timer>,
}

impl Environment {
    /// Begins to read the published state; to be called in a runtime.
    pub fn start(settings: Settings, secrets: Secrets, store: DynamoStore) -> Self {
        let timer = Rc::new(Timer::start());
        let Secrets { peppers, admin_token } = secrets;
        Environment {
            data_plane: DataPlane::start(
                settings.gateway.clone(),
                peppers.clone(),
                store.clone(),
                Rc::clone(&timer),
            ),
            control: AdminPlane::new(store, peppers, admin_token, settings.admin_guesses_per_second),
            upstreams: Upstreams::new(settings.upstreams.clone()),
            ids: RequestIds::new(Random::seed(&SystemRandom)),
            timer,
            settings,
        }
    }

    /// Does `main`, and beside it what is due: a poll of the feed, a key to be moved.
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
        let moving = async {
            if let Some(rehash) = rehash {
                Box::pin(self.control.rehash(rehash)).await;
            }
        };
        let mut main = pin!(main);
        let mut aside = pin!(async { tokio::join!(polling, moving) });
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
