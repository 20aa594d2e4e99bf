//! What the tasks of one of the gateway's threads share.

use latchkey_control::ports::Random;
use latchkey_gateway::request_ids::RequestIds;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;

use crate::clients::{Clients, Terms};
use crate::data_plane::DataPlane;
use crate::seats::Shed;
use crate::system::SystemRandom;
use crate::upstream::Upstreams;

/// The gateway on one thread.
pub(crate) struct Worker {
    /// Whom it serves.
    pub(crate) clients: Clients,
    /// Decides.
    pub(crate) data_plane: DataPlane,
    /// Connections to upstreams.
    pub(crate) upstreams: Upstreams,
    /// Draws request ids.
    pub(crate) request_ids: RequestIds,
    /// What responses are added.
    pub(crate) response_fields: ResponseFields,
}

/// What is the same for the upstreams of all threads.
#[derive(Clone)]
pub(crate) struct UpstreamTerms {
    /// Where upstreams may be.
    pub(crate) allowed: UpstreamAddresses,
    /// Idle connections that one thread keeps.
    pub(crate) idle_max: usize,
    /// Has idle connections closed.
    pub(crate) shed: Shed,
}

impl Worker {
    /// Nothing served yet.
    pub(crate) fn new(
        data_plane: DataPlane,
        clients: Terms,
        upstreams: UpstreamTerms,
        response_fields: ResponseFields,
    ) -> Self {
        let UpstreamTerms { allowed, idle_max, shed } = upstreams;
        Worker {
            clients: Clients::new(clients),
            data_plane,
            upstreams: Upstreams::new(allowed, idle_max, shed),
            request_ids: RequestIds::new(Random::seed(&SystemRandom)),
            response_fields,
        }
    }
}
