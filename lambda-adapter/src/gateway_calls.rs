//! Calls that the portal makes to a service: at the gateway's origin, as any client's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderValue;
use latchkey_control::gateway_call::{Answered, GatewayAnswer, GatewayCall};
use latchkey_gateway::upstream::Upstream;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::limits::TRY_TIMEOUT_MS;
use latchkey_request::origin::Origin;
use tokio::time::timeout;
use uuid::Uuid;

use crate::failure::Failure;
use crate::system::Timer;
use crate::upstream::{Outgoing, Upstreams};

/// How long it takes to connect at most, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// Makes calls at the gateway, which is where its clients find it.
pub(crate) struct GatewayCalls {
    gateway: Upstream,
    connections: Upstreams,
}

impl GatewayCalls {
    /// Of the gateway at an origin; no connection is made but to addresses that are allowed.
    pub(crate) fn at(origin: &Origin, allowed: UpstreamAddresses) -> Option<Self> {
        let (_, authority) = origin.as_str().split_once("://")?;
        let gateway = Upstream {
            service_id: Uuid::nil(),
            scheme: origin.scheme(),
            host: origin.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: origin.port(),
            authority: HeaderValue::from_str(authority).ok()?,
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            write_timeout_ms: TRY_TIMEOUT_MS,
            read_timeout_ms: TRY_TIMEOUT_MS,
            retries: 0,
            tls_verify: true,
        };
        Some(GatewayCalls { gateway, connections: Upstreams::new(allowed) })
    }

    /// Makes a call.
    pub(crate) async fn make(&self, call: GatewayCall, timer: &Timer) -> GatewayAnswer {
        match timeout(GatewayCall::TIMEOUT, self.exchange(call, timer)).await {
            Ok(Ok(answered)) => GatewayAnswer::Answered(answered),
            Ok(Err(Failure::TimedOut)) | Err(_) => GatewayAnswer::TooSlow,
            Ok(Err(failure)) => {
                tracing::warn!(%failure, "a call that was tried out in the portal got no answer of the gateway's");
                GatewayAnswer::Unreachable
            }
        }
    }

    async fn exchange(&self, call: GatewayCall, timer: &Timer) -> Result<Answered, Failure> {
        let begun = Instant::now();
        let took = || -> Duration { begun.elapsed() };
        let (head, body) = call.into_request().into_parts();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let target = Bytes::copy_from_slice(target.as_bytes());
        let outgoing = Outgoing { method: head.method, headers: head.headers, body };
        let response = self.connections.send_to(&self.gateway, &target, outgoing, timer).await?;
        Answered::read(response, took).await.map_err(|_| Failure::Invalid)
    }
}
