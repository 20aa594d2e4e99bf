//! Calls that the portal makes to a service: over loopback, at this program's own gateway, as any client's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use latchkey_control::gateway_call::{Answered, GatewayAnswer, GatewayCall};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use http_body_util::Full;

/// Makes calls at the gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GatewayCalls {
    address: SocketAddr,
}

impl GatewayCalls {
    /// Of the gateway that listens at an address.
    pub(crate) fn at(listening: SocketAddr) -> Self {
        // Any address of this machine, as a client must name one.
        let ip = match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        GatewayCalls { address: SocketAddr::new(ip, listening.port()) }
    }

    /// Makes a call on a connection of its own.
    pub(crate) async fn make(&self, call: GatewayCall) -> GatewayAnswer {
        match timeout(GatewayCall::TIMEOUT, self.exchange(call)).await {
            Ok(Ok(answered)) => GatewayAnswer::Answered(answered),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a call that was tried out in the portal got no answer of the gateway's");
                GatewayAnswer::Unreachable
            }
            Err(_) => GatewayAnswer::TooSlow,
        }
    }

    async fn exchange(&self, call: GatewayCall) -> Result<Answered, Box<dyn std::error::Error>> {
        let begun = Instant::now();
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut connection = pin!(connection);
        let mut answer = pin!(async {
            let response = sender.send_request(call.into_request().map(Full::new)).await?;
            Answered::read(response, || begun.elapsed()).await
        });
        tokio::select! {
            answered = &mut answer => Ok(answered?),
            // What came before it was closed is still to be read.
            _ = &mut connection => Ok(answer.await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_at_every_address_is_called_at_loopback() {
        for (listening, called) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:8000", "[::1]:8000"),
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            let calls = GatewayCalls::at(listening.parse().unwrap());
            assert_eq!(calls.address.to_string(), called);
        }
    }
}
